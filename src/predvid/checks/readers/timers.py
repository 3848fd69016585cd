"""Timers of systemd and the services that they start, out of one `systemctl show` (systemctl(1))."""

from collections.abc import Iterator
from dataclasses import dataclass

MOST_UNITS = 3000
SHOW = (
    "systemctl",
    "show",
    "*.timer",
    "*.service",
    "--no-pager",
    "--property=Id,Unit,ActiveState,SubState,Result,LastTriggerUSec,ExecMainStartTimestampMonotonic",
)


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer: `result` of its service's last run (`success`, `exit-code`, `timeout` ...).

    `last` is when it last went off as systemd writes it, `began` the seconds after boot at which its service
    was started, where that still runs.
    """

    name: str
    service: str
    result: str
    last: str
    began: float | None


def timers(text: str) -> Iterator[Timer]:
    """Yield the active timers by name with what is known of their services."""
    units = {unit["Id"]: unit for unit in _units(text) if unit.get("Id")}
    for name in sorted(units):
        unit = units[name]
        if name.endswith(".timer") and unit.get("ActiveState") == "active":
            service = unit.get("Unit", "")
            run = units.get(service, {})
            last = unit.get("LastTriggerUSec", "")
            yield Timer(name, service, run.get("Result", ""), "" if last == "n/a" else last, _began(run))


def _units(text: str) -> Iterator[dict[str, str]]:
    for block in text.split("\n\n")[:MOST_UNITS]:
        pairs = (line.partition("=") for line in block.splitlines())
        yield {name: value[:200] for name, equals, value in pairs if equals}


def _began(run: dict[str, str]) -> float | None:
    """Return when a task that has not ended was started: a oneshot service is `activating` all the while."""
    moment = run.get("ExecMainStartTimestampMonotonic", "")
    if run.get("ActiveState") != "activating" or not (moment.isascii() and moment.isdecimal()):
        return None
    return int(moment[:18]) / 1e6 or None
