"""Sensors: temperatures, fans and voltages, judged by the limits that the maker set in the chip itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.hwmon import ROOT, Sensor, read_sensors
from predvid.checks.v1 import CannotRead, Check, Levels, NotHere, Result, Sample, Source, Text, say

ZONES = "root/wmi:MSAcpi_ThermalZoneTemperature InstanceName,CurrentTemperature,CriticalTripPoint"
KELVIN = 273.15
MOST_FANS = 60
BELIEVABLE = 45.0  # Celsius; a critical point below this was never set


@dataclass(frozen=True)
class SensorsParams:
    """`margin` in Celsius below the sensor's critical temperature; `alarm` is 1 where the chip raises one.

    Voltages are not judged unless asked for: most boards' chips compare them with limits that nobody set.
    """

    margin: Levels = Levels(8, 2, margin=3)
    alarm: Levels = Levels()
    fan_stopped: Levels = Levels(None, 1)
    skip: tuple[str, ...] = ()


def _zones(source: Source) -> Iterator[Sensor]:
    """Yield Windows' thermal zones: tenths of a Kelvin (ACPI 6.5, _TMP, _CRT)."""
    rows = source.query("wmi", ZONES)
    for row in rows[:40] if isinstance(rows, list) else ():
        values = row if isinstance(row, dict) else {}
        now, critical = (_celsius(values.get(name)) for name in ("CurrentTemperature", "CriticalTripPoint"))
        if now is not None:
            name = str(values.get("InstanceName", "")).split("\\")[-1][:60] or "zone"
            yield Sensor("temp", name, now, None, critical, None, alarm=False)


def _celsius(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 2132 <= value <= 4732:
        return None
    return round(value / 10 - KELVIN, 1)


def collect(source: Source, params: SensorsParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield what each sensor reads, and how far a temperature is from its critical point."""
    seen = set()
    fans = _known_fans(state)
    for sensor in _zones(source) if source.platform == "windows" else read_sensors(source):
        name = sensor.name
        if sensor.kind == "fan" and not _there(sensor, fans):
            continue
        if name in params.skip or (sensor.kind, name) in seen:
            continue
        seen.add((sensor.kind, name))
        yield from _samples(sensor)
    if fans:
        state["kept"] = {"fans": fans[-MOST_FANS:]}
    if not seen:
        raise NotHere(say("sensors.none"))


def _samples(sensor: Sensor) -> Iterator[Sample]:
    labels = {"sensor": sensor.name}
    if sensor.kind == "temp":
        yield Sample("sensors_temperature_celsius", round(sensor.value, 1), labels)
        if sensor.critical and sensor.critical >= BELIEVABLE:
            yield Sample("sensors_margin_celsius", round(sensor.critical - sensor.value, 1), labels)
    elif sensor.kind == "fan":
        yield Sample("sensors_fan_turns_per_minute", sensor.value, labels)
        if sensor.least:  # without a least speed it may stop when it is not needed
            yield Sample("sensors_fan_stopped", float(sensor.value == 0), labels)
    else:
        yield Sample("sensors_voltage_volts", round(sensor.value, 3), labels)
        yield Sample("sensors_alarm", float(sensor.alarm), labels)


def _known_fans(state: dict[str, Any]) -> list[str]:
    kept = state.get("kept")
    fans = kept.get("fans") if isinstance(kept, dict) else None
    return [name for name in fans if isinstance(name, str)] if isinstance(fans, list) else []


def _there(sensor: Sensor, fans: list[str]) -> bool:
    """Tell whether a fan is wired: it turns, turned before (also before a restart), or its driver names it.

    A header without a fan reads 0 turns and often bears a least speed that nobody set.
    """
    if sensor.value > 0:
        if sensor.name not in fans:
            fans.append(sensor.name)
        return True
    return sensor.labelled or sensor.name in fans


def applies(source: Source) -> bool:
    """Tell whether the device has sensors that its system can read: virtual machines have none."""
    if source.platform == "linux":
        try:
            if source.listing(ROOT):
                return True
        except CannotRead:
            pass
        raise NotHere(say("sensors.none"))
    return True


def judge(samples: list[Sample], params: SensorsParams) -> Iterator[Result]:
    """Judge temperatures by their distance from critical, fans that stand, voltages by the chip's alarm."""
    values = {
        sample.labels["sensor"]: sample.value
        for sample in samples
        if sample.metric == "sensors_temperature_celsius"
    }
    for sample in samples:
        name, value = sample.labels["sensor"], sample.value
        match sample.metric:
            case "sensors_margin_celsius":
                now = values.get(name)
                said = say("sensors.temperature", sensor=name, now=now, margin=value)
                yield Result(name, params.margin.judge(value), said)
            case "sensors_fan_stopped":
                said = say("sensors.fan_stopped" if value else "sensors.fan", sensor=name)
                yield Result(f"{name} fan", params.fan_stopped.judge(value), said)
            case "sensors_alarm" if params.alarm != Levels():
                said = say("sensors.alarm" if value else "sensors.voltage", sensor=name)
                yield Result(f"{name} voltage", params.alarm.judge(value), said)


check = Check(
    name="sensors",
    title=Text("Temperatures, fans, voltages", "Temperature, ventilatori, naponi"),
    group="system",
    collect=collect,
    judge=judge,
    params=SensorsParams(),
    platforms=("linux", "windows"),
    applies=applies,
    interval=120,
    intervals={"windows": 900},  # its thermal zones are told by WMI only
    hold=300,
    watches={
        "sensors_margin_celsius": "margin",
        "sensors_fan_stopped": "fan_stopped",
        "sensors_alarm": "alarm",
    },
    charts=("sensors_temperature_celsius", "sensors_fan_turns_per_minute", "sensors_voltage_volts"),
    texts={
        "metric.sensors_temperature_celsius": Text("Temperature", "Temperatura"),
        "metric.sensors_fan_turns_per_minute": Text("Fan (turns a minute)", "Ventilator (okretaja u minuti)"),
        "metric.sensors_voltage_volts": Text("Voltage (V)", "Napon (V)"),
        "metric.sensors_margin_celsius": Text("Below critical temperature", "Do kritične temperature"),
        "metric.sensors_fan_stopped": Text("Fan stands still", "Ventilator stoji"),
        "metric.sensors_alarm": Text("Voltage alarm", "Uzbuna napona"),
        "sensors.none": Text(
            "This device has no sensors that its system can read (virtual machines have none)",
            "Uređaj nema senzora koje sustav može čitati (virtualni strojevi ih nemaju)",
        ),
        "sensors.temperature": Text(
            "{sensor}: {now} °C, {margin} °C below critical",
            "{sensor}: {now} °C, do kritične još {margin} °C",
        ),
        "sensors.fan": Text("{sensor} turns", "{sensor}: ventilator radi"),
        "sensors.fan_stopped": Text("{sensor} stands still", "{sensor}: ventilator stoji"),
        "sensors.voltage": Text("{sensor} is within its limits", "{sensor}: napon je u granicama"),
        "sensors.alarm": Text(
            "{sensor}: the board reports a voltage out of its limits",
            "{sensor}: ploča javlja napon izvan granica",
        ),
    },
)
