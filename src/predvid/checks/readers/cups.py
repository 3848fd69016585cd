"""Reads what CUPS writes down for itself: printers.conf (printers.conf(5)) and job.cache.

Both are blocks `<Printer NAME> ... </Printer>` of lines `Name value`; CUPS writes them within 30 seconds of a
change (DirtyCleanInterval of cupsd.conf(5)). Job states are those of RFC 8011 section 5.3.7.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_BLOCKS = 1000
_OPEN = re.compile(r"<(?:Default)?(Printer|Job) ([^<>\s]{1,127})>$")
WAITING = ("3", "5", "6")  # pending, processing, stopped; 4 is held by somebody's will


@dataclass(frozen=True, slots=True)
class Queue:
    """A print queue as any system has it; `reason` is the system's own word, empty where it works."""

    name: str
    stopped: bool
    rejecting: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that waits to be printed: `since` in epoch seconds, None where unknown."""

    queue: str
    number: int
    since: float | None = None


def blocks(text: str, kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name and the values of each whole block of `kind`; torn ones are skipped."""
    name, values, count = "", dict[str, str](), 0
    for line in text.splitlines():
        if line.startswith("<"):
            opened = _OPEN.match(line)
            if opened is None and name and count < MOST_BLOCKS:
                count += 1
                yield name, values
            name, values = (opened[2], {}) if opened and opened[1] == kind else ("", {})
        elif name:
            key, _, value = line.partition(" ")
            values.setdefault(key, value)


def printers(text: str) -> list[Queue]:
    """Return the queues of printers.conf, each name once."""
    found = {}
    for name, values in blocks(text, "Printer"):
        stopped, rejecting = values.get("State") == "Stopped", values.get("Accepting") == "No"
        found[name] = Queue(name, stopped, rejecting, values.get("StateMessage", "")[:120])
    return list(found.values())


def waiting_jobs(text: str) -> list[Job]:
    """Return the jobs of job.cache that wait or are being printed."""
    return [
        Job(values.get("Destination", ""), int(name))
        for name, values in blocks(text, "Job")
        if name.isascii() and name.isdecimal() and len(name) < 10 and values.get("State") in WAITING
    ]
