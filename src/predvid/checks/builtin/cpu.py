"""Processor: how busy it is in all and per core, waiting for disks, stolen by the host, load per core."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Levels, Result, Sample, Source, Text, say

# proc(5): guest time is counted within user already; Windows counts interrupt and dpc within system.
PARTS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
WAITING = ("idle", "iowait", "steal")


@dataclass(frozen=True)
class CpuParams:
    """Levels in percent of all processor time; `per_core` adds one series for each core."""

    used: Levels = Levels(90, 98, margin=5)
    iowait: Levels = Levels(30, 60, margin=5)
    steal: Levels = Levels(10, 30, margin=2)
    per_core: bool = True


def _shares(before: dict[str, float], after: dict[str, float]) -> dict[str, float] | None:
    """Return the percent of time spent in each part between two readings; None where no time has passed."""
    # The kernel lets idle and iowait of one core step back a little (proc(5)): never below zero.
    spent = {part: max(0.0, after.get(part, 0.0) - before.get(part, 0.0)) for part in PARTS}
    total = sum(spent.values())
    return {part: 100 * value / total for part, value in spent.items()} if total > 0 else None


def _used(shares: dict[str, float]) -> float:
    return round(sum(share for part, share in shares.items() if part not in WAITING), 2)


def collect(source: Source, params: CpuParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield percentages since the last run, and the last minute's load per core; nothing on the first run."""
    times = source.table("cpu_times")
    before, state["times"] = state.get("times"), times
    if not before:
        return  # a run without its percentages would look as if their items were gone
    cores = times["cores"]
    if shares := _shares(before["total"], times["total"]):
        yield Sample("cpu_used_percent", _used(shares))
        yield Sample("cpu_iowait_percent", round(shares["iowait"], 2))
        yield Sample("cpu_steal_percent", round(shares["steal"], 2))
    if params.per_core and len(before["cores"]) == len(cores):
        for number, (old, new) in enumerate(zip(before["cores"], cores, strict=True)):
            if core := _shares(old, new):
                yield Sample("cpu_core_used_percent", _used(core), {"core": str(number)})
                yield Sample("cpu_core_iowait_percent", round(core["iowait"], 2), {"core": str(number)})
                yield Sample("cpu_core_steal_percent", round(core["steal"], 2), {"core": str(number)})
    try:
        yield Sample("cpu_load_per_core", round(source.table("load")[0] / max(1, len(cores)), 3))
    except CannotRead:
        return  # not every system keeps a load average


def judge(samples: list[Sample], params: CpuParams) -> Iterator[Result]:
    """Judge the whole processor; single cores are for looking at only."""
    for sample in samples:
        match sample.metric:
            case "cpu_used_percent":
                yield Result("used", params.used.judge(sample.value), say("cpu.used", used=sample.value))
            case "cpu_iowait_percent":
                yield Result(
                    "iowait", params.iowait.judge(sample.value), say("cpu.iowait", iowait=sample.value)
                )
            case "cpu_steal_percent":
                yield Result("steal", params.steal.judge(sample.value), say("cpu.steal", steal=sample.value))


OWN = {
    "used": Levels(95, None, margin=5),
    "iowait": Levels(50, None, margin=5),
}  # computers of people, not of services

check = Check(
    name="cpu",
    title=Text("Processor", "Procesor"),
    group="performance",
    collect=collect,
    judge=judge,
    params=CpuParams(),
    hold=600,  # a busy processor is a problem only if it stays busy
    watches={"cpu_used_percent": "used", "cpu_iowait_percent": "iowait", "cpu_steal_percent": "steal"},
    defaults={"workstation": OWN, "laptop": OWN},
    evidence=("top.processes",),
    charts=(
        "cpu_used_percent",
        "cpu_iowait_percent",
        "cpu_load_per_core",
        "cpu_steal_percent",
        "cpu_core_used_percent",
    ),
    texts={
        "cpu.used": Text("The processor is {used:pct} busy", "Zauzetost procesora: {used:pct}"),
        "cpu.iowait": Text(
            "The processor spends {iowait:pct} of its time waiting for disks",
            "Procesor {iowait:pct} vremena čeka na diskove",
        ),
        "cpu.steal": Text(
            "The virtualisation host withholds {steal:pct} of the processor's time",
            "Virtualizacijski poslužitelj uskraćuje {steal:pct} procesorskog vremena",
        ),
    },
)
