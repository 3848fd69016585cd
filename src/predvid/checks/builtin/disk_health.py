"""Health of drives by SMART: ATA, NVMe and SCSI drives, also behind USB bridges and RAID controllers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.drive_growth import COUNTERS, growth
from predvid.checks.readers.drive_rest import resting
from predvid.checks.readers.identity import meaningful
from predvid.checks.readers.smartctl import Device, documents, parse_drive, parse_scan
from predvid.checks.readers.smartctl_drive import Drive
from predvid.checks.readers.smartctl_replay import SCAN, read_command, replay
from predvid.checks.v1 import (
    NO_HISTORY,
    CannotRead,
    Check,
    Fact,
    History,
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

ANY_STATUS = tuple(range(256))  # the bits of smartctl's exit status tell of the drive, not of the program
PER_DRIVE = 30.0  # seconds: a drive that fails may answer slowly, and only then matters most
_DENIED = re.compile("permission denied|operation not permitted|access is denied", re.IGNORECASE)


@dataclass(frozen=True)
class DiskHealthParams:
    """Sectors and errors are counts since the drive was new; wear and spare are percent, heat is Celsius.

    One reallocated or unreadable sector makes the loss of a drive many times likelier (Pinheiro et al.,
    "Failure Trends in a Large Disk Drive Population", FAST 2007): each of those warns from the first on.
    Errors of the cable never fade from the drive's counter, so that only many of them warn.
    """

    smart_failed: Levels = Levels(None, 1)
    failing: Levels = Levels(None, 1)
    critical_warning: Levels = Levels(None, 1)
    pending: Levels = Levels(1, 10)
    uncorrectable: Levels = Levels(1, 10)
    reallocated: Levels = Levels(1, 100)
    grown_defects: Levels = Levels(1, 100)
    media_errors: Levels = Levels(1, 100)
    reported: Levels = Levels(1, 100)
    spare_margin: Levels = Levels(None, -1, lower_is_worse=True)
    spare: Levels = Levels(20, 10)
    wear: Levels = Levels(90, 100)
    worn: Levels = Levels(1, None)
    self_test: Levels = Levels(1, None)
    transfer_errors: Levels = Levels(100, None)
    readable: Levels = Levels(None, 0, lower_is_worse=True)
    growth: Levels = Levels(1, 20)  # faults added within a week
    temperature: Levels = Levels(55, 65, margin=3)
    flash_temperature: Levels = Levels(70, 80, margin=3)


# The metric of each field of Drive, the more telling first: that is the order in which problems are named.
WATCHES = {
    "drive_smart_failed": "smart_failed", "drive_failing_attributes": "failing",
    "drive_critical_warning": "critical_warning", "drive_pending": "pending",
    "drive_uncorrectable": "uncorrectable", "drive_reallocated": "reallocated",
    "drive_grown_defects": "grown_defects", "drive_media_errors": "media_errors",
    "drive_reported_uncorrected": "reported", "drive_spare_margin_percent": "spare_margin",
    "drive_spare_percent": "spare", "drive_wear_percent": "wear", "drive_worn_attributes": "worn",
    "drive_self_test_failed": "self_test", "drive_transfer_errors": "transfer_errors",
    "drive_readable": "readable", "drive_temperature_celsius": "temperature",
    "drive_flash_temperature_celsius": "flash_temperature",
}  # fmt: skip
HEAT = ("drive_temperature_celsius", "drive_flash_temperature_celsius")
IDENTITY = ("model", "serial", "firmware", "protocol", "capacity")


def applies(source: Source) -> bool | Said:
    """Tell why not: smartctl is missing, or finds no drive (a virtual machine, a container)."""
    try:
        found = parse_scan(source.run(*SCAN, ok=ANY_STATUS))
    except CannotRead as error:
        if error.said.id in ("read.tool_missing", "read.not_recorded"):
            return error.said
        raise
    return True if found else say("disk_health.no_drives")


def collect(source: Source, params: DiskHealthParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the samples of each drive and the fact `storage.drives`; one that rests keeps its last ones."""
    devices = parse_scan(source.run(*SCAN, ok=ANY_STATUS))
    if not devices:
        raise NotHere(say("disk_health.no_drives"))
    before = state.get("drives", {})
    quiet = resting(source, [device.name for device in devices], state) & before.keys()
    drives = {
        device.name: Drive(asleep=True) if device.name in quiet else _read(source, device)
        for device in devices
    }
    rows = {name: _row(name, drive, before.get(name)) for name, drive in drives.items() if _counts(drive)}
    known = {name: row for name, row in rows.items() if row is not None}
    state["drives"] = known
    named = _named(known)
    for key, row in named.items():
        yield from _samples(key, row)
    # A list that lacks a drive would say that it was taken out: better none while one is not known.
    facts = [_fact(key, row) for key, row in sorted(named.items()) if row["known"]]
    if facts and None not in rows.values():
        yield Fact("storage.drives", facts)
    _complain([drives[name] for name in rows])


