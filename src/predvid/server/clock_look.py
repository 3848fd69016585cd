"""Asks a time server how far this machine's clock is off (SNTP, RFC 4330)."""

import socket
import struct
import time
from collections.abc import Sequence

Server = tuple[str, int]
SERVERS: tuple[Server, ...] = (("pool.ntp.org", 123), ("time.cloudflare.com", 123))
EPOCH = 2_208_988_800  # seconds from 1900 to 1970
ERA = 1 << 32  # seconds; the second era begins in 2036 and counts from 0 again
REQUEST = b"\x23" + 47 * b"\x00"
SERVER_MODE = 4


def time_server(text: str) -> Server:
    """Return host and port of `HOST[:PORT]`, an IPv6 address in brackets; raise ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "123"
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text} is no HOST[:PORT]")
    return host.strip("[]"), int(port)


def clock_offset(servers: Sequence[Server] = SERVERS, timeout: float = 1.0) -> float | None:
    """Return server time minus ours in seconds, None when no server answers within `timeout` s each."""
    for server in servers:
        try:
            offset = _ask(server, timeout)
        except OSError:
            continue
        if offset is not None:
            return offset
    return None


def _ask(server: Server, timeout: float) -> float | None:
    family, kind, _, _, address = socket.getaddrinfo(*server, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as link:
        link.settimeout(timeout)
        link.connect(address)  # answers from anybody else are not heard
        sent = time.time()
        link.send(REQUEST)
        answer = link.recv(512)
        back = time.time()
    # A server that is not synchronised itself says so: leap indicator 3 or stratum 0.
    if len(answer) < 48 or answer[0] & 7 != SERVER_MODE or answer[0] >> 6 == 3 or not answer[1]:
        return None
    seconds, fraction = struct.unpack("!II", answer[40:48])
    theirs = seconds + (0 if seconds & 1 << 31 else ERA) - EPOCH + fraction / 2**32
    return float(theirs - (sent + back) / 2)
