"""CPU and memory of a process and all its descendants, as the kernel counts them."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import psutil

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class AgentFigures:
    """What one process tree cost over a while."""

    name: str
    seconds: float
    rss_mb: float  # mean over the while, summed over the tree, millions of bytes
    rss_peak_mb: float
    pss_mb: float | None  # shared pages divided by their users; None without the right to read it
    cpu_seconds: float
    cpu_percent: float  # of one core
    processes_spawned: int  # seen by looking 20 times a second: shorter lives are missed, their CPU is not


def tree(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes `pids` and all that descend from them, without those that ended meanwhile."""
    found: list[psutil.Process] = []
    for pid in pids:
        try:
            root = psutil.Process(pid)
            found += [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def cpu_seconds(pids: Iterable[int], without: Iterable[int] = ()) -> float:
    """User and system seconds of the trees, ended children included (proc(5): cutime, cstime).

    `without`: ids of processes to leave out, such as the observer's own database backend.
    """
    left_out = set(without)
    total = 0.0
    for process in tree(pids):
        if process.pid in left_out:
            continue
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def machine_busy_seconds() -> float:
    """CPU seconds that all processes of the machine have used, the kernel's own included (proc(5), stat)."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice


def watch(pid: int, seconds: float, name: str) -> AgentFigures:
    """Observe the tree of `pid` for `seconds`; raises psutil.NoSuchProcess when it ends before that."""
    root = psutil.Process(pid)
    known = {process.pid for process in tree([pid])}
    spawned = 0
    rss: list[float] = []
    pss: list[float] = []
    cpu_before, start = cpu_seconds([pid]), time.monotonic()
    next_look = start
    while (now := time.monotonic()) < start + seconds:
        present = {pid, *_descendants(pid)}
        spawned += len(present - known)
        known |= present
        if now >= next_look:
            next_look += 1.0
            _note_memory(pid, rss, pss)
        time.sleep(0.05)
    elapsed = time.monotonic() - start
    spent = cpu_seconds([root.pid]) - cpu_before
    return AgentFigures(
        name=name,
        seconds=round(elapsed, 1),
        rss_mb=round(fmean(rss), 1),
        rss_peak_mb=round(max(rss), 1),
        pss_mb=round(fmean(pss), 1) if pss else None,
        cpu_seconds=round(spent, 2),
        cpu_percent=round(100 * spent / elapsed, 3),
        processes_spawned=spawned,
    )


def _descendants(pid: int) -> Iterator[int]:
    """Like psutil's children(), but reads only this tree: 20 looks a second must not disturb a bench."""
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in listing.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from _descendants(child)


def _note_memory(pid: int, rss: list[float], pss: list[float]) -> None:
    processes = tree([pid])
    rss.append(sum(process.memory_info().rss for process in processes) / MEGABYTE)
    try:
        pss.append(sum(process.memory_full_info().pss for process in processes) / MEGABYTE)
    except psutil.AccessDenied:
        pss.clear()
