"""Reads what smartctl says of drives, as JSON or as text, whole or torn (smartctl(8), 5.38 to 7.x)."""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from predvid.checks.readers.smartctl_drive import Drive
from predvid.checks.readers.smartctl_json import drive_of_json
from predvid.checks.readers.smartctl_text import drive_of_text
from predvid.checks.readers.torn_json import mended

_MARKS = ("smartctl", "smart_status", "ata_smart_attributes", "nvme_smart_health_information_log",
          "scsi_grown_defect_list", "scsi_error_counter_log")  # fmt: skip
_BANNER = re.compile(r"^smartctl (?:version |pre-)?\d", re.MULTILINE)
_TEXT = re.compile(
    r"^(?:=== START OF |SMART Attributes Data Structure|SMART/Health Information|SMART Health Status:)",
    re.MULTILINE,
)
_NAME = re.compile(r"(?!.*\.\.)/dev/[\w./:+-]{1,200}")
_TYPE = re.compile(r"[A-Za-z][\w,/+.:-]{0,60}")


@dataclass(frozen=True, slots=True)
class Device:
    """A drive as `smartctl --scan-open` names it: the path and how to reach it (`sat`, `megaraid,4`)."""

    name: str
    type: str


def parse_scan(text: str) -> list[Device]:
    """Return the devices in the output of `smartctl --scan-open -j`; names of another form are left out."""
    try:
        listed = json.loads(text)["devices"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return []
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    named = [(str(row.get("name") or ""), str(row.get("type") or "")) for row in rows]
    return [Device(name, kind) for name, kind in named if _NAME.fullmatch(name) and _TYPE.fullmatch(kind)]


def documents(text: str) -> list[str]:
    """Return the outputs of `smartctl -a` in `text`, one for each drive, JSON or text; [] if there is none.

    Several may follow one another or stand in a JSON list; the last may be torn. Anything between is skipped.
    """
    found = list(_json_documents(text))
    if found:
        return found
    starts = [match.start() for match in _BANNER.finditer(text)]
    pieces = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    if not pieces and _TEXT.search(text):
        pieces = [text]
    return [piece for piece in pieces if ":" in piece]


def parse_drive(text: str) -> Drive:
    """Return the drive that one output of `smartctl -a` (or `-x`), JSON or text, tells of.

    Whatever is missing or of an unknown form is None; a torn document gives what it still holds.
    """
    data, whole = _object(text)
    return drive_of_text(text) if data is None else drive_of_json(data, whole)


def _object(text: str) -> tuple[dict[str, Any] | None, bool]:
    start = text.find("{")
    if start < 0 or _BANNER.match(text.lstrip()):
        return None, True
    try:
        data, whole = json.JSONDecoder().raw_decode(text, start)[0], True
    except (ValueError, RecursionError):
        data, whole = mended(text[start:]), False
    return (data, whole) if isinstance(data, dict) else (None, True)


def _json_documents(text: str) -> list[str]:
    found: list[str] = []
    decoder, place = json.JSONDecoder(), 0
    while (start := _opening(text, place)) >= 0:
        try:
            data, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            torn = mended(text[start:])
            return found + ([text[start:]] if _is_drive(torn) else [])
        rows = data if isinstance(data, list) else [data]
        found += [json.dumps(row) for row in rows if _is_drive(row)]
    return found


def _opening(text: str, place: int) -> int:
    match = re.compile(r"[{\[]\s*[{\"]").search(text, place)
    return match.start() if match else -1


def _is_drive(data: object) -> bool:
    return isinstance(data, dict) and any(mark in data for mark in _MARKS) and "devices" not in data
