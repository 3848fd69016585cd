"""The crontabs of a Linux device: every job, and every file that cron ignores, with the reason.

Debian's cron refuses files that others may write, that are not root's (in /etc) or that end without a line
end; cronie refuses the first two (cron(8) of both). Names with a dot are left out on
purpose, as run-parts(8) does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers.crontabs import BadLine, CronJob, jobs
from predvid.checks.source import Source

SYSTEM = "/etc/cron.d"
SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/cron/tabs")  # Debian, Red Hat, SUSE
MOST_FILES = 200
_OTHERS_WRITE = 0o022


@dataclass(frozen=True, slots=True)
class Crontab:
    """One file: `refused` says why cron ignores it (`owner`, `mode`, `end`, `line`), else it is empty."""

    path: str
    personal: bool
    jobs: list[CronJob]
    refused: str = ""


def crontabs(source: Source) -> Iterator[Crontab]:
    """Yield the files with jobs, and those that cron ignores; unreadable ones are left out."""
    debian = _there(source, SPOOLS[0])
    paths = [("/etc/crontab", False)]
    paths += [(f"{SYSTEM}/{name}", False) for name in _names(source, SYSTEM) if not set(name) & set(".~")]
    spool = next((folder for folder in SPOOLS if _names(source, folder)), SPOOLS[0])
    paths += [(f"{spool}/{name}", True) for name in _names(source, spool) if "." not in name]
    for path, personal in paths[:MOST_FILES]:
        try:
            found = _crontab(source, path, personal, debian)
        except CannotRead:
            continue
        if found.jobs or found.refused:
            yield found


def _crontab(source: Source, path: str, personal: bool, debian: bool) -> Crontab:
    text, status = source.text(path), source.query("status", path)
    try:
        found = list(jobs(text, system=not personal))
    except BadLine:
        return Crontab(path, personal, [], "line")
    reason = ""
    if not personal and status["owner"] != 0:
        reason = "owner"
    elif not personal and status["mode"] & _OTHERS_WRITE:
        reason = "mode"
    elif debian and text and not text.endswith("\n"):
        reason = "end"
    return Crontab(path, personal, found, reason if found else "")


def _names(source: Source, folder: str) -> list[str]:
    try:
        return source.listing(folder)
    except CannotRead:
        return []


def _there(source: Source, folder: str) -> bool:
    try:
        source.listing(folder)
    except NotHere:
        return False
    return True
