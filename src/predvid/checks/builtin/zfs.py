"""ZFS: pools that lost devices, made errors, are nearly full or were not scrubbed for long (zpool(8))."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.zpool import Pool, parse_list, parse_status
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

DAY = 86400
LIST = ("zpool", "list", "-p")
STATUS = ("zpool", "status", "-p")
ONLINE, DOWN = 0.0, 2.0
_LEVEL = {"ONLINE": ONLINE, "DEGRADED": 1.0}
_IS_LIST = re.compile(r"^NAME[ \t]+SIZE[ \t]+ALLOC", re.MULTILINE)
_IS_STATUS = re.compile(r"^[ \t]*pool: \S+", re.MULTILINE)


@dataclass(frozen=True)
class ZfsParams:
    """`state` is 1 for a degraded pool and 2 for one whose data cannot be reached.

    A copy-on-write pool slows down when it is nearly full (zpoolprops(7), capacity): `used` is percent.
    Debian and Ubuntu scrub every month; `scrub_age` is in seconds. `errors` are those of devices, `lost`
    those of data that no copy could mend.
    """

    state: Levels = Levels(None, 1)
    faulty: Levels = Levels(1, None)
    errors: Levels = Levels(1, None)
    lost: Levels = Levels(None, 1)
    used: Levels = Levels(85, 95, margin=2)
    scrub_age: Levels = Levels(45 * DAY, None)


def applies(source: Source) -> bool | Said:
    """Tell whether there is a pool; the tools may be missing."""
    try:
        pools = parse_list(source.run(*LIST))
    except NotHere:
        return True  # a recording of the status alone
    except CannotRead as error:
        if error.said.id in ("read.tool_missing", "read.tool_refused"):
            return error.said
        return True
    return True if pools else say("zfs.none")


def collect(source: Source, params: ZfsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield state, room, errors and the age of the last scrub of each pool, and the pools as a fact."""
    pools = _pools(source)
    for pool in pools:
        yield from _samples(pool, source.now())
    yield Fact("storage.zfs_pools", [{"key": pool.name, "size_bytes": pool.size} for pool in pools])


def _pools(source: Source) -> list[Pool]:
    """Return the pools as both commands tell of them; one of the two may be missing, not both."""
    listed, told, failure = [], [], None
    try:
        listed = parse_list(source.run(*LIST))
    except CannotRead as error:
        failure = error
    try:
        told = parse_status(source.run(*STATUS))
    except CannotRead as error:
        failure = failure if listed else error
    pools = {pool.name: pool for pool in listed}
    for pool in told:
        pools[pool.name] = _both(pools.get(pool.name), pool)
    if not pools:
        raise failure or NotHere(say("zfs.none"))
    return sorted(pools.values(), key=lambda pool: pool.name)


def _both(listed: Pool | None, told: Pool) -> Pool:
    if listed is not None:
        told.size, told.free = listed.size, listed.free
        told.used, told.fragmented = listed.used, listed.fragmented
        told.state = told.state or listed.state
    return told


def _samples(pool: Pool, now: float) -> Iterator[Sample]:
    values = {
        "zfs_state": _LEVEL.get(pool.state, DOWN) if pool.state else None,
        "zfs_faulty_devices": len(set(pool.faulty)),
        "zfs_errors": pool.errors,
        "zfs_lost": pool.lost,
        "zfs_used_percent": pool.used,
        "zfs_free_bytes": pool.free,
        "zfs_fragmented_percent": pool.fragmented,
        "zfs_resilvering": float(pool.work == "resilver"),
        "zfs_progress_percent": pool.done,
        "zfs_scrub_age_seconds": max(0, round(now - pool.scrubbed)) if pool.scrubbed and now else None,
    }
    labels = {"pool": pool.name}
    yield from (Sample(name, value, labels) for name, value in values.items() if value is not None)


_ITEMS = {
    "zfs_errors": ("errors", "errors"),
    "zfs_lost": ("lost", "data"),
    "zfs_used_percent": ("used", "space"),
    "zfs_scrub_age_seconds": ("scrub_age", "scrub"),
}


def judge(samples: list[Sample], params: ZfsParams) -> Iterator[Result]:
    """Judge items `tank` for its state, and `tank errors`, `tank data`, `tank space`, `tank scrub`."""
    pools: dict[str, dict[str, float]] = {}
    for sample in samples:
        pools.setdefault(sample.labels["pool"], {})[sample.metric] = sample.value
    for pool, found in pools.items():
        if "zfs_state" in found or "zfs_faulty_devices" in found:
            yield _state(pool, found, params)
        for metric, (field, item) in _ITEMS.items():
            if metric in found:
                value, state = found[metric], getattr(params, field).judge(found[metric])
                ending = "" if value or field in ("used", "scrub_age") else "_none"
                yield Result(f"{pool} {item}", state, say(f"zfs.{field}{ending}", pool=pool, n=value))


