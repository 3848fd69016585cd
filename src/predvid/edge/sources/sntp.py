"""One SNTP question (RFC 4330): how far this device's clock is from a time server's."""

import re
import secrets
import socket
import struct
import time
from typing import Any

from predvid.edge.sources.reach import resolve

TIMEOUT = 4.0  # seconds for all addresses of a name
LEAST = 0.5  # seconds for each
MOST_ADDRESSES = 4
PORT = 123
_ARGUMENT = re.compile(
    r"\[(?P<inner>[0-9A-Fa-f:.]+)\](?::(?P<inner_port>\d{1,5}))?|(?P<six>[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*)"
    r"|(?P<host>[^:\[\]]+)(?::(?P<port>\d{1,5}))?"
)
EPOCH = 2_208_988_800  # seconds from 1900 to 1970
ERA = 2**32  # seconds; the count begins anew in 2036
_PACKET = struct.Struct(">BBbb11I")


def ask(argument: str) -> dict[str, Any]:
    """Return {offset, delay, stratum} of the server `HOST` or `HOST:PORT`; offset > 0: this clock is behind.

    A name may have several addresses: each is asked, IPv6 before IPv4, until one answers well. Raises OSError
    where none does within 4 seconds in all, ValueError for an answer that is none (RFC 4330 5).
    """
    host, port = parted(argument)
    addresses = sorted(resolve(host)["addresses"], key=lambda each: ":" not in each)[:MOST_ADDRESSES]
    failure: OSError | ValueError = ValueError("the name has no address")
    until = time.monotonic() + TIMEOUT
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return _asked(address, port, max(LEAST, (until - time.monotonic()) / left))
        except (OSError, ValueError) as error:
            failure = error
    raise failure


def parted(argument: str) -> tuple[str, int]:
    """Return host and port of `HOST`, `HOST:PORT`, an IPv6 address or `[ADDRESS]:PORT`; raise ValueError."""
    found = _ARGUMENT.fullmatch(argument)
    if found is None:
        raise ValueError("the argument is not HOST or HOST:PORT")
    return found["inner"] or found["six"] or found["host"], int(found["port"] or found["inner_port"] or PORT)


def _asked(address: str, port: int, timeout: float) -> dict[str, Any]:
    mark = secrets.token_bytes(8)  # the transmit time need not be true, only come back (data minimisation)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect((address, port))
        sent, began = time.time(), time.monotonic()
        sock.send(bytes([0x23]) + bytes(39) + mark)
        answer = sock.recv(512)
        took = time.monotonic() - began
    return reading(answer, mark, sent, took)


def reading(answer: bytes, mark: bytes, sent: float, took: float) -> dict[str, Any]:
    """Return {offset, delay, stratum} of an answer to `mark`, sent at `sent` (epoch) and `took` s ago."""
    if len(answer) < 48 or answer[24:32] != mark or answer[0] & 7 != 4:
        raise ValueError("the answer is no SNTP answer to this question")
    fields = _PACKET.unpack(answer[:48])
    if answer[0] >> 6 == 3 or not 1 <= fields[1] <= 15:
        raise ValueError("the time server says that it is not synchronised")
    received, transmitted = (
        fields[n] + fields[n + 1] / 2**32 - EPOCH + (ERA if fields[n] < ERA // 2 else 0) for n in (11, 13)
    )
    offset = ((received - sent) + (transmitted - sent - took)) / 2
    return {"offset": offset, "delay": max(0.0, took - (transmitted - received)), "stratum": fields[1]}
