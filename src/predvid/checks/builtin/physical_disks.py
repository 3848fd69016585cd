"""Disks of a Windows device: health, foreseen failures, wear, errors and heat as Windows knows them.

MSFT_PhysicalDisk and MSFT_StorageReliabilityCounter (Windows Storage Management API, learn.microsoft.com),
and MSStorageDriver_FailurePredictStatus of the disks' drivers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.identity import meaningful
from predvid.checks.readers.plain import number, records, text, whole, within
from predvid.checks.v1 import (
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Sample,
    Source,
    State,
    Text,
    say,
)

HEALTH = {0: 0.0, 1: 1.0, 2: 2.0}  # healthy, warning, unhealthy; 5 is unknown
PREDICTIVE_FAILURE = 5  # an OperationalStatus
MEDIA = {3: "HDD", 4: "SSD", 5: "SCM"}
BUSES = {1: "SCSI", 3: "ATA", 6: "Fibre Channel", 7: "USB", 8: "RAID", 9: "iSCSI", 10: "SAS", 11: "SATA",
         12: "SD", 13: "MMC", 17: "NVMe"}  # fmt: skip
IMAGES = (14, 15, 16)  # virtual, file-backed virtual, storage spaces: no disks of their own
USAGES = {3: "hot spare", 4: "retired", 5: "journal"}
MOST = 500


@dataclass(frozen=True)
class PhysicalDisksParams:
    """`health` is 1 for a warning and 2 for unhealthy, `wear` percent; errors are those never corrected."""

    health: Levels = Levels(1, 2)
    predicted: Levels = Levels(None, 1)
    errors: Levels = Levels(1, 100)
    wear: Levels = Levels(90, 100)
    temperature: Levels = Levels(55, 65, margin=3)
    flash_temperature: Levels = Levels(70, 80, margin=3)


# The more telling first: in this order problems of one disk are named.
WATCHES = {
    "physical_disk_predicted": "predicted",
    "physical_disk_health": "health",
    "physical_disk_errors": "errors",
    "physical_disk_wear_percent": "wear",
    "physical_disk_temperature_celsius": "temperature",
    "physical_disk_flash_temperature_celsius": "flash_temperature",
}
HEAT = ("physical_disk_temperature_celsius", "physical_disk_flash_temperature_celsius")


def collect(source: Source, params: PhysicalDisksParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the samples of each disk and the fact `storage.physical_disks`."""
    answer = next(iter(records(source.query("powershell", "physical_disks"))), {})
    disks = _keyed(records(within(answer, "Disks"))[:MOST])
    predicted = sum(row.get("PredictFailure") is True for row in records(within(answer, "Predicted")))
    if not disks and not predicted:
        raise NotHere(say("physical_disks.none"))
    # A driver names its disks by paths that lead to none of these rows: it speaks for the device as a whole.
    if records(within(answer, "Predicted")):
        yield Sample("physical_disk_predicted", predicted, {"disk": "*"})
    for key, row in disks.items():
        for metric, value in _values(row).items():
            if value is not None:
                yield Sample(metric, value, {"disk": key})
    if disks:
        yield Fact("storage.physical_disks", [_row(key, row) for key, row in sorted(disks.items())])


