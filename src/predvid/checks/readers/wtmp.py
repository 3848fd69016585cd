"""Reads the record of logins and starts, /var/log/wtmp: 384-byte entries as on 64-bit Linux (utmp(5))."""

import struct
from collections.abc import Iterator

_ENTRY = struct.Struct("<hxxi32s4s32s256shhiii4i20x")
RUN_LVL, BOOT_TIME = 1, 2


def unexpected_starts(record: bytes) -> list[int]:
    """Return when (epoch seconds) the system started without having been shut down before.

    The first start of the record tells nothing: what went before it is not in there.
    """
    found, clean = [], True
    for kind, user, at in _entries(record):
        if kind == RUN_LVL and user == b"shutdown":
            clean = True
        elif kind == BOOT_TIME and user == b"reboot":
            if not clean:
                found.append(at)
            clean = False
    return found


def _entries(record: bytes) -> Iterator[tuple[int, bytes, int]]:
    whole = len(record) - len(record) % _ENTRY.size
    for fields in _ENTRY.iter_unpack(record[:whole]):
        yield fields[0], fields[4].partition(b"\0")[0], fields[9]
