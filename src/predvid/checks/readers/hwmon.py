"""Reads the kernel's hardware monitors: /sys/class/hwmon (kernel documentation, hwmon/sysfs-interface)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

ROOT = "/sys/class/hwmon"
MAX_CHIPS, MAX_SENSORS = 40, 200
_INPUT = re.compile(r"(temp|fan|in)(\d+)_input")
SCALE = {"temp": 1000.0, "fan": 1.0, "in": 1000.0}  # millidegrees, turns a minute, millivolts
SANE = {"temp": (-60.0, 200.0), "fan": (0.0, 60_000.0), "in": (-20.0, 400.0)}


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor: kind (`temp` Celsius, `fan` turns a minute, `in` volts), value, and its maker's limits."""

    kind: str
    name: str
    value: float
    most: float | None
    critical: float | None
    least: float | None
    alarm: bool


def read_sensors(source: Source) -> Iterator[Sensor]:
    """Yield the sensors of every chip; one that cannot be read, or reads nonsense, is left out."""
    count = 0
    for chip in source.listing(ROOT)[:MAX_CHIPS]:
        folder = f"{ROOT}/{chip}"
        try:
            names = set(source.listing(folder))
        except CannotRead:
            continue
        called = _text(source, f"{folder}/name") or chip
        for found in sorted(filter(None, map(_INPUT.fullmatch, names)), key=lambda match: match[0]):
            sensor = _sensor(source, folder, names, called, found[1], found[2])
            if sensor is not None and count < MAX_SENSORS:
                count += 1
                yield sensor


def _sensor(source: Source, folder: str, names: set[str], chip: str, kind: str, number: str) -> Sensor | None:
    stem = f"{kind}{number}"
    low, high = SANE[kind]

    def number_of(part: str) -> float | None:
        name = f"{stem}_{part}"
        value = _number(_text(source, f"{folder}/{name}")) if name in names else None
        return None if value is None or not low <= value / SCALE[kind] <= high else value / SCALE[kind]

    value = number_of("input")
    if value is None:
        return None
    label = _text(source, f"{folder}/{stem}_label") if f"{stem}_label" in names else ""
    alarms = {f"{stem}_alarm", f"{stem}_crit_alarm", f"{stem}_min_alarm", f"{stem}_max_alarm"} & names
    return Sensor(
        kind,
        f"{chip} {label or stem}",
        value,
        _limit(number_of("max")),
        _limit(number_of("crit")),
        _limit(number_of("min")),
        any(_text(source, f"{folder}/{name}") == "1" for name in alarms),
    )


def _limit(value: float | None) -> float | None:
    return value if value else None  # chips that have no limit tell 0


def _text(source: Source, path: str) -> str:
    try:
        return source.text(path).strip()[:60]
    except CannotRead:
        return ""


def _number(text: str) -> float | None:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    return float(sign * int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None
