"""Reads `zpool list -p` and `zpool status -p` (zpool-list(8), zpool-status(8), OpenZFS 0.8 to 2.3)."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from predvid.checks.readers.plain import number

STATES = ("ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "REMOVED", "UNAVAIL", "SUSPENDED")
MOST_LINES = 5000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STATUS = re.compile(r"^[ \t]*pool: (\S{1,255})[ \t]*$", re.MULTILINE)
_FIELD = re.compile(r"^[ \t]{0,3}(state|status|scan|errors): (.*)$", re.MULTILINE)
_DEVICE = re.compile(r"^\t([ ]*)(\S{1,255})[ ]+([A-Z]{4,9})(?:[ ]+(\d\S*)[ ]+(\d\S*)[ ]+(\d\S*))?(.*)$")
_MOMENT = re.compile(r"\b([A-Z][a-z]{2})[ ]+(\d{1,2})[ ]+(\d{2}):(\d{2}):(\d{2})[ ]+(\d{4})\b", re.ASCII)
_DONE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)% done", re.ASCII)
_LOST = re.compile(r"^(\d{1,15}) data errors", re.ASCII)
_GROUP = re.compile(r"(?:mirror|raidz\d?|draid\w*|replacing|spare)(?::\w+)*-\d")
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(slots=True)
class Pool:
    """A pool: sizes in bytes, `used` and `fragmented` in percent; None where it was not told.

    `faulty` names devices that are not ONLINE (spares apart), `errors` counts the reads, writes and checksums
    that failed on its disks since `zpool clear`, `lost` the files or blocks whose data are gone. `scrubbed`
    is when the last scrub ended (seconds; the device's local time taken as UTC), `work` `scrub` or
    `resilver` while one runs, `done` how far in percent.
    """

    name: str
    state: str
    size: int | None = None
    free: int | None = None
    used: float | None = None
    fragmented: float | None = None
    faulty: list[str] = field(default_factory=list)
    errors: int | None = None
    lost: int | None = None
    scrubbed: float | None = None
    work: str = ""
    done: float | None = None


def parse_list(text: str) -> list[Pool]:
    """Return the pools in the output of `zpool list` (with `-v` too), with exact sizes only if by `-p`."""
    lines = text.splitlines()[:MOST_LINES]
    head = next((n for n, line in enumerate(lines) if line.split()[:2] == ["NAME", "SIZE"]), None)
    if head is None:
        return []
    columns = lines[head].split()
    found: list[Pool] = []
    for line in lines[head + 1 :]:
        fields = line.split()
        health = next((word for word in fields[1:] if word in STATES), None)
        if not fields or health is None:
            continue
        row = dict(zip(columns, fields, strict=False))
        if line[:1] not in (" ", "\t"):
            found.append(_pool(fields[0], health, row))
        elif found and health != "ONLINE" and not _GROUP.match(fields[0]):
            found[-1].faulty.append(fields[0])
    return found


def _pool(name: str, state: str, row: dict[str, str]) -> Pool:
    return Pool(
        name,
        state,
        size=_amount(row.get("SIZE")),
        free=_amount(row.get("FREE")),
        used=_percent(row.get("CAP")),
        fragmented=_percent(row.get("FRAG")),
    )


def _percent(word: str | None) -> float | None:
    found = number((word or "").rstrip("%"))
    return None if found is None or not 0 <= found <= 1000 else found


def _amount(word: str | None) -> int | None:
    """Return an amount, plain (`-p`) or with a unit by powers of 1024 (`1.50K`)."""
    word = word or ""
    found = number(word[:-1] if word[-1:] in _UNITS else word)
    return None if found is None or found < 0 else int(found * _UNITS.get(word[-1:], 1))


def parse_status(text: str) -> list[Pool]:
    """Return the pools in the output of `zpool status`."""
    starts = list(_STATUS.finditer(text))[:200]
    edges = [*(match.start() for match in starts), len(text)]
    return [_status(match[1], text[match.end() : end]) for match, end in zip(starts, edges[1:], strict=True)]


def _status(name: str, text: str) -> Pool:
    fields = {match[1]: match[2].strip() for match in _FIELD.finditer(text)}
    state = fields.get("state", "").split(" ")[0]
    pool = Pool(name, state if state in STATES else "")
    _config(pool, text)
    lost = _LOST.match(fields.get("errors", ""))
    pool.lost = int(lost[1]) if lost else 0 if fields.get("errors", "").startswith("No known") else None
    _scan(pool, fields.get("scan", ""), text)
    return pool


def _config(pool: Pool, text: str) -> None:
    """Read the table of devices; only the leaves count errors of their own, those above repeat them."""
    rows = [match for line in text.splitlines()[:MOST_LINES] if (match := _DEVICE.match(line))]
    for number_, row in enumerate(rows):
        depth = len(row[1])
        below = rows[number_ + 1] if number_ + 1 < len(rows) else None
        leaf = below is None or len(below[1]) <= depth
        if not leaf or row[2] == pool.name or row[3] not in STATES:
            continue
        if row[3] != "ONLINE":
            pool.faulty.append(row[2])
        if row[4]:
            pool.errors = (pool.errors or 0) + sum(_amount(word) or 0 for word in (row[4], row[5], row[6]))


def _scan(pool: Pool, scan: str, text: str) -> None:
    for work in ("scrub", "resilver"):
        if f"{work} in progress" in scan:
            done = _DONE.search(text)
            pool.work, pool.done = work, min(100.0, float(done[1])) if done else None
    if scan.startswith("scrub repaired"):
        pool.scrubbed = _moment(scan)


def _moment(words: str) -> float | None:
    """Return the moment in words like `Sun Nov  8 00:36:34 2026` (ctime(3), C locale)."""
    match = _MOMENT.search(words)
    if match is None or match[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(match[n]) for n in range(2, 7))
    try:
        return datetime(year, _MONTHS.index(match[1]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
