"""Virtual machines of a Linux host: libvirt by virsh(1) and its own files, Proxmox VE by its files alone.

Proxmox: qm.conf(5) and pct.conf(5) in /etc/pve (`name`, `onboot`, `template`, sections of snapshots with
`snaptime`), `.rrd` of pmxcfs(8) whose first field of a guest is its uptime, and the state of replication.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers.plain import number, parsed, within
from predvid.checks.source import Source

LIBVIRT = "/etc/libvirt/qemu"
SNAPSHOTS = "/var/lib/libvirt/qemu/snapshot"
VIRSH = ("virsh", "-r", "-c", "qemu:///system", "list", "--all")
PROXMOX = ("/etc/pve/qemu-server", "/etc/pve/lxc")
RRD = "/etc/pve/.rrd"
REPLICATION = "/var/lib/pve-manager/pve-replication-state.json"
MOST_GUESTS = 500
MOST_SNAPSHOTS = 500
_ROW = re.compile(r"\s*(?:-|\d+)\s+(\S.*?)\s{2,}(\S.*?)\s*$")
_CREATED = re.compile(r"<creationTime>(\d{1,11})</creationTime>", re.ASCII)
_UPTIME = re.compile(r"^pve[^/\n]*-vm[^/\n]*/(\d{1,9}):(\d{1,12}|U):", re.MULTILINE | re.ASCII)


@dataclass(slots=True)
class Guest:
    """A guest: `auto` that its host starts it, `snapshot` epoch seconds of its oldest one, None without any.

    `replication` is 0 where it works or is none, 1 where it needs attention, 2 where it fails.
    """

    name: str
    running: bool
    auto: bool
    snapshot: float | None = None
    replication: int | None = None


def libvirt(source: Source) -> list[Guest]:
    """Return the guests of libvirt; states are not translated, since programs run without a language."""
    auto = {name.removesuffix(".xml") for name in _listing(source, f"{LIBVIRT}/autostart")}
    rows = [_ROW.match(line) for line in source.run(*VIRSH).splitlines()[2 : MOST_GUESTS + 2]]
    found = {row[1]: row[2] for row in rows if row}
    oldest = _libvirt_snapshots(source, set(found))
    return [
        Guest(name, state not in ("shut off", "crashed"), name in auto, oldest.get(name))
        for name, state in sorted(found.items())
    ]


def _listing(source: Source, folder: str) -> list[str]:
    try:
        return source.listing(folder)
    except NotHere:
        return []


def _libvirt_snapshots(source: Source, guests: set[str]) -> dict[str, float]:
    oldest: dict[str, float] = {}
    read = 0
    for guest in _listing(source, SNAPSHOTS):
        for file in _listing(source, f"{SNAPSHOTS}/{guest}") if guest in guests else ():
            read += 1
            if read > MOST_SNAPSHOTS:
                return oldest
            try:
                found = _CREATED.search(source.text(f"{SNAPSHOTS}/{guest}/{file}"))
            except CannotRead:
                continue
            if found:
                oldest[guest] = min(float(found[1]), oldest.get(guest, float("inf")))
    return oldest


def proxmox(source: Source) -> list[Guest]:
    """Return the guests whose home is this Proxmox node, named `100 shop`; templates are left out."""
    uptimes = {found[1]: found[2] for found in _UPTIME.finditer(source.text(RRD))}
    replication = _replication(source)
    guests = []
    for folder in PROXMOX:
        for file in _listing(source, folder)[:MOST_GUESTS]:
            vmid, _, ending = file.partition(".")
            if ending != "conf" or not (vmid.isascii() and vmid.isdecimal()):
                continue
            try:
                guest = _proxmox_guest(source.text(f"{folder}/{file}"), vmid)
            except CannotRead:  # moved to another node meanwhile
                continue
            if guest is not None:
                guest.running = uptimes.get(vmid, "0") not in ("0", "U")
                guest.replication = replication.get(vmid)
                guests.append(guest)
    return guests


def _proxmox_guest(text: str, vmid: str) -> Guest | None:
    """Return the guest of a configuration: its own lines come first, then a section for each snapshot."""
    own, times, section = dict[str, str](), list[float](), False
    for line in text.splitlines():
        section = section or line.startswith("[")
        key, colon, value = line.partition(":")
        if colon and not section:
            own[key] = value.strip()
        elif key == "snaptime" and (moment := number(value)) is not None:
            times.append(moment)
    if own.get("template") == "1":
        return None
    name = f"{vmid} {own.get('name') or own.get('hostname', '')}".strip()[:100]
    return Guest(name, False, own.get("onboot") == "1", min(times, default=None))


def _replication(source: Source) -> dict[str, int]:
    """Return per guest 0, or 1 and 2 for one failure in a row and for more."""
    try:
        told = parsed(source.text(REPLICATION), REPLICATION)
    except CannotRead:
        return {}
    worst = {}
    for guest, targets in told.items() if isinstance(told, dict) else ():
        failures = [number(within(job, "fail_count")) or 0.0 for job in _values(targets)]
        worst[guest] = int(min(2, max(0, *failures, 0)))
    return worst


def _values(targets: object) -> Iterator[object]:
    yield from targets.values() if isinstance(targets, dict) else ()
