"""Reads the kernel's hardware monitors: /sys/class/hwmon (kernel documentation, hwmon/sysfs-interface)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

ROOT = "/sys/class/hwmon"
MAX_CHIPS, MAX_SENSORS = 40, 200
_INPUT = re.compile(r"(temp|fan|in)(\d+)_input")
SCALE = {"temp": 1000.0, "fan": 1.0, "in": 1000.0}  # millidegrees, turns a minute, millivolts
SANE = {"temp": (-60.0, 200.0), "fan": (0.0, 60_000.0), "in": (-20.0, 400.0)}
# What an input reads that nothing is wired to: an open diode the end of its scale (127, -128, 127.875 and the
# like), a grounded one 0; a pin of a voltage that the board does not lead anywhere 0, or all that it can.
WIRED_TEMPERATURE = (-40.0, 126.0)
SUPER_IO = ("it8", "nct6", "w83", "f71")
FULL_SCALE = (2.04, 3.06, 4.08)  # volts: 255 steps of 8, 12 or 16 mV (kernel documentation: nct6775, it87)
# Reading the temperature of a drive may set its time to sleep back (kernel documentation, hwmon/drivetemp);
# the check of drives' health reads it seldom, and never of one that sleeps.
LEFT_ALONE = ("drivetemp",)


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor: kind (`temp` Celsius, `fan` turns a minute, `in` volts), value, and its maker's limits.

    `labelled` tells whether the driver itself names it: then the board has it for sure.
    """

    kind: str
    name: str
    value: float
    most: float | None
    critical: float | None
    least: float | None
    alarm: bool
    labelled: bool = False


def read_sensors(source: Source) -> Iterator[Sensor]:
    """Yield the sensors of every chip; one that cannot be read, or reads nonsense, is left out."""
    count = 0
    for folder, called in _chips(source):
        try:
            names = set(source.listing(folder))
        except CannotRead:
            continue
        for found in sorted(filter(None, map(_INPUT.fullmatch, names)), key=lambda match: match[0]):
            sensor = _sensor(source, folder, names, called, found[1], found[2])
            if sensor is not None and count < MAX_SENSORS:
                count += 1
                yield sensor


def _chips(source: Source) -> Iterator[tuple[str, str]]:
    """Yield the folder and the name of each chip; of chips with one name each bears its place too."""
    named = {chip: _text(source, f"{ROOT}/{chip}/name") or chip for chip in source.listing(ROOT)[:MAX_CHIPS]}
    counts = Counter(named.values())
    for chip, called in named.items():
        if called not in LEFT_ALONE:
            place = f" {_place(source, chip)}" if counts[called] > 1 else ""
            yield f"{ROOT}/{chip}", f"{called}{place}"


def _place(source: Source, chip: str) -> str:
    """Return where a chip sits, alike after each start: the device above it (coretemp.1, 0-0018)."""
    try:
        parts = str(source.query("link", f"{ROOT}/{chip}")).split("/")
    except CannotRead:
        return chip
    above = [part for part in parts[:-1] if part not in ("hwmon", "")]
    return above[-1][:40] if above else chip


def _sensor(source: Source, folder: str, names: set[str], chip: str, kind: str, number: str) -> Sensor | None:
    stem = f"{kind}{number}"
    low, high = SANE[kind]

    def number_of(part: str) -> float | None:
        name = f"{stem}_{part}"
        value = _number(_text(source, f"{folder}/{name}")) if name in names else None
        return None if value is None or not low <= value / SCALE[kind] <= high else value / SCALE[kind]

    value = number_of("input")
    if value is None or not _wired(chip, kind, value):
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
        bool(label),
    )


def _wired(chip: str, kind: str, value: float) -> bool:
    """Tell whether a value is one that a wired input can give; a fan may stand."""
    if kind == "temp":
        return value != 0 and WIRED_TEMPERATURE[0] < value < WIRED_TEMPERATURE[1]
    if kind == "in":
        full = chip.startswith(SUPER_IO) and (value in FULL_SCALE or value > max(FULL_SCALE))
        return value != 0 and not full
    return True


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
