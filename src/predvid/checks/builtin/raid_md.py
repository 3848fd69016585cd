"""Linux software RAID: arrays that lost disks, stand still or hold mismatches (md(4), /proc/mdstat)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.mdstat import MARK, Array, parse_mdstat
from predvid.checks.readers.plain import whole
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Said,
    Sample,
    Source,
    State,
    Text,
    say,
)

MDSTAT = "/proc/mdstat"
PARITY = ("raid4", "raid5", "raid6")  # md(4): on mirrors a mismatch may stem from swap and is no fault
REBUILDING = ("recovery", "resync", "reshape")


@dataclass(frozen=True)
class RaidMdParams:
    """`missing` counts the disks that an array lacks: critical, a warning while it is being rebuilt.

    `failed` counts members marked faulty, `mismatches` the sectors that the last check found to disagree (for
    RAID 4, 5 and 6), `inactive` guards 1.
    """

    missing: Levels = Levels(None, 1)
    failed: Levels = Levels(1, None)
    inactive: Levels = Levels(None, 1)
    mismatches: Levels = Levels(1, None)


def applies(source: Source) -> bool | Said:
    """Tell whether there is an array."""
    try:
        arrays = parse_mdstat(source.text(MDSTAT))
    except NotHere:
        arrays = []
    return True if arrays else say("raid_md.none")


def collect(source: Source, params: RaidMdParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield for each array what it lacks and how far a rebuild is, and the arrays as a fact."""
    arrays = [array for array in parse_mdstat(source.text(MDSTAT)) if not array.container]
    for array in arrays:
        yield from _samples(source, array)
    yield Fact("storage.md_arrays", [_row(array) for array in sorted(arrays, key=lambda a: a.name)])


def _samples(source: Source, array: Array) -> Iterator[Sample]:
    labels = {"array": array.name}
    broken = _word(source, array, "array_state") == "broken"  # a RAID 0 that lost a disk stays `active`
    yield Sample("md_inactive", float(broken or not array.active), labels)
    if array.wanted is not None and array.present is not None:
        yield Sample("md_missing_disks", max(0, array.wanted - array.present), labels)
    yield Sample("md_failed_disks", len(array.failed), labels)
    yield Sample("md_rebuilding", float(array.work in REBUILDING), labels)
    if array.percent is not None:
        yield Sample("md_progress_percent", array.percent, labels)
    if array.left is not None:
        yield Sample("md_left_seconds", array.left, labels)
    mismatches = whole(_word(source, array, "mismatch_cnt"))
    if mismatches is not None and array.level in PARITY and not array.work:
        yield Sample("md_mismatches", max(0, mismatches), labels)


def _word(source: Source, array: Array, name: str) -> str:
    with suppress(CannotRead):
        return source.text(f"/sys/block/{array.name.rpartition('/')[2]}/md/{name}").strip()
    return ""


def _row(array: Array) -> dict[str, Any]:
    return {"key": array.name, "level": array.level, "disks": array.wanted, "members": sorted(array.members)}


def judge(samples: list[Sample], params: RaidMdParams) -> Iterator[Result]:
    """Judge each array: item `md0`, and `md0 mismatches` where it keeps parity."""
    arrays: dict[str, dict[str, float]] = {}
    for sample in samples:
        arrays.setdefault(sample.labels["array"], {})[sample.metric] = sample.value
    for name, found in arrays.items():
        if result := _health(name, found, params):
            yield result
        if "md_mismatches" in found:
            value = found["md_mismatches"]
            said = say("raid_md.mismatches" if value else "raid_md.agrees", array=name, n=value)
            yield Result(f"{name} mismatches", params.mismatches.judge(value), said)


def _health(name: str, found: dict[str, float], params: RaidMdParams) -> Result | None:
    """Return the worst of what is known of one array."""
    missing, failed = found.get("md_missing_disks", 0.0), found.get("md_failed_disks", 0.0)
    if "md_inactive" in found and (state := params.inactive.judge(found["md_inactive"])):
        return Result(name, state, say("raid_md.inactive", array=name))
    if state := params.missing.judge(missing):
        if not found.get("md_rebuilding"):
            return Result(name, state, say("raid_md.degraded", array=name, n=missing))
        return Result(name, min(state, State.WARNING), _rebuilding(name, found))
    if state := params.failed.judge(failed):
        return Result(name, state, say("raid_md.failed", array=name, n=failed))
    if not {"md_inactive", "md_missing_disks", "md_failed_disks"} & set(found):
        return None
    return Result(name, State.OK, say("raid_md.ok", array=name))


