"""Checks ask Windows for documented properties only, and the recordings answer in their documented types."""

import json
import re
from pathlib import Path
from typing import Any

from edge.documented_classes import CLASSES, COUNTERS

RECORDINGS = Path(__file__).parents[1] / "checks"
QUESTION = re.compile(r"query:wmi (?:root/[\w/]+:)?(\w+)(?: ([\w,]+))?(?: WHERE (.+))?")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*|/Date\(\d+\)/")
TYPES: dict[str, Any] = {
    "s": lambda value: isinstance(value, str),
    "n": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "b": lambda value: isinstance(value, bool),
    "d": lambda value: isinstance(value, str) and bool(MOMENT.fullmatch(value)),
    "S": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "N": lambda value: isinstance(value, list) and all(isinstance(one, int) for one in value),
    "o": lambda value: isinstance(value, str | dict),
}
WRONG_ON_PURPOSE = re.compile("damaged|nonsense|odd|torn|strange|unreadable|mixed")


def recorded() -> list[tuple[str, str, Any]]:
    """Return (recording, question, answer) of all that recordings ask of WMI."""
    found = []
    for path in sorted(RECORDINGS.glob("*/*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for step in (data, *data.get("steps", [])):
            rows = step.get("answers", {}).items()
            found += [
                (f"{path.parent.name}/{path.stem}", key, answer) for key, answer in rows if ":wmi " in key
            ]
    return found


def test_every_property_that_is_asked_for_is_documented() -> None:
    asked = {QUESTION.fullmatch(key) for _, key, _ in recorded()}
    for found in asked:
        assert found is not None
        if found[1].startswith(COUNTERS):
            continue
        known = CLASSES[found[1]]
        conditions = re.findall(r"(\w+)(?:=| IS NOT NULL)", found[3] or "")
        assert found[2], f"{found[1]} is asked for everything"
        assert {*found[2].split(","), *conditions} <= set(known), found[0]


def test_recorded_answers_have_the_documented_types() -> None:
    wrong = []
    for name, key, answer in recorded():
        found = QUESTION.fullmatch(key)
        assert found is not None
        if found[1].startswith(COUNTERS) or not isinstance(answer, list) or WRONG_ON_PURPOSE.search(name):
            continue
        for row in answer:
            for held, value in row.items() if isinstance(row, dict) else ():
                kind = CLASSES[found[1]].get(held)
                if value is not None and (kind is None or not TYPES[kind](value)):
                    wrong.append((name, found[1], held, value))
    assert wrong == []
