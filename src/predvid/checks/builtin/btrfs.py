"""Btrfs: devices that are missing or made errors, and metadata that runs out of room (btrfs-device(8))."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.btrfs_sysfs import FileSystem, file_systems, uuids
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Said, Sample, Source, State, Text, say

GIB = 2.0**30


@dataclass(frozen=True)
class BtrfsParams:
    """`errors` counts those of all devices since `btrfs device stats --reset`, `missing` the devices.

    `metadata` is percent of the room set aside for metadata. It matters only while `unallocated` bytes are
    so few that no more can be set aside (a block group of metadata takes up to 1 GiB, mkfs.btrfs(8)).
    """

    errors: Levels = Levels(1, None)
    missing: Levels = Levels(None, 1)
    metadata: Levels = Levels(90, 97, margin=2)
    unallocated: float = 2 * GIB


def applies(source: Source) -> bool | Said:
    """Tell whether a Btrfs file system is mounted."""
    try:
        found = uuids(source)
    except NotHere:
        found = []
    return True if found else say("btrfs.none")


def collect(source: Source, params: BtrfsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield errors, missing devices and the room for metadata of each file system, and these as a fact."""
    found = list(file_systems(source))
    shared = Counter(one.name for one in found)
    keys = {one.uuid: one.name if shared[one.name] == 1 else one.uuid for one in found}
    for one in found:
        yield from _samples(one, {"filesystem": keys[one.uuid]})
    yield Fact("storage.btrfs", [_row(keys[one.uuid], one) for one in found])


def _samples(one: FileSystem, labels: dict[str, str]) -> Iterator[Sample]:
    values = {
        "btrfs_errors": one.errors,
        "btrfs_missing_devices": one.missing,
        "btrfs_unallocated_bytes": one.unallocated,
    }
    yield from (Sample(metric, value, labels) for metric, value in values.items() if value is not None)
    if one.metadata and one.metadata_used is not None:
        used = min(100.0, max(0.0, 100 * one.metadata_used / max(1, one.metadata)))
        yield Sample("btrfs_metadata_used_percent", round(used, 2), labels)


def _row(key: str, one: FileSystem) -> dict[str, Any]:
    profiles = {f"{kind}_profile": profile for kind, profile in one.profiles.items()}
    return {"key": key, "uuid": one.uuid, "devices": one.devices, **profiles}


def judge(samples: list[Sample], params: BtrfsParams) -> Iterator[Result]:
    """Judge each file system: items `data` for its devices, `data errors` and `data metadata`."""
    free = {s.labels["filesystem"]: s.value for s in samples if s.metric == "btrfs_unallocated_bytes"}
    for sample in samples:
        name, value = sample.labels["filesystem"], sample.value
        match sample.metric:
            case "btrfs_missing_devices":
                said = say("btrfs.missing" if value else "btrfs.whole", name=name, n=value)
                yield Result(name, params.missing.judge(value), said)
            case "btrfs_errors":
                said = say("btrfs.errors" if value else "btrfs.no_errors", name=name, n=value)
                yield Result(f"{name} errors", params.errors.judge(value), said)
            case "btrfs_metadata_used_percent":
                state, left = params.metadata.judge(value), free.get(name)
                ample = left is not None and left >= params.unallocated
                said = say("btrfs.metadata", name=name, used=value)
                reason = say("btrfs.unallocated", free=left) if state and left is not None else None
                yield Result(f"{name} metadata", State.OK if ample else state, said, reason)


check = Check(
    name="btrfs",
    title=Text("Btrfs", "Btrfs"),
    group="storage",
    applies=applies,
    collect=collect,
    judge=judge,
    params=BtrfsParams(),
    platforms=("linux",),
    interval=300,
    watches={
        "btrfs_errors": "errors",
        "btrfs_missing_devices": "missing",
        "btrfs_metadata_used_percent": "metadata",
    },
    charts=("btrfs_errors", "btrfs_metadata_used_percent", "btrfs_unallocated_bytes"),
    texts={
        "btrfs.none": Text(
            "No Btrfs file system is mounted on this device",
            "Na ovom uređaju nije priključen nijedan datotečni sustav Btrfs",
        ),
        "btrfs.whole": Text("{name} has all its devices", "{name} ima sve svoje uređaje"),
        "btrfs.missing": Text(
            "{name} lacks {n:int} {n|device|devices}: replace what has failed",
            "{name}: {n|nedostaje|nedostaju|nedostaje} {n:int} {n|uređaj|uređaja|uređaja}; zamijenite ono "
            "što je otkazalo",
        ),
        "btrfs.errors": Text(
            "{name}: {n:int} {n|error|errors} of its devices; once the cause is found and mended, reset them "
            "by btrfs device stats --reset",
            "{name}: {n:int} {n|pogreška|pogreške|pogrešaka} na njegovim uređajima; kad uzrok bude pronađen "
            "i otklonjen, poništite ih naredbom btrfs device stats --reset",
        ),
        "btrfs.no_errors": Text(
            "{name}: its devices made no errors", "{name}: njegovi uređaji rade bez pogrešaka"
        ),
        "btrfs.metadata": Text(
            "{used:pct} of the room that {name} set aside for metadata is used",
            "{name}: zauzeto {used:pct} prostora odvojenog za metapodatke",
        ),
        "btrfs.unallocated": Text(
            "{free:bytes} of its devices are not set aside for anything yet",
            "Još neraspodijeljeno na njegovim uređajima: {free:bytes}",
        ),
        "fact.storage.btrfs": Text("Btrfs file systems", "Datotečni sustavi Btrfs"),
        "part.uuid": Text("Identifier", "Identifikator"),
        "part.devices": Text("Devices", "Uređaji"),
        "part.data_profile": Text("Redundancy of data", "Zalihost podataka"),
        "part.metadata_profile": Text("Redundancy of metadata", "Zalihost metapodataka"),
        "metric.btrfs_errors": Text("Btrfs device errors", "Pogreške uređaja Btrfsa"),
        "metric.btrfs_missing_devices": Text("Btrfs devices missing", "Uređaji koji nedostaju Btrfsu"),
        "metric.btrfs_metadata_used_percent": Text(
            "Room for metadata used", "Zauzetost prostora za metapodatke"
        ),
        "metric.btrfs_unallocated_bytes": Text("Btrfs not allocated", "Neraspodijeljeno u Btrfsu"),
    },
)
