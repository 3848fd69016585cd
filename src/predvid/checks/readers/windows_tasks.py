"""Scheduled tasks of Windows, as the script `scheduled_tasks` returns them.

Sources: IRegisteredTask (learn.microsoft.com/windows/win32/taskschd/registeredtask) and "Task Scheduler Error
and Success Constants" of the same place; NTSTATUS of MS-ERREF for tasks that a shutdown or logoff ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from predvid.checks.readers.plain import records, text, whole, within

# No failure of the task: it waits, runs, is disabled, was ended by somebody, or its conditions were not met.
_HARMLESS = frozenset(
    {0, 0x41300, 0x41301, 0x41302, 0x41303, 0x41304, 0x41305, 0x41306, 0x41307, 0x41308, 0x41325,
     0x40010004, 0x8004131F, 0x800710E0, 0x80070420, 0xC000013A}
)  # fmt: skip
# Updaters of programs that nobody misses for a while; their own results mean little.
IDLE = ("adobe*", "brave*", "createexplorershell*", "dropbox*", "firefox*", "googlesystem*", "googleupdate*",
        "microsoftedge*", "mozilla*", "npcapwatchdog*", "nv*", "onedrive*", "opera*", "optimize start menu*",
        "user_feed_synchronization*", "zoom*")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """One task: `failed` is its last result where that tells of a failure, else 0; `ran` is ISO 8601."""

    path: str
    enabled: bool
    failed: int
    ran: str
    missed: int


def tasks(answer: Any, skip: tuple[str, ...]) -> Iterator[Task]:
    """Yield the tasks of the script's answer by path, without those that IDLE and `skip` name."""
    answer = answer[0] if isinstance(answer, list) and answer else answer
    patterns = [pattern.lower() for pattern in (*IDLE, *skip)]
    rows = {text(row.get("path")): row for row in records(within(answer, "tasks"))}
    for path, row in sorted(rows.items()):
        name = path.rpartition("\\")[2].lower()
        if name and not any(fnmatchcase(name, pattern) for pattern in patterns):
            result = whole(row.get("result")) or 0
            failed = result if 0 <= result < 1 << 32 and result not in _HARMLESS else 0
            ran = text(row.get("ran"))
            yield Task(path, row.get("enabled") is True, failed, ran, max(0, whole(row.get("missed")) or 0))
