"""Memory: what programs can still get, swap, and what the kernel has promised."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Levels, Result, Sample, Source, Text, say

OVERCOMMIT = "/proc/sys/vm/overcommit_memory"


@dataclass(frozen=True)
class MemoryParams:
    """Levels in percent; swap has no critical level, since full swap alone stops nothing.

    `commit` counts where the system gives no more than its limit: Windows, which makes its page file larger
    at 90 percent where it may, and Linux that does not overcommit.
    """

    used: Levels = Levels(90, 96, margin=3)
    swap: Levels = Levels(80, None, margin=10)
    commit: Levels = Levels(95, 98, margin=2)


def collect(source: Source, params: MemoryParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield memory in percent and bytes; used means not available: caches do not count (proc_meminfo(5))."""
    memory = source.table("memory")
    if memory["total"] <= 0:
        raise CannotRead(say("read.unexpected", what="memory", detail=f"total is {memory['total']}"))
    available = min(memory["available"] + _zfs_cache(source), memory["total"])
    yield Sample("memory_used_percent", round(100 - 100 * available / memory["total"], 2))
    yield Sample("memory_available_bytes", available)
    if memory["swap_total"] > 0:
        used = memory["swap_total"] - memory["swap_free"]
        yield Sample("memory_swap_used_percent", round(100 * used / memory["swap_total"], 2))
    if memory.get("commit_limit"):
        promised = round(100 * memory["committed"] / memory["commit_limit"], 2)
        yield Sample("memory_commit_percent", promised)
        if _strict(source):
            yield Sample("memory_strict_commit_percent", promised)


def _strict(source: Source) -> bool:
    """Tell whether the limit is one: on Linux only with vm.overcommit_memory = 2 (proc_sys_vm(5))."""
    try:
        return source.platform == "windows" or source.text(OVERCOMMIT).strip() == "2"
    except CannotRead:
        return False


def _zfs_cache(source: Source) -> int:
    """Return the bytes that ZFS gives back when programs ask: its cache counts as used in /proc/meminfo.

    Source: OpenZFS, arcstats (`size` now, `c_min` what it keeps).
    """
    if source.platform != "linux":
        return 0
    try:
        text = source.text("/proc/spl/kstat/zfs/arcstats")
    except CannotRead:
        return 0
    rows = (line.split() for line in text.splitlines())
    stats = {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[2].isascii() and row[2].isdigit()}
    return max(stats.get("size", 0) - stats.get("c_min", 0), 0)


def judge(samples: list[Sample], params: MemoryParams) -> Iterator[Result]:
    """Judge memory and swap, and promised memory where there is no more than the limit."""
    values = {sample.metric: sample.value for sample in samples}
    if (used := values.get("memory_used_percent")) is not None:
        free = values.get("memory_available_bytes", 0)
        yield Result("used", params.used.judge(used), say("memory.used", used=used, free=free))
    if (swap := values.get("memory_swap_used_percent")) is not None:
        yield Result("swap", params.swap.judge(swap), say("memory.swap", used=swap))
    if (promised := values.get("memory_strict_commit_percent")) is not None:
        yield Result("commit", params.commit.judge(promised), say("memory.commit", used=promised))


OWN = {
    "used": Levels(93, 98, margin=3),
    "swap": Levels(90, None, margin=10),
    "commit": Levels(97, 99, margin=2),
}  # computers of people, not of services

check = Check(
    name="memory",
    title=Text("Memory", "Memorija"),
    group="performance",
    collect=collect,
    judge=judge,
    params=MemoryParams(),
    hold=300,
    watches={
        "memory_used_percent": "used",
        "memory_swap_used_percent": "swap",
        "memory_strict_commit_percent": "commit",
    },
    defaults={"workstation": OWN, "laptop": OWN},
    evidence=("top.processes",),
    charts=(
        "memory_used_percent",
        "memory_available_bytes",
        "memory_swap_used_percent",
        "memory_commit_percent",
    ),
    texts={
        "memory.used": Text(
            "{used:pct} of memory in use, {free:bytes} available",
            "Zauzeto {used:pct} memorije, dostupno {free:bytes}",
        ),
        "metric.memory_strict_commit_percent": Text("Promised memory", "Obećana memorija"),
        "memory.commit": Text(
            "{used:pct} of the memory that can be promised is promised; at 100% programs fail",
            "Obećano {used:pct} memorije koju sustav može obećati; na 100 % programi se ruše",
        ),
        "memory.swap": Text("{used:pct} of swap in use", "Zauzeto {used:pct} prostora za straničenje"),
    },
)
