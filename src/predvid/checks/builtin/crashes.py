"""Crashes: restarts that nobody ordered, programs that fell over, processes killed for want of memory."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from predvid.checks.readers.wtmp import unexpected_in, unexpected_starts
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Event,
    Levels,
    Result,
    Sample,
    Severity,
    Source,
    Text,
    say,
)

DAY = 86400
NEW = 1800  # seconds; an agent that just started tells of no older ones again
MOST = 50  # events of one run
DUMPS = "/var/lib/systemd/coredump"
REPORTS = "/Library/Logs/DiagnosticReports"
NO_CRASH = (
    "JetsamEvent",
    "ResetCounter",
    "proactive_event",
    "Analytics",
    "stacks",
)  # reports of other things
# core.NAME.UID.BOOT.PID.MICROSECONDS[.zst]: systemd-coredump(8)
_DUMP = re.compile(r"core\.(.{1,64})\.\d+\.[0-9a-f]{32}\.\d+\.(\d{10})\d{6}(\.\w+)?")
_REPORT = re.compile(r"(.{1,64})-(\d{4}-\d\d-\d\d)-(\d{6})\.(?:\w+\.)?(ips|crash|panic)")
# Kernel-Power 41 and EventLog 6008: started without a shutdown. 1000 and 1002: a program failed or hung.
# Other providers use these numbers too (1000 of LoadPerf: performance counters were loaded).
PROVIDERS = {
    41: "Microsoft-Windows-Kernel-Power",
    6008: "EventLog",
    1000: "Application Error",
    1002: "Application Hang",
}
RESTARTS = f"events System 41,6008 {DAY}"
PROGRAMS = f"events Application 1000,1002 {DAY}"


@dataclass(frozen=True)
class CrashesParams:
    """How many within a day."""

    restarts: Levels = Levels(1, 3)
    programs: Levels = Levels(20, None)
    out_of_memory: Levels = Levels(1, None)


@dataclass(frozen=True, slots=True)
class _Crash:
    """One crash: kind `device.crashed` or `program.crashed`, what, and when (epoch seconds)."""

    kind: str
    what: str
    at: float


def _linux(source: Source) -> Iterator[_Crash]:
    yield from (_Crash("device.crashed", "", at) for at in _unexpected(source))
    for match in filter(None, map(_DUMP.fullmatch, _listing(source, DUMPS))):
        yield _Crash("program.crashed", match[1], int(match[2]))


def _unexpected(source: Source) -> list[int]:
    """Return the starts out of the blue, from wtmp or from what newer systems keep instead."""
    try:
        return unexpected_starts(base64.b64decode(source.query("bytes", "/var/log/wtmp")))
    except (CannotRead, ValueError, TypeError):
        pass
    try:
        return unexpected_in(source.query("wtmpdb", "/var/lib/wtmpdb/wtmp.db"))
    except CannotRead:
        return []  # containers keep no record


def _macos(source: Source) -> Iterator[_Crash]:
    for match in filter(None, map(_REPORT.fullmatch, _listing(source, REPORTS))):
        try:
            at = datetime.strptime(f"{match[2]} {match[3]}", "%Y-%m-%d %H%M%S").replace(tzinfo=UTC)
        except ValueError:
            continue
        if match[1].startswith(NO_CRASH):
            continue
        panic = match[4] == "panic" or match[1].startswith(("Kernel", "panic"))
        kind, what = ("device.crashed", "") if panic else ("program.crashed", match[1])
        yield _Crash(kind, what, _written(source, f"{REPORTS}/{match[0]}", at.timestamp()))


def _written(source: Source, path: str, named: float) -> float:
    """Return when a report was written; its name tells the local time `named`, of a zone nobody told."""
    if abs(source.now() - named) > 2 * DAY:
        return named
    try:
        return float(source.query("status", path)["modified"])
    except (CannotRead, KeyError, TypeError, ValueError):
        return named


def _listing(source: Source, path: str) -> list[str]:
    try:
        return source.listing(path)[-5000:]
    except CannotRead:
        return []


def _windows(source: Source) -> Iterator[_Crash]:
    starts = sorted(at for row in _rows(source, RESTARTS) if (at := _moment(row)) is not None)
    last = 0.0
    for at in starts:  # both events tell of the same start
        if at - last > 300:
            yield _Crash("device.crashed", "", at)
        last = at
    for row in _rows(source, PROGRAMS):
        data = row.get("data")
        name = (data.get("AppName") or data.get("0") or "") if isinstance(data, dict) else ""
        if (at := _moment(row)) is not None and isinstance(name, str) and name:
            yield _Crash("program.crashed", name[:64], at)


def _rows(source: Source, question: str) -> list[Mapping[str, Any]]:
    rows = source.query("powershell", question)
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [row for row in found if PROVIDERS.get(_id(row)) == row.get("provider")]


def _id(row: Mapping[str, Any]) -> int:
    number = row.get("id")
    return number if isinstance(number, int) else 0


def _moment(row: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(row.get("time"))).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


READERS = {"linux": _linux, "windows": _windows, "macos": _macos}


def collect(source: Source, params: CrashesParams, state: dict[str, Any]) -> Iterator[Sample | Event]:
    """Yield how many there were within a day, and an event for each that is new."""
    now = source.now()
    lately = [crash for crash in READERS[source.platform](source) if now - DAY < crash.at <= now + 300]
    known, since = set(state.get("known", ())), 0.0 if "known" in state else now - NEW
    fresh = [crash for crash in lately if _name(crash) not in known and crash.at >= since]
    state["known"] = [_name(crash) for crash in lately]
    # A program that falls over every few seconds is told of once a run.
    yield from _events(list({(crash.kind, crash.what): crash for crash in fresh}.values())[-MOST:])
    yield Sample("crashes_restarts", _count(lately, "device.crashed"))
    yield Sample("crashes_programs", _count(lately, "program.crashed"))
    if source.platform == "linux":
        yield from _killed(source, state)


def _events(crashes: Iterable[_Crash]) -> Iterator[Event]:
    for crash in crashes:
        loud = Severity.ERROR if crash.kind == "device.crashed" else Severity.WARNING
        moment = datetime.fromtimestamp(crash.at, UTC)
        yield Event(crash.kind, say(crash.kind, what=crash.what), loud, moment, target=crash.what)


def _name(crash: _Crash) -> str:
    return f"{crash.kind} {crash.what} {crash.at:.0f}"


def _count(crashes: list[_Crash], kind: str) -> float:
    return float(sum(crash.kind == kind for crash in crashes))


def _killed(source: Source, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield the processes killed for want of memory within a day (proc_vmstat(5), oom_kill)."""
    try:
        lines = source.text("/proc/vmstat").splitlines()
    except CannotRead:
        return
    counts = [line.split() for line in lines if line.startswith("oom_kill ")]
    if not counts or len(counts[0]) != 2 or not counts[0][1].isascii() or not counts[0][1].isdigit():
        return
    count, now = int(counts[0][1][:15]), source.now()
    seen = [mark for mark in state.get("killed", ()) if now - DAY < mark[0] <= now]
    seen.append([now, count])
    state["killed"] = seen[-200:]
    since = min(mark[1] for mark in seen)
    yield Sample("crashes_out_of_memory", float(count - since))


