"""The held answer to GET /push, as an agent reads it."""

import socket

import msgspec

from predvid.wire import v1
from simulated import Device

PATH = f"{v1.PREFIX}/push"


class Held:
    """One held answer, read from the socket chunk by chunk (RFC 9112, section 7.1)."""

    def __init__(self, port: int, device: Device, **changed: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        headers = device.headers(PATH, b"", **changed)
        lines = [f"GET {PATH} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in headers.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass

    def message(self) -> v1.Pushed | None:
        """Return the next message; None where the answer has ended."""
        size = int(self._file.readline() or b"0", 16)
        chunk = self._file.read(size)
        self._file.readline()
        if not chunk:
            return None
        assert int.from_bytes(chunk[:4], "big") == len(chunk) - 4
        return msgspec.msgpack.decode(chunk[4:], type=v1.Pushed)

    def close(self) -> None:
        self._file.close()
        self._socket.close()
