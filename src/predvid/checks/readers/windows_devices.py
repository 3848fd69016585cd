"""What hangs on a Windows device, by WMI and registry: disks, volumes, graphics, screens, printers, USB.

Classes and values: learn.microsoft.com/windows/win32/cimwin32prov, /wmicoreprov (WmiMonitorID) and
/previous-versions/windows/desktop/stormgmt (MSFT_PhysicalDisk).
"""

import re
from collections.abc import Iterator
from typing import Any

from predvid.checks.readers.edid import maker
from predvid.checks.readers.identity import meaningful
from predvid.checks.readers.keyed import keyed
from predvid.checks.readers.plain import text, whole
from predvid.checks.readers.windows_asking import number_of, rows, sub_keys, values
from predvid.checks.readers.windows_printing import is_virtual
from predvid.checks.source import Source

DRIVES = "Win32_DiskDrive DeviceID,Index,Model,SerialNumber,Size,InterfaceType,MediaType,FirmwareRevision"
PHYSICAL = (
    "root/microsoft/windows/storage:MSFT_PhysicalDisk DeviceId,FriendlyName,SerialNumber,MediaType,BusType,"
    "Size,SpindleSpeed,FirmwareVersion"
)
VOLUMES = "Win32_Volume DriveLetter,Name,Label,FileSystem,Capacity,DriveType,SerialNumber"
LOGICAL = "Win32_LogicalDisk DeviceID,DriveType,FileSystem,Size,VolumeName,VolumeSerialNumber"
VIDEO = "Win32_VideoController Name,AdapterCompatibility,AdapterRAM,DriverVersion,PNPDeviceID"
VIDEO_KEY = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Control/Class/{4d36e968-e325-11ce-bfc1-08002be10318}"
PRINTERS = "Win32_Printer Name,DriverName,PortName,Local,Network,Shared,Default"
BATTERIES = "root/wmi:BatteryStaticData DeviceName,ManufactureName,SerialNumber,DesignedCapacity,Chemistry"
MONITORS = (
    "root/wmi:WmiMonitorID ManufacturerName,ProductCodeID,SerialNumberID,UserFriendlyName,WeekOfManufacture,"
    "YearOfManufacture WHERE Active=TRUE"
)
USB = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Enum/USB"
USB_PRINTERS = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Enum/USBPRINT"
MOST_SEEN = 300
PLAIN_DEVICE = "Win32_PnPEntity"
DEVICES = "Win32_PnPEntity Name,DeviceID,Manufacturer,PNPClass"

_USB_ID = re.compile(
    r"USB\\VID_(?P<vendor>[0-9A-F]{4})&PID_(?P<product>[0-9A-F]{4})(?P<part>&MI_[0-9A-F]{2})?[^\\]*\\(?P<serial>.*)",
    re.ASCII,
)
_VIDEO_NUMBER = re.compile(r"\d{4}", re.ASCII)
_NOT_A_CARD = ("remote display", "basic display", "basic render", "mirror", "rdp")
# MSFT_PhysicalDisk BusType; Win32_DiskDrive knows less, and calls NVMe SCSI.
_BUSES = {1: "scsi", 3: "ata", 7: "usb", 8: "raid", 9: "iscsi", 10: "sas", 11: "sata", 12: "sd", 13: "mmc",
          14: "virtual", 15: "file", 16: "spaces", 17: "nvme"}  # fmt: skip


def ata_serial(serial: str) -> str:
    """Return a serial number as printed: Windows 7 and older gave it in hex, each two characters swapped."""
    if not re.fullmatch(r"[0-9a-fA-F]{40}", serial):
        return serial
    plain = bytes.fromhex(serial)
    if not all(32 <= byte < 127 for byte in plain):
        return serial
    swapped = bytes(plain[at ^ 1] for at in range(len(plain)))
    return " ".join(swapped.decode("ascii").split())


def disks(source: Source) -> Any:
    """Return one row for each disk: from Win32_DiskDrive, made exact by MSFT_PhysicalDisk."""
    exact = {text(row.get("DeviceId")): row for row in rows(source, PHYSICAL)}
    found = []
    for row in rows(source, DRIVES):
        known = exact.pop(text(row.get("Index")), {})
        found.append(_disk(f"PhysicalDrive{text(row.get('Index'))}", row, known))
    found += [_disk(f"PhysicalDisk{number}", {}, row) for number, row in exact.items()]
    return keyed([row for row in found if row]) or None


def _disk(name: str, drive: dict[str, Any], exact: dict[str, Any]) -> dict[str, Any]:
    serial = meaningful(text(exact.get("SerialNumber") or ata_serial(text(drive.get("SerialNumber")))))
    bus = whole(exact.get("BusType"))
    kind = whole(exact.get("MediaType"))
    return {
        "key": serial or name,
        "name": name,
        "size_bytes": whole(exact.get("Size")) or whole(drive.get("Size")),
        "model": text(drive.get("Model") or exact.get("FriendlyName")),
        "serial": serial,
        "firmware": text(exact.get("FirmwareVersion") or drive.get("FirmwareRevision")),
        "rotational": None if kind in (None, 0) else kind == 3,
        "transport": _BUSES.get(bus or 0) or text(drive.get("InterfaceType")).lower(),
    }


