"""Pure decisions about devices: which one an enrolment belongs to, and what changed between two facts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from predvid.core.model import Event, Severity, say

STRONG_CLAIMS = ("machine_id", "serial")
MAX_CHANGES = 50
Device = TypeVar("Device")
DEVICE_TYPES = ("server", "workstation", "laptop", "network", "other")


def next_plan_version(now: datetime, *held: int) -> int:
    """Return a plan version that every agent holding one of `held` takes for newer.

    It grows with the clock, so that it is newer also than what agents got before a backup was restored.
    """
    return max(*held, int(now.timestamp()) - 1) + 1


def same_device(
    claims: Iterable[tuple[str, str]], known: Iterable[tuple[tuple[str, str], Device]]
) -> Device | None:
    """Return the one device whose strong claim (`machine_id`, then `serial`) is among `claims`, or None.

    `known` holds (kind, value) with the device that claims it, of one client. A claim of several devices
    decides nothing: they were cloned. Nor do weak claims (MAC, host name) alone: docking stations and cloned
    names would merge strangers.
    """
    mine = set(claims)
    held = [(claim[0], device) for claim, device in known if claim in mine]
    for kind in STRONG_CLAIMS:
        devices = {device for claimed, device in held if claimed == kind}
        if len(devices) == 1:
            return devices.pop()
    return None


def differences(name: str, before: Any, after: Any) -> list[Event]:
    """Return the change events between two values of the fact `name`, at most MAX_CHANGES.

    Lists of rows with a `key` are compared row by row, objects field by field, anything else whole.
    """
    if before == after:
        return []
    changes = list(_changes(name, before, after))
    if len(changes) <= MAX_CHANGES:
        return changes
    rest = len(changes) - MAX_CHANGES
    return [*changes[:MAX_CHANGES], _event("changed", name, f"+{rest}", None, None)]


def _changes(name: str, before: Any, after: Any) -> Iterable[Event]:
    old, new = _rows(before), _rows(after)
    if old is None or new is None:
        yield _event("changed", name, name, before, after)
        return
    for key in sorted(old.keys() - new.keys()):
        yield _event("removed", name, key, old[key], None)
    for key in sorted(new.keys() - old.keys()):
        yield _event("added", name, key, None, new[key])
    for key in sorted(old.keys() & new.keys()):
        if old[key] != new[key]:
            yield _event("changed", name, key, *_differing(old[key], new[key]))


def _differing(before: Any, after: Any) -> tuple[Any, Any]:
    """Return what differs: of two rows only the fields that are not the same."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return before, after
    names = [name for name in before | after if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def _rows(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return {str(key): row for key, row in value.items()}
    if isinstance(value, list) and all(isinstance(row, dict) and "key" in row for row in value):
        return {str(row["key"]): {k: v for k, v in row.items() if k != "key"} for row in value}
    return None


def _event(verb: str, name: str, what: str, before: Any, after: Any) -> Event:
    values = {"fact": name, "what": what, "before": _short(before), "after": _short(after)}
    kind = f"inventory.{verb}"
    return Event(kind, say(kind, **values), Severity.NOTICE, target=what, source={"fact": name})


def _short(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("version") or ", ".join(_short(v) for v in value.values() if v not in (None, ""))
    if isinstance(value, list):
        value = ", ".join(_short(part) for part in value)
    return "–" if value in (None, "") else str(value)[:120]
