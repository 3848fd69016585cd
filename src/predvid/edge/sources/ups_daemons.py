"""Asks the daemons of this device that guard a UPS: NUT's upsd (RFC 9271), apcupsd's information server."""

import ipaddress
import socket
import struct
from io import BufferedRWPair
from typing import BinaryIO

TIMEOUT = 3.0
MAX_ANSWER = 1 << 18  # bytes
MAX_UNITS = 16
LOST = ("ERR DATA-STALE", "ERR DRIVER-NOT-CONNECTED")  # RFC 9271, 4.4


def nut(argument: str) -> str:
    """Return every UPS of upsd at "HOST:PORT" (loopback) and its variables: `UPS` and `VAR` lines.

    A unit whose data is stale or whose driver does not run has no `VAR` lines. Raises OSError.
    """
    with socket.create_connection(_loopback(argument), TIMEOUT) as sock, sock.makefile("rwb") as file:
        lines = [line for line in _list(file, b"LIST UPS") if line.startswith(b"UPS ")]
        for unit in [line.split()[1] for line in lines[:MAX_UNITS]]:
            lines += _variables(file, unit)
    return b"\n".join(lines).decode(errors="replace")


def _variables(file: BinaryIO | BufferedRWPair, unit: bytes) -> list[bytes]:
    try:
        return _list(file, b"LIST VAR " + unit)
    except ValueError as error:
        if str(error) not in LOST:
            raise
        return []


def _list(file: BinaryIO | BufferedRWPair, question: bytes) -> list[bytes]:
    file.write(question + b"\n")
    file.flush()
    lines: list[bytes] = []
    while (line := file.readline(4096)) and not line.startswith((b"END ", b"ERR ")):
        lines.append(line.strip())
        if len(lines) > 2000:
            raise ValueError("the answer is too long")
    if not line or line.startswith(b"ERR "):
        raise ValueError(line.decode(errors="replace").strip() or "no answer")
    return lines[1:]  # after BEGIN


def apcupsd(argument: str) -> str:
    """Return the status of apcupsd at "HOST:PORT" (loopback), as `apcaccess` prints it; raise OSError.

    Each record of its network information server is a big-endian 16-bit length and that many bytes; 0 ends.
    """
    with socket.create_connection(_loopback(argument), TIMEOUT) as sock, sock.makefile("rwb") as file:
        file.write(struct.pack(">H", 6) + b"status")
        file.flush()
        parts: list[bytes] = []
        size = 0
        while len(head := file.read(2)) == 2 and (length := struct.unpack(">H", head)[0]):
            parts.append(file.read(length))
            size += length
            if size > MAX_ANSWER:
                raise ValueError("the answer is too long")
    return b"".join(parts).decode(errors="replace")


def _loopback(argument: str) -> tuple[str, int]:
    host, _, port = argument.rpartition(":")
    if not port.isdecimal() or not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{argument} is no address of this device itself")
    return host, int(port)
