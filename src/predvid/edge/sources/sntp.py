"""One SNTP question (RFC 4330): how far this device's clock is from a time server's."""

import secrets
import socket
import struct
import time
from typing import Any

from predvid.edge.sources.reach import resolve

TIMEOUT = 3.0
PORT = 123
EPOCH = 2_208_988_800  # seconds from 1900 to 1970
ERA = 2**32  # seconds; the count begins anew in 2036
_PACKET = struct.Struct(">BBbb11I")


def ask(argument: str) -> dict[str, Any]:
    """Return {offset, delay, stratum} of the server `HOST` or `HOST:PORT`; offset > 0: this clock is behind.

    Raises OSError where it does not answer in 3 seconds, ValueError for an answer that is none (RFC 4330 5).
    """
    host, port = argument, PORT
    if argument.count(":") == 1:
        host, _, text = argument.partition(":")
        if not text.isdecimal():
            raise ValueError("the argument is not HOST or HOST:PORT")
        port = int(text)
    address = resolve(host)["addresses"][0]
    mark = secrets.token_bytes(8)  # the transmit time need not be true, only come back (data minimisation)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT)
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
