"""Reads crontabs (crontab(5) of Debian's cron and of cronie) and says why cron would ignore a file.

Commands may hold passwords: what looks like one is masked before it leaves the device.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_LINES = 2000
_SETTING = re.compile(r"""["']?[A-Za-z_]\w*["']?\s*=""", re.ASCII)
_FIELD = re.compile(r"[0-9*,/~?A-Za-z-]+$", re.ASCII)
_WORDS = ("@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_SECRET = re.compile(
    r"(?i)((?:pass(?:word|wd)?|pwd|token|secret|key)[=: ]\s*|(?<=\s)-p|://[^\s:/@]*:)[^\s@]+"
)


@dataclass(frozen=True, slots=True)
class CronJob:
    """One line of a crontab: when, as whom (empty: the owner of the crontab), what."""

    schedule: str
    user: str
    command: str


class BadLine(ValueError):
    """A line that cron does not understand: it ignores the whole file."""


def jobs(text: str, system: bool) -> Iterator[CronJob]:
    """Yield the jobs of a crontab; a `system` one names a user in each line. Raises BadLine."""
    for line in text.splitlines()[:MOST_LINES]:
        line = line.strip()
        if line and not line.startswith("#") and not _SETTING.match(line):
            yield _job(line, system)


def _job(line: str, system: bool) -> CronJob:
    # A minus in front (SUSE) and options of cronie stand before the fields: `-`, `-s`.
    times = 1 if line.startswith("@") else 5
    fields = line.lstrip("-").split(None, times + system)
    if len(fields) < times + system + 1:
        raise BadLine(line[:40])
    known = fields[0] in _WORDS if times == 1 else all(_FIELD.match(field) for field in fields[:5])
    if not known:
        raise BadLine(line[:40])
    user = fields[times] if system else ""
    return CronJob(" ".join(fields[:times]), user, masked(fields[-1]))


def masked(command: str) -> str:
    """Return a command, at most 160 characters, with stars where a password seems to stand."""
    return _SECRET.sub(r"\1***", command[:2000])[:160]
