"""Load: how much work queues up for each processor core."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Levels, Result, Sample, Source, Text, say


@dataclass(frozen=True)
class LoadParams:
    """Work per core, the mean of five minutes: the load average, on Windows the processor queue."""

    per_core: Levels = Levels(4, 10, margin=0.5)


def collect(source: Source, params: LoadParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield the queue per core."""
    cores = max(1, source.table("cpu")["logical"] or 1)
    try:
        waiting = float(source.table("load")[1])
    except (TypeError, ValueError, LookupError):
        raise CannotRead(say("load.unknown")) from None
    yield Sample("load_per_core", round(waiting / cores, 3))


def judge(samples: list[Sample], params: LoadParams) -> Iterator[Result]:
    """Judge the one figure."""
    for sample in samples:
        yield Result("", params.per_core.judge(sample.value), say("load.queue", n=sample.value))


check = Check(
    name="load",
    title=Text("Load", "Opterećenje"),
    group="performance",
    collect=collect,
    judge=judge,
    params=LoadParams(),
    hold=900,
    watches={"load_per_core": "per_core"},
    evidence=("top.processes",),
    charts=("load_per_core",),
    texts={
        "metric.load_per_core": Text("Tasks for each core", "Poslova po jezgri"),
        "load.queue": Text(
            "{n} {n|task|tasks} to run for each processor core",
            "Poslova u redu po procesorskoj jezgri: {n}",
        ),
        "load.unknown": Text(
            "The system does not tell how long its processor queue is",
            "Sustav ne govori koliki je red za procesor",
        ),
    },
)
