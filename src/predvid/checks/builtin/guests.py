"""Virtual machines of a host (Hyper-V, libvirt, Proxmox VE): stopped ones, old snapshots, replication.

A snapshot grows with every write of its guest and fills the store; backup programs make and remove theirs
within hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import hyperv
from predvid.checks.readers.guests import LIBVIRT, RRD, Guest, libvirt, proxmox
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Said, Sample, Source, Text, say

DAY = 86400


@dataclass(frozen=True)
class GuestsParams:
    """`wanted` names guests that must run, beside those that the host starts by itself; `skip` names others.

    `snapshot` guards the age of the oldest snapshot in seconds, `replication` 1 (needs attention) and 2
    (fails), `stopped` 1 and 0.
    """

    stopped: Levels = Levels(None, 1)
    snapshot: Levels = Levels(3 * DAY, None)
    replication: Levels = Levels(1, 2)
    wanted: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def applies(source: Source) -> bool | Said:
    """Tell whether this device is a host of virtual machines."""
    return True if _host(source) else say("guests.none")


def _host(source: Source) -> str:
    if source.platform == "windows":
        return "hyperv" if _there(lambda: source.query("registry", hyperv.SERVICE)) else ""
    if _there(lambda: source.text(RRD)):
        return "proxmox"
    defined = _there(lambda: [name for name in source.listing(LIBVIRT) if name.endswith(".xml")])
    return "libvirt" if defined else ""


def _there(ask: Any) -> bool:
    try:
        return bool(ask())
    except NotHere:
        return False


def _guests(source: Source, host: str) -> list[Guest]:
    match host:
        case "hyperv":
            return hyperv.guests(source.query("wmi", hyperv.SYSTEMS), source.query("wmi", hyperv.SETTINGS))
        case "proxmox":
            return proxmox(source)
        case "libvirt":
            return libvirt(source)
    raise NotHere(say("guests.none"))


def collect(source: Source, params: GuestsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield per guest whether it is wanted but stopped, the age of its oldest snapshot, its replication."""
    guests = [guest for guest in _guests(source, _host(source)) if guest.name not in params.skip]
    yield Sample("guests_running", sum(guest.running for guest in guests))
    yield Sample("guests_stopped", sum(not guest.running for guest in guests))
    known = {guest.name: guest for guest in guests}
    must = {guest.name for guest in guests if guest.auto} | set(params.wanted)
    for name in sorted(must):
        running = name in known and known[name].running
        yield Sample("guest_stopped", float(not running), {"guest": name})
    for guest in guests:
        labels = {"guest": guest.name}
        age = 0.0 if guest.snapshot is None else max(0.0, source.now() - guest.snapshot)
        yield Sample("guest_snapshot_age_seconds", round(age), labels)
        if guest.replication is not None:
            yield Sample("guest_replication_trouble", guest.replication, labels)
    yield Fact("virtual.guests", [{"key": guest.name, "auto": guest.auto} for guest in guests])
    yield Fact("state.guests", [{"key": guest.name, "running": guest.running} for guest in guests])


def judge(samples: list[Sample], params: GuestsParams) -> Iterator[Result]:
    """Judge each guest: items `shop`, `shop snapshot`, `shop replication`."""
    for sample in samples:
        guest, value = sample.labels.get("guest", ""), sample.value
        match sample.metric:
            case "guest_stopped":
                said = say("guests.stopped" if value else "guests.running", guest=guest)
                yield Result(guest, params.stopped.judge(value), said)
            case "guest_snapshot_age_seconds":
                said = say("guests.snapshot" if value else "guests.no_snapshot", guest=guest, age=value)
                yield Result(f"{guest} snapshot", params.snapshot.judge(value), said)
            case "guest_replication_trouble":
                said = say("guests.replication_bad" if value else "guests.replication_good", guest=guest)
                yield Result(f"{guest} replication", params.replication.judge(value), said)


check = Check(
    name="guests",
    title=Text("Virtual machines", "Virtualna računala"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=GuestsParams(),
    platforms=("linux", "windows"),
    interval=900,
    timeout=60,
    hold=600,
    watches={
        "guest_stopped": "stopped",
        "guest_snapshot_age_seconds": "snapshot",
        "guest_replication_trouble": "replication",
    },
    charts=("guests_running", "guest_snapshot_age_seconds"),
    evidence=("state.guests",),
    texts={
        "metric.guests_running": Text("Running guests", "Gosti koji rade"),
        "metric.guest_snapshot_age_seconds": Text(
            "Age of the oldest snapshot", "Starost najstarije snimke stanja"
        ),
        "metric.guest_stopped": Text("Guest stopped", "Gost zaustavljen"),
        "metric.guest_replication_trouble": Text("Replication in trouble", "Replikacija u nevolji"),
        "guests.none": Text(
            "This device hosts no virtual machines (Hyper-V, libvirt, Proxmox VE)",
            "Na ovom uređaju nema virtualnih računala (Hyper-V, libvirt, Proxmox VE)",
        ),
        "guests.stopped": Text(
            "The virtual machine {guest} must run but does not",
            "Virtualno računalo {guest} mora raditi, a ne radi",
        ),
        "guests.running": Text("The virtual machine {guest} runs", "Virtualno računalo {guest} radi"),
        "guests.snapshot": Text(
            "The oldest snapshot of {guest} was made {age:secs} ago; remove it if nobody needs it",
            "Najstarija snimka stanja računala {guest} izrađena je prije: {age:secs}; uklonite je ako više "
            "nikomu ne treba",
        ),
        "guests.no_snapshot": Text("{guest} has no snapshot", "{guest} nema snimku stanja"),
        "guests.replication_bad": Text(
            "The replication of {guest} is in trouble: its copy grows old",
            "Replikacija računala {guest} ne radi kako treba: kopija zastarijeva",
        ),
        "guests.replication_good": Text(
            "The replication of {guest} is in order", "Replikacija računala {guest} je u redu"
        ),
        "fact.virtual.guests": Text("Virtual machines", "Virtualna računala"),
        "fact.state.guests": Text("State of the virtual machines", "Stanje virtualnih računala"),
        "part.running": Text("Running", "Radi"),
    },
)
