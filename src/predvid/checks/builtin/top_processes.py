"""What is running: the programs that use the most processor and memory, copied into alerts as they open."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import Check, Fact, Sample, Source, Text

MOST_NAME = 80  # characters


@dataclass(frozen=True)
class TopProcessesParams:
    """How many programs are told by processor and by memory; `busy` (percent) is told of at every run.

    A device that is not busy is told of each `calm_minutes`.
    """

    most: int = 8
    busy: float = 50.0
    calm_minutes: int = 15


def _name(row: dict[str, Any]) -> str:
    """Return a program's name; the kernel's workers change theirs with every piece of work."""
    name = str(row["name"])[:MOST_NAME]
    return "kworker" if name.startswith("kworker/") else name or "?"


def _programs(rows: list[dict[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    """Return memory and number of the processes of each program: a browser is one, not fifty."""
    memory: dict[str, int] = {}
    count: dict[str, int] = {}
    for row in rows:
        name = _name(row)
        memory[name] = memory.get(name, 0) + int(row["memory"])
        count[name] = count.get(name, 0) + 1
    return memory, count


def _seconds(rows: list[dict[str, Any]], before: dict[str, float]) -> dict[str, float]:
    """Return the seconds of processor that each program used since `before` (process id -> seconds)."""
    used: dict[str, float] = {}
    for row in rows:
        name, spent = _name(row), row["cpu"] - before.get(str(row["pid"]), 0.0)
        # Less than before: another process has the number now, and all of its time is new.
        used[name] = used.get(name, 0.0) + (spent if spent >= 0 else row["cpu"])
    return used


def collect(source: Source, params: TopProcessesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many processes run and, when it is time, which programs use most since the last run."""
    rows, now = source.table("processes"), source.table("boot")["uptime"]
    if source.platform == "windows":
        rows = [row for row in rows if row["pid"] != 0]  # the "process" of the time when nothing runs
    before, since = state.get("cpu"), state.get("at")
    state["cpu"], state["at"] = {str(row["pid"]): row["cpu"] for row in rows}, now
    if not before or since is None or now <= since:
        return
    yield Sample("top_processes_count", len(rows))
    cores = max(1, source.table("cpu")["logical"] or 1)
    memory, count = _programs(rows)
    used = _seconds(rows, before)
    share = {name: min(100.0, 100 * seconds / (now - since) / cores) for name, seconds in used.items()}
    calm = sum(share.values()) < params.busy
    if calm and now - state.get("told", -1e9) < params.calm_minutes * 60:
        return
    state["told"] = now
    yield Fact("top.processes", _table(share, memory, count, params.most))


def _table(
    share: dict[str, float], memory: dict[str, int], count: dict[str, int], most: int
) -> list[dict[str, Any]]:
    busiest = sorted(share, key=lambda name: (-share[name], name))[:most]
    largest = sorted(memory, key=lambda name: (-memory[name], name))[:most]
    names = list(dict.fromkeys([*(name for name in busiest if share[name] >= 0.1), *largest]))
    return [
        {
            "key": name,
            "cpu_percent": round(share[name], 1),
            "memory_bytes": memory[name],
            "processes": count[name],
        }
        for name in names
    ]


check = Check(
    name="top_processes",
    title=Text("What is running", "Što je pokrenuto"),
    group="performance",
    collect=collect,
    params=TopProcessesParams(),
    charts=("top_processes_count",),
    texts={
        "metric.top_processes_count": Text("Processes", "Procesi"),
        "fact.top.processes": Text("What was running", "Što je bilo pokrenuto"),
        "part.cpu_percent": Text("Processor (%)", "Procesor (%)"),
        "part.memory_bytes": Text("Memory", "Memorija"),
        "part.processes": Text("Processes", "Procesa"),
    },
)
