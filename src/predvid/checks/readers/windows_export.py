"""Makes a recording of a Windows device from what its own tools export: a saved file runs through checks.

Taken are instances as `wmic ... /format:list` writes them, a registry export, the battery report of powercfg
in XML, and a list of store packages (NAME: ... VERSION: ...).
"""

import re
from collections.abc import Iterable
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.readers import (
    licences,
    windows_devices,
    windows_hardware,
    windows_network,
    windows_software,
    windows_system,
)
from predvid.checks.readers.powercfg import parse_report
from predvid.checks.readers.reg_text import is_export, parse_export
from predvid.checks.readers.wmi_text import parse_instances
from predvid.checks.source import Source

ENOUGH = 0.75  # of a question's properties that an instance without a class must have
_QUESTION = re.compile(r"(?:root/[\w/]+:)?(?P<cls>[A-Z]\w+) (?P<props>\w+(?:,\w+)+)(?: WHERE .*)?")
_PACKAGE = re.compile(r"^([A-Z_]{2,30}): ?(.*)$", re.MULTILINE)
_READERS = (licences, windows_devices, windows_hardware, windows_network, windows_system)
_PARTS_OF = {"win32_usbhub": "Win32_PnPEntity", "win32_pnpentity": "Win32_PnPEntity"}


def _questions() -> dict[str, tuple[str, frozenset[str]]]:
    """Return {class: (question, its properties)} of all that the readers ask."""
    texts = [value for module in _READERS for value in vars(module).values() if isinstance(value, str)]
    asked = [(found, text) for text in texts if (found := _QUESTION.fullmatch(text))]
    return {found["cls"].lower(): (text, frozenset(found["props"].split(","))) for found, text in asked}


QUESTIONS = _questions()
MARK = "export"


def is_of_export(source: Source) -> bool:
    """Tell whether `source` replays an export: one subject, and whoever replays it asks for all of it."""
    try:
        return source.table(MARK) is True
    except CannotRead:
        return False


def replay(text: str) -> dict[str, Any] | None:
    """Return a recording with what the export `text` holds, None where it is none."""
    answers: dict[str, Any]
    if is_export(text):
        answers = {f"query:registry {path}": entry for path, entry in parse_export(text).items()}
    elif (report := parse_report(text)) is not None:
        answers = _answers((name, row) for name, instances in report.items() for row in instances)
    elif packages := _packages(text):
        answers = {f"query:powershell {windows_software.STORE}": packages}
    elif instances := parse_instances(text):
        answers = _answers((_class_of(row), row) for row in instances)
    else:
        return None
    return {"platform": "windows", "answers": {**answers, f"table:{MARK}": True}}


def _class_of(row: dict[str, Any]) -> str:
    """Return the class that an instance names, or whose properties it has."""
    named = str(row.get("CreationClassName") or "").lower()
    if named in _PARTS_OF or named in QUESTIONS:
        return _PARTS_OF.get(named, named)
    if named:
        return windows_devices.PLAIN_DEVICE if "PNPDeviceID" in row else ""
    shares = [(len(props & row.keys()) / len(props), name) for name, (_, props) in QUESTIONS.items()]
    share, name = max(shares)
    return name if share >= ENOUGH else ""


def _answers(instances: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for name, row in instances:
        question = QUESTIONS.get(name.lower())
        if question is not None:
            kept = {prop: row[prop] for prop in row if prop in question[1]}
            answers.setdefault(f"query:wmi {question[0]}", []).append(kept)
    return answers


def _packages(text: str) -> list[dict[str, str]]:
    """Return the packages of a list in paragraphs, each with a NAME and a VERSION."""
    found = []
    for paragraph in re.split(r"\r?\n\s*\r?\n", text.lstrip("\ufeff")):
        fields = dict(_PACKAGE.findall(paragraph.replace("\r", "")))
        if fields.get("NAME") and "VERSION" in fields:
            names = {
                "Name": fields["NAME"],
                "Version": fields["VERSION"],
                "Publisher": fields.get("PUBLISHER", ""),
            }
            found.append(names)
    return found
