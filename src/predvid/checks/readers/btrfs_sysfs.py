"""Reads mounted Btrfs file systems from sysfs (Documentation/ABI/testing/sysfs-fs-btrfs, btrfs(5))."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from predvid.checks.errors import CannotRead
from predvid.checks.readers.plain import whole
from predvid.checks.source import Source

ROOT = "/sys/fs/btrfs"
MOST = 64  # file systems and devices of each
_PROFILES = ("single", "dup", "raid0", "raid1", "raid1c3", "raid1c4", "raid10", "raid5", "raid6")
_SECTOR = 512  # bytes: the size of a block device in sysfs counts these, whatever its own sectors are


@dataclass(slots=True)
class FileSystem:
    """One file system: `errors` of all its devices since they were last reset, `missing` devices.

    Sizes are bytes: `unallocated` on all devices, `metadata` in the block groups for it and `metadata_used`.
    None where the kernel does not tell (`errors` before Linux 5.14, `missing` before 5.6).
    """

    uuid: str
    label: str
    errors: int | None = None
    missing: int | None = None
    unallocated: int | None = None
    metadata: int | None = None
    metadata_used: int | None = None
    devices: list[str] = field(default_factory=list)
    profiles: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what people call it: its label, else the beginning of its identifier."""
        return self.label or self.uuid[:8]


def uuids(source: Source) -> list[str]:
    """Return the identifiers of the mounted file systems; raise NotHere where the kernel has no Btrfs."""
    return [name for name in source.listing(ROOT) if name.count("-") == 4][:MOST]


def file_systems(source: Source) -> Iterator[FileSystem]:
    """Yield each mounted file system as far as it can be read."""
    for uuid in uuids(source):
        folder = f"{ROOT}/{uuid}"
        found = FileSystem(uuid, _text(source, f"{folder}/label")[:100])
        _devices(source, folder, found)
        _allocation(source, folder, found)
        yield found


def _text(source: Source, path: str) -> str:
    with suppress(CannotRead):
        return source.text(path).strip()
    return ""


def _names(source: Source, path: str) -> list[str]:
    with suppress(CannotRead):
        return source.listing(path)[:MOST]
    return []


def _sum(numbers: list[int | None]) -> int | None:
    known = [n for n in numbers if n is not None and n >= 0]
    return sum(known) if known else None


def _devices(source: Source, folder: str, found: FileSystem) -> None:
    found.devices = _names(source, f"{folder}/devices")
    ids = _names(source, f"{folder}/devinfo")
    stats = [_text(source, f"{folder}/devinfo/{number}/error_stats") for number in ids]
    lines = [line.split() for text in stats for line in text.splitlines()]
    found.errors = _sum([whole(line[1]) for line in lines if len(line) == 2 and line[0].endswith("_errs")])
    found.missing = _sum([whole(_text(source, f"{folder}/devinfo/{number}/missing")) for number in ids])


def _allocation(source: Source, folder: str, found: FileSystem) -> None:
    kinds = ("data", "metadata", "system")
    taken = [whole(_text(source, f"{folder}/allocation/{kind}/disk_total")) for kind in kinds]
    sizes = [whole(_text(source, f"{folder}/devices/{device}/size")) for device in found.devices]
    if sizes and None not in sizes and None not in taken:
        found.unallocated = max(0, (_sum(sizes) or 0) * _SECTOR - (_sum(taken) or 0))
    found.metadata = whole(_text(source, f"{folder}/allocation/metadata/total_bytes"))
    found.metadata_used = whole(_text(source, f"{folder}/allocation/metadata/bytes_used"))
    for kind in kinds[:2]:
        inside = _names(source, f"{folder}/allocation/{kind}")
        found.profiles[kind] = "+".join(name for name in inside if name in _PROFILES)
