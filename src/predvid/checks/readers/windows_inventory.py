"""All facts of the inventory of a Windows device, by name."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.readers import windows_devices as devices
from predvid.checks.readers import windows_hardware as hardware
from predvid.checks.readers import windows_network as network
from predvid.checks.readers import windows_system as system
from predvid.checks.readers.identity import meaningful, usable_mac
from predvid.checks.readers.linux_inventory import lasting
from predvid.checks.readers.nics import WINDOWS, matches
from predvid.checks.readers.windows_asking import values
from predvid.checks.source import Source

CRYPTOGRAPHY = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/Cryptography"


def _cpu(source: Source) -> Any:
    found = hardware.cpu(source) or system.processors_of_registry(source)
    if found:
        return found
    cores = source.table("cpu")
    return {"model": "", "cores": cores["physical"], "threads": cores["logical"]}


def _memory(source: Source) -> Any:
    found = hardware.memory(source) or {}
    if not found.get("total_bytes"):
        with suppress(CannotRead):
            found["total_bytes"] = source.table("memory")["total"]
    return found if any(found.values()) else None


def _interfaces(source: Source) -> Any:
    """Return the adapters; where PowerShell is forbidden, what psutil tells of them."""
    if found := network.adapters(source):
        return found
    rows = []
    for name, entries in sorted(source.table("net_addresses").items()):
        if not matches(name, WINDOWS):
            mac = next((entry["address"] for entry in entries if entry["family"] == "mac"), "")
            rows.append({"key": name, "mac": usable_mac(mac), "addresses": lasting(entries, set())})
    return rows


FACTS: dict[str, Callable[[Source], Any]] = {
    "hardware.system": hardware.system, "hardware.bios": hardware.bios, "hardware.board": hardware.board,
    "hardware.cpu": _cpu, "hardware.memory": _memory, "hardware.memory_modules": hardware.modules,
    "hardware.disks": devices.disks, "hardware.volumes": devices.volumes, "hardware.video": devices.video,
    "hardware.monitors": devices.monitors, "hardware.printers": devices.printers,
    "hardware.usb": devices.usb, "hardware.usb_seen": devices.usb_seen,
    "hardware.usb_printers": devices.usb_printers, "hardware.batteries": devices.batteries,
    "network.hostname": system.hostname, "network.interfaces": _interfaces,
    "network.known": network.profiles, "network.firewall": network.firewall,
    "os.release": system.release, "os.kernel": system.kernel, "os.membership": system.membership,
    "users.local": system.users, "users.cloud": system.cloud_users, "state.last_user": system.last_user,
    "virtual.guests": system.guests,
}  # fmt: skip


def machine_id(source: Source) -> str:
    """Return the id that Windows made for this installation."""
    return meaningful(str(values(source, CRYPTOGRAPHY).get("MachineGuid") or "")).lower()