def _rebuilding(name: str, found: dict[str, float]) -> Said:
    percent, left = found.get("md_progress_percent"), found.get("md_left_seconds")
    if percent is None or left is None:
        return say("raid_md.waiting", array=name)
    return say("raid_md.rebuilding", array=name, percent=percent, left=left)


def replay(text: str) -> dict[str, Any] | None:
    """Return a recording of a device whose /proc/mdstat reads `text`, None for any other text."""
    return {"platform": "linux", "answers": {f"text:{MDSTAT}": text}} if MARK.search(text) else None


check = Check(
    name="raid_md",
    title=Text("Software RAID", "Programski RAID"),
    group="storage",
    applies=applies,
    collect=collect,
    judge=judge,
    params=RaidMdParams(),
    platforms=("linux",),
    interval=60,
    watches={
        "md_missing_disks": "missing",
        "md_failed_disks": "failed",
        "md_inactive": "inactive",
        "md_mismatches": "mismatches",
    },
    charts=("md_missing_disks", "md_progress_percent"),
    replay=replay,
    texts={
        "raid_md.none": Text(
            "No software RAID arrays on this device", "Na ovom uređaju nema polja programskog RAID-a"
        ),
        "raid_md.ok": Text("The array {array} is whole", "Polje {array} je potpuno"),
        "raid_md.inactive": Text(
            "The array {array} does not run: its data cannot be reached",
            "Polje {array} ne radi: njegovi podaci nisu dostupni",
        ),
        "raid_md.degraded": Text(
            "The array {array} lacks {n:int} {n|disk|disks}: replace what has failed before another one does",
            "Polju {array} {n|nedostaje|nedostaju|nedostaje} {n:int} {n|disk|diska|diskova}: zamijenite "
            "neispravno prije nego što otkaže još koji disk",
        ),
        "raid_md.rebuilding": Text(
            "The array {array} is being rebuilt: {percent:pct} done, {left:secs} to go",
            "Polje {array} se obnavlja: gotovo {percent:pct}, preostalo vrijeme: {left:secs}",
        ),
        "raid_md.waiting": Text(
            "The array {array} lacks a disk and waits to be rebuilt",
            "Polju {array} nedostaje disk i čeka obnovu",
        ),
        "raid_md.failed": Text(
            "{n:int} {n|disk|disks} of the array {array} {n|is|are} marked faulty",
            "{n:int} {n|disk|diska|diskova} polja {array} {n|označen je kao neispravan|označena su kao "
            "neispravna|označeno je kao neispravno}",
        ),
        "raid_md.mismatches": Text(
            "The last check of {array} found {n:int} {n|sector|sectors} where data and parity disagree",
            "Posljednja provjera polja {array} našla je {n:int} {n|sektor|sektora|sektora} u kojima se "
            "podaci i paritet ne slažu",
        ),
        "raid_md.agrees": Text(
            "The last check of {array} found no mismatch",
            "Posljednja provjera polja {array} nije našla neslaganja",
        ),
        "fact.storage.md_arrays": Text("Software RAID arrays", "Polja programskog RAID-a"),
        "part.level": Text("Level", "Razina"),
        "part.disks": Text("Disks", "Diskovi"),
        "part.members": Text("Members", "Članovi"),
        "metric.md_missing_disks": Text("Missing disks of the array", "Diskovi koji nedostaju polju"),
        "metric.md_failed_disks": Text("Faulty disks of the array", "Neispravni diskovi polja"),
        "metric.md_inactive": Text("Array does not run", "Polje ne radi"),
        "metric.md_mismatches": Text("Mismatches in the array", "Neslaganja u polju"),
        "metric.md_progress_percent": Text("Rebuild of the array", "Obnova polja"),
    },
)
