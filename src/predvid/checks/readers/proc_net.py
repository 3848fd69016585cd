"""Reads /proc/net/tcp, tcp6, udp and udp6 (proc_pid_net(5)): the sockets that wait for somebody."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

MOST_SOCKETS = 4000
MOST_LINES = 100_000
_WAITING = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN and TCP_CLOSE of include/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Bound:
    """A socket bound to a port of this device: `inode` is its number, `address` as people write it."""

    protocol: str
    address: str
    port: int
    inode: str


def bound(protocol: str, lines: Iterable[str]) -> Iterator[Bound]:
    """Yield the waiting sockets; torn lines are skipped.

    The kernel writes listening TCP sockets before all others, so that the rest need not be read.
    """
    for line in islice(lines, 1, MOST_LINES):
        fields = line.split()
        if len(fields) < 10:
            continue
        if fields[3] != _WAITING[protocol]:
            if protocol == "tcp":
                return
            continue
        host, _, port = fields[1].partition(":")
        try:
            yield Bound(protocol, _address(host), int(port, 16), fields[9])
        except ValueError:
            continue


def _address(host: str) -> str:
    """Return the address in `host`: groups of four bytes, each as a number of a little-endian machine."""
    groups = bytes.fromhex(host)
    packed = b"".join(groups[at : at + 4][::-1] for at in range(0, len(groups), 4))
    found = ipaddress.ip_address(packed)
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
