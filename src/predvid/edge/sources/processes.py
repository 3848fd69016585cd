"""The table `processes`: what runs, read cheaply; on Linux two small files a process, elsewhere by psutil.

Rows {pid, name, command, memory (bytes resident), cpu (seconds used), zombie}; one that ends meanwhile is
left out.
"""

import os
from typing import Any

import psutil

MOST_COMMAND = 500  # characters
_ASKED = ["pid", "name", "cmdline", "memory_info", "cpu_times", "status"]


def processes() -> list[dict[str, Any]]:
    """Return the processes of any system by psutil; what the system does not tell is empty or 0."""
    rows = []
    for process in psutil.process_iter(_ASKED):
        told = process.info
        memory, times = told["memory_info"], told["cpu_times"]
        rows.append(
            {
                "pid": told["pid"],
                "name": told["name"] or "",
                "command": " ".join(told["cmdline"] or ())[:MOST_COMMAND],
                "memory": memory.rss if memory else 0,
                "cpu": times.user + times.system if times else 0.0,
                "zombie": told["status"] == psutil.STATUS_ZOMBIE,
            }
        )
    return rows


def linux_processes() -> list[dict[str, Any]]:
    """Return the processes in /proc: proc_pid_stat(5) fields 2, 3, 14, 15 and 24, proc_pid_cmdline(5)."""
    page, ticks = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
    rows = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            stat, command = _start(f"/proc/{pid}/stat"), _start(f"/proc/{pid}/cmdline")
        except OSError:
            continue
        # The name stands in brackets and may hold brackets itself: the last one ends it.
        head, _, tail = stat.rpartition(")")
        fields = tail.split()
        rows.append(
            {
                "pid": int(pid),
                "name": head.partition("(")[2],
                "command": command.replace("\0", " ").strip()[:MOST_COMMAND],
                "memory": int(fields[21]) * page,
                "cpu": (int(fields[11]) + int(fields[12])) / ticks,
                "zombie": fields[0] == "Z",
            }
        )
    return rows


def _start(path: str) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, 4096).decode(errors="replace")
    finally:
        os.close(handle)
