"""Reads fstab(5): which file systems a Unix system is to mount by itself."""

import re
from dataclasses import dataclass

MOST_LINES = 2000
_OCTAL = re.compile(r"\\([0-7]{3})")
# What fstab lists but holds no data, and options by which an entry waits until it is used.
_NOT_DATA = frozenset({"swap", "proc", "sysfs", "devpts", "tmpfs", "devtmpfs", "ignore", "usbfs", "debugfs"})
_ON_DEMAND = frozenset({"noauto", "x-systemd.automount", "comment=systemd.automount"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of fstab: `optional` where the system starts without it (`nofail`), `writable` unless `ro`."""

    device: str
    mount: str
    type: str
    optional: bool
    writable: bool


def parse_fstab(text: str) -> list[Entry]:
    """Return the file systems that are mounted at every start; malformed lines are skipped."""
    found = []
    for line in text.splitlines()[:MOST_LINES]:
        fields = line.split()
        if len(fields) < 3 or fields[0].startswith("#"):
            continue
        device, mount, kind = (_plain(field) for field in fields[:3])
        options = set(fields[3].split(",")) if len(fields) > 3 else set()
        if not mount.startswith("/") or kind in _NOT_DATA or options & _ON_DEMAND:
            continue
        writable = not options & {"ro"} and kind not in ("iso9660", "squashfs", "udf")
        found.append(Entry(device, tidy(mount), kind, "nofail" in options, writable))
    return found


def tidy(mount: str) -> str:
    """Return a mount point without a slash at its end, `/` kept; old names of /run are made today's."""
    mount = mount.rstrip("/") or "/"
    return "/run" + mount.removeprefix("/var/run") if mount.startswith("/var/run/") else mount


def _plain(field: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), field)
