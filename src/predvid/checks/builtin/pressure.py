"""Pressure: how long work stood still for want of processor, memory or disk (Linux PSI, accounting/psi)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Levels, NotHere, Result, Sample, Source, Text, say

LINES = {"cpu": "some", "memory": "full", "io": "full"}  # all of the work never waits for the processor


@dataclass(frozen=True)
class PressureParams:
    """Levels in percent of five minutes in which some work waited (`cpu`) or all of it (the others).

    Only memory is judged unless asked for: on a machine that does nothing else, one backup waits for its disk
    90 % of the time, and two programs on one core wait for it always.
    """

    cpu: Levels = Levels()
    memory: Levels = Levels(10, 30, margin=3)
    io: Levels = Levels()


def _averages(text: str) -> dict[str, float]:
    """Return the five-minute average of each line of a pressure file: `some`, `full`."""
    found = {}
    for line in text.splitlines():
        kind, *pairs = line.split()[:5] or [""]
        for pair in pairs:
            name, _, value = pair.partition("=")
            if (
                name == "avg300"
                and value.replace(".", "", 1).isascii()
                and value.replace(".", "", 1).isdigit()
            ):
                found[kind] = min(100.0, float(value[:12]))
    return found


def collect(source: Source, params: PressureParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield the five-minute averages that the kernel keeps itself."""
    for kind, line in LINES.items():
        averages = _averages(source.text(f"/proc/pressure/{kind}"))
        if line in averages:
            yield Sample(f"pressure_{kind}_percent", averages[line])


def applies(source: Source) -> bool:
    """Tell whether the kernel keeps pressure: since Linux 4.20, and not switched off."""
    try:
        source.text("/proc/pressure/cpu")
    except CannotRead as error:
        # Red Hat's kernels before 10 keep the files and refuse to read them (EOPNOTSUPP).
        if isinstance(error, NotHere) or error.said.values.get("detail") == "Operation not supported":
            raise NotHere(say("pressure.none")) from None
        raise
    return True


def judge(samples: list[Sample], params: PressureParams) -> Iterator[Result]:
    """Judge each resource."""
    for sample in samples:
        kind = sample.metric.removeprefix("pressure_").removesuffix("_percent")
        if kind in LINES:
            levels: Levels = getattr(params, kind)
            yield Result(kind, levels.judge(sample.value), say(f"pressure.{kind}", share=sample.value))


check = Check(
    name="pressure",
    title=Text("Pressure", "Zastoji"),
    group="performance",
    collect=collect,
    judge=judge,
    params=PressureParams(),
    platforms=("linux",),
    applies=applies,
    hold=600,
    watches={f"pressure_{kind}_percent": kind for kind in LINES},
    evidence=("top.processes",),
    charts=("pressure_memory_percent", "pressure_io_percent", "pressure_cpu_percent"),
    texts={
        "metric.pressure_memory_percent": Text("Standing still for want of memory", "Zastoj zbog memorije"),
        "metric.pressure_io_percent": Text("Standing still for disks", "Zastoj zbog diskova"),
        "metric.pressure_cpu_percent": Text("Waiting for the processor", "Čekanje na procesor"),
        "pressure.none": Text(
            "This kernel keeps no pressure figures (Linux 4.20 and newer do, unless switched off)",
            "Ova jezgra ne vodi podatke o zastojima (vodi ih Linux od 4.20, ako nisu isključeni)",
        ),
        "pressure.cpu": Text(
            "Work waited for the processor {share:pct} of the time",
            "Poslovi su na procesor čekali {share:pct} vremena",
        ),
        "pressure.memory": Text(
            "All work stood still for want of memory {share:pct} of the time",
            "Zbog manjka memorije svi su poslovi stajali {share:pct} vremena",
        ),
        "pressure.io": Text(
            "All work stood still waiting for disks {share:pct} of the time",
            "Čekajući na diskove svi su poslovi stajali {share:pct} vremena",
        ),
    },
)
