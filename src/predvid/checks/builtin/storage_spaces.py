"""Storage Spaces: pools and virtual disks that lost disks, are detached or fill up.

MSFT_StoragePool, MSFT_VirtualDisk and MSFT_StorageJob (Windows Storage Management API, learn.microsoft.com).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.plain import number, records, text, whole
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    Result,
    Said,
    Sample,
    Source,
    State,
    Text,
    say,
)

SPACE = "root/Microsoft/Windows/Storage"
POOLS = (
    f"{SPACE}:MSFT_StoragePool UniqueId,FriendlyName,IsPrimordial,HealthStatus,OperationalStatus,IsReadOnly,"
    "ReadOnlyReason,Size,AllocatedSize"
)
DISKS = (
    f"{SPACE}:MSFT_VirtualDisk UniqueId,FriendlyName,HealthStatus,OperationalStatus,DetachedReason,"
    "ResiliencySettingName,ProvisioningType,Size"
)
JOBS = f"{SPACE}:MSFT_StorageJob Name,JobState,PercentComplete"
HEALTH = {0: 0.0, 1: 1.0, 2: 2.0}  # healthy, warning, unhealthy; 5 is unknown
DETACHED_BY_FAULT = (
    3,
    4,
    5,
)  # too many disks bad, incomplete, timed out; 2 is by policy, that is by a person
THIN = 1
RUNNING = 4
MOST = 200


@dataclass(frozen=True)
class StorageSpacesParams:
    """`health` is 1 for a warning (redundancy lost), 2 for unhealthy; `used` is percent of a pool.

    How full a pool is matters only where disks take their room from it as they grow (thin provisioning).
    """

    pool: Levels = Levels(1, 2)
    health: Levels = Levels(1, 2)
    read_only: Levels = Levels(None, 1)
    used: Levels = Levels(85, 95, margin=2)


def applies(source: Source) -> bool | Said:
    """Tell whether there is a pool beside the primordial one, which holds all disks that are in none."""
    try:
        return True if _pools(source) else say("storage_spaces.none")
    except CannotRead:
        return True


def _pools(source: Source) -> dict[str, dict[str, Any]]:
    rows = [row for row in records(source.query("wmi", POOLS)) if row.get("IsPrimordial") is not True]
    return _named(rows)


def _named(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    named: dict[str, dict[str, Any]] = {}
    for row in rows[:MOST]:
        name = text(row.get("FriendlyName")) or "?"
        named.setdefault(name if name not in named else f"{name} {text(row.get('UniqueId'))}", row)
    return named


def collect(source: Source, params: StorageSpacesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield health and room of each pool and virtual disk, how far a repair is, and both as facts."""
    pools = _pools(source)
    disks = _named(records(source.query("wmi", DISKS)))
    thin = any(whole(row.get("ProvisioningType")) == THIN for row in disks.values())
    for name, row in pools.items():
        yield from _of_pool(name, row, thin)
    for name, row in disks.items():
        health = _health(row)
        if whole(row.get("DetachedReason")) in DETACHED_BY_FAULT:
            health = 2.0
        if health is not None:
            yield Sample("virtual_disk_health", health, {"virtual_disk": name})
    yield from _repairs(source)
    yield Fact(
        "storage.pools", [{"key": name, "size_bytes": whole(row.get("Size"))} for name, row in pools.items()]
    )
    yield Fact("storage.virtual_disks", [_row(name, row) for name, row in disks.items()])


def _health(row: dict[str, Any]) -> float | None:
    code = whole(row.get("HealthStatus"))
    return None if code is None else HEALTH.get(code)


def _of_pool(name: str, row: dict[str, Any], thin: bool) -> Iterator[Sample]:
    labels = {"pool": name}
    health, size, taken = _health(row), number(row.get("Size")), number(row.get("AllocatedSize"))
    if health is not None:
        yield Sample("storage_pool_health", health, labels)
    if isinstance(row.get("IsReadOnly"), bool):
        # By policy (2) is the will of a person (MSFT_StoragePool, ReadOnlyReason).
        told = row["IsReadOnly"] and whole(row.get("ReadOnlyReason")) != 2
        yield Sample("storage_pool_read_only", float(told), labels)
    if size and taken is not None and 0 <= taken <= size:
        metric = "storage_pool_used_percent" if thin else "storage_pool_allocated_percent"
        yield Sample(metric, round(100 * taken / size, 2), labels)


