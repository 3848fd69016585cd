"""Services: those that failed, those that must run, under systemd those that restart over and over.

Linux asks systemd, Windows its service control manager, a Mac launchd (launchctl(1), for wanted ones only).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from predvid.checks.readers.systemd import parse_show
from predvid.checks.readers.windows_services import QUESTION, Service, down
from predvid.checks.readers.windows_services import services as windows_services
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Said, Sample, Source, Text, say

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

    `stopped` guards services of Windows that start by themselves, ended without an error and do not run.
    Levels of `failed`, `stopped` and `up` guard 1 and 0; those of `restarts` the automatic restarts since the
    last run.
    """

    failed: Levels = Levels(None, 1)
    stopped: Levels = Levels(1, None)
    up: Levels = Levels(None, 0, lower_is_worse=True)
    restarts: Levels = Levels(3, 20)
    wanted: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def applies(source: Source) -> bool | Said:
    """Tell whether systemd runs this Linux device: the test of sd_booted(3)."""
    if source.platform != "linux":
        return True
    try:
        source.listing("/run/systemd/system")
    except NotHere:
        return say("services.no_systemd")
    return True


def collect(source: Source, params: ServicesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield what the services of this system say; see the three below."""
    match source.platform:
        case "windows":
            yield from _windows(source, params, state)
        case "macos":
            yield from _launchd(source, params)
        case _:
            yield from _systemd(source, params, state)


def _systemd(source: Source, params: ServicesParams, state: dict[str, Any]) -> Iterator[Sample]:
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


def _windows(source: Source, params: ServicesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield counts, what every automatic service that is down is, and the wanted ones.

    A service that was down says once that it is up again; the first run says so for every automatic one.
    """
    found = windows_services(source.query("wmi", QUESTION))
    lost = {service.name: service for service in down(source, found, params.skip)}
    failed = {name for name, service in lost.items() if service.failed}
    yield Sample("services_failed", len(failed))
    yield Sample("services_running", sum(service.running for service in found))
    before = state.get("failed", [service.name for service in found if service.auto])
    for name in sorted(set(lost) | set(before)):
        yield Sample("service_failed", float(name in failed), {"unit": name})
        yield Sample("service_stopped", float(name in lost and name not in failed), {"unit": name})
    state["failed"] = sorted(lost)
    yield Fact("state.services_down", [_row(service) for service in lost.values()])
    running = {service.name.lower() for service in found if service.running}
    for name in params.wanted:
        yield Sample("service_up", float(name.lower() in running), {"unit": name})


def _row(service: Service) -> dict[str, Any]:
    return {"key": service.name, "title": service.title, "exit_code": service.code}


def _launchd(source: Source, params: ServicesParams) -> Iterator[Sample]:
    """Yield the wanted jobs; launchd itself starts again what ends, so the rest says little."""
    if not params.wanted:
        raise NotHere(say("services.none_wanted"))
    jobs = [line.split("\t") for line in source.run("launchctl", "list").splitlines()]
    running = {job[2] for job in jobs if len(job) == 3 and job[0].isdecimal()}
    for name in params.wanted:
        yield Sample("service_up", float(name in running), {"unit": name})


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
            case "service_stopped":
                said = say("services.stopped" if value else "services.at_rest", unit=unit)
                yield Result(f"{unit} stopped", params.stopped.judge(value), said)
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
    interval=120,
    hold=120,  # a service that fails and comes back by itself within two minutes disturbs nobody
    watches={
        "service_failed": "failed",
        "service_stopped": "stopped",
        "service_up": "up",
        "service_restarts": "restarts",
    },
    defaults={"workstation": {"failed": Levels(1, None), "stopped": Levels(), "restarts": Levels(5, None)}},
    evidence=("state.services_down",),
    charts=("services_failed", "services_running"),
    texts={
        "services.no_systemd": Text(
            "systemd does not run this device, so there are no services to ask it about",
            "Ovim uređajem ne upravlja systemd pa nema usluga o kojima bi ga se pitalo",
        ),
        "services.none_wanted": Text(
            "On a Mac only services named as wanted are watched, and none is named",
            "Na Macu se prate samo usluge koje su navedene kao obvezne, a nijedna nije navedena",
        ),
        "services.stopped": Text(
            "The service {unit} starts with Windows but is stopped",
            "Usluga {unit} pokreće se sa sustavom Windows, ali je zaustavljena",
        ),
        "services.at_rest": Text(
            "The service {unit} is as it should be", "Usluga {unit} u očekivanom je stanju"
        ),
        "part.exit_code": Text("Exit code", "Izlazna šifra"),
        "part.title": Text("Title", "Puni naziv"),
        "fact.state.services_down": Text("Services that are down", "Usluge koje ne rade"),
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