def _keyed(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the disks by model and serial number, or by their number where they share those."""
    keyed: dict[str, dict[str, Any]] = {}
    for row in rows:
        if whole(row.get("BusType")) in IMAGES:
            continue
        serial = meaningful(text(row.get("SerialNumber")).rstrip("."))
        name = " ".join(part for part in (text(row.get("FriendlyName")), serial) if part)
        key = name if name and name not in keyed else f"{name} #{text(row.get('DeviceId'))}".strip()
        keyed.setdefault(key, row)
    return keyed


def _values(row: dict[str, Any]) -> dict[str, float | None]:
    status = row.get("OperationalStatus")
    codes = [whole(code) for code in status] if isinstance(status, list) else [whole(status)]
    count = within(row, "Counters")
    warm, wear = number(within(count, "Temperature")), number(within(count, "Wear"))
    errors = [number(within(count, name)) for name in ("ReadErrorsUncorrected", "WriteErrorsUncorrected")]
    known = [value for value in errors if value is not None and value >= 0]
    flash = whole(row.get("MediaType")) in (4, 5) or whole(row.get("BusType")) == 17
    hours, health = number(within(count, "PowerOnHours")), whole(row.get("HealthStatus"))
    return {
        "physical_disk_health": None if health is None else HEALTH.get(health),
        "physical_disk_predicted": float(PREDICTIVE_FAILURE in codes) if any(codes) else None,
        "physical_disk_errors": sum(known) if known else None,
        "physical_disk_wear_percent": wear if wear is not None and 0 <= wear <= 255 else None,
        HEAT[flash]: warm if warm is not None and 0 < warm < 150 else None,  # 0: it has no sensor
        "physical_disk_power_on_hours": hours if hours is not None and hours >= 0 else None,
    }


def _row(key: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": key,
        "model": text(row.get("FriendlyName")),
        "serial": text(row.get("SerialNumber")),
        "firmware": text(row.get("FirmwareVersion")),
        "type": MEDIA.get(whole(row.get("MediaType")) or 0, ""),
        "transport": BUSES.get(whole(row.get("BusType")) or 0, ""),
        "usage": USAGES.get(whole(row.get("Usage")) or 0, ""),
        "size_bytes": whole(row.get("Size")),
    }


def judge(samples: list[Sample], params: PhysicalDisksParams) -> Iterator[Result]:
    """Judge each disk: item by its name for health, `NAME temperature` for heat."""
    disks: dict[str, dict[str, float]] = {}
    for sample in samples:
        disks.setdefault(sample.labels["disk"], {})[sample.metric] = sample.value
    for disk, found in disks.items():
        health = [metric for metric in WATCHES if metric in found and metric not in HEAT]
        if health:
            yield _health(disk, {metric: found[metric] for metric in health}, params)
        for metric in HEAT:
            if metric in found:
                said = say("physical_disks.heat", disk=disk, value=found[metric])
                yield Result(
                    f"{disk} temperature", getattr(params, WATCHES[metric]).judge(found[metric]), said
                )


def _health(disk: str, found: dict[str, float], params: PhysicalDisksParams) -> Result:
    problems = []
    for metric, value in found.items():
        field = WATCHES[metric]
        state = getattr(params, field).judge(value)
        if state is not State.OK:
            words = "predicted_somewhere" if disk == "*" else field
            problems.append((state, say(f"physical_disks.{words}", disk=disk, value=value)))
    problems.sort(key=lambda problem: -problem[0])
    item = "failure prediction" if disk == "*" else disk
    if problems:
        return Result(item, *problems[0], reason=problems[1][1] if len(problems) > 1 else None)
    words = "unpredicted" if disk == "*" else "ok"
    return Result(item, State.OK, say(f"physical_disks.{words}", disk=disk))


check = Check(
    name="physical_disks",
    title=Text("Disks (Windows)", "Diskovi (Windows)"),
    group="storage",
    collect=collect,
    judge=judge,
    params=PhysicalDisksParams(),
    platforms=("windows",),
    interval=1800,
    timeout=90,
    watches=WATCHES,
    charts=(*HEAT, "physical_disk_wear_percent", "physical_disk_errors"),
    texts={
        "physical_disks.none": Text("Windows names no disks", "Windows ne navodi nijedan disk"),
        "physical_disks.ok": Text("{disk} is healthy", "{disk} je ispravan"),
        "physical_disks.health": Text(
            "Windows calls {disk} unhealthy: back it up and replace it",
            "Windows {disk} smatra neispravnim: spremite podatke na sigurno i zamijenite ga",
        ),
        "physical_disks.predicted": Text(
            "{disk} foresees its failure: replace it now", "{disk} najavljuje kvar: odmah ga zamijenite"
        ),
        "physical_disks.predicted_somewhere": Text(
            "The drivers foresee the failure of {value:int} {value|disk|disks}: find out which, replace it",
            "Upravljački programi najavljuju kvar, broj diskova: {value:int}; utvrdite koji i zamijenite ga",
        ),
        "physical_disks.unpredicted": Text(
            "No driver foresees the failure of a disk", "Nijedan upravljački program ne najavljuje kvar diska"
        ),
        "physical_disks.errors": Text(
            "{disk}: {value:int} {value|error|errors} that could not be corrected",
            "{disk}: {value:int} {value|neispravljiva pogreška|neispravljive pogreške|neispravljivih "
            "pogrešaka}",
        ),
        "physical_disks.wear": Text(
            "{disk} has used {value:pct} of the writing that it is built for",
            "{disk}: potrošeno {value:pct} predviđenog zapisivanja",
        ),
        "physical_disks.heat": Text("{disk} is at {value:int} °C", "{disk}: {value:int} °C"),
        "fact.storage.physical_disks": Text("Physical disks", "Fizički diskovi"),
        "part.type": Text("Kind", "Vrsta"),
        "part.usage": Text("Use", "Namjena"),
        "metric.physical_disk_health": Text("Health of the disk", "Zdravlje diska"),
        "metric.physical_disk_predicted": Text("Failure foreseen", "Najavljen kvar"),
        "metric.physical_disk_errors": Text("Errors not corrected", "Neispravljene pogreške"),
        "metric.physical_disk_wear_percent": Text("Wear of the disk", "Istrošenost diska"),
        "metric.physical_disk_temperature_celsius": Text("Disk temperature", "Temperatura diska"),
        "metric.physical_disk_flash_temperature_celsius": Text("Flash disk temperature", "Temperatura SSD-a"),
    },
)