def volumes(source: Source) -> Any:
    """Return one row for each volume of a fixed disk: mount, label, file system, size, serial number."""
    found = []
    for row in rows(source, VOLUMES):
        if whole(row.get("DriveType")) == 3 and whole(row.get("Capacity")):
            mount = text(row.get("DriveLetter")) or text(row.get("Name"))
            hidden = "" if mount.startswith("\\\\?\\") else mount
            found.append(_volume(hidden or text(row.get("Label")) or mount, row, "Label", "Capacity"))
    for row in rows(source, LOGICAL) if not found else []:
        if whole(row.get("DriveType")) == 3:
            found.append(_volume(text(row.get("DeviceID")), row, "VolumeName", "Size"))
    return keyed(found) or None


def _volume(key: str, row: dict[str, Any], label: str, size: str) -> dict[str, Any]:
    number = text(row.get("VolumeSerialNumber"))
    if not number and (signed := whole(row.get("SerialNumber"))) is not None:
        number = f"{signed & 0xFFFFFFFF:08X}"
    return {
        "key": key,
        "label": text(row.get(label)),
        "filesystem": text(row.get("FileSystem")).lower(),
        "size_bytes": whole(row.get(size)),
        "serial": number,
    }


def video(source: Source) -> Any:
    """Return one row for each graphics card; memory over 4 GiB is told by the registry alone."""
    sizes, known = _video_sizes(source)
    cards = [row for row in rows(source, VIDEO) if not text(row.get("Name")).lower().startswith("microsoft ")]
    found = []
    for row in cards or known:
        name = text(row.get("Name"))
        if not name or any(word in name.lower() for word in _NOT_A_CARD):
            continue
        found.append({
            "key": name,
            "vendor": text(row.get("AdapterCompatibility")),
            "memory_bytes": sizes.get(name) or whole(row.get("AdapterRAM")),
            "driver": text(row.get("DriverVersion")),
        })  # fmt: skip
    return keyed(found) or None


def _video_sizes(source: Source) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Return {name: bytes} of the cards in the registry, and rows as VIDEO gives them."""
    sizes: dict[str, int] = {}
    cards: list[dict[str, Any]] = []
    for number in sub_keys(source, VIDEO_KEY):
        held = values(source, f"{VIDEO_KEY}/{number}") if _VIDEO_NUMBER.fullmatch(number) else {}
        name = text(held.get("DriverDesc"))
        if not name:
            continue
        size = number_of(held.get("HardwareInformation.qwMemorySize")) or number_of(
            held.get("HardwareInformation.MemorySize")
        )
        if size:
            sizes[name] = size
        if any(name == card["Name"] for card in cards):
            continue  # left behind by an older driver
        card = {
            "Name": name,
            "AdapterCompatibility": held.get("ProviderName"),
            "DriverVersion": held.get("DriverVersion"),
        }
        cards.append(card)
    return sizes, cards


def monitors(source: Source) -> Any:
    """Return one row for each screen in use: name, maker, serial number, week or year it was made in."""
    found = []
    for row in rows(source, MONITORS):
        vendor, product = _letters(row.get("ManufacturerName")), _letters(row.get("ProductCodeID"))
        serial = meaningful(_letters(row.get("SerialNumberID")))
        name = _letters(row.get("UserFriendlyName")) or f"{vendor} {product}".strip()
        if name:
            key = f"{name} {serial}".strip()
            found.append(
                {"key": key, "name": name, "vendor": maker(vendor), "serial": serial, "made": _made(row)}
            )
    return keyed(found) or None


def _letters(codes: Any) -> str:
    """Return the text that WmiMonitorID gives as a list of character codes, ended by zeros."""
    if not isinstance(codes, list):
        return ""
    letters = (whole(code) or 0 for code in codes[:64])
    return text("".join(chr(code) for code in letters if 32 <= code < 0xD800))


def _made(row: dict[str, Any]) -> str:
    week, year = whole(row.get("WeekOfManufacture")) or 0, whole(row.get("YearOfManufacture")) or 0
    if not 1990 <= year <= 2200:
        return ""
    return f"{year}-W{week:02}" if 1 <= week <= 53 else str(year)


def printers(source: Source) -> Any:
    """Return one row for each printer: driver, port, shared, in the network, the default, its serial."""
    serials = _printer_serials(source)
    found = []
    for row in rows(source, PRINTERS):
        name, port = text(row.get("Name")), text(row.get("PortName"))
        if not name or is_virtual(name, port):
            continue
        found.append({
            "key": name,
            "model": text(row.get("DriverName")),
            "port": port,
            "network": row.get("Network") is True,
            "shared": row.get("Shared") is True,
            "default": row.get("Default") is True,
            "serial": serials.get(port.upper(), ""),
        })  # fmt: skip
    return keyed(found) or None


def _printer_serials(source: Source) -> dict[str, str]:
    """Return {port: serial number} of printers at USB: a printer's parent is the USB device it hangs on."""
    parents: dict[str, str] = {}
    for _, serial, held in usb_entries(source):
        if meaningful(serial) and "&" not in serial:
            parents |= {text(held.get(name)).lower(): serial for name in ("ParentIdPrefix", "ContainerID")}
    parents.pop("", None)
    found = {}
    for model, instance in _pairs(source, USB_PRINTERS):
        key = f"{USB_PRINTERS}/{model}/{instance}"
        port = text(values(source, f"{key}/Device Parameters").get("PortName")).upper()
        container = text(values(source, key).get("ContainerID")).lower()
        known = parents.get("&".join(instance.lower().split("&")[:3])) or parents.get(container)
        if port and known:
            found[port] = known
    return found


