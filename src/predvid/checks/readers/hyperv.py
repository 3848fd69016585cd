"""Virtual machines of Hyper-V, from two classes of root/virtualization/v2.

Source: learn.microsoft.com/windows/win32/hyperv_v2/msvm-computersystem (EnabledState 2 runs,
ReplicationHealth, ReplicationMode) and msvm-virtualsystemsettingdata (AutomaticStartupAction,
VirtualSystemType, CreationTime).
"""

import re
from datetime import UTC, datetime
from typing import Any

from predvid.checks.readers.guests import Guest
from predvid.checks.readers.plain import records, text

SERVICE = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/vmms"
SYSTEMS = (
    "root/virtualization/v2:Msvm_ComputerSystem"
    " Name,ElementName,EnabledState,ReplicationHealth,ReplicationMode,ReplicationState"
)
SETTINGS = (
    "root/virtualization/v2:Msvm_VirtualSystemSettingData"
    " VirtualSystemIdentifier,VirtualSystemType,AutomaticStartupAction,CreationTime"
)
_GUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$", re.IGNORECASE)
RUNS = (2, 4, 10)  # Enabled, Shutting Down, Starting
ALWAYS_START = 4
REPLICA = 2  # ReplicationMode: the copy itself, switched off until it is needed
_HEALTH = {1: 0, 2: 1, 3: 2}  # Ok, Warning, Critical


def guests(systems: Any, settings: Any) -> list[Guest]:
    """Return the guests by name; the host has no GUID for a name, and copies of another host are left out."""
    auto, oldest = _settings(settings)
    found: dict[str, Guest] = {}
    for row in records(systems):
        number = text(row.get("Name")).upper()
        name = text(row.get("ElementName")) or number
        if not _GUID.match(number) or row.get("ReplicationMode") == REPLICA:
            continue
        name = f"{name} ({number[:8]})" if name in found else name
        health = row.get("ReplicationHealth")
        found[name] = Guest(
            name,
            row.get("EnabledState") in RUNS,
            number in auto,
            oldest.get(number),
            _HEALTH.get(health) if isinstance(health, int) else None,
        )
    return [found[name] for name in sorted(found)]


def _settings(rows: Any) -> tuple[set[str], dict[str, float]]:
    """Return who is always started, and when the oldest checkpoint of each guest was made."""
    auto, oldest = set[str](), dict[str, float]()
    for row in records(rows):
        number, kind = text(row.get("VirtualSystemIdentifier")).upper(), text(row.get("VirtualSystemType"))
        if kind.endswith(":System:Realized") and row.get("AutomaticStartupAction") == ALWAYS_START:
            auto.add(number)
        if ":Snapshot:" in kind and ":Replica" not in kind and (made := _moment(row)) is not None:
            oldest[number] = min(made, oldest.get(number, made))
    return auto, oldest


def _moment(row: dict[str, Any]) -> float | None:
    try:
        moment = datetime.fromisoformat(str(row.get("CreationTime")))
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