SAID = {
    "crashes_restarts": ("restarts", "crashes.restarts"),
    "crashes_programs": ("programs", "crashes.programs"),
    "crashes_out_of_memory": ("out_of_memory", "crashes.killed"),
}


def judge(samples: list[Sample], params: CrashesParams) -> Iterator[Result]:
    """Judge each number."""
    for sample in samples:
        item, said = SAID[sample.metric]
        levels: Levels = getattr(params, item)
        yield Result(item, levels.judge(sample.value), say(said, n=round(sample.value)))


check = Check(
    name="crashes",
    title=Text("Crashes", "Rušenja"),
    group="system",
    collect=collect,
    judge=judge,
    params=CrashesParams(),
    interval=900,
    timeout=130,
    watches={metric: item for metric, (item, _) in SAID.items()},
    defaults={
        "workstation": {"restarts": Levels(3, None), "out_of_memory": Levels(3, None)},
        "laptop": {"restarts": Levels(3, None), "out_of_memory": Levels(3, None)},
    },
    charts=("crashes_programs", "crashes_restarts"),
    texts={
        "metric.crashes_programs": Text("Programs that crashed", "Srušeni programi"),
        "metric.crashes_restarts": Text("Unexpected restarts", "Neočekivana pokretanja"),
        "metric.crashes_out_of_memory": Text("Killed for want of memory", "Ugašeni zbog manjka memorije"),
        "crashes.restarts": Text(
            "{n:int} unexpected {n|restart|restarts} within a day",
            "{n:int} {n|neočekivano ponovno pokretanje|neočekivana ponovna pokretanja|neočekivanih ponovnih "
            "pokretanja} u jednom danu",
        ),
        "crashes.programs": Text(
            "{n:int} {n|program|programs} crashed within a day",
            "{n|Srušio se|Srušila su se|Srušilo se} {n:int} {n|program|programa|programa} u jednom danu",
        ),
        "crashes.killed": Text(
            "{n:int} {n|process was|processes were} killed for want of memory within a day",
            "Zbog manjka memorije u jednom danu {n|ugašen je|ugašena su|ugašeno je} {n:int} "
            "{n|proces|procesa|procesa}",
        ),
    },
)
