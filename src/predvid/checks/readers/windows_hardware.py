"""The machine that Windows runs on, from WMI: system, firmware, board, processor, memory modules.

Classes and values: learn.microsoft.com/windows/win32/cimwin32prov.
"""

from typing import Any

from predvid.checks.readers.identity import meaningful
from predvid.checks.readers.keyed import keyed, told
from predvid.checks.readers.machines import usable_uuid, virtual_kind
from predvid.checks.readers.plain import text, whole
from predvid.checks.readers.smbios_words import CHASSIS, MEMORY_TYPES
from predvid.checks.readers.windows_asking import first, rows
from predvid.checks.source import Source

COMPUTER = (
    "Win32_ComputerSystem Name,Manufacturer,Model,SystemFamily,SystemSKUNumber,TotalPhysicalMemory,"
    "PartOfDomain,Domain,Workgroup,DomainRole,UserName,NumberOfProcessors,NumberOfLogicalProcessors"
)
PRODUCT = "Win32_ComputerSystemProduct Vendor,Name,IdentifyingNumber,UUID"
BIOS = "Win32_BIOS Manufacturer,SMBIOSBIOSVersion,ReleaseDate,SerialNumber"
BOARD = "Win32_BaseBoard Manufacturer,Product,SerialNumber,Version"
ENCLOSURE = "Win32_SystemEnclosure ChassisTypes,SerialNumber,SMBIOSAssetTag"
PROCESSORS = "Win32_Processor Name,NumberOfCores,NumberOfLogicalProcessors,SocketDesignation,MaxClockSpeed"
MODULES = (
    "Win32_PhysicalMemory DeviceLocator,BankLabel,Capacity,SMBIOSMemoryType,MemoryType,FormFactor,Speed,"
    "Manufacturer,PartNumber,SerialNumber"
)
MEMORY_ARRAY = "Win32_PhysicalMemoryArray MemoryDevices,MaxCapacity,Use"
# Win32_PhysicalMemory FormFactor has numbers of its own, unlike SMBIOS.
_FORM_FACTORS = {7: "SIMM", 8: "DIMM", 11: "RIMM", 12: "SODIMM", 13: "SRIMM"}


def system(source: Source) -> Any:
    """Return maker, model, serial number, UUID, kind of case and, in a virtual machine, its host's kind."""
    computer, product = first(source, COMPUTER), first(source, PRODUCT)
    bios, case = first(source, BIOS), first(source, ENCLOSURE)
    serial = meaningful(text(product.get("IdentifyingNumber"))) or meaningful(text(bios.get("SerialNumber")))
    vendor = meaningful(text(computer.get("Manufacturer") or product.get("Vendor")))
    model = meaningful(text(computer.get("Model") or product.get("Name")))
    kinds = case.get("ChassisTypes")
    kind = whole(kinds[0]) if isinstance(kinds, list) and kinds else None
    return told({
        "vendor": vendor,
        "model": model,
        "serial": serial or meaningful(text(case.get("SerialNumber"))),
        "family": meaningful(text(computer.get("SystemFamily"))),
        "sku": meaningful(text(computer.get("SystemSKUNumber"))),
        "uuid": usable_uuid(text(product.get("UUID"))),
        "asset_tag": meaningful(text(case.get("SMBIOSAssetTag"))),
        "chassis": CHASSIS.get((kind or 0) & 0x7F, ""),
        "virtual": virtual_kind(vendor, model),
    })  # fmt: skip


def bios(source: Source) -> Any:
    """Return maker, version and date of the firmware."""
    row = first(source, BIOS)
    return told({
        "vendor": text(row.get("Manufacturer")),
        "version": text(row.get("SMBIOSBIOSVersion")),
        "date": text(row.get("ReleaseDate"))[:10],
    })  # fmt: skip


def board(source: Source) -> Any:
    """Return maker, model, version and serial number of the main board."""
    row = first(source, BOARD)
    return told({
        "vendor": meaningful(text(row.get("Manufacturer"))),
        "model": meaningful(text(row.get("Product"))),
        "version": meaningful(text(row.get("Version"))),
        "serial": meaningful(text(row.get("SerialNumber"))),
    })  # fmt: skip


def cpu(source: Source) -> Any:
    """Return the processor's model, sockets, cores and threads of all sockets, and its clock in MHz."""
    found = rows(source, PROCESSORS)
    if not found:
        return None
    cores = [whole(row.get("NumberOfCores")) or 0 for row in found]
    threads = [whole(row.get("NumberOfLogicalProcessors")) or 0 for row in found]
    return {
        "model": text(found[0].get("Name")),
        "cores": sum(cores) or None,
        "threads": sum(threads) or None,
        "sockets": len(found),
        "socket": meaningful(text(found[0].get("SocketDesignation"))),
        "mhz": whole(found[0].get("MaxClockSpeed")),
    }


def memory(source: Source) -> Any:
    """Return the memory that Windows has, the slots, and how much the board takes; bytes."""
    arrays = [row for row in rows(source, MEMORY_ARRAY) if whole(row.get("Use")) in (None, 3)]
    most = sum(whole(row.get("MaxCapacity")) or 0 for row in arrays) << 10
    slots = sum(whole(row.get("MemoryDevices")) or 0 for row in arrays)
    total = whole(first(source, COMPUTER).get("TotalPhysicalMemory"))
    return told({"total_bytes": total, "slots": slots or None, "most_bytes": most or None})


def modules(source: Source) -> Any:
    """Return one row for each memory module: slot, size, type, speed in MHz, maker, part, serial number."""
    found = []
    for row in rows(source, MODULES):
        kind = whole(row.get("SMBIOSMemoryType")) or 0
        slot = " ".join(
            dict.fromkeys(filter(None, (text(row.get("BankLabel")), text(row.get("DeviceLocator")))))
        )
        found.append({
            "key": slot,
            "size_bytes": whole(row.get("Capacity")),
            "type": MEMORY_TYPES.get(kind, ""),
            "form": _FORM_FACTORS.get(whole(row.get("FormFactor")) or 0, ""),
            "speed_mhz": whole(row.get("Speed")),
            "vendor": meaningful(text(row.get("Manufacturer"))),
            "model": meaningful(text(row.get("PartNumber"))),
            "serial": meaningful(text(row.get("SerialNumber"))),
        })  # fmt: skip
    return keyed(found) or None
