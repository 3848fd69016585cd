"""Disk speed: how long requests wait, how many queue up, how busy each disk is and what it moves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.diskstats import SECTOR, parse_diskstats
from predvid.checks.v1 import CannotRead, Check, Levels, Result, Sample, Source, Text, say

MAX_DISKS = 64
Counters = Mapping[str, float]


@dataclass(frozen=True)
class DiskIoParams:
    """`wait`: seconds that reading waits, `write_wait` writing; they count from `busy_enough` a second on.

    Programs wait for what they read. What they write waits in memory: a backup onto a plain disk lets it
    queue for seconds all night, and nobody is the worse for it.
    """

    wait: Levels = Levels(0.1, 0.5, margin=0.02)
    write_wait: Levels = Levels(5, None, margin=1)
    busy_enough: float = 1.0
    skip: tuple[str, ...] = ()


def _linux(source: Source) -> dict[str, dict[str, float]]:
    found = parse_diskstats(source.text("/proc/diskstats"), source.listing("/sys/block"))
    return {
        name: {
            "requests": row["reads"] + row["writes"],
            "reads": row["reads"],
            "waited": (row["read_ms"] + row["write_ms"]) / 1000,
            "read_waited": row["read_ms"] / 1000,
            "busy": row["busy_ms"] / 1000,
            "queued": row["queue_ms"] / 1000,
            "read": row["read_sectors"] * SECTOR,
            "written": row["write_sectors"] * SECTOR,
        }
        for name, row in found.items()
    }


def _counters(source: Source) -> dict[str, dict[str, float]]:
    """Return requests, seconds (`waited`, and on Linux `busy`, `queued`) and bytes since boot, by disk."""
    found = _linux(source) if source.platform == "linux" else source.table("disk_io")
    return dict(list(found.items())[:MAX_DISKS])


def collect(source: Source, params: DiskIoParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield rates and waiting times since the last run; nothing on the first run."""
    disks, now = _counters(source), source.table("boot")["uptime"]
    before, state["disks"] = state.get("disks"), disks
    since, state["at"] = state.get("at"), now
    if not before or since is None:
        return
    seconds = now - since
    for name, after in disks.items():
        if name in params.skip or name not in before or seconds <= 0:
            continue
        gone = {part: after[part] - before[name][part] for part in after if part in before[name]}
        if (
            min(gone.values(), default=-1) >= 0
        ):  # a counter that fell: the disk was taken out and put in again
            yield from _samples(name, gone, seconds, params)


def _samples(name: str, gone: Counters, seconds: float, params: DiskIoParams) -> Iterator[Sample]:
    labels = {"disk": name}
    yield Sample("disk_io_read_bytes_per_second", round(gone["read"] / seconds, 1), labels)
    yield Sample("disk_io_written_bytes_per_second", round(gone["written"] / seconds, 1), labels)
    yield Sample("disk_io_requests_per_second", round(gone["requests"] / seconds, 2), labels)
    least = max(1.0, params.busy_enough * seconds)
    for metric, count, waited in (
        ("disk_io_wait_seconds", gone["reads"], gone["read_waited"]),
        (
            "disk_io_write_wait_seconds",
            gone["requests"] - gone["reads"],
            gone["waited"] - gone["read_waited"],
        ),
    ):
        yield Sample(metric, round(waited / count, 5) if count >= least else 0.0, labels)
    if "busy" in gone:
        yield Sample("disk_io_busy_percent", round(min(100.0, 100 * gone["busy"] / seconds), 2), labels)
        yield Sample("disk_io_queue", round(gone["queued"] / seconds, 3), labels)


def applies(source: Source) -> bool:
    """Tell whether the device has a disk of its own: a container may have none."""
    try:
        return bool(_counters(source))
    except CannotRead:
        return True  # let the run say why


def judge(samples: list[Sample], params: DiskIoParams) -> Iterator[Result]:
    """Judge how long requests wait on each disk; busy alone is no fault."""
    for sample in samples:
        disk, ms = sample.labels["disk"], round(sample.value * 1000, 1)
        if sample.metric == "disk_io_wait_seconds":
            yield Result(disk, params.wait.judge(sample.value), say("disk_io.wait", disk=disk, ms=ms))
        elif sample.metric == "disk_io_write_wait_seconds":
            said = say("disk_io.write_wait", disk=disk, ms=ms)
            yield Result(f"{disk} write", params.write_wait.judge(sample.value), said)


check = Check(
    name="disk_io",
    title=Text("Disk speed", "Brzina diskova"),
    group="performance",
    collect=collect,
    judge=judge,
    params=DiskIoParams(),
    applies=applies,
    hold=900,  # a backup makes any disk wait
    watches={"disk_io_wait_seconds": "wait", "disk_io_write_wait_seconds": "write_wait"},
    defaults={
        "workstation": {"wait": Levels(0.3, None, margin=0.05)},
        "laptop": {"wait": Levels(0.3, None, margin=0.05)},
    },
    evidence=("top.processes",),
    charts=(
        "disk_io_wait_seconds",
        "disk_io_write_wait_seconds",
        "disk_io_busy_percent",
        "disk_io_read_bytes_per_second",
        "disk_io_written_bytes_per_second",
        "disk_io_queue",
        "disk_io_requests_per_second",
    ),
    texts={
        "metric.disk_io_wait_seconds": Text("Waiting time of reading", "Čekanje pri čitanju"),
        "metric.disk_io_write_wait_seconds": Text("Waiting time of writing", "Čekanje pri pisanju"),
        "metric.disk_io_busy_percent": Text("Disk busy", "Zauzetost diska radom"),
        "metric.disk_io_read_bytes_per_second": Text("Read from disk", "Čitanje s diska"),
        "metric.disk_io_written_bytes_per_second": Text("Written to disk", "Pisanje na disk"),
        "metric.disk_io_queue": Text("Requests in the queue", "Zahtjevi u redu"),
        "metric.disk_io_requests_per_second": Text("Disk requests", "Diskovni zahtjevi"),
        "disk_io.wait": Text(
            "{disk}: reading waits {ms} ms on average", "{disk}: čitanje u prosjeku čeka {ms} ms"
        ),
        "disk_io.write_wait": Text(
            "{disk}: writing waits {ms} ms on average", "{disk}: pisanje u prosjeku čeka {ms} ms"
        ),
    },
)
