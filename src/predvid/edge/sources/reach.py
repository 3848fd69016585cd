"""Whether a name resolves and a port answers, and how long it takes; a dead resolver blocks nobody."""

import socket
import threading
import time
from typing import Any

RESOLVE_WAIT = 5.0  # seconds
CONNECT_WAIT = 3.0  # seconds
MAX_WAITING = 8  # questions that a dead resolver may hold at once
_waiting: set[str] = set()


def resolve(name: str) -> dict[str, Any]:
    """Return {addresses, seconds} for `name`, asked of the device's own resolver; raise OSError otherwise.

    The system's resolver cannot be interrupted: it runs in a thread, and a name is not asked again meanwhile.
    """
    if name in _waiting or len(_waiting) >= MAX_WAITING:
        raise TimeoutError("timed out")
    answer: dict[str, Any] = {}

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            answer["addresses"] = sorted({str(row[4][0]) for row in rows})
        except (OSError, UnicodeError) as error:
            answer["error"] = error
        finally:
            _waiting.discard(name)

    _waiting.add(name)
    began = time.monotonic()
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(RESOLVE_WAIT)
    if "addresses" in answer:
        return {"addresses": answer["addresses"], "seconds": time.monotonic() - began}
    error = answer.get("error", TimeoutError("timed out"))
    raise ValueError(str(error)) if isinstance(error, UnicodeError) else error


def connect(argument: str) -> dict[str, Any]:
    """Return {seconds} that a TCP connection to "HOST:PORT" took; raise OSError where it fails."""
    host, _, port = argument.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("the argument is not HOST:PORT")
    began = time.monotonic()
    with socket.create_connection((host.strip("[]"), int(port)), CONNECT_WAIT):
        return {"seconds": time.monotonic() - began}
