"""All facts of the inventory of a Mac, by name, from one run of system_profiler(8) in JSON."""

import json
import re
from collections.abc import Callable
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.readers.edid import maker
from predvid.checks.readers.identity import meaningful, usable_mac
from predvid.checks.readers.keyed import keyed, told
from predvid.checks.readers.linux_inventory import lasting
from predvid.checks.readers.machines import usable_uuid, virtual_kind
from predvid.checks.readers.nics import MACOS, matches
from predvid.checks.readers.plain import records, text, whole
from predvid.checks.source import Source

PROFILE = (
    "system_profiler", "-json", "-detailLevel", "mini", "SPHardwareDataType", "SPSoftwareDataType",
    "SPMemoryDataType", "SPStorageDataType", "SPNVMeDataType", "SPSerialATADataType", "SPDisplaysDataType",
    "SPUSBDataType", "SPNetworkDataType", "SPPrintersDataType", "SPPowerDataType",
)  # fmt: skip
_SIZE = re.compile(r"([\d.,]+)\s*(KB|MB|GB|TB)")
_KINDS = {"airport": "wifi", "ieee80211": "wifi"}
_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


class Mac:
    """What system_profiler told: asked once, for all facts."""

    def __init__(self, source: Source) -> None:
        self.source = source
        try:
            parsed = json.loads(source.run(*PROFILE, timeout=60))
        except (CannotRead, ValueError, RecursionError):
            parsed = {}
        self._kinds: dict[str, Any] = parsed if isinstance(parsed, dict) else {}

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Return the rows of a data type."""
        return records(self._kinds.get(f"SP{kind}DataType"))

    def first(self, kind: str) -> dict[str, Any]:
        """Return the first row of a data type, or an empty one."""
        return next(iter(self.rows(kind)), {})

    def table(self, name: str) -> Any:
        """Return a table of the system, an empty one where there is none."""
        try:
            found = self.source.table(name)
        except CannotRead:
            return {}
        return found if isinstance(found, dict) else {}


def size(value: Any) -> int | None:
    """Return bytes of a size as system_profiler words it: `16 GB`, `16384 MB`."""
    found = _SIZE.search(text(value).upper())
    if not found:
        return None
    try:
        return int(float(found[1].replace(",", ".")) * _UNITS[found[2]])
    except (ValueError, OverflowError):
        return None


def _system(mac: Mac) -> Any:
    row = mac.first("Hardware")
    model = text(row.get("machine_model"))
    found = {
        "vendor": "Apple",
        "model": model,
        "serial": meaningful(text(row.get("serial_number"))),
        "family": text(row.get("machine_name")),
        "sku": text(row.get("model_number")),
        "uuid": usable_uuid(text(row.get("platform_UUID"))),
        "virtual": virtual_kind("Apple", "apple virtual" if model.startswith("VirtualMac") else model),
    }
    return found if row else None


def _bios(mac: Mac) -> Any:
    version = text(mac.first("Hardware").get("boot_rom_version"))
    return {"vendor": "Apple", "version": version, "date": ""} if version else None


def _cpu(mac: Mac) -> Any:
    row, cores = mac.first("Hardware"), mac.table("cpu")
    model = text(row.get("chip_type") or row.get("cpu_type"))
    return {"model": model, "cores": whole(cores.get("physical")), "threads": whole(cores.get("logical"))}


def _memory(mac: Mac) -> Any:
    total = whole(mac.table("memory").get("total")) or size(mac.first("Hardware").get("physical_memory"))
    return {"total_bytes": total} if total else None


def _modules(mac: Mac) -> Any:
    found = []
    for row in mac.rows("Memory"):
        for part in records(row.get("_items")) or [row]:
            capacity = size(part.get("dimm_size") or part.get("SPMemoryDataType"))
            if capacity:
                found.append({
                    "key": text(part.get("_name")) or "memory",
                    "size_bytes": capacity,
                    "type": text(part.get("dimm_type")),
                    "speed_mhz": whole(text(part.get("dimm_speed")).partition(" ")[0]),
                    "vendor": meaningful(text(part.get("dimm_manufacturer"))),
                    "model": meaningful(text(part.get("dimm_part_number"))),
                    "serial": meaningful(text(part.get("dimm_serial_number"))),
                })  # fmt: skip
    return keyed(found) or None


def _disks(mac: Mac) -> Any:
    found = []
    for kind, transport in (("NVMe", "nvme"), ("SerialATA", "sata")):
        for controller in mac.rows(kind):
            for row in records(controller.get("_items")):
                serial = meaningful(text(row.get("device_serial")))
                name = text(row.get("bsd_name"))
                found.append({
                    "key": serial or name,
                    "name": name,
                    "size_bytes": whole(row.get("size_in_bytes")) or size(row.get("size")),
                    "model": text(row.get("device_model") or row.get("_name")),
                    "serial": serial,
                    "firmware": text(row.get("device_revision")),
                    "rotational": text(row.get("spsata_medium_type")).lower() == "rotational",
                    "transport": transport,
                })  # fmt: skip
    return keyed([row for row in found if row["key"]]) or None


def _volumes(mac: Mac) -> Any:
    found = [
        {
            "key": text(row.get("mount_point")),
            "label": text(row.get("_name")),
            "filesystem": text(row.get("file_system")).lower(),
            "size_bytes": whole(row.get("size_in_bytes")),
        }
        for row in mac.rows("Storage")
        if text(row.get("mount_point"))
    ]
    return keyed(found) or None


def _video(mac: Mac) -> Any:
    found = [
        {
            "key": text(row.get("sppci_model") or row.get("_name")),
            "vendor": text(row.get("spdisplays_vendor")).removeprefix("sppci_vendor_"),
            "memory_bytes": size(row.get("spdisplays_vram") or row.get("_spdisplays_vram")),
        }
        for row in mac.rows("Displays")
    ]
    return keyed([row for row in found if row["key"]]) or None


def _monitors(mac: Mac) -> Any:
    found = []
    for card in mac.rows("Displays"):
        for row in records(card.get("spdisplays_ndrvs")):
            name = text(row.get("_name"))
            serial = meaningful(text(row.get("_spdisplays_display-serial-number")))
            if name:
                made = _made(row)
                vendor = _vendor(text(row.get("_spdisplays_display-vendor-id")))
                key = f"{name} {serial}".strip()
                found.append({"key": key, "name": name, "vendor": vendor, "serial": serial, "made": made})
    return keyed(found) or None


def _vendor(number: str) -> str:
    """Return the maker of a screen from the three letters that its number packs (EDID, bytes 8 and 9)."""
    if not re.fullmatch(r"[0-9a-f]{1,4}", number):
        return ""
    packed = int(number, 16)
    letters = "".join(chr(64 + (packed >> shift & 31)) for shift in (10, 5, 0))
    return maker(letters) if letters.isalpha() else ""


def _made(row: dict[str, Any]) -> str:
    year, week = whole(row.get("_spdisplays_display-year")), whole(row.get("_spdisplays_display-week"))
    if not year or not 1990 <= year <= 2200:
        return ""
    return f"{year}-W{week:02}" if week and 1 <= week <= 53 else str(year)


def _usb(mac: Mac) -> Any:
    found: list[dict[str, Any]] = []
    waiting = mac.rows("USB")
    while waiting and len(found) < 500:
        row = waiting.pop()
        waiting += records(row.get("_items"))[:200]
        vendor, product = _hex(row.get("vendor_id")), _hex(row.get("product_id"))
        if vendor and product and "hub" not in text(row.get("_name")).lower():
            serial = meaningful(text(row.get("serial_num")))
            key = f"{vendor}:{product} {serial}".strip()
            found.append(
                {
                    "key": key,
                    "name": text(row.get("_name")),
                    "vendor": text(row.get("manufacturer")),
                    "serial": serial,
                }
            )
    return keyed(found) or None


def _hex(value: Any) -> str:
    """Return four digits of a number: `0x05ac (Apple Inc.)`; Apple itself is `apple_vendor_id`."""
    if text(value) == "apple_vendor_id":
        return "05ac"
    found = re.match(r"0x([0-9a-fA-F]{4})\b", text(value))
    return found[1].lower() if found else ""


def _printers(mac: Mac) -> Any:
    found = [
        {
            "key": text(row.get("_name")),
            "model": text(row.get("ppd")),
            "port": re.sub(r"//[^/@]*@", "//", text(row.get("uri"))),
            "shared": text(row.get("shared")) == "yes",
            "default": text(row.get("default")) == "yes",
        }
        for row in mac.rows("Printers")
        if text(row.get("_name")) and text(row.get("uri"))
    ]
    return keyed(found) or None


def _batteries(mac: Mac) -> Any:
    for row in mac.rows("Power"):
        held = row.get("sppower_battery_model_info")
        if isinstance(held, dict):
            serial, name = (
                meaningful(text(held.get("sppower_battery_serial_number"))),
                text(held.get("sppower_battery_device_name")),
            )
            vendor = text(held.get("sppower_battery_manufacturer"))
            return [
                {
                    "key": f"{name} {serial}".strip() or "battery",
                    "name": name,
                    "vendor": vendor,
                    "serial": serial,
                }
            ]
    return None


def _interfaces(mac: Mac) -> Any:
    services = {text(row.get("interface")): row for row in mac.rows("Network")}
    found = []
    for name, entries in sorted(mac.table("net_addresses").items()):
        if matches(name, MACOS):
            continue
        row = services.get(name) or {}
        address = next((entry["address"] for entry in entries if entry["family"] == "mac"), "")
        kept = {"key": name, "mac": usable_mac(address), "addresses": lasting(entries, set())}
        found.append(kept | _service(row))
    return found or None


def _service(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a network service tells beyond its addresses."""
    four, resolver = row.get("IPv4"), row.get("DNS")
    method = text(four.get("ConfigMethod")) if isinstance(four, dict) else ""
    servers = resolver.get("ServerAddresses") if isinstance(resolver, dict) else None
    router = text(four.get("Router")) if isinstance(four, dict) else ""
    kind = text(row.get("type")).lower()
    more: dict[str, Any] = {"model": text(row.get("hardware")), "kind": _KINDS.get(kind, kind)}
    more["dhcp"] = method == "DHCP" if method else None
    more["dns"] = [text(one) for one in servers[:10]] if isinstance(servers, list) else []
    more["gateways"] = [router] if router else []
    return more if row else {}


def _release(mac: Mac) -> Any:
    host, row = mac.table("host"), mac.first("Software")
    name, _, build = text(row.get("os_version")).partition(" (")
    version = re.search(r"\d+(?:\.\d+)*", name)
    return told({
        "name": name or f"{text(host.get('system'))} {text(host.get('release'))}".strip(),
        "id": "macos",
        "version": version[0] if version else text(host.get("version")),
        "architecture": text(host.get("machine")),
        "release": build.removesuffix(")"),
    })  # fmt: skip


FACTS: dict[str, Callable[[Mac], Any]] = {
    "hardware.system": _system, "hardware.bios": _bios, "hardware.cpu": _cpu, "hardware.memory": _memory,
    "hardware.memory_modules": _modules, "hardware.disks": _disks, "hardware.volumes": _volumes,
    "hardware.video": _video, "hardware.monitors": _monitors, "hardware.printers": _printers,
    "hardware.usb": _usb, "hardware.batteries": _batteries,
    "network.hostname": lambda mac: text(mac.table("host").get("name")) or None,
    "network.interfaces": _interfaces, "os.release": _release,
    "os.kernel": lambda mac: text(mac.table("host").get("release")) or None,
}  # fmt: skip
