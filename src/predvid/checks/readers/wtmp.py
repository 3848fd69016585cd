"""Reads the record of logins and starts: /var/log/wtmp in each of its forms (utmp(5)).

glibc's `struct utmp` has 384 bytes on 32-bit systems and where 64-bit ones share it with them (x86-64,
ppc64le, riscv64), 400 bytes elsewhere (arm64, s390x): session and time are 64 bits wide there. The form
is told by the content, since a record may come from another machine. 32-bit times are read without a
sign, as glibc advises for the years after 2038. Debian 13 and its kin write /var/lib/wtmpdb/wtmp.db
instead (wtmpdb(8)).
"""

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from predvid.checks.readers import plain

_HEAD = "h2xi32s4s32s256shh"
_LAYOUTS = tuple(
    struct.Struct(order + _HEAD + tail) for order in "<>" for tail in ("iIi4i20x", "qqq4i20x4x")
)  # 384 and 400 bytes, each in both orders of bytes
RUN_LVL, BOOT_TIME, HIGHEST_TYPE = 1, 2, 9
LOOKED_AT = 200  # entries that tell the form
EARLIEST, LATEST = 0, 1 << 33  # epoch seconds: to the year 2242


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


def unexpected_in(rows: Any) -> list[int]:
    """Return the same from rows {began, ended} of wtmpdb (epoch seconds, the oldest first)."""
    starts = [(plain.number(row.get("began")), row.get("ended")) for row in plain.records(rows)]
    known = [(int(began), ended) for began, ended in starts if began is not None]
    return [after[0] for before, after in pairwise(known) if before[1] is None]


def _entries(record: bytes) -> Iterator[tuple[int, bytes, int]]:
    layout = max(_LAYOUTS, key=lambda each: _likely(record, each))
    for fields in layout.iter_unpack(record[: len(record) - len(record) % layout.size]):
        yield fields[0], fields[4].partition(b"\0")[0], fields[9]


def _likely(record: bytes, layout: struct.Struct) -> float:
    """Return the share of the first entries that make sense in `layout`; whole ones count a little more."""
    whole = len(record) // layout.size * layout.size
    rows = list(layout.iter_unpack(record[: min(whole, LOOKED_AT * layout.size)]))
    good = sum(0 <= row[0] <= HIGHEST_TYPE and EARLIEST <= row[9] < LATEST and _plain(row[2]) for row in rows)
    return good / len(rows) + (0.01 if whole == len(record) else 0.0) if rows else 0.0


def _plain(line: bytes) -> bool:
    """Tell whether the name of a line is one: ASCII, then nothing but zeros."""
    name, _, rest = line.partition(b"\0")
    return name.isascii() and not rest.strip(b"\0")
