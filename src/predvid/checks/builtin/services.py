"""Services under systemd: those that failed, those that must run, those that restart over and over."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from predvid.checks.readers.systemd import parse_show
from predvid.checks.v1 import Check, Levels, NotHere, Result, Said, Sample, Source, Text, say

SHOW = (
    "systemctl",
    "show",
    "*.service",
    "--no-pager",
    "--property=Id,LoadState,ActiveState,SubState,NRestarts",
)
RUNNING = ("active", "activating", "reloading", "refreshing")


@dataclass(frozen=True)
class ServicesParams:
    """`wanted` names units that must run; `skip` takes patterns of units whose failure does not matter.

    Levels of `failed` and `up` guard 1 and 0; those of `restarts` the automatic restarts since the last run.
    """

    failed: Levels = Levels(None, 1)
    up: Levels = Levels(None, 0, lower_is_worse=True)
    restarts: Levels = Levels(3, 20)
    wanted: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def applies(source: Source) -> bool | Said:
    """Tell whether systemd runs this device: the test of sd_booted(3)."""
    try:
        source.listing("/run/systemd/system")
    except NotHere:
        return say("services.no_systemd")
    return True


def collect(source: Source, params: ServicesParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield counts, one sample per failed or wanted unit, and one per unit that restarted.

    A unit that was bad says once that it is good again. The first run says so for every unit, since a unit
    may have recovered while the agent was down.
    """
    units = {unit["Id"]: unit for unit in parse_show(source.run(*SHOW))}
    failed = {name for name, unit in units.items() if unit.get("ActiveState") == "failed"}
    failed -= {name for name in failed if any(fnmatch(name, pattern) for pattern in params.skip)}
    yield Sample("services_failed", len(failed))
    yield Sample("services_running", sum(unit.get("SubState") == "running" for unit in units.values()))
    for name in sorted(failed | set(state.get("failed", units))):
        yield Sample("service_failed", float(name in failed), {"unit": name})
    state["failed"] = sorted(failed)
    for name in params.wanted:
        unit = name if "." in name else f"{name}.service"
        up = units.get(unit, {}).get("ActiveState") in RUNNING
        yield Sample("service_up", float(up), {"unit": unit})
    yield from _restarts(units, state)


def _restarts(units: dict[str, dict[str, str]], state: dict[str, Any]) -> Iterator[Sample]:
    counts = {name: int(n) for name, unit in units.items() if (n := unit.get("NRestarts", "")).isdecimal()}
    before: dict[str, int] = state.get("counts", counts)
    rose = {name: n - before[name] for name, n in counts.items() if n > before.get(name, n)}
    for name in sorted(set(rose) | set(state.get("rose", ()))):
        yield Sample("service_restarts", rose.get(name, 0), {"unit": name})
    state["counts"], state["rose"] = counts, sorted(rose)


def judge(samples: list[Sample], params: ServicesParams) -> Iterator[Result]:
    """Judge each unit: items `nginx.service`, `nginx.service running`, `nginx.service restarts`."""
    for sample in samples:
        unit, value = sample.labels.get("unit", ""), sample.value
        match sample.metric:
            case "service_failed":
                said = say("services.failed" if value else "services.fine", unit=unit)
                yield Result(unit, params.failed.judge(value), said)
            case "service_up":
                said = say("services.up" if value else "services.down", unit=unit)
                yield Result(f"{unit} running", params.up.judge(value), said)
            case "service_restarts":
                said = say("services.restarts", unit=unit, n=value)
                yield Result(f"{unit} restarts", params.restarts.judge(value), said)


check = Check(
    name="services",
    title=Text("Services", "Usluge"),
    applies=applies,
    collect=collect,
    judge=judge,
    params=ServicesParams(),
    platforms=("linux",),
    hold=120,  # a service that fails and comes back by itself within two minutes disturbs nobody
    watches={"service_failed": "failed", "service_up": "up", "service_restarts": "restarts"},
    defaults={"workstation": {"failed": Levels(1, None), "restarts": Levels(5, None)}},
    charts=("services_failed", "services_running"),
    texts={
        "services.no_systemd": Text(
            "systemd does not run this device, so there are no services to ask it about",
            "Ovim uređajem ne upravlja systemd pa nema usluga o kojima bi ga se pitalo",
        ),
        "services.failed": Text("The service {unit} has failed", "Usluga {unit} prekinuta je zbog pogreške"),
        "services.fine": Text("The service {unit} is in order", "Usluga {unit} je u redu"),
        "services.up": Text("The service {unit} is running", "Usluga {unit} radi"),
        "services.down": Text(
            "The service {unit} must run but does not", "Usluga {unit} mora raditi, a ne radi"
        ),
        "services.restarts": Text(
            "The service {unit} restarted by itself {n:int} {n|time|times} since the last look",
            "Usluga {unit} od posljednje se provjere sama ponovno pokrenula {n:int} {n|put|puta|puta}",
        ),
    },
)
