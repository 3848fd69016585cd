"""Pending patches under apt, dnf or zypper: how many, how many close security holes, how old lists are."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import dnf, zypper
from predvid.checks.readers.apt import Pending, parse_simulation
from predvid.checks.readers.updates import Update, Updates
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
KERNELS = ("linux-image-", "kernel-core", "kernel-default", "kernel-uek-core")
# Simulated and without the lock: it changes nothing, needs no rights and does not disturb a running upgrade.
SIMULATE = ("apt-get", "-s", "-o", "Debug::NoLocking=true", "dist-upgrade")
UNHELD = (*SIMULATE[:-1], "-o", "APT::Ignore-Hold=true", SIMULATE[-1])  # what marks of apt-mark(8) hold back


@dataclass(frozen=True)
class PatchesParams:
    """Levels count packages; `lists_age` is in seconds since the package lists were fetched."""

    security: Levels = Levels(1, None)
    pending: Levels = Levels()
    held_security: Levels = Levels(1, None)
    lists_age: Levels = Levels(7 * DAY, 30 * DAY)


def _apt(source: Source) -> Updates:
    if not any(name.endswith("Release") for name in source.listing(LISTS)):
        raise CannotRead(say("patches.no_lists", tool="apt"))  # apt would say that nothing is pending
    simulation = parse_simulation(source.run(*SIMULATE, timeout=90))
    unheld = parse_simulation(source.run(*UNHELD, timeout=90)).pending if simulation.kept else ()
    withheld = _updates(p for p in unheld if p.name in simulation.kept)
    pending, updated = _updates(simulation.pending), source.table("apt")["lists_updated_at"]
    return Updates(pending, _secure(pending), simulation.kept, updated, withheld)


def _updates(packages: Iterable[Pending]) -> tuple[Update, ...]:
    return tuple(Update(p.name, p.before, p.after, p.security) for p in packages)


def _secure(updates: Iterable[Update]) -> int:
    return sum(bool(update.security) for update in updates)


# By the folder that tells them, in this order: a system of one family may have the tool of another installed.
MANAGERS: dict[str, Callable[[Source], Updates]] = {
    LISTS: _apt,
    "/etc/zypp": zypper.read,
    "/etc/dnf": dnf.read,
}


def _manager(source: Source) -> Callable[[Source], Updates] | None:
    for folder, read in MANAGERS.items():
        try:
            source.listing(folder)
        except NotHere:
            continue
        return read
    return None


def applies(source: Source) -> bool | Said:
    """Tell whether a package manager that this check knows rules the device."""
    return say("patches.no_manager") if _manager(source) is None else True


def collect(source: Source, params: PatchesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the counts, the age of the lists in seconds, and the pending packages as a fact."""
    read = _manager(source)
    if read is None:
        raise NotHere(say("patches.no_manager"))
    found = read(source)
    yield Sample("patches_pending", len(found.pending))
    yield Sample("patches_security", found.security)
    yield Sample("patches_held", len(found.held))
    if found.withheld is not None:
        yield Sample("patches_held_security", _secure(found.withheld))
    yield Sample("patches_kernel_pending", float(any(p.name.startswith(KERNELS) for p in found.pending)))
    if found.fetched_at is not None:
        yield Sample("patches_lists_age_seconds", max(0, round(source.now() - found.fetched_at)))
    yield Fact("patches.pending", sorted(map(_row, found.pending), key=lambda row: str(row["key"])))
    withheld = {update.name: _row(update) for update in found.withheld or ()}
    yield Fact("patches.held", [withheld.get(name, {"key": name}) for name in sorted(found.held)])


def _row(update: Update) -> dict[str, Any]:
    row = {"key": update.name, "from": update.before, "to": update.after}
    return row if update.security is None else row | {"security": update.security}


def judge(samples: list[Sample], params: PatchesParams) -> Iterator[Result]:
    """Judge items `security`, `held`, `pending` and `lists`."""
    for sample in samples:
        value = sample.value
        match sample.metric:
            case "patches_security":
                said = say("patches.security" if value else "patches.secure", n=value)
                yield Result("security", params.security.judge(value), said)
            case "patches_held_security":
                said = say("patches.security_held" if value else "patches.none_held", n=value)
                yield Result("held", params.held_security.judge(value), said)
            case "patches_pending":
                said = say("patches.pending" if value else "patches.current", n=value)
                yield Result("pending", params.pending.judge(value), said)
            case "patches_lists_age_seconds":
                yield Result("lists", params.lists_age.judge(value), say("patches.lists_age", seconds=value))


check = Check(
    name="patches",
    title=Text("Patches", "Zakrpe"),
    group="patches",
    applies=applies,
    collect=collect,
    judge=judge,
    params=PatchesParams(),
    platforms=("linux",),
    interval=6 * 3600,
    timeout=200,
    hold=2 * DAY,  # time for the automatic upgrade to do its work
    watches={
        "patches_security": "security",
        "patches_held_security": "held_security",
        "patches_pending": "pending",
        "patches_lists_age_seconds": "lists_age",
    },
    charts=("patches_security", "patches_pending", "patches_held"),
    texts={
        "metric.patches_held_security": Text("Held security updates", "Zadržane sigurnosne zakrpe"),
        "patches.no_manager": Text(
            "Neither apt nor dnf nor zypper manages this device",
            "Ovim uređajem ne upravlja ni apt ni dnf ni zypper",
        ),
        "patches.no_lists": Text(
            "{tool} has never fetched its package lists, so it cannot tell what is pending",
            "{tool} još nije dohvatio popise paketa pa ne zna što treba nadograditi",
        ),
        "patches.security": Text(
            "{n:int} security {n|patch waits|patches wait} to be installed",
            "{n|Čeka|Čekaju|Čeka} na instalaciju: {n:int} "
            "{n|sigurnosna zakrpa|sigurnosne zakrpe|sigurnosnih zakrpa}",
        ),
        "patches.secure": Text("No security patch is pending", "Nema sigurnosnih zakrpa na čekanju"),
        "patches.security_held": Text(
            "{n:int} security {n|patch|patches} will not be installed by {n|itself|themselves}: "
            "{n|its package is|their packages are} held (apt-mark showhold lists what is)",
            "{n:int} {n|sigurnosna zakrpa|sigurnosne zakrpe|sigurnosnih zakrpa} neće se instalirati "
            "jer {n|je njezin paket zadržan|su njihovi paketi zadržani|su njihovi paketi zadržani} "
            "(popis daje apt-mark showhold)",
        ),
        "patches.none_held": Text(
            "No security patch is held back", "Nijedna sigurnosna zakrpa nije zadržana"
        ),
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
