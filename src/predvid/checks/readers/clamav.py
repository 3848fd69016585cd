"""Reads ClamAV: its daemon, by the answer to VERSION (clamd(8)), and the age of its daily database."""

import re
from collections.abc import Iterator
from typing import Any

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers import plain
from predvid.checks.source import Source
from predvid.core.model import Sample

NAME = "ClamAV"
FOLDER = "/var/lib/clamav"
DAILY = (f"{FOLDER}/daily.cld", f"{FOLDER}/daily.cvd")
SOCKETS = ("/run/clamav/clamd.ctl", "/run/clamd.scan/clamd.sock", "/run/clamav/clamd.sock")
WANTED = "/etc/systemd/system/multi-user.target.wants"
_VERSION = re.compile(r"ClamAV ([\w.+-]{1,40})(?:/(\d{1,9}))?")


def read(source: Source) -> Iterator[Sample | dict[str, Any]]:
    """Yield the row of the product and its samples; raise NotHere where ClamAV is not installed."""
    source.listing(FOLDER)
    running, version = _daemon(source)
    yield {"key": NAME, "on": running is True, "version": version}
    if running is not None:
        yield Sample("antivirus_daemon_down", float(not running), {"product": NAME})
    age = _age(source)
    if age is not None:
        yield Sample("antivirus_signature_age_seconds", age, {"product": NAME})


def _daemon(source: Source) -> tuple[bool | None, str]:
    """Return whether the daemon answers, and its version; None: it is not meant to run."""
    for path in SOCKETS:
        try:
            match = _VERSION.match(plain.text(source.query("clamd", path)))
        except NotHere:
            continue
        except CannotRead as error:
            if error.said.id == "read.permission_denied":
                raise
            return False, ""
        return match is not None, match[1] if match else ""
    try:
        wanted = any(name.startswith(("clamav-daemon", "clamd")) for name in source.listing(WANTED))
    except CannotRead:
        wanted = False
    return (False if wanted else None), ""


def _age(source: Source) -> float | None:
    """Return how many seconds ago a new database came; None where there is none yet."""
    times = []
    for path in DAILY:
        try:
            times.append(plain.number(plain.within(source.query("status", path), "modified")))
        except NotHere:
            continue
    known = [time for time in times if time is not None]
    return max(0.0, round(source.now() - max(known))) if known else None
