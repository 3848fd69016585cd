"""Uninterruptible power supply: on battery, charge, time left, load, worn battery (NUT, apcupsd)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import ups_configs
from predvid.checks.readers.ups_status import Unit, parse_apcupsd, parse_nut
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

DAEMONS = {"nut": (ups_configs.nut, parse_nut), "apcupsd": (ups_configs.apcupsd, parse_apcupsd)}
USUAL = {"nut": f"127.0.0.1:{ups_configs.NUT_PORT}", "apcupsd": f"127.0.0.1:{ups_configs.APCUPSD_PORT}"}
FLAGS = ("on_battery", "low", "replace", "overloaded")
SILENT = ("read.refused", "read.no_answer")


@dataclass(frozen=True)
class UpsParams:
    """Levels of flags guard 1 (so it is); `left` in seconds on battery, `charge` and `load` in percent.

    `silent` is a daemon that this device is set to run and that does not answer: nobody will shut the device
    down before the battery is empty.
    """

    on_battery: Levels = Levels(1, None)
    low: Levels = Levels(None, 1)
    left: Levels = Levels(600, 300, margin=60)
    charge: Levels = Levels(50, 20, margin=5)
    load: Levels = Levels(85, 100, margin=5)
    replace: Levels = Levels(1, None)
    lost: Levels = Levels(None, 1)
    overloaded: Levels = Levels(None, 1)
    silent: Levels = Levels(None, 1)


@dataclass(frozen=True, slots=True)
class _Heard:
    """The units that daemons told of, and for each daemon that should answer whether it is silent."""

    units: dict[str, Unit]
    silent: dict[str, bool]


def _heard(source: Source) -> _Heard:
    """Ask every daemon; raise CannotRead where one fails otherwise than by silence, NotHere without any."""
    heard, failed = _Heard({}, {}), None
    for kind, (configured, parse) in DAEMONS.items():
        daemon = configured(source)
        try:
            units = parse(str(source.query(kind, daemon.address)))
        except NotHere:
            continue
        except CannotRead as error:
            if error.said.id not in SILENT:
                failed = error
            elif daemon.wanted:
                heard.silent[kind] = True
            continue
        heard.units.update((unit.name, unit) for unit in units)
        if daemon.wanted:
            heard.silent[kind] = False
    if not (heard.units or heard.silent):
        raise failed or NotHere(say("ups.none"))
    return heard


def applies(source: Source) -> bool:
    """Tell whether a daemon guards a UPS here, or should."""
    return bool(_heard(source))


def collect(source: Source, params: UpsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield flags and figures of each unit; time left and charge count as soon as they are told."""
    heard = _heard(source)
    for daemon, silent in heard.silent.items():
        yield Sample("ups_silent", float(silent), {"daemon": daemon})
    known = all(unit.model or not unit.lost for unit in heard.units.values())
    if known and not any(heard.silent.values()):  # half a list would say that a unit is gone, or another one
        yield Fact("power.ups", [
            {"key": unit.name, "model": unit.model, "serial": unit.serial, "battery_date": unit.battery_date}
            for unit in heard.units.values()
        ])  # fmt: skip
    for unit in heard.units.values():
        yield from _figures(unit)


def _figures(unit: Unit) -> Iterator[Sample]:
    labels = {"ups": unit.name}
    yield Sample("ups_lost", float(unit.lost), labels)
    if unit.lost:
        return  # what it says of the rest is from before
    for flag in FLAGS:
        yield Sample(f"ups_{flag}", float(getattr(unit, flag)), labels)
    if unit.charge is not None:
        yield Sample("ups_charge_percent", min(100.0, unit.charge), labels)
    if unit.runtime is not None:
        yield Sample("ups_left_seconds", unit.runtime, labels)
    if unit.load is not None:
        yield Sample("ups_load_percent", unit.load, labels)


def judge(samples: list[Sample], params: UpsParams) -> Iterator[Result]:
    """Judge each unit: `NAME on_battery`, `NAME left`, ...; a charge counts on battery only."""
    drained = {s.labels["ups"] for s in samples if s.metric == "ups_on_battery" and s.value}
    for sample in samples:
        what = sample.metric.removeprefix("ups_").removesuffix("_percent").removesuffix("_seconds")
        levels: Levels | None = getattr(params, what, None)
        unit, value = sample.labels.get("ups") or sample.labels.get("daemon", ""), sample.value
        if levels is None or (what == "charge" and unit not in drained):
            continue
        if what in (*FLAGS, "lost", "silent"):
            said = say(f"ups.{what}" if value else f"ups.{what}.not", ups=unit)
        else:
            said = say(f"ups.{what}", ups=unit, value=value)
        yield Result(f"{unit} {what}", levels.judge(value), said)