def usb_printers(source: Source) -> Any:
    """Return one row for each printer that ever hung on this device's USB: maker and port."""
    found = []
    for model, instance in _pairs(source, USB_PRINTERS):
        key = f"{USB_PRINTERS}/{model}/{instance}"
        held = values(source, key)
        port = text(values(source, f"{key}/Device Parameters").get("PortName"))
        name = readable(held.get("DeviceDesc")) or model.replace("_", " ")
        found.append({"key": f"{name} {port}".strip(), "vendor": readable(held.get("Mfg")), "port": port})
    return keyed(found) or None


def usb(source: Source) -> Any:
    """Return one row for each thing at USB now, without hubs and the parts of a composite device."""
    found = {}
    for row in rows(source, DEVICES):
        ids = _USB_ID.match(text(row.get("DeviceID")).upper())
        if ids and _whole_device(ids):
            found[text(row.get("DeviceID")).upper()] = usb_row(
                ids, text(row.get("Name")), readable(row.get("Manufacturer"))
            )
    return keyed(list(found.values())) or None


def usb_seen(source: Source) -> Any:
    """Return one row for each thing that was ever at USB, as the registry remembers it."""
    found = []
    for device, serial, held in usb_entries(source):
        ids = _USB_ID.match(f"USB\\{device}\\{serial}".upper())
        if ids and _whole_device(ids):
            found.append(usb_row(ids, readable(held.get("DeviceDesc")), readable(held.get("Mfg"))))
    return keyed(found) or None


def _whole_device(ids: re.Match[str]) -> bool:
    return not ids["part"] and ids["vendor"] != "0000"


def usb_row(ids: re.Match[str], name: str, vendor: str) -> dict[str, Any]:
    """Return the row of one USB device; a serial number with an ampersand was made up by Windows."""
    serial = "" if "&" in ids["serial"] else meaningful(ids["serial"])
    number = f"{ids['vendor']}:{ids['product']}".lower()
    return {"key": f"{number} {serial}".strip(), "name": name, "vendor": vendor, "serial": serial}


def usb_entries(source: Source) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (device, serial, values) of what the registry knows of USB."""
    for device, serial in _pairs(source, USB):
        yield device, serial, values(source, f"{USB}/{device}/{serial}")


def _pairs(source: Source, path: str) -> list[tuple[str, str]]:
    devices = sub_keys(source, path)[:MOST_SEEN]
    return [(device, one) for device in devices for one in sub_keys(source, f"{path}/{device}")[:MOST_SEEN]]


def readable(value: Any) -> str:
    """Return the words of a registry text that may point into a file first: `@usb.inf,%x%;USB hub`."""
    found = text(value)
    found = found.rpartition(";")[2] if found.startswith("@") else found
    return found[1:-1] if found.startswith("(") and found.endswith(")") else found


def batteries(source: Source) -> Any:
    """Return one row for each battery: maker, serial number, chemistry, and the mWh it was made for."""
    found = []
    for row in rows(source, BATTERIES):
        name, serial = text(row.get("DeviceName")), meaningful(text(row.get("SerialNumber")))
        found.append({
            "key": f"{name} {serial}".strip(),
            "name": name,
            "vendor": text(row.get("ManufactureName")),
            "serial": serial,
            "chemistry": _chemistry(row.get("Chemistry")),
            "design_mwh": whole(row.get("DesignedCapacity")),
        })  # fmt: skip
    return keyed([row for row in found if row["key"] or row["design_mwh"]]) or None


def _chemistry(value: Any) -> str:
    """Return the four letters that BATTERY_INFORMATION keeps in one number, the first in the lowest byte."""
    number = whole(value)
    if number is None or not 0 < number < 1 << 32 or (isinstance(value, str) and not value.isdecimal()):
        return text(value)
    return "".join(chr(byte) for byte in number.to_bytes(4, "little") if 32 < byte < 127)
