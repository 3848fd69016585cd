"""Reads the JSON of nvme-cli (`nvme list -o json`, `nvme smart-log -o json`) as if smartctl had written it.

Versions 1 and 2 write numbers as numbers, as floats or as texts, and drives flat or below their subsystems.
"""

import json
from collections.abc import Iterator
from typing import Any

from predvid.checks.readers.plain import number, records, text, within

KELVIN = 273  # nvme-cli gives whole kelvins, as the log page does (NVM Express base specification)
MOST = 256  # drives
MOST_DEPTH = 8
# Names of nvme-cli and of smartctl for the fields of the SMART / health information log.
_LOG = {
    "avail_spare": "available_spare", "spare_thresh": "available_spare_threshold",
    "percent_used": "percentage_used", "power_on_hours": "power_on_hours", "media_errors": "media_errors",
}  # fmt: skip


def outputs(words: str) -> list[str] | None:
    """Return the drives in an output of nvme-cli as JSON in smartctl's form; None for any other text."""
    try:
        tree = json.loads(words)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    if "critical_warning" in tree and ("avail_spare" in tree or "percent_used" in tree):
        return [json.dumps(_log(tree))]
    if isinstance(tree.get("Devices"), list):
        return [json.dumps(_drive(row)) for row in list(_drives(tree["Devices"], 0))[:MOST]]
    return None


def _base() -> dict[str, Any]:
    return {"smartctl": {"exit_status": 0}, "device": {"type": "nvme", "protocol": "NVMe"}}


def _log(tree: dict[str, Any]) -> dict[str, Any]:
    warned = tree.get("critical_warning")
    warned = within(warned, "value") if isinstance(warned, dict) else warned
    log: dict[str, Any] = {new: number(tree.get(old)) for old, new in _LOG.items()}
    warm = number(tree.get("temperature"))
    log["critical_warning"] = number(warned)
    log["temperature"] = warm - KELVIN if warm is not None and warm > KELVIN else None
    return _base() | {"nvme_smart_health_information_log": log}


def _drives(tree: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield every object that names a model and a serial number."""
    if depth > MOST_DEPTH:
        return
    for row in records(tree):
        if "ModelNumber" in row and "SerialNumber" in row:
            yield row
        else:
            for inner in row.values():
                if isinstance(inner, list):
                    yield from _drives(inner, depth + 1)


def _drive(row: dict[str, Any]) -> dict[str, Any]:
    sizes = [number(each.get("PhysicalSize")) for each in [row, *records(row.get("Namespaces"))]]
    known = [size for size in sizes if size]
    name = text(row.get("DevicePath")) or f"/dev/{text(row.get('Controller'))}"
    found = {
        "model_name": text(row.get("ModelNumber")),
        "serial_number": text(row.get("SerialNumber")),
        "firmware_version": text(row.get("Firmware")),
        "user_capacity": {"bytes": sum(known) if known else None},
    }
    base = _base()
    base["device"]["name"] = name
    return base | found
