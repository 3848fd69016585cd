"""Inventory: the machine, what hangs on it, its operating system, network and local people, as facts."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from predvid.checks.readers import linux_inventory, macos_inventory, windows_export, windows_inventory
from predvid.checks.readers.identity import usable_mac
from predvid.checks.readers.inventory_texts import INVENTORY
from predvid.checks.readers.nics import VIRTUAL, matches
from predvid.checks.readers.once import Once
from predvid.checks.readers.software_facts import LICENCES, SOFTWARE
from predvid.checks.v1 import CannotRead, Check, Fact, Source, Text

NICS = "/sys/class/net"


def _readers(source: Source) -> Mapping[str, Any]:
    """Return {fact: how to read it}, called without arguments."""
    source = Once(source)
    if source.platform == "macos":
        mac = macos_inventory.Mac(source)
        return {name: partial(read, mac) for name, read in macos_inventory.FACTS.items()}
    facts = dict(windows_inventory.FACTS if source.platform == "windows" else linux_inventory.FACTS)
    if source.platform == "windows" and windows_export.is_of_export(source):
        facts |= {**SOFTWARE["windows"], **LICENCES}
    return {name: partial(read, source) for name, read in facts.items()}


def collect(source: Source, params: None, state: dict[str, Any]) -> Iterator[Fact]:
    """Yield every fact that this device gives; one that cannot be read is left out, not empty."""
    for name, read in _readers(source).items():
        with suppress(CannotRead):
            if (value := read()) is not None:
                yield Fact(name, value)


def claims(source: Source) -> list[tuple[str, str]]:
    """Return what identifies the device as (kind, value): `serial`, `machine_id`, `mac`s, `hostname`."""
    facts = _readers(source)
    system: dict[str, Any] = {}
    with suppress(CannotRead):
        system = facts["hardware.system"]() or {}
    found = [("serial", system.get("serial", "")), ("machine_id", _machine_id(source, system))]
    with suppress(CannotRead):
        found += [("mac", mac) for mac in _macs(source)]
    with suppress(CannotRead):
        found.append(("hostname", facts["network.hostname"]() or ""))
    return [(kind, value) for kind, value in found if value]


def _machine_id(source: Source, system: Mapping[str, str]) -> str:
    """Return the id of the installation: machine-id(5), MachineGuid of Windows; of a Mac its UUID."""
    match source.platform:
        case "windows":
            return windows_inventory.machine_id(source)
        case "macos":
            return system.get("uuid", "")
    return linux_inventory.read(source, "/etc/machine-id").strip()


def _macs(source: Source) -> list[str]:
    nics = source.table("net_addresses")
    physical = [entries for name, entries in nics.items() if _physical(source, name)]
    return sorted({usable_mac(e["address"]) for entries in physical for e in entries if e["family"] == "mac"})


def _physical(source: Source, name: str) -> bool:
    if source.platform != "linux":
        return not matches(name, VIRTUAL)
    return "device" in linux_inventory.names(source, f"{NICS}/{name}")


check = Check(
    name="inventory",
    title=Text("Inventory", "Popis opreme"),
    group="inventory",
    collect=collect,
    interval=6 * 3600,
    timeout=120,
    replay=windows_export.replay,
    texts=INVENTORY,
)
