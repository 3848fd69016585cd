"""Kernel limits: open files, processes, tracked connections, before a table is full and everything fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Levels, NotHere, Result, Sample, Source, Text, say

SYS = "/proc/sys/"


@dataclass(frozen=True)
class KernelLimitsParams:
    """Levels in percent of each limit (proc_sys_fs(5), proc_sys_kernel(5), nf_conntrack-sysctl)."""

    used: Levels = Levels(80, 95, margin=3)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _files(source: Source) -> tuple[int | None, int | None]:
    fields = source.text(SYS + "fs/file-nr").split()
    return (_number(fields[0]), _number(fields[2])) if len(fields) == 3 else (None, None)


def _tasks(source: Source) -> tuple[int | None, int | None]:
    fields = source.text("/proc/loadavg").split()
    threads = fields[3].partition("/")[2] if len(fields) > 3 else ""
    limits = [_number(source.text(SYS + f"kernel/{name}")) for name in ("threads-max", "pid_max")]
    known = [limit for limit in limits if limit]
    return _number(threads), min(known) if known else None


def _connections(source: Source) -> tuple[int | None, int | None]:
    folder = SYS + "net/netfilter/nf_conntrack_"
    return _number(source.text(folder + "count")), _number(source.text(folder + "max"))


TABLES = {"files": _files, "tasks": _tasks, "connections": _connections}


def collect(source: Source, params: KernelLimitsParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield each table's use in percent; one that the kernel does not keep is left out."""
    unread: CannotRead | None = None
    for name, read in TABLES.items():
        try:
            used, most = read(source)
        except NotHere:
            continue
        except CannotRead as error:
            unread = error
            continue
        if used is None or not most:
            unread = CannotRead(say("kernel_limits.unknown", table=name))
            continue
        yield Sample("kernel_limits_used_percent", round(min(1000.0, 100 * used / most), 2), {"table": name})
    if unread is not None:
        raise unread


def judge(samples: list[Sample], params: KernelLimitsParams) -> Iterator[Result]:
    """Judge each table."""
    for sample in samples:
        table = sample.labels["table"]
        said = say(f"kernel_limits.{table}" if table in TABLES else "kernel_limits.other", used=sample.value)
        yield Result(table, params.used.judge(sample.value), said)


check = Check(
    name="kernel_limits",
    title=Text("Kernel limits", "Ograničenja jezgre"),
    group="performance",
    collect=collect,
    judge=judge,
    params=KernelLimitsParams(),
    platforms=("linux",),
    hold=300,
    watches={"kernel_limits_used_percent": "used"},
    evidence=("top.processes",),
    charts=("kernel_limits_used_percent",),
    texts={
        "metric.kernel_limits_used_percent": Text("Kernel tables used", "Popunjenost tablica jezgre"),
        "kernel_limits.files": Text(
            "{used:pct} of all open files that the kernel allows",
            "Otvoreno {used:pct} datoteka koje jezgra dopušta",
        ),
        "kernel_limits.tasks": Text(
            "{used:pct} of all processes and threads that the kernel allows",
            "Pokrenuto {used:pct} procesa i niti koje jezgra dopušta",
        ),
        "kernel_limits.connections": Text(
            "{used:pct} of all connections that the firewall can track; when full, new ones are refused",
            "Praćeno {used:pct} veza koje vatrozid može pratiti; kad se popuni, nove se odbijaju",
        ),
        "kernel_limits.other": Text("{used:pct} in use", "U uporabi {used:pct}"),
        "kernel_limits.unknown": Text(
            "The kernel's figures for {table} have an unknown form", "Nepoznat oblik podataka jezgre: {table}"
        ),
    },
)
