"""Reads what UPS daemons say: NUT's variables (RFC 9271, NUT's names) and apcupsd's status records.

upsd refuses the variables of a unit whose data is stale or whose driver has ended: that unit is lost.
"""

import re
from dataclasses import dataclass

MAX_UNITS = 16
_UNIT = re.compile(r"^(?:UPS|VAR) (\S+) ")
_VAR = re.compile(r'^VAR (\S+) (\S+) "(.*)"$')
_PLAIN = re.compile(r"^([a-z0-9.]+): (.*)$")  # as `upsc` prints them
_RECORD = re.compile(r"^([A-Z0-9]{3,10}) *: (.*)$")


@dataclass(frozen=True, slots=True)
class Unit:
    """One UPS: percentages 0-100, runtime in seconds; None where it does not tell."""

    name: str
    model: str
    serial: str
    on_battery: bool
    low: bool
    replace: bool
    lost: bool
    overloaded: bool
    charge: float | None
    runtime: float | None
    load: float | None
    battery_date: str


def parse_nut(text: str) -> list[Unit]:
    """Return the units in `UPS` and `VAR` lines of upsd, or in what `upsc NAME` prints.

    A unit that upsd names without a status is lost.
    """
    units: dict[str, dict[str, str]] = {}
    printed: dict[str, str] = {}
    for line in text.splitlines()[:4000]:
        if named := _UNIT.match(line):
            values = units.setdefault(named[1][:60], {})
            if match := _VAR.match(line):
                values[match[2]] = match[3][:120]
        elif match := _PLAIN.match(line):
            printed[match[1]] = match[2].strip()[:120]
    if not units and "ups.status" in printed:
        units["ups"] = printed
    return [_nut(name, values) for name, values in list(units.items())[:MAX_UNITS]]


def _nut(name: str, values: dict[str, str]) -> Unit:
    status = set(values.get("ups.status", "").split())
    maker = values.get("device.mfr") or values.get("ups.mfr", "")
    model = values.get("device.model") or values.get("ups.model", "")
    return Unit(
        name,
        f"{maker} {model}".strip(),
        (values.get("device.serial") or values.get("ups.serial", "")).strip(),
        "OB" in status,
        "LB" in status,
        "RB" in status,
        bool(status & {"WAIT", "OFF"}) or not status & {"OL", "OB", "BYPASS"},
        "OVER" in status,
        _number(values.get("battery.charge", "")),
        _number(values.get("battery.runtime", "")),
        _number(values.get("ups.load", "")),
        values.get("battery.date") or values.get("battery.mfr.date", ""),
    )


def parse_apcupsd(text: str) -> list[Unit]:
    """Return the unit in a status of apcupsd (`apcaccess status`), none where it is no such text."""
    values = {m[1]: m[2].strip()[:120] for line in text.splitlines()[:200] if (m := _RECORD.match(line))}
    if "APC" not in values or "STATUS" not in values:
        return []
    status = set(values["STATUS"].upper().split())
    minutes = _number(values.get("TIMELEFT", ""))
    return [
        Unit(
            values.get("UPSNAME") or "ups",
            values.get("MODEL") or values.get("APCMODEL", ""),
            values.get("SERIALNO", ""),
            "ONBATT" in status,
            "LOWBATT" in status,
            bool(status & {"REPLACEBATT", "NOBATT"}),
            bool(status & {"COMMLOST", "SHUTTING"}) or not status & {"ONLINE", "ONBATT"},
            "OVERLOAD" in status,
            _number(values.get("BCHARGE", "")),
            None if minutes is None else minutes * 60,
            _number(values.get("LOADPCT", "")),
            values.get("BATTDATE", ""),
        )
    ]


def _number(text: str) -> float | None:
    match = re.match(r"[0-9]{1,9}(\.[0-9]{1,6})?(?![0-9])", text.strip())
    return float(match[0]) if match else None
