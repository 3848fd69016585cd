"""Reads one drive from the JSON of `smartctl -a -j` (json_format_version 1.0, smartctl 6.6 to 7.x)."""

import re
from typing import Any

from predvid.checks.readers.smartctl_drive import Attribute, Drive, of_attributes, whole_number

_PROTOCOLS = {"ata": "ATA", "nvme": "NVMe", "scsi": "SCSI"}
_BLOCKS = (("nvme_smart_health_information_log", "NVMe"), ("ata_smart_attributes", "ATA"),
           ("scsi_grown_defect_list", "SCSI"), ("scsi_error_counter_log", "SCSI"))  # fmt: skip
DISKS = ("disk", "simplified", "host managed zoned", "host-managed zoned")
ASLEEP = re.compile(r"\bin (?:STANDBY|SLEEP)", re.IGNORECASE)


def drive_of_json(data: dict[str, Any], whole: bool = True) -> Drive:
    """Return the drive that one JSON object of smartctl describes; blocks that it lacks leave None."""
    status = whole_number(_at(data, "smartctl", "exit_status")) or 0
    messages = _messages(data)
    # Memory sticks and card readers have no SMART, and smartctl has no way to ask them.
    stick = any("Unknown USB bridge" in message for message in messages)
    return Drive(
        name=_text(_at(data, "device", "name")) or "",
        protocol=_protocol(data),
        model=_model(data),
        serial=_text(data.get("serial_number")),
        firmware=_first_text(data, "firmware_version", "scsi_revision", "revision"),
        capacity=_capacity(data),
        rotation=whole_number(data.get("rotation_rate")),
        smart_passed=_passed(data, status),
        self_test_failed=_self_test_failed(data, status),
        supported=_at(data, "smart_support", "available") is not False and _is_disk(data) and not stick,
        asleep=any(ASLEEP.search(message) for message in messages),
        whole=whole,
        why=messages[-1][:200] if messages and status & 0b11 else "",
        **_health(data),
    )


def _is_disk(data: dict[str, Any]) -> bool:
    """Tell whether it is a disk; SCSI names its tapes, optical drives and enclosures (SPC, device types)."""
    return str(_at(data, "device_type", "name") or "disk").lower().startswith(DISKS)


def _at(data: object, *path: str) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _text(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _first_text(data: dict[str, Any], *names: str) -> str | None:
    return next((text for name in names if (text := _text(data.get(name)))), None)


def _messages(data: dict[str, Any]) -> list[str]:
    rows = _at(data, "smartctl", "messages")
    texts = [_text(_at(row, "string")) for row in rows] if isinstance(rows, list) else []
    return [text for text in texts if text]


def _protocol(data: dict[str, Any]) -> str | None:
    named = _PROTOCOLS.get(str(_at(data, "device", "protocol")).lower())
    return named or next((protocol for block, protocol in _BLOCKS if block in data), None)


def _model(data: dict[str, Any]) -> str | None:
    whole = _first_text(data, "model_name", "scsi_model_name")
    parts = (_first_text(data, "scsi_vendor", "vendor"), _first_text(data, "scsi_product", "product"))
    return whole or " ".join(part for part in parts if part) or None


def _capacity(data: dict[str, Any]) -> int | None:
    user = whole_number(_at(data, "user_capacity", "bytes"))
    return user if user is not None else whole_number(data.get("nvme_total_capacity"))


def _passed(data: dict[str, Any], status: int) -> bool | None:
    passed = _at(data, "smart_status", "passed")
    if isinstance(passed, bool):
        return passed
    return False if status & 0b1000 else None  # exit status bit 3: the SMART status says that the disk fails


def _self_test_failed(data: dict[str, Any], status: int) -> bool | None:
    # Exit status bit 7 leaves out failures that a newer, successful extended test has outdated (smartctl(8)).
    if "ata_smart_self_test_log" not in data:
        return True if status & 0x80 else None
    return bool(status & 0x80)


def _health(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the blocks of the three protocols tell; the blocks common to all go before attributes."""
    found: dict[str, Any] = of_attributes(_attributes(data))
    found |= _known(_nvme(data)) | _known(_scsi(data))
    common = {
        "power_on_hours": whole_number(_at(data, "power_on_time", "hours")),
        "temperature": _degrees(_at(data, "temperature", "current")),
        "percentage_used": whole_number(_at(data, "endurance_used", "current_percent")),
        "available_spare": whole_number(_at(data, "spare_available", "current_percent")),
        "spare_threshold": whole_number(_at(data, "spare_available", "threshold_percent")),
    }
    return found | _known(common)


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _degrees(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -100 < value < 300:
        return None
    return int(value)


def _nvme(data: dict[str, Any]) -> dict[str, Any]:
    log = data.get("nvme_smart_health_information_log")
    return {
        "critical_warning": whole_number(_at(log, "critical_warning")),
        "temperature": _degrees(_at(log, "temperature")),
        "available_spare": whole_number(_at(log, "available_spare")),
        "spare_threshold": whole_number(_at(log, "available_spare_threshold")),
        "percentage_used": whole_number(_at(log, "percentage_used")),
        "power_on_hours": whole_number(_at(log, "power_on_hours")),
        "media_errors": whole_number(_at(log, "media_errors")),
    }


def _scsi(data: dict[str, Any]) -> dict[str, Any]:
    log = data.get("scsi_error_counter_log")
    rows = (whole_number(_at(log, row, "total_uncorrected_errors")) for row in ("read", "write", "verify"))
    counts = [row for row in rows if row is not None]
    return {
        "grown_defects": whole_number(data.get("scsi_grown_defect_list")),
        "pending": whole_number(_at(data, "scsi_pending_defects", "count")),
        "uncorrectable": sum(counts) if counts else None,
        "percentage_used": whole_number(data.get("scsi_percentage_used_endurance_indicator")),
    }


def _attributes(data: dict[str, Any]) -> list[Attribute]:
    rows = _at(data, "ata_smart_attributes", "table")
    found = [_attribute(row) for row in rows] if isinstance(rows, list) else []
    return [row for row in found if row is not None]


def _attribute(row: object) -> Attribute | None:
    number = whole_number(_at(row, "id"))
    if number is None:
        return None
    value, limit = whole_number(_at(row, "value")), whole_number(_at(row, "thresh"))
    failed = str(_at(row, "when_failed") or "").lower()
    if not failed and value is not None and limit and value <= limit and value > 0:
        failed = "now"
    return Attribute(
        id=number,
        name=_text(_at(row, "name")) or "",
        value=value,
        raw=whole_number(_at(row, "raw", "value")),
        shown=str(_at(row, "raw", "string") or ""),
        failed="now" if "now" in failed else "past" if "past" in failed else "",
        prefail=_at(row, "flags", "prefailure") is True,
    )
