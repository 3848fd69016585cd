"""Disk space and inodes of every real file system, shares that hang, and those that turned read-only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.mounts import distinct
from predvid.checks.v1 import Check, Levels, Result, Sample, Source, State, Text, say

GB = 1e9
HICCUP = 120  # seconds for which a share that answered before may be silent without a word
REFUSED = ("Permission denied", "Operation not permitted")  # strerror(3) of EACCES and EPERM


@dataclass(frozen=True)
class DiskSpaceParams:
    """A file system is too full only when its percentage *and* its free bytes say so.

    Percent alone cries wolf on large disks (5 % of 10 TB is plenty), bytes alone on small ones.
    `skip` lists mount points to leave out.
    """

    used: Levels = Levels(90, 95, margin=2)
    free: Levels = Levels(50 * GB, 20 * GB)
    inodes: Levels = Levels(90, 97, margin=2)
    read_only: Levels = Levels(None, 1)
    reachable: Levels = Levels(None, 0, lower_is_worse=True)
    skip: tuple[str, ...] = ()


def collect(source: Source, params: DiskSpaceParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield for each mount: used percent as `df` counts it, free bytes, inodes, read-only or not."""
    answered: dict[str, float] = state.get("shares", {})
    shares: dict[str, float] = {}  # since when each is silent that answered in this process, else 0
    for row in distinct(source.table("filesystems")):
        # A FUSE file system of a person is closed even to root (mount.fuse(8), allow_root): that is no fault.
        if row["mount"] in params.skip or row.get("error") in REFUSED:
            continue
        labels = {"mount": row["mount"]}
        if row.get("network") and _settled(row, answered, shares, source.now()):
            yield Sample("disk_reachable", 0.0 if row.get("error") else 1.0, labels)
        if row.get("error") or not row.get("total"):
            continue
        used = row["total"] - row["free"]
        # Where the reserve is used up, some servers tell a negative number as one of 64 bits.
        available = row["available"] if row["available"] <= row["free"] else 0
        # df(1): blocks reserved for root are neither used nor available.
        yield Sample("disk_used_percent", round(100 * used / max(1, used + available), 2), labels)
        yield Sample("disk_free_bytes", available, labels)
        if row.get("inodes_total"):
            share = 100 - 100 * row["inodes_free"] / row["inodes_total"]
            yield Sample("disk_inodes_used_percent", round(share, 2), labels)
        if "turned_read_only" in row:
            yield Sample("disk_read_only", float(row["turned_read_only"]), labels)
    if shares or answered:
        state["shares"] = shares


def _settled(row: dict[str, Any], answered: dict[str, float], shares: dict[str, float], now: float) -> bool:
    """Tell whether it is clear if the share answers; note in `shares` what the next run must know."""
    mount = row["mount"]
    if not row.get("error"):
        shares[mount] = 0.0
        return True
    if mount not in answered:
        return True
    shares[mount] = answered[mount] or now
    return abs(now - shares[mount]) >= HICCUP


def judge(samples: list[Sample], params: DiskSpaceParams) -> Iterator[Result]:
    """Judge each mount: item `/var` for space, `/var inodes`, `/var read-only` and `/mnt/x reachable`."""
    free = {s.labels["mount"]: s.value for s in samples if s.metric == "disk_free_bytes"}
    for sample in samples:
        mount = sample.labels["mount"]
        match sample.metric:
            case "disk_used_percent":
                yield _space(mount, sample.value, free.get(mount), params)
            case "disk_inodes_used_percent":
                state = params.inodes.judge(sample.value)
                yield Result(
                    f"{mount} inodes", state, say("disk_space.inodes", mount=mount, used=sample.value)
                )
            case "disk_read_only":
                state = params.read_only.judge(sample.value)
                said = "disk_space.read_only" if state else "disk_space.writable"
                yield Result(f"{mount} read-only", state, say(said, mount=mount))
            case "disk_reachable":
                state = params.reachable.judge(sample.value)
                said = "disk_space.unreachable" if state else "disk_space.reachable"
                yield Result(f"{mount} reachable", state, say(said, mount=mount))


def _space(mount: str, used: float, free: float | None, params: DiskSpaceParams) -> Result:
    state = params.used.judge(used)
    if free is None:
        return Result(mount, state, say("disk_space.used_only", mount=mount, used=used))
    by_free = params.free.judge(free)
    reason = say("disk_space.ample", free=free) if by_free < state else None
    said = say("disk_space.used", mount=mount, used=used, free=free)
    return Result(mount, State(min(state, by_free)), said, reason)


check = Check(
    name="disk_space",
    title=Text("Disk space", "Prostor na diskovima"),
    group="storage",
    collect=collect,
    judge=judge,
    params=DiskSpaceParams(),
    watches={
        "disk_used_percent": "used",
        "disk_inodes_used_percent": "inodes",
        "disk_read_only": "read_only",
        "disk_reachable": "reachable",
    },
    # A laptop that left the office does not reach its shares.
    defaults={
        "workstation": {
            "free": Levels(15 * GB, 5 * GB),
            "reachable": Levels(0, None, lower_is_worse=True),
        },
        "laptop": {"free": Levels(15 * GB, 5 * GB), "reachable": Levels()},
    },
    charts=("disk_used_percent", "disk_free_bytes", "disk_inodes_used_percent"),
    texts={
        "disk_space.used": Text(
            "{used:pct} of {mount} used, {free:bytes} free",
            "Na {mount} zauzeto {used:pct}, slobodno {free:bytes}",
        ),
        "disk_space.used_only": Text("{used:pct} of {mount} used", "Na {mount} zauzeto {used:pct}"),
        "disk_space.ample": Text(
            "The {free:bytes} that are free are ample for now", "Slobodnih {free:bytes} zasad je dovoljno"
        ),
        "disk_space.inodes": Text(
            "{used:pct} of the inodes of {mount} used", "Na {mount} zauzeto {used:pct} inodova"
        ),
        "disk_space.read_only": Text(
            "{mount} has turned read-only, as happens after a disk error",
            "Na {mount} više nije moguće pisati, što se događa nakon pogreške diska",
        ),
        "disk_space.writable": Text("{mount} can be written to", "Na {mount} moguće je pisati"),
        "disk_space.unreachable": Text(
            "The share at {mount} does not answer", "Mrežna mapa na {mount} ne odgovara"
        ),
        "disk_space.reachable": Text("The share at {mount} answers", "Mrežna mapa na {mount} odgovara"),
    },
)
