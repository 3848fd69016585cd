"""HTTP GET to a service of this very device: a Unix socket or a loopback address, nothing else."""

import http.client
import ipaddress
import socket
from typing import Any

TIMEOUT = 5.0
MAX_BODY = 4 << 20  # bytes


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket (Docker, Podman, snapd)."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


def fetch(argument: str) -> dict[str, Any]:
    """Return {status, body} of a GET; `argument` is "unix:/run/docker.sock /path" or "127.0.0.1:80 /path".

    Raises ValueError for any other address or an answer over 4 MiB, OSError where nobody answers in 5 s.
    """
    address, _, path = argument.partition(" ")
    if not path.startswith("/"):
        raise ValueError("the argument is not ADDRESS /PATH")
    connection = _connection(address)
    try:
        connection.request("GET", path, headers={"Accept": "*/*", "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(MAX_BODY + 1)
    except http.client.HTTPException as error:
        raise ValueError(f"no HTTP answer: {type(error).__name__}") from None
    finally:
        connection.close()
    if len(body) > MAX_BODY:
        raise ValueError(f"the answer is larger than {MAX_BODY >> 20} MiB")
    return {"status": answer.status, "body": body.decode(errors="replace")}


def _connection(address: str) -> http.client.HTTPConnection:
    if address.startswith("unix:/"):
        return _UnixConnection(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not ipaddress.ip_address(host.strip("[]")).is_loopback:
        raise ValueError(f"{address} is no address of this device itself")
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=TIMEOUT)
