"""Services: those that failed, those that must run, under systemd those that restart over and over.

Linux asks systemd, Windows its service control manager, a Mac launchd (launchctl(1), for wanted ones only).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from predvid.checks.readers.systemd import SERVICE, Unit, full_name, parse_show, question
from predvid.checks.readers.windows_services import Service, down
from predvid.checks.readers.windows_services import services as windows_services
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Said, Sample, Source, Text, say

WINDOW = 600  # seconds: a service that dies a minute after each start is in a loop too

# They fail wherever a cable is out or a news server is down; what they fetch or wait for is missed elsewhere.
HARMLESS = ("*-wait-online.service", "fwupd-refresh.service", "motd-news.service", "apt-news.service")


@dataclass(frozen=True)
class ServicesParams:
    """`wanted` names units that must run; `skip` takes patterns of units whose failure does not matter.

    `stopped` guards services of Windows that start by themselves, ended without an error and do not run.
    Levels of `failed`, `stopped` and `up` guard 1 and 0; those of `restarts` the automatic restarts within
    ten minutes.
    """

    failed: Levels = Levels(None, 1)
    stopped: Levels = Levels(1, None)
    up: Levels = Levels(None, 0, lower_is_worse=True)
    restarts: Levels = Levels(3, 20)
    wanted: tuple[str, ...] = ()
    skip: tuple[str, ...] = HARMLESS


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
    may have recovered while the agent was down. A wanted unit may go by an alias and be of any type.
    """
    wanted = [full_name(name) for name in params.wanted]
    units = list(parse_show(source.run(*question(wanted))))
    services = {unit.name: unit for unit in units if unit.kind == SERVICE}
    failed = {name for name, unit in services.items() if unit.failed}
    failed -= {name for name in failed if any(fnmatch(name, pattern) for pattern in params.skip)}
    yield Sample("services_failed", len(failed))
    yield Sample("services_running", sum(unit.sub == "running" for unit in services.values()))
    for name in sorted(failed | set(state.get("failed", services))):
        yield Sample("service_failed", float(name in failed), {"unit": name})
    state["failed"] = sorted(failed)
    running = {name for unit in units if unit.runs for name in unit.names}
    for name in wanted:
        yield Sample("service_up", float(name in running), {"unit": name})
    yield from _restarts(services.values(), state, source.now())


def _windows(source: Source, params: ServicesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield counts, what every automatic service that is down is, and the wanted ones.

    A service that was down says once that it is up again; the first run says so for every automatic one.
    """
    found = windows_services(source.table("services"))
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


def _restarts(services: Iterable[Unit], state: dict[str, Any], now: float) -> Iterator[Sample]:
    """Yield the automatic starts within the window for each service that has any, or just had them."""
    counts = {unit.name: unit.restarts for unit in services}
    before: dict[str, int] = state.get("counts", counts)
    seen: list[tuple[float, str, int]] = state.get("seen", [])
    for name, n in counts.items():
        old = before.get(name, n)
        if n < old:  # a start by hand sets the count back to 0
            seen = [(at, unit, 0 if unit == name else rise) for at, unit, rise in seen]
            old = 0
        if n > old:
            seen.append((now, name, n - old))
    recent = [start for start in seen if now - WINDOW < start[0] <= now]
    for unit in sorted({name for _, name, _ in seen}):
        yield Sample("service_restarts", sum(n for _, name, n in recent if name == unit), {"unit": unit})
    state["counts"], state["seen"] = counts, recent


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


OWN = {
    "failed": Levels(1, None),
    "stopped": Levels(),
    "restarts": Levels(5, None),
}  # computers of people, not of services

check = Check(
    name="services",
    title=Text("Services", "Usluge"),
    group="services",
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
    defaults={"workstation": OWN, "laptop": OWN},
    evidence=("state.services_down",),
    charts=("services_failed", "services_running"),
    texts={
        "metric.service_stopped": Text("Service stopped", "Usluga zaustavljena"),
        "services.no_systemd": Text(
            "systemd does not run this device, so there are no services to ask it about",
            "Ovim uređajem ne upravlja systemd, koji bi odgovorio na pitanje o uslugama",
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
            "The service {unit} restarted by itself {n:int} {n|time|times} within ten minutes",
            "Usluga {unit} sama se ponovno pokrenula {n:int} {n|put|puta|puta} u deset minuta",
        ),
    },
)
