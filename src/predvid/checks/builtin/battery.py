"""Battery of a laptop: wear against its design, charge cycles; a worn one is an easy recommendation."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

SUPPLIES = "/sys/class/power_supply"
MOST = 4
# BATTERY_UNKNOWN_CAPACITY of Windows and the unknown of ACPI 6.5 (_BIF, _BIX): 32 bits, also as the kernel
# multiplies them to micro units, 31, and the 16 bits of the Smart Battery Data Specification.
UNKNOWN = (0xFFFFFFFF, 0xFFFFFFFF * 1000, 0x7FFFFFFF, 0xFFFF, 0xFFFF * 1000)
MOST_CYCLES = 10_000
MOST_HEALTH = 150.0  # percent; where a charge holds more than that, the design is a wrong one
# root/wmi classes of the battery driver (Microsoft, "Battery Miniport Drivers": WMI).
DESIGN = "root/wmi:BatteryStaticData InstanceName,DesignedCapacity,DeviceName,ManufactureName,SerialNumber"
FULL = "root/wmi:BatteryFullChargedCapacity InstanceName,FullChargedCapacity"
CYCLES = "root/wmi:BatteryCycleCount InstanceName,CycleCount"


@dataclass(frozen=True)
class BatteryParams:
    """`health` is what a full charge still holds, in percent of the design."""

    health: Levels = Levels(50, None, margin=3, lower_is_worse=True)


@dataclass(frozen=True, slots=True)
class _Battery:
    """Capacities in one unit (mWh, uWh, mAh); None where it does not tell."""

    name: str
    model: str
    serial: str
    full: float | None
    design: float | None
    cycles: float | None


def _number(value: object) -> float | None:
    """Return a capacity or count; None for what means "unknown": all bits set, a sign, nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    number = float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
    return None if number is None or number in UNKNOWN else number


def _linux(source: Source) -> Iterator[_Battery]:
    """Yield the system's batteries (kernel documentation, ABI/testing/sysfs-class-power)."""
    for name in source.listing(SUPPLIES)[:32]:
        told = dict(_pairs(_text(source, f"{SUPPLIES}/{name}/uevent")))
        if told.get("TYPE") != "Battery" or told.get("SCOPE") == "Device":  # mice and headphones
            continue
        kind = "ENERGY" if "ENERGY_FULL" in told else "CHARGE"
        yield _Battery(
            name[:40],
            f"{told.get('MANUFACTURER', '')} {told.get('MODEL_NAME', '')}".strip(),
            told.get("SERIAL_NUMBER", "").strip(),
            _number(told.get(f"{kind}_FULL")),
            _number(told.get(f"{kind}_FULL_DESIGN")),
            _number(told.get("CYCLE_COUNT")),
        )


def _text(source: Source, path: str) -> str:
    try:
        return source.text(path)
    except CannotRead:
        return ""


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines()[:60]:
        name, _, value = line.partition("=")
        yield name.removeprefix("POWER_SUPPLY_"), value[:80]


def _windows(source: Source) -> Iterator[_Battery]:
    full, cycles = _by_instance(source, FULL), _by_instance(source, CYCLES)
    for number, (instance, row) in enumerate(_by_instance(source, DESIGN).items()):
        yield _Battery(
            f"BAT{number}",
            f"{_word(row, 'ManufactureName')} {_word(row, 'DeviceName')}".strip(),
            _word(row, "SerialNumber"),
            _number(full.get(instance, {}).get("FullChargedCapacity")),
            _number(row.get("DesignedCapacity")),
            _number(cycles.get(instance, {}).get("CycleCount")),
        )


def _by_instance(source: Source, question: str) -> dict[str, Mapping[str, Any]]:
    try:
        rows = source.query("wmi", question)
    except CannotRead:
        if question == DESIGN:
            raise
        return {}
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {str(row.get("InstanceName")): row for row in rows[:MOST]}


def _word(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip()[:80] if isinstance(value, str) else ""


def _macos(source: Source) -> Iterator[_Battery]:
    """Yield what `system_profiler SPPowerDataType` tells: Apple gives the health in percent."""
    try:
        told = json.loads(source.run("system_profiler", "-json", "SPPowerDataType"))
        rows = [row for row in told["SPPowerDataType"] if "sppower_battery_health_info" in row]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CannotRead(say("battery.unreadable")) from None
    for row in rows[:MOST]:
        health, model = row["sppower_battery_health_info"], row.get("sppower_battery_model_info")
        health, model = (part if isinstance(part, dict) else {} for part in (health, model))
        percent = str(health.get("sppower_battery_health_maximum_capacity", "")).rstrip("%")
        yield _Battery(
            "BAT0",
            _word(model, "sppower_battery_device_name"),
            _word(model, "sppower_battery_serial_number"),
            _number(percent),
            100.0,
            _number(health.get("sppower_battery_cycle_count")),
        )


READERS = {"linux": _linux, "windows": _windows, "macos": _macos}


def _batteries(source: Source) -> list[_Battery]:
    found = {battery.name: battery for battery in READERS[source.platform](source)}
    if not found:
        raise NotHere(say("battery.none"))
    return list(found.values())[:MOST]


def applies(source: Source) -> bool:
    """Tell whether the device has a battery of its own."""
    try:
        return bool(_batteries(source))
    except NotHere:
        raise NotHere(say("battery.none")) from None


def collect(source: Source, params: BatteryParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the health of each battery and its cycles."""
    found = _batteries(source)
    yield Fact("hardware.batteries", [{"key": b.name, "model": b.model, "serial": b.serial} for b in found])
    for battery in found:
        labels = {"battery": battery.name}
        health = 100 * battery.full / battery.design if battery.full and battery.design else None
        if health is not None and health <= MOST_HEALTH:
            yield Sample("battery_health_percent", round(min(120.0, health), 1), labels)
        if battery.cycles and battery.cycles <= MOST_CYCLES:
            yield Sample("battery_cycles", battery.cycles, labels)


def judge(samples: list[Sample], params: BatteryParams) -> Iterator[Result]:
    """Judge the health of each battery."""
    for sample in samples:
        if sample.metric == "battery_health_percent":
            name = sample.labels["battery"]
            said = say("battery.health", battery=name, health=sample.value)
            yield Result(name, params.health.judge(sample.value), said)


check = Check(
    name="battery",
    title=Text("Battery", "Baterija"),
    group="system",
    collect=collect,
    judge=judge,
    params=BatteryParams(),
    applies=applies,
    interval=6 * 3600,
    hold=24 * 3600,  # a gauge that has lost its way finds it again within a day
    watches={"battery_health_percent": "health"},
    charts=("battery_health_percent", "battery_cycles"),
    texts={
        "metric.battery_health_percent": Text("Battery health", "Zdravlje baterije"),
        "metric.battery_cycles": Text("Charge cycles", "Ciklusi punjenja"),
        "battery.none": Text("This device has no battery", "Uređaj nema baterije"),
        "battery.unreadable": Text(
            "The system's report on power has an unknown form",
            "Izvješće sustava o napajanju ima nepoznat oblik",
        ),
        "battery.health": Text(
            "{battery}: a full charge holds {health:pct} of what it did when new",
            "{battery}: puna baterija drži {health:pct} onoga što je držala nova",
        ),
        "fact.hardware.batteries": Text("Batteries", "Baterije"),
    },
)
