"""Processes: those that must run, those that must not, what they take in memory, and zombies."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from predvid.checks.v1 import Check, Levels, Result, Sample, Source, Text, say


@dataclass(frozen=True)
class ProcessesParams:
    """Patterns fit a process's name or whole command line in any case: `nginx`, `*sync.py*`.

    `wanted` must run (`nginx>=2`: at least two), `unwanted` must not. `memory` guards the bytes that all
    processes of a wanted pattern take together; levels of `missing` and `found` count processes.
    """

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    missing: Levels = Levels(None, 1)
    found: Levels = Levels(1, None)
    memory: Levels = Levels()
    zombies: Levels = Levels(300, None, margin=50)


def collect(source: Source, params: ProcessesParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield counts, and for each wanted pattern how many run, how many are missing and their memory."""
    rows = source.table("processes")
    yield Sample("processes_total", len(rows))
    yield Sample("processes_zombies", sum(row["zombie"] for row in rows))
    living = [row for row in rows if not row["zombie"]]
    for pattern, least in dict(map(_wish, params.wanted)).items():
        mine = _matching(living, pattern)
        labels = {"process": pattern}
        yield Sample("processes_running", len(mine), labels)
        yield Sample("processes_missing", max(0, least - len(mine)), labels)
        yield Sample("processes_memory_bytes", sum(row["memory"] for row in mine), labels)
    for pattern in dict.fromkeys(params.unwanted):
        yield Sample("processes_unwanted", len(_matching(living, pattern)), {"process": pattern})


def _wish(text: str) -> tuple[str, int]:
    pattern, _, least = text.partition(">=")
    least = least.strip()
    return pattern.strip(), int(least) if least.isascii() and least.isdigit() and len(least) < 7 else 1


def _matching(rows: list[dict[str, Any]], pattern: str) -> list[dict[str, Any]]:
    small = pattern.lower()
    return [
        row
        for row in rows
        if fnmatchcase(row["name"].lower(), small) or fnmatchcase(row["command"].lower(), small)
    ]


def judge(samples: list[Sample], params: ProcessesParams) -> Iterator[Result]:
    """Judge items `zombies`, `nginx running`, `nginx memory` and, for an unwanted one, `nginx unwanted`."""
    for sample in samples:
        process, value = sample.labels.get("process", ""), sample.value
        match sample.metric:
            case "processes_missing":
                said = say("processes.missing" if value else "processes.all", process=process, n=value)
                yield Result(f"{process} running", params.missing.judge(value), said)
            case "processes_memory_bytes":
                said = say("processes.memory", process=process, used=value)
                yield Result(f"{process} memory", params.memory.judge(value), said)
            case "processes_unwanted":
                said = say("processes.found" if value else "processes.absent", process=process, n=value)
                yield Result(f"{process} unwanted", params.found.judge(value), said)
            case "processes_zombies":
                yield Result("zombies", params.zombies.judge(value), say("processes.zombies", n=value))


check = Check(
    name="processes",
    title=Text("Processes", "Procesi"),
    group="performance",
    collect=collect,
    judge=judge,
    params=ProcessesParams(),
    interval=120,
    hold=180,
    watches={
        "processes_missing": "missing",
        "processes_memory_bytes": "memory",
        "processes_unwanted": "found",
        "processes_zombies": "zombies",
    },
    charts=("processes_total", "processes_running", "processes_memory_bytes", "processes_zombies"),
    texts={
        "metric.processes_total": Text("Processes", "Procesi"),
        "metric.processes_running": Text("Wanted process runs", "Traženi proces radi"),
        "metric.processes_memory_bytes": Text("Memory of the process", "Memorija procesa"),
        "metric.processes_zombies": Text("Zombie processes", "Zombi-procesi"),
        "metric.processes_missing": Text("Wanted process missing", "Traženi proces nedostaje"),
        "metric.processes_unwanted": Text("Unwanted process", "Neželjen proces"),
        "processes.missing": Text(
            "{process} must run: {n:int} {n|process is|processes are} missing",
            "{process} mora raditi: {n|nedostaje|nedostaju|nedostaje} {n:int} {n|proces|procesa|procesa}",
        ),
        "processes.all": Text("{process} is running", "{process} radi"),
        "processes.memory": Text(
            "{process} takes {used:bytes} of memory", "{process} zauzima {used:bytes} memorije"
        ),
        "processes.found": Text(
            "{process} must not run, but {n:int} {n|process does|processes do}",
            "{process} ne smije raditi, a {n|pokrenut je|pokrenuta su|pokrenuto je} {n:int} "
            "{n|proces|procesa|procesa}",
        ),
        "processes.absent": Text("{process} does not run, as wanted", "{process} ne radi, kako i treba biti"),
        "processes.zombies": Text(
            "{n:int} {n|process has|processes have} ended without their parent taking note",
            "{n:int} {n|završeni proces čeka|završena procesa čekaju|završenih procesa čeka} da {n|ga|ih|ih} "
            "nadređeni proces preuzme",
        ),
    },
)
