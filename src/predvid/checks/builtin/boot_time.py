"""Boot time: how long the last start took, and on Windows how long it kept people waiting."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import moments, plain
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

# Event 100 of Microsoft-Windows-Diagnostics-Performance: BootTime and MainPathBootTime in milliseconds.
EVENTS = "events Microsoft-Windows-Diagnostics-Performance/Operational 100 2592000"
SLACK = 300.0  # seconds that the clock may have been set by since the start
UNITS = {"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6}
_PART = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(d|h|min|ms|us|s)\b")
_NAMED = re.compile(r"([0-9][0-9a-z. ]*?) \((firmware|loader|kernel|initrd|userspace)\)")


@dataclass(frozen=True)
class BootTimeParams:
    """Seconds from power-on to a usable system; judged on computers that people wait for."""

    took: Levels = Levels()


def _span(text: str) -> float | None:
    """Return the seconds of systemd's `1min 2.345s` (systemd.time(7)), None where it is no such text."""
    parts = _PART.findall(text)
    return sum(float(n) * UNITS[unit] for n, unit in parts) if parts else None


def _systemd(source: Source) -> dict[str, float]:
    """Return the seconds of each part of the start as `systemd-analyze time` gives them."""
    first = source.run("systemd-analyze", "time", "--no-pager").partition("\n")[0][:400]
    parts = {name: _span(span) for span, name in _NAMED.findall(first)}
    found = {name: span for name, span in parts.items() if span is not None}
    if not found:
        raise CannotRead(say("boot_time.unfinished"))
    return found


def _windows(source: Source, started: float) -> dict[str, float]:
    """Return what Windows logged of the newest start; raise NotHere where the kernel's is newer (`started`).

    Windows logs a start minutes later, and one out of hibernation (fast startup) too, which the kernel's
    uptime leaves out: the newest start is then after the kernel's, never before it.
    """
    rows = source.query("powershell", EVENTS)
    starts = [(at, row["data"]) for row in plain.records(rows) if (at := _began(row)) is not None]
    at, data = max(starts, key=lambda start: start[0], default=(0.0, None))
    if at < started - SLACK:
        raise NotHere(say("boot_time.not_logged"))
    total, main = (_milliseconds(data, name) for name in ("BootTime", "MainPathBootTime"))
    if total is None:
        raise NotHere(say("boot_time.not_logged"))
    return {"total": total / 1000, **({} if main is None else {"desktop": main / 1000})}


def _began(row: dict[str, Any]) -> float | None:
    """Return when a logged start began (epoch seconds); the event itself is written later."""
    data = row.get("data")
    moment = data.get("BootStartTime") if isinstance(data, dict) else None
    return (moments.seconds(moment) or moments.seconds(row.get("time"))) if isinstance(data, dict) else None


def _milliseconds(data: Any, name: str) -> float | None:
    text = str(data.get(name, "")) if isinstance(data, dict) else ""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def collect(source: Source, params: BootTimeParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the parts of the last start; under systemd asked once a start, told again from memory."""
    boot = source.table("boot")
    if source.platform == "windows":
        parts = _windows(source, source.now() - boot["uptime"])
    else:
        if state.get("boot") != boot["id"]:
            state["parts"], state["boot"] = _systemd(source), boot["id"]
        parts = state["parts"]
    took = parts.get("total", sum(parts.values()))
    yield Sample("boot_time_took_seconds", round(took, 2))
    yield Fact("state.boot_parts", {f"{name}_seconds": round(span, 2) for name, span in parts.items()})


def applies(source: Source) -> bool:
    """Tell whether the start was systemd's or Windows' own work."""
    if source.platform == "linux":
        try:
            source.listing("/run/systemd/system")
        except NotHere:
            raise NotHere(say("boot_time.no_systemd")) from None
    return True


def judge(samples: list[Sample], params: BootTimeParams) -> Iterator[Result]:
    """Judge how long it took."""
    for sample in samples:
        yield Result("", params.took.judge(sample.value), say("boot_time.took", took=round(sample.value)))


check = Check(
    name="boot_time",
    title=Text("Start of the system", "Podizanje sustava"),
    group="performance",
    collect=collect,
    judge=judge,
    params=BootTimeParams(),
    platforms=("linux", "windows"),
    applies=applies,
    interval=3600,
    intervals={"windows": 6 * 3600},
    timeout=75,
    watches={"boot_time_took_seconds": "took"},
    defaults={"workstation": {"took": Levels(240, None)}, "laptop": {"took": Levels(240, None)}},
    charts=("boot_time_took_seconds",),
    texts={
        "metric.boot_time_took_seconds": Text("Last start", "Posljednje podizanje"),
        "boot_time.took": Text(
            "The last start took {took:secs}", "Posljednje podizanje trajalo je {took:secs}"
        ),
        "boot_time.unfinished": Text("The start is not finished yet", "Podizanje sustava još nije završilo"),
        "boot_time.not_logged": Text(
            "Windows has not logged its last start yet", "Windows još nije zabilježio posljednje podizanje"
        ),
        "boot_time.no_systemd": Text(
            "This system was not started by systemd", "Ovaj sustav nije podigao systemd"
        ),
        "fact.state.boot_parts": Text("Parts of the start", "Dijelovi podizanja sustava"),
        "part.firmware_seconds": Text("Firmware (s)", "Ugrađeni program (s)"),
        "part.loader_seconds": Text("Boot loader (s)", "Učitavač (s)"),
        "part.kernel_seconds": Text("Kernel (s)", "Jezgra (s)"),
        "part.initrd_seconds": Text("Initial disk (s)", "Početni disk (s)"),
        "part.userspace_seconds": Text("Services (s)", "Usluge (s)"),
        "part.total_seconds": Text("In all (s)", "Ukupno (s)"),
        "part.desktop_seconds": Text("To the desktop (s)", "Do radne površine (s)"),
    },
)
