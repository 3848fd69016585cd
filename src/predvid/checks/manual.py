"""What people read about a check: its runbook, and the name and the sense of each of its settings.

A check may bring these texts itself (`runbook`, `words`, `explained`). Those of the built-in checks stand
beside them, one file a check: `manuals/NAME.toml`. The agent loads every check but shows nobody a runbook, so
that it must not carry them: a file is read when a page first shows it.

A manual holds plain text, and so does what is returned here: braces mean nothing, what is typed stands in
backticks.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from predvid.checks.v1 import Check
from predvid.core.wording import Text

FOLDER = Path(__file__).with_name("manuals")


@dataclass(frozen=True, slots=True)
class Manual:
    """The texts of one check; `words` and `explained` go by the name of the params field."""

    runbook: Text | None = None
    words: Mapping[str, Text] = field(default_factory=dict)
    explained: Mapping[str, Text] = field(default_factory=dict)


def manual(check: Check) -> Manual:
    """Return the texts of `check`: its own, each completed by its file, if it has one."""
    kept = _kept(check.name)
    return Manual(
        check.runbook or kept.runbook,
        {**kept.words, **check.words},
        {**kept.explained, **check.explained},
    )


def runbook(check: Check, language: str) -> str:
    """Return what a technician does when `check` alerts, as lines of text; empty where nobody wrote it."""
    text = manual(check).runbook
    return text.pattern(language) if text else ""


def label(check: Check, name: str, language: str) -> str:
    """Return the short name of the params field `name` for people; without one, the field's own."""
    text = manual(check).words.get(name)
    return text.pattern(language) if text else name


def explained(check: Check, name: str, language: str) -> str:
    """Return the sentence about the params field `name`: unit, sense, default; without one, its name."""
    text = manual(check).explained.get(name)
    return text.pattern(language) if text else name


@cache
def _kept(name: str) -> Manual:
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        return Manual()
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    settings: Mapping[str, Any] = data.get("settings", {})
    return Manual(
        _text(data["runbook"]),
        {name: _text(part["label"]) for name, part in settings.items()},
        {name: _text(part["explained"]) for name, part in settings.items()},
    )


def _text(part: Mapping[str, str]) -> Text:
    return Text(part["en"].strip(), part["hr"].strip())
