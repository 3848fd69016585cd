"""Pending patches under apt: how many, how many close security holes, how old the package lists are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.apt import parse_simulation
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Said,
    Sample,
    Source,
    Text,
    say,
)

DAY = 86400
LISTS = "/var/lib/apt/lists"
# Simulated and without the lock: it changes nothing, needs no rights and does not disturb a running upgrade.
SIMULATE = ("apt-get", "-s", "-o", "Debug::NoLocking=true", "dist-upgrade")


@dataclass(frozen=True)
class PatchesParams:
    """Levels count packages; `lists_age` is in seconds since the package lists were fetched."""

    security: Levels = Levels(1, None)
    pending: Levels = Levels()
    lists_age: Levels = Levels(7 * DAY, 30 * DAY)


def applies(source: Source) -> bool | Said:
    """Tell whether apt manages this device's packages."""
    try:
        source.listing(LISTS)
    except NotHere:
        return say("patches.no_apt")
    return True


def collect(source: Source, params: PatchesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the counts, the age of the lists in seconds, and the pending packages as a fact."""
    if not any(name.endswith("Release") for name in source.listing(LISTS)):
        raise CannotRead(say("patches.no_lists"))  # apt would say that nothing is pending
    simulation = parse_simulation(source.run(*SIMULATE, timeout=90))
    pending = simulation.pending
    yield Sample("patches_pending", len(pending))
    yield Sample("patches_security", sum(package.security for package in pending))
    yield Sample("patches_held", len(simulation.kept))
    yield Sample("patches_kernel_pending", float(any(p.name.startswith("linux-image-") for p in pending)))
    updated = source.table("apt")["lists_updated_at"]
    if updated is not None:
        yield Sample("patches_lists_age_seconds", max(0, round(source.now() - updated)))
    rows = [{"key": p.name, "from": p.before, "to": p.after, "security": p.security} for p in pending]
    yield Fact("patches.pending", sorted(rows, key=lambda row: str(row["key"])))
    yield Fact("patches.held", [{"key": name} for name in sorted(simulation.kept)])


def judge(samples: list[Sample], params: PatchesParams) -> Iterator[Result]:
    """Judge items `security`, `pending` and `lists`."""
    for sample in samples:
        value = sample.value
        match sample.metric:
            case "patches_security":
                said = say("patches.security" if value else "patches.secure", n=value)
                yield Result("security", params.security.judge(value), said)
            case "patches_pending":
                said = say("patches.pending" if value else "patches.current", n=value)
                yield Result("pending", params.pending.judge(value), said)
            case "patches_lists_age_seconds":
                yield Result("lists", params.lists_age.judge(value), say("patches.lists_age", seconds=value))


check = Check(
    name="patches",
    title=Text("Patches", "Zakrpe"),
    applies=applies,
    collect=collect,
    judge=judge,
    params=PatchesParams(),
    platforms=("linux",),
    interval=6 * 3600,
    timeout=120,
    hold=2 * DAY,  # time for the automatic upgrade to do its work
    watches={
        "patches_security": "security",
        "patches_pending": "pending",
        "patches_lists_age_seconds": "lists_age",
    },
    charts=("patches_security", "patches_pending", "patches_held"),
    texts={
        "patches.no_apt": Text("apt does not manage this device", "Ovim uređajem ne upravlja apt"),
        "patches.no_lists": Text(
            "apt has never fetched its package lists, so it cannot tell what is pending",
            "apt još nije dohvatio popise paketa pa ne zna što treba nadograditi",
        ),
        "patches.security": Text(
            "{n:int} security {n|patch waits|patches wait} to be installed",
            "{n|Čeka|Čekaju|Čeka} na instalaciju: {n:int} "
            "{n|sigurnosna zakrpa|sigurnosne zakrpe|sigurnosnih zakrpa}",
        ),
        "patches.secure": Text("No security patch is pending", "Nema sigurnosnih zakrpa na čekanju"),
        "patches.pending": Text(
            "{n:int} {n|package waits|packages wait} for an upgrade",
            "{n|Čeka|Čekaju|Čeka} na nadogradnju: {n:int} {n|paket|paketa|paketa}",
        ),
        "patches.current": Text("All packages are up to date", "Svi su paketi ažurni"),
        "patches.lists_age": Text(
            "The package lists were fetched {seconds:secs} ago",
            "Popisi paketa dohvaćeni su prije: {seconds:secs}",
        ),
    },
)
