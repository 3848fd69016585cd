"""Reads what web servers tell of themselves on loopback: nginx's stub_status and Apache's server-status?auto.

Sources: ngx_http_stub_status_module of nginx.org, mod_status of httpd.apache.org/docs/2.4.
"""

import re
from dataclasses import dataclass

from predvid.checks.readers.plain import number

_NGINX = re.compile(
    r"Active connections: ([0-9]{1,18}) *\n.*\n *([0-9]{1,18}) ([0-9]{1,18}) ([0-9]{1,18})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a web server is: counts; `requests` since its start, `dropped` connections it had to refuse.

    `busy_percent` is the share of Apache's workers that are at work, None for nginx.
    """

    active: float
    requests: float
    dropped: float = 0.0
    busy_percent: float | None = None


def nginx(text: str) -> Load | None:
    """Return the load in a stub_status page, None where it is no such page."""
    found = _NGINX.match(text)
    if found is None:
        return None
    active, accepted, handled, requests = (float(part) for part in found.groups())
    return Load(active, requests, max(0.0, accepted - handled))


def apache(text: str) -> Load | None:
    """Return the load in a server-status?auto page, None where it is no such page."""
    rows = (line.partition(": ") for line in text.splitlines()[:1000])
    told = {name: value for name, colon, value in rows if colon}
    busy, idle = number(told.get("BusyWorkers")), number(told.get("IdleWorkers"))
    if busy is None or idle is None or busy < 0 or idle < 0:
        return None
    # Slots that are still open ('.') may become workers: full means that none is left either.
    open_slots = told.get("Scoreboard", "").count(".")
    most = busy + idle + open_slots
    used = round(100 * busy / most, 1) if most else 0.0
    return Load(busy, max(0.0, number(told.get("Total Accesses")) or 0.0), 0.0, used)