def replay(text: str) -> Mapping[str, Any] | None:
    """Turn what `apcaccess status` or `upsc NAME` printed into a recording; None for any other text."""
    for kind, (_, parse) in DAEMONS.items():
        if parse(text):
            return {"platform": "linux", "at": 0.0, "answers": {f"query:{kind} {USUAL[kind]}": text}}
    return None


check = Check(
    name="ups",
    title=Text("Uninterruptible power supply", "Neprekidno napajanje"),
    group="system",
    collect=collect,
    judge=judge,
    params=UpsParams(),
    applies=applies,
    replay=replay,
    hold=120,
    watches={
        "ups_silent": "silent",
        "ups_on_battery": "on_battery",
        "ups_low": "low",
        "ups_replace": "replace",
        "ups_lost": "lost",
        "ups_overloaded": "overloaded",
        "ups_charge_percent": "charge",
        "ups_left_seconds": "left",
        "ups_load_percent": "load",
    },
    charts=("ups_charge_percent", "ups_left_seconds", "ups_load_percent"),
    texts={
        "metric.ups_charge_percent": Text("Battery charge", "Napunjenost baterije"),
        "metric.ups_left_seconds": Text("Time left on battery", "Preostalo vrijeme na bateriji"),
        "metric.ups_load_percent": Text("Load of the UPS", "Opterećenje napajanja"),
        "metric.ups_on_battery": Text("On battery", "Na bateriji"),
        "metric.ups_low": Text("Battery nearly empty", "Baterija pri kraju"),
        "metric.ups_replace": Text("Battery to be replaced", "Baterija za zamjenu"),
        "metric.ups_lost": Text("Contact lost", "Veza izgubljena"),
        "metric.ups_overloaded": Text("Overloaded", "Preopterećeno"),
        "metric.ups_silent": Text("Daemon does not answer", "Nadzorni program ne odgovara"),
        "ups.silent": Text(
            "The daemon that guards the UPS here does not answer ({ups})",
            "Program koji ovdje nadzire neprekidno napajanje ne odgovara ({ups})",
        ),
        "ups.silent.not": Text("The daemon {ups} answers", "Program {ups} odgovara"),
        "ups.none": Text(
            "No UPS is guarded here (neither NUT nor apcupsd answers)",
            "Ovdje se ne nadzire neprekidno napajanje (ne odgovaraju ni NUT ni apcupsd)",
        ),
        "ups.on_battery": Text("{ups} runs on battery", "{ups} radi na bateriji"),
        "ups.on_battery.not": Text("{ups} has mains power", "{ups} ima mrežno napajanje"),
        "ups.low": Text("{ups}: the battery is nearly empty", "{ups}: baterija je pri kraju"),
        "ups.low.not": Text("{ups}: the battery is not at its end", "{ups}: baterija nije pri kraju"),
        "ups.replace": Text("{ups}: the battery must be replaced", "{ups}: bateriju treba zamijeniti"),
        "ups.replace.not": Text("{ups}: the battery is good", "{ups}: baterija je dobra"),
        "ups.lost": Text("{ups}: the daemon has lost contact", "{ups}: veza s uređajem je izgubljena"),
        "ups.lost.not": Text("{ups} is in contact", "{ups} je u vezi"),
        "ups.overloaded": Text("{ups} is overloaded", "{ups} je preopterećen"),
        "ups.overloaded.not": Text("{ups} is not overloaded", "{ups} nije preopterećen"),
        "ups.charge": Text("{ups}: battery charged to {value:pct}", "{ups}: baterija napunjena {value:pct}"),
        "ups.left": Text("{ups}: {value:secs} on battery", "{ups}: na bateriji još {value:secs}"),
        "ups.load": Text("{ups}: load {value:pct}", "{ups}: opterećenje {value:pct}"),
        "fact.power.ups": Text("Uninterruptible power supplies", "Neprekidna napajanja"),
        "part.battery_date": Text("Battery of", "Baterija od"),
    },
)
