"""Logon time on Windows: how long group policy keeps people waiting when they log on."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from predvid.checks.v1 import Check, Levels, NotHere, Result, Sample, Source, Text, say

# Event 8001 of Microsoft-Windows-GroupPolicy: user policy was processed at a logon; its field is misspelt.
EVENTS = "events Microsoft-Windows-GroupPolicy/Operational 8001 604800"
FIELDS = ("PolicyElaspedTimeInSeconds", "PolicyElapsedTimeInSeconds")


@dataclass(frozen=True)
class LogonTimeParams:
    """Seconds that policy processing takes at a logon, the median of a week."""

    took: Levels = Levels(60, None, margin=10)


def _seconds(row: Any) -> float | None:
    data = row.get("data") if isinstance(row, dict) else None
    texts = [str(data.get(name, "")) for name in FIELDS] if isinstance(data, dict) else []
    return next((float(t) for t in texts if t.isascii() and t.isdigit() and len(t) < 7), None)


def collect(source: Source, params: LogonTimeParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield the median and the number of the week's logons."""
    rows = source.query("powershell", EVENTS)
    times = [took for row in (rows if isinstance(rows, list) else ()) if (took := _seconds(row)) is not None]
    if not times:
        raise NotHere(say("logon_time.none"))
    yield Sample("logon_time_took_seconds", median(times))
    yield Sample("logon_time_logons", len(times))


def judge(samples: list[Sample], params: LogonTimeParams) -> Iterator[Result]:
    """Judge the median."""
    for sample in samples:
        if sample.metric == "logon_time_took_seconds":
            yield Result("", params.took.judge(sample.value), say("logon_time.took", took=sample.value))


check = Check(
    name="logon_time",
    title=Text("Logon time", "Trajanje prijave"),
    group="performance",
    collect=collect,
    judge=judge,
    params=LogonTimeParams(),
    platforms=("windows",),
    interval=6 * 3600,
    timeout=75,
    watches={"logon_time_took_seconds": "took"},
    charts=("logon_time_took_seconds", "logon_time_logons"),
    texts={
        "metric.logon_time_took_seconds": Text("Wait at a logon", "Čekanje pri prijavi"),
        "metric.logon_time_logons": Text("Logons within a week", "Prijave u tjednu"),
        "logon_time.took": Text(
            "A logon waits {took:secs} for group policy (median of a week)",
            "Prijava zbog grupnih pravila čeka {took:secs} (medijan tjedna)",
        ),
        "logon_time.none": Text(
            "Windows has logged no logon with group policy this week",
            "Windows ovog tjedna nije zabilježio nijednu prijavu s grupnim pravilima",
        ),
    },
)
