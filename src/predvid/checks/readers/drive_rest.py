"""Which spinning drives nobody has used since they were last read: reading those would put off their sleep.

Some drives begin their time to standby anew at each SMART command, also where it wakes none that sleeps
(kernel documentation, hwmon/drivetemp). What smartctl sends is not counted in /proc/diskstats: a drive whose
counters stand still has done nothing but answer us, and is left alone, but for once a day.
"""

from collections.abc import Iterable
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

DAY = 86_400
LATEST = 0.9 * DAY  # seconds after which a drive is read whatever it did


def resting(source: Source, names: Iterable[str], state: dict[str, Any]) -> set[str]:
    """Return the drives (`/dev/sda`) to leave alone; note in `state` what the others have done by now."""
    done, now = _done(source), source.now()
    before: dict[str, tuple[int, float]] = state.get("used", {})
    quiet = set()
    used = {}
    for name in names:
        count, known = done.get(name.rpartition("/")[2]), before.get(name)
        if count is None:
            continue
        if known and known[0] == count and 0 <= now - known[1] < LATEST and _spins(source, name):
            quiet.add(name)
            used[name] = known
        else:
            used[name] = (count, now)
    state["used"] = used
    return quiet


def _done(source: Source) -> dict[str, int]:
    """Return reads and writes completed since boot by device (fields 4 and 8 of /proc/diskstats)."""
    try:
        lines = source.text("/proc/diskstats").splitlines()
    except CannotRead:
        return {}
    rows = [line.split() for line in lines[:5000]]
    return {
        row[2]: int(row[3]) + int(row[7])
        for row in rows
        if len(row) > 7
        and all(each.isascii() and each.isdecimal() and len(each) < 20 for each in (row[3], row[7]))
    }


def _spins(source: Source, name: str) -> bool:
    try:
        return source.text(f"/sys/block/{name.rpartition('/')[2]}/queue/rotational").strip() == "1"
    except CannotRead:
        return False
