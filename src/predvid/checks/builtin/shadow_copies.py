"""Shadow copies (VSS): writers that failed, on which backups fail too; the age and room of earlier versions.

Win32_ShadowCopy, Win32_ShadowStorage (learn.microsoft.com); writer states by VSS_WRITER_STATE (vss.h) as
`vssadmin list writers` shows them in brackets, in whatever language.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from predvid.checks.readers.plain import number, records, text
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, Result, Sample, Source, Text, say

DAY = 86400
COPIES = "Win32_ShadowCopy ID,InstallDate,VolumeName,ClientAccessible"
STORAGE = "Win32_ShadowStorage AllocatedSpace,MaxSpace,UsedSpace,Volume"
VOLUMES = "Win32_Volume DeviceID,DriveLetter,Name"
FIRST_FAILED = 6  # VSS_WS_FAILED_AT_IDENTIFY; all states from there on are failures
NO_LIMIT = 1 << 62
MOST = 500
_VOLUME = re.compile(r"Volume\{([0-9a-fA-F-]{36})\}")
_WRITER = re.compile(r"'([^'\n]{1,100})'")
_STATE = re.compile(r"\[(\d{1,3})\]", re.ASCII)


@dataclass(frozen=True)
class ShadowCopiesParams:
    """`writers` counts writers in a failed state. `age` is in seconds since the newest earlier version.

    Only volumes that have copies for clients (`Previous versions`) have an age; by default servers warn after
    three days, as the usual schedule makes two copies every working day.
    """

    writers: Levels = Levels(1, None)
    age: Levels = Levels()


def collect(source: Source, params: ShadowCopiesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the age of the newest copy and the room taken of each volume, and the failed writers."""
    copies = records(source.query("wmi", COPIES))[:MOST]
    names = _names(source)
    yield Sample("shadow_copies_count", len(copies))
    newest: dict[str, float] = {}
    for row in copies:
        moment = _moment(text(row.get("InstallDate")))
        volume = _volume(row.get("VolumeName"))
        if row.get("ClientAccessible") is True and moment is not None and volume:
            newest[volume] = max(moment, newest.get(volume, 0.0))
    for volume, moment in sorted(newest.items()):
        labels = {"volume": names.get(volume, volume)}
        yield Sample("shadow_copy_age_seconds", max(0, round(source.now() - moment)), labels)
    yield from _room(source, names)
    yield from _writers(source, state)


def _volume(value: Any) -> str:
    """Return the identifier of a volume in a path or a reference (text or object)."""
    match = _VOLUME.search(str(value)[:2000])
    return match[1].lower() if match else ""


def _names(source: Source) -> dict[str, str]:
    with suppress(CannotRead):
        rows = records(source.query("wmi", VOLUMES))
        named = {
            _volume(row.get("DeviceID")): text(row.get("DriveLetter") or row.get("Name")) for row in rows
        }
        return {volume: name for volume, name in named.items() if volume and name}
    return {}


def _moment(words: str) -> float | None:
    try:
        found = datetime.fromisoformat(words.replace("Z", "+00:00"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _room(source: Source, names: dict[str, str]) -> Iterator[Sample]:
    with suppress(CannotRead):
        seen = set()
        for row in records(source.query("wmi", STORAGE))[:MOST]:
            volume, used, most = (
                _volume(row.get("Volume")),
                number(row.get("UsedSpace")),
                number(row.get("MaxSpace")),
            )
            if not volume or volume in seen or used is None or used < 0:
                continue
            seen.add(volume)
            labels = {"volume": names.get(volume, volume)}
            yield Sample("shadow_storage_used_bytes", used, labels)
            if most and 0 < most < NO_LIMIT:
                yield Sample("shadow_storage_used_percent", round(min(100.0, 100 * used / most), 2), labels)


def _writers(source: Source, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many writers failed, and each of them; one that failed before says that it is good again."""
    try:
        answer = records(source.query("powershell", "vss_writers"))
    except CannotRead:
        return
    words = answer[0].get("text") if answer else None
    found = parse_writers(words if isinstance(words, str) else "")
    if not found:
        return
    failed = sorted(name for name, number_ in found.items() if number_ >= FIRST_FAILED)
    before = state.get("failed")
    yield Sample("vss_writers_failed", len(failed))
    for name in sorted({*failed, *(found if before is None else before)}):
        yield Sample("vss_writer_failed", float(name in failed), {"writer": name})
    state["failed"] = failed


def parse_writers(words: str) -> dict[str, int]:
    """Return the state of each writer in the output of `vssadmin list writers`; the worst of one name."""
    found: dict[str, int] = {}
    name = ""
    for line in words[:500_000].splitlines():
        if match := _WRITER.search(line):
            name = match[1]
        elif name and (match := _STATE.search(line)):
            found[name] = max(int(match[1]), found.get(name, 0))
            name = ""
    return dict(list(found.items())[:MOST])


def judge(samples: list[Sample], params: ShadowCopiesParams) -> Iterator[Result]:
    """Judge items `writer NAME` and `D: age`."""
    for sample in samples:
        if sample.metric == "vss_writer_failed":
            writer = sample.labels["writer"]
            said = say("shadow_copies.failed" if sample.value else "shadow_copies.works", writer=writer)
            yield Result(f"writer {writer}", params.writers.judge(sample.value), said)
        elif sample.metric == "shadow_copy_age_seconds":
            volume = sample.labels["volume"]
            said = say("shadow_copies.age", volume=volume, age=sample.value)
            yield Result(f"{volume} age", params.age.judge(sample.value), said)


check = Check(
    name="shadow_copies",
    title=Text("Shadow copies", "Sjenovite kopije"),
    group="storage",
    collect=collect,
    judge=judge,
    params=ShadowCopiesParams(),
    platforms=("windows",),
    interval=6 * 3600,
    timeout=120,
    hold=6 * 3600,  # a writer is busy or fails while a backup runs; only one that stays so needs help
    watches={"vss_writer_failed": "writers", "shadow_copy_age_seconds": "age"},
    defaults={"server": {"age": Levels(3 * DAY, None)}},
    charts=("shadow_copies_count", "shadow_copy_age_seconds", "shadow_storage_used_percent"),
    texts={
        "shadow_copies.failed": Text(
            "The VSS writer {writer} has failed: backups that need it fail too; restart its service",
            "VSS zapisivač {writer} je u pogrešci pa neće uspjeti ni sigurnosne kopije koje ga trebaju; "
            "ponovno pokrenite njegovu uslugu",
        ),
        "shadow_copies.works": Text("The VSS writer {writer} works", "VSS zapisivač {writer} radi"),
        "shadow_copies.age": Text(
            "The newest earlier version of {volume} is {age:secs} old",
            "Starost najnovije prethodne verzije na {volume}: {age:secs}",
        ),
        "metric.shadow_copies_count": Text("Shadow copies", "Sjenovite kopije"),
        "metric.shadow_copy_age_seconds": Text(
            "Age of the newest shadow copy", "Starost najnovije sjenovite kopije"
        ),
        "metric.shadow_storage_used_percent": Text(
            "Room for shadow copies used", "Zauzetost prostora za sjenovite kopije"
        ),
        "metric.vss_writer_failed": Text("VSS writer failed", "VSS zapisivač u pogrešci"),
    },
)
