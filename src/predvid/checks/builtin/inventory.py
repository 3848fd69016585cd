"""Inventory: hardware, operating system, network, installed software and local people, as facts."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from predvid.checks.readers.dpkg import parse_status
from predvid.checks.readers.identity import meaningful, usable_mac
from predvid.checks.readers.nics import VIRTUAL, matches
from predvid.checks.readers.os_files import (
    parse_cpu_model,
    parse_os_release,
    parse_temporary_addresses,
    parse_users,
)
from predvid.checks.v1 import CannotRead, Check, Fact, Source, Text

DMI = "/sys/class/dmi/id"
NICS = "/sys/class/net"
LSBLK = ("lsblk", "--json", "--bytes", "--nodeps", "--output", "NAME,TYPE,SIZE,MODEL,SERIAL,ROTA,TRAN")


def _text(source: Source, path: str) -> str:
    """Return a file's text, or nothing where it cannot be read: inventory takes what it gets."""
    try:
        return source.text(path)
    except CannotRead:
        return ""


def _system(source: Source) -> Any:
    values = {name: meaningful(_text(source, f"{DMI}/{file}")) for name, file in (
        ("vendor", "sys_vendor"), ("model", "product_name"), ("serial", "product_serial"))}  # fmt: skip
    if not any(values.values()):
        values["model"] = meaningful(_text(source, "/proc/device-tree/model"))
        values["serial"] = meaningful(_text(source, "/proc/device-tree/serial-number"))
    return values if any(values.values()) else None


def _cpu(source: Source) -> Any:
    cores = source.table("cpu")
    model = parse_cpu_model(_text(source, "/proc/cpuinfo")) if source.platform == "linux" else ""
    return {"model": model, "cores": cores["physical"], "threads": cores["logical"]}


def _memory(source: Source) -> Any:
    return {"total_bytes": source.table("memory")["total"]}


def _disks(source: Source) -> Any:
    if source.platform != "linux":
        return None
    try:
        devices = json.loads(source.run(*LSBLK))["blockdevices"]
    except (ValueError, KeyError, TypeError):
        return None
    rows = []
    for disk in devices:
        if (
            disk.get("type") != "disk"
            or not disk.get("size")
            or str(disk["name"]).startswith(("zram", "ram", "nbd"))
        ):
            continue
        serial = meaningful(str(disk.get("serial") or ""))
        rows.append(
            {
                "key": serial or disk["name"],
                "name": disk["name"],
                "size_bytes": disk["size"],
                "model": (disk.get("model") or "").strip(),
                "serial": serial,
                "rotational": bool(disk.get("rota")),
                "transport": disk.get("tran") or "",
            }
        )
    return sorted(rows, key=lambda row: str(row["key"]))


def _interfaces(source: Source) -> Any:
    temporary = parse_temporary_addresses(_text(source, "/proc/net/if_inet6"))
    rows = []
    for name, entries in sorted(source.table("net_addresses").items()):
        if matches(name, VIRTUAL):
            continue
        mac = next((entry["address"] for entry in entries if entry["family"] == "mac"), "")
        rows.append({"key": name, "mac": usable_mac(mac), "addresses": _lasting(entries, temporary)})
    return rows


def _lasting(entries: list[dict[str, str]], temporary: set[str]) -> list[str]:
    addresses = {entry["address"] for entry in entries if entry["family"] != "mac"} - temporary
    return sorted(address for address in addresses if not address.startswith("fe80:"))


def _os(source: Source) -> Any:
    host = source.table("host")
    release = parse_os_release(_text(source, "/etc/os-release")) if source.platform == "linux" else {}
    return {
        "name": release.get("PRETTY_NAME") or f"{host['system']} {host['release']}".strip(),
        "id": release.get("ID") or source.platform,
        "version": release.get("VERSION_ID") or host["version"],
        "architecture": host["machine"],
    }


def _kernel(source: Source) -> Any:
    return source.table("host")["release"]


def _hostname(source: Source) -> Any:
    return source.table("host")["name"]


def _packages(source: Source) -> Any:
    if source.platform != "linux":
        return None
    status = source.text("/var/lib/dpkg/status")
    return [{"key": name, "version": version} for name, version in parse_status(status)]


def _users(source: Source) -> Any:
    if source.platform != "linux":
        return None
    return parse_users(source.text("/etc/passwd"), source.text("/etc/group"))


FACTS: dict[str, Callable[[Source], Any]] = {
    "hardware.system": _system, "hardware.cpu": _cpu, "hardware.memory": _memory, "hardware.disks": _disks,
    "network.hostname": _hostname, "network.interfaces": _interfaces, "os.release": _os, "os.kernel": _kernel,
    "software.packages": _packages, "users.local": _users,
}  # fmt: skip


def collect(source: Source, params: None, state: dict[str, Any]) -> Iterator[Fact]:
    """Yield every fact that this device gives; one that cannot be read is left out, not empty."""
    for name, read in FACTS.items():
        with suppress(CannotRead):
            if (value := read(source)) is not None:
                yield Fact(name, value)


def claims(source: Source) -> list[tuple[str, str]]:
    """Return what identifies the device as (kind, value): `serial`, `machine_id`, `mac`s, `hostname`."""
    system = _system(source) or {}
    found = [("serial", system.get("serial", "")), ("machine_id", _text(source, "/etc/machine-id").strip())]
    with suppress(CannotRead):
        found += [("mac", mac) for mac in _macs(source)]
    with suppress(CannotRead):
        found.append(("hostname", _hostname(source)))
    return [(kind, value) for kind, value in found if value]


def _macs(source: Source) -> list[str]:
    nics = source.table("net_addresses")
    physical = [entries for name, entries in nics.items() if _physical(source, name)]
    return sorted({usable_mac(e["address"]) for entries in physical for e in entries if e["family"] == "mac"})


def _physical(source: Source, name: str) -> bool:
    if source.platform != "linux":
        return not matches(name, VIRTUAL)
    try:
        return "device" in source.listing(f"{NICS}/{name}")
    except CannotRead:
        return False


check = Check(
    name="inventory",
    title=Text("Inventory", "Popis opreme i programa"),
    collect=collect,
    interval=6 * 3600,
    timeout=60,
)
