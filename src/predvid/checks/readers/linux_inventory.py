"""All facts of the inventory of a Linux device, by name: from /sys, /proc and /etc, and lsblk for disks."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.readers import smbios
from predvid.checks.readers.edid import parse_edid
from predvid.checks.readers.identity import meaningful, usable_mac
from predvid.checks.readers.keyed import keyed
from predvid.checks.readers.machines import usable_uuid, virtual_kind
from predvid.checks.readers.nics import VIRTUAL, matches
from predvid.checks.readers.os_files import (
    parse_cpu_model,
    parse_os_release,
    parse_temporary_addresses,
    parse_users,
)
from predvid.checks.readers.plain import text as tidy
from predvid.checks.readers.plain import whole
from predvid.checks.source import Source

DMI = "/sys/class/dmi/id"
TABLE = "/sys/firmware/dmi/tables/DMI"
LSBLK = ("lsblk", "--json", "--bytes", "--nodeps", "--output", "NAME,TYPE,SIZE,MODEL,SERIAL,ROTA,TRAN")
USB = "/sys/bus/usb/devices"
SCREENS = "/sys/class/drm"
PRINTERS = "/etc/cups/printers.conf"
ROUTES, RESOLVER = "/proc/net/route", "/etc/resolv.conf"
_SCREEN = re.compile(r"card\d+-[\w-]+", re.ASCII)
_DISPLAY = ("0x030000", "0x030200", "0x038000")  # PCI class codes: VGA, 3D and other display controllers
PCI = "/sys/bus/pci/devices"
PCI_MAKERS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel", "0x1a03": "ASPEED", "0x102b": "Matrox",
              "0x15ad": "VMware", "0x1234": "QEMU", "0x1af4": "Red Hat (virtio)", "0x80ee": "VirtualBox",
              "0x1414": "Microsoft", "0x1b36": "Red Hat (QXL)"}  # fmt: skip


def read(source: Source, path: str) -> str:
    """Return a file's text, or nothing where it cannot be read: inventory takes what it gets."""
    try:
        return source.text(path)
    except CannotRead:
        return ""


def names(source: Source, path: str) -> list[str]:
    """Return the names in a folder, none where it cannot be read."""
    try:
        return source.listing(path)
    except CannotRead:
        return []


def content(source: Source, path: str) -> bytes:
    """Return a file's bytes, none where they cannot be read."""
    try:
        return base64.b64decode(str(source.query("bytes", path)), validate=True)
    except (CannotRead, ValueError):
        return b""


def _table(source: Source) -> dict[str, Any]:
    return smbios.parse_table(content(source, TABLE))


def system(source: Source) -> Any:
    """Return maker, model and serial number, from the firmware's table, /sys/class/dmi or device tree."""
    found = {name: meaningful(read(source, f"{DMI}/{file}")) for name, file in (
        ("vendor", "sys_vendor"), ("model", "product_name"), ("serial", "product_serial"))}  # fmt: skip
    table = _table(source).get("system") or {}
    if not any(found.values()) and not table:
        found["model"] = meaningful(read(source, "/proc/device-tree/model"))
        found["serial"] = meaningful(read(source, "/proc/device-tree/serial-number"))
    found = {name: value or table.get(name, "") for name, value in found.items()}
    more = {name: table[name] for name in ("family", "sku", "asset_tag", "chassis") if table.get(name)}
    uuid = usable_uuid(read(source, f"{DMI}/product_uuid")) or usable_uuid(table.get("uuid", ""))
    kind = virtual_kind(found["vendor"], found["model"])
    more |= {name: value for name, value in (("uuid", uuid), ("virtual", kind)) if value}
    return {**found, **more} if any(found.values()) or more else None


def bios(source: Source) -> Any:
    """Return maker, version and date of the firmware."""
    if table := _table(source).get("bios"):
        return table
    found = {name: meaningful(read(source, f"{DMI}/bios_{name}")) for name in ("vendor", "version", "date")}
    return found if any(found.values()) else None


def board(source: Source) -> Any:
    """Return maker, model, version and serial number of the main board."""
    files = (("vendor", "vendor"), ("model", "name"), ("version", "version"), ("serial", "serial"))
    found = {name: meaningful(read(source, f"{DMI}/board_{file}")) for name, file in files}
    table = _table(source).get("board") or {}
    found = {name: value or table.get(name, "") for name, value in found.items()}
    return found if any(found.values()) else None


