"""Reads the battery report of `powercfg /batteryreport /xml` as the WMI classes that say the same.

Schema: http://schemas.microsoft.com/battery/2012.
"""

from typing import Any
from xml.etree import ElementTree

SPACE = "{http://schemas.microsoft.com/battery/2012}"


def parse_report(text: str) -> dict[str, list[dict[str, Any]]] | None:
    """Return {class of WMI: instances} of a battery report, None where `text` is none."""
    if "schemas.microsoft.com/battery" not in text[:4000] or "<!" in text:
        return None
    try:
        root = ElementTree.fromstring(text.encode())  # noqa: S314 - one that declares entities was refused
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None

    def said(parent: ElementTree.Element | None, name: str) -> str:
        return (parent.findtext(f"{SPACE}{name}") or "").strip() if parent is not None else ""

    system = root.find(f"{SPACE}SystemInformation")
    date = said(system, "BIOSDate").split("/")
    made = f"{date[2]}-{date[0]}-{date[1]}" if len(date) == 3 else ""
    batteries = root.findall(f"{SPACE}Batteries/{SPACE}Battery")
    return {
        "Win32_ComputerSystem": [{
            "Name": said(system, "ComputerName"),
            "Manufacturer": said(system, "SystemManufacturer"),
            "Model": said(system, "SystemProductName"),
        }],
        "Win32_BIOS": [{"SMBIOSBIOSVersion": said(system, "BIOSVersion"), "ReleaseDate": made}],
        "BatteryStaticData": [
            {
                "InstanceName": str(number),
                "DeviceName": said(battery, "Id"),
                "ManufactureName": said(battery, "Manufacturer"),
                "SerialNumber": said(battery, "SerialNumber"),
                "Chemistry": said(battery, "Chemistry"),
                "DesignedCapacity": said(battery, "DesignCapacity"),
            }
            for number, battery in enumerate(batteries[:20])
        ],
    }  # fmt: skip
