"""Containers of Docker or Podman: unhealthy ones, failed ones, those that restart over and over."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.containers import Container, containers, engine
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Said, Sample, Source, Text, say


@dataclass(frozen=True)
class ContainersParams:
    """`wanted` names containers that must run; `skip` takes patterns of names to leave out.

    `failed` guards the exit code, `restarts` the automatic restarts since the last run (after a while the
    engine waits a minute before each). Levels of `unhealthy` and `up` guard 1 and 0.
    """

    unhealthy: Levels = Levels(None, 1)
    failed: Levels = Levels(1, None)
    restarts: Levels = Levels(2, 4)
    up: Levels = Levels(None, 0, lower_is_worse=True)
    wanted: tuple[str, ...] = ()
    skip: tuple[str, ...] = ("k8s_*", "buildx_buildkit*")


def applies(source: Source) -> bool | Said:
    """Tell whether a container engine offers its socket."""
    return True if engine(source) else say("containers.none")


def collect(source: Source, params: ContainersParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield counts, and per container its health, its failed end and its restarts since the last run."""
    socket = engine(source)
    if socket is None:
        raise NotHere(say("containers.none"))
    found = containers(source, socket, params.skip)
    before = state.get("restarts", {})
    yield Sample("containers_running", sum(one.running for one in found))
    yield Sample("containers_stopped", sum(not one.running for one in found))
    for one in found:
        labels = {"container": one.name}
        yield Sample("container_unhealthy", float(one.unhealthy), labels)
        yield Sample("container_failed", one.failed, labels)
        # An engine counts anew when somebody starts a container by hand.
        yield Sample("container_restarts", max(0, one.restarts - before.get(one.name, one.restarts)), labels)
    running = {one.name for one in found if one.running}
    for name in dict.fromkeys(params.wanted):
        yield Sample("container_up", float(name in running), {"container": name})
    state["restarts"] = {one.name: one.restarts for one in found}
    yield Fact("software.containers", [_row(one) for one in found])
    yield Fact("state.containers", [{"key": one.name, "state": one.state} for one in found])


def _row(one: Container) -> dict[str, str]:
    return {"key": one.name, "image": one.image, "image_created": one.image_created, "policy": one.policy}


def judge(samples: list[Sample], params: ContainersParams) -> Iterator[Result]:
    """Judge each container: items `web` (its end), `web health`, `web restarts`, `web running`."""
    for sample in samples:
        name, value = sample.labels.get("container", ""), sample.value
        match sample.metric:
            case "container_failed":
                said = say("containers.failed" if value else "containers.fine", name=name, code=value)
                yield Result(name, params.failed.judge(value), said)
            case "container_unhealthy":
                said = say("containers.unhealthy" if value else "containers.healthy", name=name)
                yield Result(f"{name} health", params.unhealthy.judge(value), said)
            case "container_restarts":
                said = say("containers.restarts" if value else "containers.steady", name=name, n=value)
                yield Result(f"{name} restarts", params.restarts.judge(value), said)
            case "container_up":
                said = say("containers.up" if value else "containers.down", name=name)
                yield Result(f"{name} running", params.up.judge(value), said)


check = Check(
    name="containers",
    title=Text("Containers", "Kontejneri"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=ContainersParams(),
    platforms=("linux", "macos"),
    interval=300,
    hold=300,
    watches={
        "container_unhealthy": "unhealthy",
        "container_failed": "failed",
        "container_restarts": "restarts",
        "container_up": "up",
    },
    charts=("containers_running", "containers_stopped", "container_restarts"),
    evidence=("state.containers",),
    texts={
        "metric.containers_running": Text("Running containers", "Kontejneri koji rade"),
        "metric.containers_stopped": Text("Stopped containers", "Zaustavljeni kontejneri"),
        "metric.container_restarts": Text("Restarts", "Ponovna pokretanja"),
        "metric.container_unhealthy": Text("Unhealthy", "Neispravan"),
        "metric.container_failed": Text("Ended with an error", "Završio pogreškom"),
        "metric.container_up": Text("Running", "Radi"),
        "containers.none": Text(
            "Neither Docker nor Podman offers its socket on this device",
            "Na ovom uređaju ni Docker ni Podman ne nude svoju priključnicu (socket)",
        ),
        "containers.failed": Text(
            "The container {name} ended with exit code {code:int}",
            "Kontejner {name} završio je izlaznom šifrom {code:int}",
        ),
        "containers.fine": Text(
            "The container {name} has not failed", "Kontejner {name} nije prekinut pogreškom"
        ),
        "containers.unhealthy": Text(
            "The container {name} runs, but its own health check fails",
            "Kontejner {name} radi, ali ne prolazi vlastitu provjeru ispravnosti",
        ),
        "containers.healthy": Text(
            "The container {name} does not report ill health", "Kontejner {name} ne prijavljuje neispravnost"
        ),
        "containers.restarts": Text(
            "The container {name} restarted by itself {n:int} {n|time|times} since the last look",
            "Kontejner {name} od posljednje se provjere sam ponovno pokrenuo {n:int} {n|put|puta|puta}",
        ),
        "containers.steady": Text(
            "The container {name} does not restart by itself", "Kontejner {name} ne pokreće se sam ponovno"
        ),
        "containers.up": Text("The container {name} is running", "Kontejner {name} radi"),
        "containers.down": Text(
            "The container {name} must run but does not", "Kontejner {name} mora raditi, a ne radi"
        ),
        "fact.software.containers": Text("Containers", "Kontejneri"),
        "fact.state.containers": Text("State of the containers", "Stanje kontejnera"),
        "part.image": Text("Image", "Slika"),
        "part.image_created": Text("Image made on", "Slika izrađena"),
        "part.policy": Text("Restart policy", "Pravilo ponovnog pokretanja"),
        "part.state": Text("State", "Stanje"),
    },
)
