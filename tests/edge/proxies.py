"""A real HTTP proxy for tests: CONNECT tunnels and absolute-form requests, with a password if wanted."""

import base64
import contextlib
import select
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """A proxy in a thread; `seen` are the first lines of requests, `login` is `user:password` or empty."""

    login: str = ""
    seen: list[str] = field(default_factory=list)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        """Return the proxy's address with its login."""
        return f"http://{self.login + '@' if self.login else ''}127.0.0.1:{self.listener.getsockname()[1]}"

    def start(self) -> "Proxy":
        """Serve until the listener is closed."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536) or b"\r\n\r\n"
            self.seen.append(head.split(b"\r\n")[0].decode())
            if self.login and base64.b64encode(self.login.encode()) not in head:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            method, target, _ = self.seen[-1].split()
            host, _, port = (target if method == "CONNECT" else urlsplit(target).netloc).rpartition(":")
            with socket.create_connection((host, int(port)), 5) as server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    server.sendall(head)
                _relay(client, server)


def _relay(one: socket.socket, other: socket.socket) -> None:
    ways = {one: other, other: one}
    while True:
        for ready in select.select(list(ways), [], [], 30)[0]:
            data = ready.recv(65536)
            if not data:
                return
            ways[ready].sendall(data)
