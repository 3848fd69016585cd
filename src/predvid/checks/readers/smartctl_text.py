"""Reads one drive from the text of `smartctl -a` or `-x`: ATA, NVMe and SCSI, in any locale's numbers."""

import re
from typing import Any

from predvid.checks.readers.smartctl_drive import Attribute, Drive, of_attributes, whole_number
from predvid.checks.readers.smartctl_json import ASLEEP, DISKS

_FIELD = re.compile(r"^([A-Za-z][^:\n]{1,60}?)[ \t]*:[ \t]*(\S.*)$", re.MULTILINE)
_OLD_SCSI = re.compile(r"^Device: (.{1,80}?)\s+Version: (\S+)", re.MULTILINE)
_NAMESPACE = re.compile(r"^Namespace \d+ Size(?:/Capacity)?:\s*(\S.*)$", re.MULTILINE)
# The attribute table has two forms, old and brief (`-x`); the brief one writes the flags as letters.
_OLD_ROW = re.compile(
    r"^[ \t]*(\d{1,3})[ \t]+(\S+)[ \t]+(0x[0-9a-f]{4})[ \t]+(\d+|-+)[ \t]+(?:\d+|-+)[ \t]+(?:\d+|-+)[ \t]+"
    r"(\S+)[ \t]+\S+[ \t]+(\S+)[ \t]+(\S.*)$",
    re.MULTILINE,
)
_BRIEF_ROW = re.compile(
    r"^[ \t]*(\d{1,3})[ \t]+(\S+)[ \t]+([A-Z+-]{6,8})[ \t]+(\d+|-+)[ \t]+(?:\d+|-+)[ \t]+(?:\d+|-+)[ \t]+"
    r"(\S+)[ \t]+(\S.*)$",
    re.MULTILINE,
)
_POWERED = re.compile(
    r"(?:number of hours powered up = |power on time, hours:minutes[ \t]+)(\d{1,9})", re.ASCII
)
_ERRORS = re.compile(
    r"^(?:read|write|verify):(?:[ \t]+\S+){5,7}[ \t]+(\d{1,20})[ \t]*$", re.MULTILINE | re.ASCII
)
_LAST_TEST = re.compile(r"^#[ \t]*\d+[ \t]+(\S.*)$", re.MULTILINE)
_TEST_FAILED = re.compile(r"Completed: (?:read|electrical|servo|unknown|handling|segment)|Failed in|Fatal")
_LACKS = re.compile(r"device lacks SMART capability|Device does not support SMART")
_GROUPED = re.compile(r"\d{1,3}(?:[.,'’ \u00a0\u202f\u2009\ufffd]\d{3})+(?!\d)|\d+", re.ASCII)
_REFUSED = re.compile(
    r"^.*(?:failed: |Unable to detect|Unknown USB bridge|mandatory SMART command failed).*$", re.MULTILINE
)


def drive_of_text(text: str) -> Drive:
    """Return the drive that the text describes; whatever it does not tell is None."""
    fields = _fields(text)
    nvme = "nvme version" in fields or "SMART/Health Information (NVMe" in text
    refused = _REFUSED.search(text)
    return Drive(
        **_identity(text, fields, nvme),
        **(_nvme(fields) if nvme else _ata(text, fields) | _scsi(text, fields)),
        smart_passed=_passed(fields),
        supported=not _LACKS.search(text) and fields.get("device type", "disk").lower().startswith(DISKS),
        asleep=bool(ASLEEP.search(text)),
        why=refused[0].strip()[:200] if refused else "",
    )


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        fields.setdefault(" ".join(match[1].lower().split()), match[2].strip())
    return fields


def _number(value: str | None) -> int | None:
    """Return the number that `value` starts with; thousands may be grouped in any locale's way."""
    match = _GROUPED.match(value or "")
    return whole_number(re.sub(r"\D", "", match[0])) if match else None


def _hexadecimal(value: str | None) -> int | None:
    match = re.match(r"0x([0-9a-fA-F]{1,4})", value or "")
    return int(match[1], 16) if match else None


def _identity(text: str, fields: dict[str, str], nvme: bool) -> dict[str, Any]:
    old = _OLD_SCSI.search(text)
    pair = " ".join(part for part in (fields.get("vendor"), fields.get("product")) if part)
    namespace = _NAMESPACE.search(text)
    capacity = _number(fields.get("user capacity")) or _number(namespace[1] if namespace else None)
    scsi = pair or old or "revision" in fields or "smart health status" in fields
    ata = "device model" in fields or "ata version is" in fields or "SMART Attributes Data" in text
    rotation = fields.get("rotation rate", "")
    return {
        "protocol": "NVMe" if nvme else "ATA" if ata else "SCSI" if scsi else None,
        "model": fields.get("device model")
        or fields.get("model number")
        or pair
        or (old[1] if old else None),
        "serial": fields.get("serial number"),
        "firmware": fields.get("firmware version") or fields.get("revision") or (old[2] if old else None),
        "capacity": capacity if capacity is not None else _number(fields.get("total nvm capacity")),
        "rotation": 0 if "solid state" in rotation.lower() else _number(rotation),
    }


def _passed(fields: dict[str, str]) -> bool | None:
    said = fields.get("smart overall-health self-assessment test result") or fields.get("smart health status")
    if said is None or said.upper().startswith("UNKNOWN"):
        return None
    return said.upper().startswith(("PASSED", "OK"))


def _nvme(fields: dict[str, str]) -> dict[str, Any]:
    return {
        "critical_warning": _hexadecimal(fields.get("critical warning")),
        "temperature": _number(fields.get("temperature")),
        "available_spare": _number(fields.get("available spare")),
        "spare_threshold": _number(fields.get("available spare threshold")),
        "percentage_used": _number(fields.get("percentage used")),
        "power_on_hours": _number(fields.get("power on hours")),
        "media_errors": _number(fields.get("media and data integrity errors")),
    }


def _ata(text: str, fields: dict[str, str]) -> dict[str, Any]:
    tests = _LAST_TEST.findall(text)
    found = of_attributes(_attributes(text))
    return found | {"self_test_failed": bool(_TEST_FAILED.search(tests[0])) if tests else None}


def _attributes(text: str) -> list[Attribute]:
    old = [(m[1], m[2], m[4], m[5] == "Pre-fail", m[6], m[7]) for m in _OLD_ROW.finditer(text)]
    brief = [(m[1], m[2], m[4], m[3].startswith("P"), m[5], m[6]) for m in _BRIEF_ROW.finditer(text)]
    return [
        Attribute(int(number), name, whole_number(value), None, raw.strip(), _failed(failed), prefail)
        for number, name, value, prefail, failed, raw in old or brief
    ]


def _failed(word: str) -> str:
    return "now" if "NOW" in word.upper() else "past" if "PAST" in word.upper() else ""


def _scsi(text: str, fields: dict[str, str]) -> dict[str, Any]:
    powered, errors = _POWERED.search(text), _ERRORS.findall(text)
    found = {
        "temperature": _number(fields.get("current drive temperature")),
        "power_on_hours": int(powered[1]) if powered else None,
        "grown_defects": _number(fields.get("elements in grown defect list")),
        "percentage_used": _number(fields.get("percentage used endurance indicator")),
        "uncorrectable": sum(map(int, errors)) if errors else None,
    }
    return {name: value for name, value in found.items() if value is not None}