def cpu(source: Source) -> Any:
    """Return the processor's model, cores and threads; sockets and speed as the firmware tells them."""
    cores = source.table("cpu")
    model = parse_cpu_model(read(source, "/proc/cpuinfo"))
    return {
        "model": model,
        "cores": cores["physical"],
        "threads": cores["logical"],
        **_table(source).get("cpu", {}),
    }


def memory(source: Source) -> Any:
    """Return the memory that the system has, the slots and how much the board takes; bytes."""
    return {"total_bytes": source.table("memory")["total"], **_table(source).get("memory", {})}


def modules(source: Source) -> Any:
    """Return one row for each memory module."""
    return keyed(_table(source).get("memory_modules", [])) or None


def batteries(source: Source) -> Any:
    """Return one row for each battery that the firmware knows."""
    return keyed(_table(source).get("batteries", [])) or None


def disks(source: Source) -> Any:
    """Return one row for each disk."""
    try:
        devices = json.loads(source.run(*LSBLK))["blockdevices"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    found = []
    for disk in devices if isinstance(devices, list) else []:
        name = tidy(disk.get("name")) if isinstance(disk, dict) and disk.get("type") == "disk" else ""
        if not name or not disk.get("size") or name.startswith(("zram", "ram", "nbd")):
            continue
        serial = meaningful(tidy(disk.get("serial")))
        found.append({
            "key": serial or name,
            "name": name,
            "size_bytes": whole(disk["size"]),
            "model": tidy(disk.get("model")),
            "serial": serial,
            "rotational": bool(disk.get("rota")),
            "transport": tidy(disk.get("tran")),
        })  # fmt: skip
    return keyed(found)


def volumes(source: Source) -> Any:
    """Return one row for each file system on a disk: mount, device, type and size."""
    found = [
        {
            "key": tidy(row.get("mount")),
            "device": tidy(row.get("device")),
            "filesystem": tidy(row.get("type")),
            "size_bytes": whole(row.get("total")),
        }
        for row in source.table("filesystems")
        if not row.get("network") and row.get("total")
    ]
    return keyed(found) or None


def monitors(source: Source) -> Any:
    """Return one row for each screen that is plugged in, by its EDID."""
    found = []
    for connector in names(source, SCREENS)[:200]:
        if (
            not _SCREEN.fullmatch(connector)
            or read(source, f"{SCREENS}/{connector}/status").strip() != "connected"
        ):
            continue
        if screen := parse_edid(content(source, f"{SCREENS}/{connector}/edid")):
            name = screen["name"] or screen.pop("code")
            screen.pop("code", None)
            found.append({"key": f"{name} {screen['serial']}".strip(), **screen, "name": name})
    return keyed(found) or None


def video(source: Source) -> Any:
    """Return one row for each graphics device at PCI."""
    found = []
    for place in names(source, PCI)[:1000]:
        if read(source, f"{PCI}/{place}/class").strip() in _DISPLAY:
            vendor = read(source, f"{PCI}/{place}/vendor").strip()
            number = f"{vendor}:{read(source, f'{PCI}/{place}/device').strip()}".replace("0x", "")
            found.append(
                {
                    "key": number,
                    "vendor": PCI_MAKERS.get(vendor, ""),
                    "memory_bytes": _video_memory(source, place),
                }
            )
    return keyed(found) or None


def _video_memory(source: Source, place: str) -> int | None:
    """Return bytes; amdgpu alone tells them (mem_info_vram_total)."""
    return whole(read(source, f"{PCI}/{place}/mem_info_vram_total"))


def usb(source: Source) -> Any:
    """Return one row for each thing at USB, without hubs (device class 09)."""
    found = []
    for place in names(source, USB)[:500]:
        if ":" in place or place.startswith("usb"):
            continue
        held = {name: " ".join(read(source, f"{USB}/{place}/{name}").split())[:100] for name in (
            "idVendor", "idProduct", "product", "manufacturer", "serial", "bDeviceClass")}  # fmt: skip
        if held["idVendor"] and held["bDeviceClass"] != "09":
            serial = meaningful(held["serial"])
            key = f"{held['idVendor']}:{held['idProduct']} {serial}".strip()
            found.append(
                {"key": key, "name": held["product"], "vendor": held["manufacturer"], "serial": serial}
            )
    return keyed(found) or None


def printers(source: Source) -> Any:
    """Return one row for each queue of CUPS (printers.conf(5)): model, where it prints to, whether shared."""
    found: list[dict[str, Any]] = []
    for line in read(source, PRINTERS).splitlines():
        if begun := re.fullmatch(r"<(Default)?Printer ([^>\s]{1,128})>", line.strip()):
            row = {"key": begun[2], "model": "", "port": "", "shared": False, "default": bool(begun[1])}
            found.append(row)
        elif found:
            name, _, value = line.strip().partition(" ")
            found[-1] |= _printer_part(name, value)
    return keyed(found) or None


def _printer_part(name: str, value: str) -> dict[str, Any]:
    match name:
        case "MakeModel":
            return {"model": tidy(value)}
        case "DeviceURI":
            return {"port": re.sub(r"//[^/@]*@", "//", tidy(value))}  # a password may stand there
        case "Shared":
            return {"shared": value.strip().lower() == "yes"}
    return {}


def interfaces(source: Source) -> Any:
    """Return one row for each interface: mac, addresses, the gateway's, and the resolvers of the device."""
    temporary = parse_temporary_addresses(read(source, "/proc/net/if_inet6"))
    gateways = _gateways(read(source, ROUTES))
    found = []
    for name, entries in sorted(source.table("net_addresses").items()):
        if matches(name, VIRTUAL):
            continue
        mac = next((entry["address"] for entry in entries if entry["family"] == "mac"), "")
        row = {"key": name, "mac": usable_mac(mac), "addresses": lasting(entries, temporary)}
        found.append(row | ({"gateways": gateways[name]} if name in gateways else {}))
    return found


def lasting(entries: list[dict[str, str]], temporary: set[str]) -> list[str]:
    """Return the addresses that stay: neither of the link alone, nor those that change every day."""
    addresses = {entry["address"] for entry in entries if entry["family"] != "mac"} - temporary
    return sorted(address for address in addresses if not address.startswith("fe80:"))


def _gateways(text: str) -> dict[str, list[str]]:
    """Return {interface: default gateways} of /proc/net/route: hex, the lowest byte first."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines()[1:500]:
        fields = line.split()
        if len(fields) >= 4 and fields[1] == "00000000" and re.fullmatch(r"[0-9A-Fa-f]{8}", fields[2]):
            address = ".".join(str(byte) for byte in reversed(bytes.fromhex(fields[2])))
            if address != "0.0.0.0":  # noqa: S104 - compared, nothing is bound
                found.setdefault(fields[0], []).append(address)
    return {name: sorted(set(addresses)) for name, addresses in found.items()}


def resolvers(source: Source) -> Any:
    """Return the name servers of resolv.conf(5)."""
    lines = (line.split() for line in read(source, RESOLVER).splitlines()[:200])
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"][:10] or None


def release(source: Source) -> Any:
    """Return name, family, version and architecture of the system."""
    host = source.table("host")
    told = parse_os_release(read(source, "/etc/os-release"))
    return {
        "name": told.get("PRETTY_NAME") or f"{host['system']} {host['release']}".strip(),
        "id": told.get("ID") or source.platform,
        "version": told.get("VERSION_ID") or host["version"],
        "architecture": host["machine"],
    }


def users(source: Source) -> Any:
    """Return the local people."""
    return parse_users(source.text("/etc/passwd"), source.text("/etc/group"))


FACTS: dict[str, Callable[[Source], Any]] = {
    "hardware.system": system, "hardware.bios": bios, "hardware.board": board, "hardware.cpu": cpu,
    "hardware.memory": memory, "hardware.memory_modules": modules, "hardware.disks": disks,
    "hardware.volumes": volumes, "hardware.video": video, "hardware.monitors": monitors,
    "hardware.printers": printers, "hardware.usb": usb, "hardware.batteries": batteries,
    "network.hostname": lambda source: source.table("host")["name"], "network.interfaces": interfaces,
    "network.resolvers": resolvers, "os.release": release,
    "os.kernel": lambda source: source.table("host")["release"], "users.local": users,
}  # fmt: skip
