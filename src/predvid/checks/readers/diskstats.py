"""Reads what disks have done: /proc/diskstats (kernel documentation, admin-guide/iostats)."""

import re
from collections.abc import Iterable

SECTOR = 512  # bytes, whatever the disk's own sector size is
# Made of other disks (zd: a volume of ZFS), hidden parts of a memory card, or no disks at all.
UNREAL = re.compile(r"(loop|ram|zram|sr|fd|nbd|md|dm-|zd|drbd|bcache|mtdblock)\d|mmcblk\d+(boot|rpmb)")
FIELDS = {"reads": 0, "read_sectors": 2, "read_ms": 3, "writes": 4, "write_sectors": 6, "write_ms": 7,
          "busy_ms": 9, "queue_ms": 10}  # fmt: skip


def parse_diskstats(text: str, disks: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return the counters of each disk out of `disks` (names in /sys/block) that is a disk of its own.

    `reads`, `writes` count requests, `*_ms` are milliseconds, `queue_ms` weighted by waiting requests.
    """
    wanted = {name for name in disks if not UNREAL.match(name)}
    found = {}
    for line in text.splitlines():
        words = line.split()
        values = words[3:]
        if (
            len(values) < 11
            or words[2] not in wanted
            or not all(v.isascii() and v.isdigit() for v in values[:11])
        ):
            continue
        found[words[2]] = {name: int(values[place][:18]) for name, place in FIELDS.items()}
    return found
