"""Paging: memory moved to and from swap, the sign of a machine that has too little of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Levels, Result, Sample, Source, Text, say

PAGE = 4096  # bytes; the usual size, larger ones only make the figure milder


@dataclass(frozen=True)
class PagingParams:
    """Bytes read back from swap each second: only what is needed again slows a machine down."""

    read_back: Levels = Levels(5e6, 50e6, margin=1e6)


def _pages(source: Source) -> dict[str, int]:
    """Return pages moved since boot (proc_vmstat(5): pswpin, pswpout)."""
    found = {}
    for line in source.text("/proc/vmstat").splitlines():
        name, _, value = line.partition(" ")
        if name in ("pswpin", "pswpout") and value.isascii() and value.isdigit():
            found[name] = int(value[:18])
    return found


def collect(source: Source, params: PagingParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield bytes a second since the last run; nothing on the first run."""
    counters = _pages(source)
    if len(counters) < 2:
        raise CannotRead(say("paging.unknown"))
    now = source.table("boot")["uptime"]
    before, state["pages"], since, state["at"] = state.get("pages"), counters, state.get("at"), now
    if not before or since is None or now <= since:
        return
    gone = {name: counters[name] - before[name] for name in counters}
    if min(gone.values()) < 0:
        return
    yield Sample("paging_in_bytes_per_second", round(gone["pswpin"] * PAGE / (now - since), 1))
    yield Sample("paging_out_bytes_per_second", round(gone["pswpout"] * PAGE / (now - since), 1))


def judge(samples: list[Sample], params: PagingParams) -> Iterator[Result]:
    """Judge what is read back."""
    for sample in samples:
        if sample.metric == "paging_in_bytes_per_second":
            yield Result("", params.read_back.judge(sample.value), say("paging.in", rate=sample.value))


check = Check(
    name="paging",
    title=Text("Paging", "Straničenje"),
    group="performance",
    collect=collect,
    judge=judge,
    params=PagingParams(),
    platforms=("linux",),  # Windows counts every mapped file as paging
    hold=900,
    watches={"paging_in_bytes_per_second": "read_back"},
    # Their swap is often compressed memory, which is read back a thousand times faster than a disk.
    defaults={
        "workstation": {"read_back": Levels(20e6, None, margin=5e6)},
        "laptop": {"read_back": Levels(20e6, None, margin=5e6)},
    },
    evidence=("top.processes",),
    charts=("paging_in_bytes_per_second", "paging_out_bytes_per_second"),
    texts={
        "metric.paging_in_bytes_per_second": Text(
            "Read back from swap", "Vraćeno iz prostora za straničenje"
        ),
        "metric.paging_out_bytes_per_second": Text("Moved to swap", "Preseljeno u prostor za straničenje"),
        "paging.in": Text(
            "{rate:bytes} a second read back from swap",
            "Iz prostora za straničenje vraća se {rate:bytes} u sekundi",
        ),
        "paging.unknown": Text(
            "The system does not tell how much it pages", "Sustav ne govori koliko straniči"
        ),
    },
)