def _state(pool: str, found: dict[str, float], params: ZfsParams) -> Result:
    value, faulty = found.get("zfs_state", ONLINE), found.get("zfs_faulty_devices", 0.0)
    state = params.state.judge(value)
    if state is State.OK:
        state = params.faulty.judge(faulty)
        return Result(pool, state, say("zfs.faulty" if state else "zfs.online", pool=pool, n=faulty))
    if value >= DOWN:
        return Result(pool, state, say("zfs.down", pool=pool))
    if found.get("zfs_resilvering"):
        said = say("zfs.resilver", pool=pool, percent=found.get("zfs_progress_percent", 0.0))
        return Result(pool, min(state, State.WARNING), said)
    return Result(pool, state, say("zfs.degraded", pool=pool, n=faulty))


def replay(text: str) -> dict[str, Any] | None:
    """Return a recording of what `zpool list` or `zpool status` wrote, None for any other text."""
    for pattern, command in ((_IS_LIST, LIST), (_IS_STATUS, STATUS)):
        if pattern.search(text):
            return {"platform": "linux", "answers": {f"run:{' '.join(command)}": text}}
    return None


check = Check(
    name="zfs",
    title=Text("ZFS", "ZFS"),
    group="storage",
    applies=applies,
    collect=collect,
    judge=judge,
    params=ZfsParams(),
    platforms=("linux",),
    interval=900,
    timeout=60,
    watches={
        "zfs_state": "state",
        "zfs_faulty_devices": "faulty",
        "zfs_errors": "errors",
        "zfs_lost": "lost",
        "zfs_used_percent": "used",
        "zfs_scrub_age_seconds": "scrub_age",
    },
    charts=("zfs_used_percent", "zfs_errors", "zfs_fragmented_percent"),
    replay=replay,
    texts={
        "zfs.none": Text("No ZFS pools on this device", "Na ovom uređaju nema ZFS-ovih skupova"),
        "zfs.online": Text("The pool {pool} is whole", "Skup {pool} je potpun"),
        "zfs.degraded": Text(
            "The pool {pool} is degraded: {n:int} of its devices {n|is|are} out of order; replace what has "
            "failed",
            "Skup {pool} radi sa smanjenom zalihošću; uređaji koji ne rade: {n:int}. Zamijenite ono što je "
            "otkazalo",
        ),
        "zfs.down": Text(
            "The pool {pool} is down: its data cannot be reached",
            "Skup {pool} ne radi: njegovi podaci nisu dostupni",
        ),
        "zfs.resilver": Text(
            "The pool {pool} is being rebuilt: {percent:pct} done",
            "Skup {pool} se obnavlja: gotovo {percent:pct}",
        ),
        "zfs.faulty": Text(
            "{n:int} {n|device|devices} of the pool {pool} {n|is|are} out of order",
            "{n:int} {n|uređaj|uređaja|uređaja} skupa {pool} ne {n|radi|rade|radi}",
        ),
        "zfs.errors": Text(
            "{n:int} {n|error|errors} on devices of the pool {pool}; look at zpool status, and once it is "
            "mended clear them by zpool clear",
            "{n:int} {n|pogreška|pogreške|pogrešaka} na uređajima skupa {pool}; pogledajte zpool status, a "
            "nakon popravka poništite ih naredbom zpool clear",
        ),
        "zfs.errors_none": Text(
            "The devices of the pool {pool} made no errors", "Uređaji skupa {pool} rade bez pogrešaka"
        ),
        "zfs.lost": Text(
            "The pool {pool} has lost data ({n:int} {n|error|errors}): zpool status -v names the files, "
            "restore them from the backup",
            "Skup {pool} izgubio je podatke ({n:int} {n|pogreška|pogreške|pogrešaka}): zpool status -v "
            "navodi datoteke, vratite ih iz sigurnosne kopije",
        ),
        "zfs.lost_none": Text(
            "No data of the pool {pool} are lost", "U skupu {pool} nema izgubljenih podataka"
        ),
        "zfs.used": Text("The pool {pool} is {n:pct} full", "Zauzetost skupa {pool}: {n:pct}"),
        "zfs.scrub_age": Text(
            "The pool {pool} was last scrubbed {n:secs} ago",
            "Od posljednje provjere podataka (scrub) skupa {pool} prošlo je: {n:secs}",
        ),
        "fact.storage.zfs_pools": Text("ZFS pools", "ZFS-ovi skupovi"),
        "metric.zfs_state": Text("State of the pool", "Stanje skupa"),
        "metric.zfs_faulty_devices": Text("Devices out of order", "Uređaji koji ne rade"),
        "metric.zfs_errors": Text("Errors on the pool's devices", "Pogreške na uređajima skupa"),
        "metric.zfs_lost": Text("Lost data", "Izgubljeni podaci"),
        "metric.zfs_used_percent": Text("Pool used", "Zauzetost skupa"),
        "metric.zfs_fragmented_percent": Text("Free space fragmented", "Rascjepkanost slobodnog prostora"),
        "metric.zfs_scrub_age_seconds": Text("Age of the last scrub", "Starost posljednje provjere podataka"),
    },
)