def _repairs(source: Source) -> Iterator[Sample]:
    try:
        jobs = records(source.query("wmi", JOBS))
    except CannotRead:
        return
    running = [row for row in jobs if whole(row.get("JobState")) == RUNNING]
    yield Sample("storage_jobs_running", len(running))
    done = [value for row in running if (value := number(row.get("PercentComplete"))) is not None]
    if done:
        yield Sample("storage_job_percent", max(0.0, min(100.0, *done, 100.0)))


def _row(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": name,
        "level": text(row.get("ResiliencySettingName")),
        "size_bytes": whole(row.get("Size")),
    }


def judge(samples: list[Sample], params: StorageSpacesParams) -> Iterator[Result]:
    """Judge items `pool NAME`, `pool NAME space`, `pool NAME writable` and `disk NAME`."""
    for sample in samples:
        value, pool = sample.value, sample.labels.get("pool", "")
        match sample.metric:
            case "storage_pool_health":
                said = say("storage_spaces.pool" if value else "storage_spaces.pool_ok", name=pool)
                yield Result(f"pool {pool}", params.pool.judge(value), said)
            case "storage_pool_read_only":
                said = say("storage_spaces.read_only" if value else "storage_spaces.writable", name=pool)
                yield Result(f"pool {pool} writable", params.read_only.judge(value), said)
            case "storage_pool_used_percent":
                said = say("storage_spaces.used", name=pool, used=value)
                yield Result(f"pool {pool} space", params.used.judge(value), said)
            case "virtual_disk_health":
                yield _disk(sample.labels["virtual_disk"], value, params.health.judge(value))


def _disk(name: str, value: float, state: State) -> Result:
    said = "disk_ok" if value < 1 else "disk_warning" if value < 2 else "disk_bad"
    return Result(f"disk {name}", state, say(f"storage_spaces.{said}", name=name))


check = Check(
    name="storage_spaces",
    title=Text("Storage Spaces", "Prostori za pohranu"),
    group="storage",
    applies=applies,
    collect=collect,
    judge=judge,
    params=StorageSpacesParams(),
    platforms=("windows",),
    interval=900,
    timeout=60,
    watches={
        "storage_pool_health": "pool",
        "storage_pool_read_only": "read_only",
        "storage_pool_used_percent": "used",
        "virtual_disk_health": "health",
    },
    charts=("storage_pool_used_percent", "storage_job_percent"),
    texts={
        "storage_spaces.none": Text(
            "No Storage Spaces pools on this device", "Na ovom uređaju nema skupova prostora za pohranu"
        ),
        "storage_spaces.pool_ok": Text("The pool {name} is healthy", "Skup {name} je ispravan"),
        "storage_spaces.pool": Text(
            "The pool {name} has a disk that is missing or failing: replace it",
            "U skupu {name} neki disk nedostaje ili otkazuje: zamijenite ga",
        ),
        "storage_spaces.read_only": Text(
            "The pool {name} has turned read-only", "U skup {name} više se ne može pisati"
        ),
        "storage_spaces.writable": Text("The pool {name} can be written to", "U skup {name} može se pisati"),
        "storage_spaces.used": Text(
            "The pool {name} is {used:pct} full", "Zauzetost skupa {name}: {used:pct}"
        ),
        "storage_spaces.disk_ok": Text(
            "The virtual disk {name} is healthy", "Virtualni disk {name} je ispravan"
        ),
        "storage_spaces.disk_warning": Text(
            "The virtual disk {name} has lost redundancy or is being repaired",
            "Virtualni disk {name} izgubio je zalihost ili se popravlja",
        ),
        "storage_spaces.disk_bad": Text(
            "The virtual disk {name} is down: its data cannot be reached",
            "Virtualni disk {name} ne radi: njegovi podaci nisu dostupni",
        ),
        "fact.storage.pools": Text("Storage pools", "Skupovi za pohranu"),
        "fact.storage.virtual_disks": Text("Virtual disks", "Virtualni diskovi"),
        "part.level": Text("Level", "Razina"),
        "metric.storage_pool_health": Text("Health of the pool", "Zdravlje skupa"),
        "metric.storage_pool_read_only": Text("Pool is read-only", "U skup se ne može pisati"),
        "metric.storage_pool_used_percent": Text("Pool used", "Zauzetost skupa"),
        "metric.storage_job_percent": Text("Repair done", "Gotovo popravka"),
        "metric.virtual_disk_health": Text("Health of the virtual disk", "Zdravlje virtualnog diska"),
    },
)