def _counts(drive: Drive) -> bool:
    return drive.supported or drive.telling


def _complain(drives: list[Drive]) -> None:
    """Raise the reason why nothing at all was told of any drive."""
    if not drives:
        raise NotHere(say("disk_health.no_smart"))
    if not all(drive.why and not drive.telling and not drive.asleep for drive in drives):
        return
    if _DENIED.search(drives[0].why):
        raise CannotRead(say("read.permission_denied", what="smartctl"))
    raise CannotRead(say("read.unexpected", what="smartctl", detail=drives[0].why))


def _read(source: Source, device: Device) -> Drive:
    text = source.run(*read_command(device), timeout=PER_DRIVE, ok=ANY_STATUS)
    return parse_drive(next(iter(documents(text)), text))


def _row(name: str, drive: Drive, before: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a drive as JSON-like data for the check's state; None: asleep, and nothing known of it.

    A drive that no longer says who it is keeps the name it had: it is most likely the one that has died.
    """
    known = drive.model is not None or drive.telling
    if drive.asleep:
        return before | {"heat": None} if before else None
    if before and not known:
        return before | {"heat": None, "values": {"drive_readable": 0.0}}
    return {
        "name": name,
        **{field: getattr(drive, field) for field in IDENTITY},
        "known": known,
        "values": dict(_values(drive)),
        "heat": drive.temperature,
        "flash": drive.flash,
    }


def _values(drive: Drive) -> Iterator[tuple[str, float]]:
    margin = spare = None
    # Some drives leave both at 0, which means that they keep no account of spare blocks.
    if drive.available_spare is not None and (drive.available_spare or drive.spare_threshold):
        spare = drive.available_spare
        margin = spare - drive.spare_threshold if drive.spare_threshold is not None else None
    values = {
        "drive_readable": drive.telling,
        "drive_smart_failed": None if drive.smart_passed is None else not drive.smart_passed,
        "drive_failing_attributes": drive.failing, "drive_worn_attributes": drive.worn,
        "drive_critical_warning": drive.critical_warning, "drive_pending": drive.pending,
        "drive_uncorrectable": drive.uncorrectable, "drive_reallocated": drive.reallocated,
        "drive_grown_defects": drive.grown_defects, "drive_media_errors": drive.media_errors,
        "drive_reported_uncorrected": drive.reported_uncorrected, "drive_spare_margin_percent": margin,
        "drive_spare_percent": spare, "drive_wear_percent": drive.percentage_used,
        "drive_self_test_failed": drive.self_test_failed, "drive_transfer_errors": drive.transfer_errors,
        "drive_power_on_hours": drive.power_on_hours,
    }  # fmt: skip
    yield from ((metric, float(value)) for metric, value in values.items() if value is not None)


def _named(known: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the drives by a key that lasts: the serial number, where it is one and belongs to one drive.

    A drive that is reached by two paths is one; drives that share a serial number, as cheap bridges give them
    out, are told apart by their names.
    """
    named: dict[str, dict[str, Any]] = {}
    for row in known.values():
        key = meaningful(row["serial"] or "") or row["name"]
        if key in named:
            if _same(named[key], row):
                continue
            key = f"{key} {row['name']}"
        named[key] = row
    return named


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    alike = all(one[name] == other[name] for name in IDENTITY)
    hours = [row["values"].get("drive_power_on_hours") for row in (one, other)]
    return alike and hours[0] is not None and hours[0] == hours[1]


def _samples(key: str, row: dict[str, Any]) -> Iterator[Sample]:
    labels = {"drive": key, "model": row["model"] or ""}
    for metric, value in row["values"].items():
        yield Sample(metric, value, labels)
    if row["heat"] is not None:
        yield Sample(HEAT[row["flash"]], float(row["heat"]), labels)


def _fact(key: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, **{name: row[name] for name in IDENTITY}}


def judge(samples: list[Sample], params: DiskHealthParams, history: History = NO_HISTORY) -> Iterator[Result]:
    """Judge each drive: items `SERIAL` for its health, `SERIAL temperature`, `SERIAL growth`."""
    drives: dict[str, dict[str, Sample]] = {}
    for sample in samples:
        drives.setdefault(sample.labels["drive"], {})[sample.metric] = sample
    for drive, found in drives.items():
        health = [found[metric] for metric in WATCHES if metric in found and metric not in HEAT]
        if health:
            yield _health(drive, health, params)
        yield from growth(drive, found, params.growth, history)
        for metric in HEAT:
            if metric in found:
                said = say("disk_health.heat", drive=drive, value=found[metric].value)
                state = getattr(params, WATCHES[metric]).judge(found[metric].value)
                yield Result(f"{drive} temperature", state, said)


def _health(drive: str, health: list[Sample], params: DiskHealthParams) -> Result:
    """Name the worst problem; the next one is the reason. What cannot be read is unknown, not broken."""
    problems = []
    named = f"{health[0].labels.get('model', '')} {drive}".strip()
    for sample in health:
        field = WATCHES[sample.metric]
        state = getattr(params, field).judge(sample.value)
        if state is not State.OK:
            state = State.UNKNOWN if field == "readable" else state
            problems.append((state, say(f"disk_health.{field}", drive=named, value=sample.value)))
    problems.sort(key=lambda problem: -problem[0])
    if not problems:
        return Result(drive, State.OK, say("disk_health.ok", drive=named))
    return Result(drive, *problems[0], reason=problems[1][1] if len(problems) > 1 else None)


_TOLD = {
    "reallocated": "drive_reallocated", "pending": "drive_pending", "uncorrectable": "drive_uncorrectable",
    "media_errors": "drive_media_errors", "percentage_used": "drive_wear_percent",
    "power_on_hours": "drive_power_on_hours", "grown_defects": "drive_grown_defects",
}  # fmt: skip


def summary(facts: list[Fact], samples: list[Sample]) -> dict[str, Any]:
    """Return what is known of the only drive of a run, flat (None: unknown); of several nothing.

    Units as in `smartctl_drive.Drive`; `failure_risk` is 0 to 1 where something has estimated it.
    """
    rows: list[dict[str, Any]] = next((fact.value for fact in facts if fact.name == "storage.drives"), [{}])
    values = {sample.metric: int(sample.value) for sample in samples}
    drives = {sample.labels["drive"] for sample in samples}
    if len(rows) != 1 or len(drives) > 1 or not (drives or rows[0]):
        return {}
    failed = values.get("drive_smart_failed")
    return {
        **{name: rows[0].get(name) for name in IDENTITY},
        **{name: values.get(metric) for name, metric in _TOLD.items()},
        "temperature": next((values[metric] for metric in HEAT if metric in values), None),
        "smart_passed": None if failed is None else not failed,
        "available_spare": values.get("drive_spare_percent"),
        "failure_risk": None,
    }


TEXTS = {
    "disk_health.ok": Text("{drive} is healthy", "{drive} je ispravan"),
    "disk_health.smart_failed": Text(
        "{drive} reports by itself that it is failing: replace it now",
        "{drive} sam javlja da otkazuje: odmah ga zamijenite",
    ),
    "disk_health.failing": Text(
        "{drive}: {value:int} {value|attribute has|attributes have} fallen to the maker's limit, "
        "failure is near",
        "{drive}: {value:int} {value|pokazatelj pao je|pokazatelja pala su|pokazatelja palo je} na "
        "proizvođačevu granicu, kvar je blizu",
    ),
    "disk_health.critical_warning": Text(
        "{drive} raises a critical warning (NVMe, bits {value:int})",
        "{drive} javlja kritično upozorenje (NVMe, bitovi {value:int})",
    ),
    "disk_health.pending": Text(
        "{drive}: {value:int} {value|sector|sectors} could not be read and {value|waits|wait} for "
        "replacement",
        "{drive}: {value:int} {value|nečitljiv sektor čeka|nečitljiva sektora čekaju|nečitljivih "
        "sektora čeka} zamjenu",
    ),
    "disk_health.uncorrectable": Text(
        "{drive}: {value:int} {value|error|errors} that could not be corrected",
        "{drive}: {value:int} {value|neispravljiva pogreška|neispravljive pogreške|neispravljivih pogrešaka}",
    ),
    "disk_health.reallocated": Text(
        "{drive}: {value:int} bad {value|sector|sectors} replaced by {value|a spare one|spare ones}",
        "{drive}: {value:int} {value|oštećen sektor zamijenjen je pričuvnim|oštećena sektora zamijenjena su "
        "pričuvnima|oštećenih sektora zamijenjeno je pričuvnima}",
    ),
    "disk_health.grown_defects": Text(
        "{drive}: {value:int} {value|defect has|defects have} appeared on the surface",
        "{drive}: {value:int} {value|novo oštećenje|nova oštećenja|novih oštećenja} površine",
    ),
    "disk_health.media_errors": Text(
        "{drive}: {value:int} {value|error|errors} in the stored data",
        "{drive}: {value:int} {value|pogreška|pogreške|pogrešaka} u zapisanim podacima",
    ),
    "disk_health.reported": Text(
        "{drive}: {value:int} uncorrectable {value|error|errors} reported to the computer",
        "{drive}: {value:int} {value|neispravljiva pogreška javljena|neispravljive pogreške "
        "javljene|neispravljivih pogrešaka javljeno} računalu",
    ),
    "disk_health.spare_margin": Text(
        "{drive} has fewer spare blocks than its maker demands",
        "{drive} ima manje pričuvnih blokova nego što proizvođač zahtijeva",
    ),
    "disk_health.spare": Text(
        "{drive} has {value:pct} of its spare blocks left",
        "{drive}: preostalo {value:pct} pričuvnih blokova",
    ),
    "disk_health.wear": Text(
        "{drive} has used {value:pct} of the writing that it is built for",
        "{drive}: potrošeno {value:pct} predviđenog zapisivanja",
    ),
    "disk_health.worn": Text(
        "{drive}: {value:int} {value|attribute shows|attributes show} age or a past failure",
        "{drive}: {value:int} {value|pokazatelj upućuje|pokazatelja upućuju|pokazatelja upućuje} na "
        "istrošenost ili raniji kvar",
    ),
    "disk_health.self_test": Text("{drive} did not pass its self-test", "{drive} nije prošao vlastiti test"),
    "disk_health.transfer_errors": Text(
        "{drive}: {value:int} {value|error|errors} on the way from the computer; look at the cable",
        "{drive}: {value:int} {value|pogreška|pogreške|pogrešaka} u prijenosu; provjerite kabel",
    ),
    "disk_health.readable": Text(
        "{drive} does not tell how it is", "{drive} ne daje podatke o svojem stanju"
    ),
    "disk_health.growth": Text(
        "{drive} has got worse within a week: {value:int} more bad {value|sector or error|sectors or errors}",
        "{drive} se u tjedan dana pogoršao: novih oštećenih sektora ili pogrešaka: {value:int}",
    ),
    "disk_health.steady": Text(
        "{drive} has got no worse within a week", "{drive} se u tjedan dana nije pogoršao"
    ),
    "disk_health.heat": Text("{drive} is at {value:int} °C", "{drive}: {value:int} °C"),
    "disk_health.no_drives": Text(
        "smartctl finds no drives on this device", "smartctl na ovom uređaju ne nalazi diskove"
    ),
    "disk_health.no_smart": Text(
        "No drive of this device offers SMART", "Nijedan disk ovog uređaja ne podržava SMART"
    ),
}

check = Check(
    name="disk_health",
    title=Text("Drive health", "Zdravlje diskova"),
    group="storage",
    applies=applies,
    collect=collect,
    judge=judge,
    params=DiskHealthParams(),
    platforms=("linux",),
    interval=1800,
    timeout=300,
    watches=WATCHES,
    history=COUNTERS,
    charts=(*HEAT, "drive_wear_percent", "drive_reallocated", "drive_pending"),
    texts=TEXTS,
    replay=replay,
    summary=summary,
)
