"""Reads the editor of a check's settings: what a person wants set at a place, and what not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from predvid.checks.v1 import Check, Levels
from predvid.core.policy import BOUNDS, RESERVED, BadSetting, checked
from predvid.modules.monitoring.quantities import read
from predvid.modules.monitoring.queries.places import version
from predvid.modules.monitoring.queries.policies import Field, plain
from predvid.modules.monitoring.rules import runs_by_default

PARTS = ("warning", "critical", "margin")


@dataclass
class Edited:
    """What the form asks for: fields to set (JSON-like), to take back, and those that do not fit.

    `wrong` maps a field to a word for what is wrong: number, order, flag, bounds, long or other.
    """

    values: dict[str, Any] = field(default_factory=dict)
    reset: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Return what tells this wish from any other: a preview holds for one alone."""
        return version({"values": self.values, "reset": sorted(self.reset)})


def edited(check: Check, rows: Iterable[Field], given: Mapping[str, Any], sent: Mapping[str, str]) -> Edited:
    """Return what a sent form asks for, against what is `given` at the place itself now."""
    found = Edited()
    for row in rows:
        mine = [name for name in given if name.partition(".")[0] == row.name]
        if f"set.{row.name}" not in sent:
            found.reset += mine
            continue
        try:
            found.shown[row.name] = value = fitting(check, row, sent)
        except _Wrong as error:
            found.wrong[row.name] = error.why
            continue
        same = value == row.plain if mine else False
        if not same:
            found.values[row.name] = value
            found.reset += [name for name in mine if name != row.name]
    if "drop" in sent:
        known = {row.name for row in rows}
        found.reset += [name for name in given if name.partition(".")[0] not in known]
    return found


class _Wrong(ValueError):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def fitting(check: Check, row: Field, sent: Mapping[str, str]) -> Any:
    """Return the JSON-like value that the form has for a field; raise `_Wrong` (a ValueError)."""
    value = _sent(row, sent)
    try:
        kept = checked(check.name, check.params, runs_by_default(check, ""), row.name, value)
    except BadSetting:
        bare = row.name.removeprefix(RESERVED)
        raise _Wrong("bounds" if bare in BOUNDS and bare != row.name else "other") from None
    return plain(kept)


def _sent(row: Field, sent: Mapping[str, str]) -> Any:
    name = f"f.{row.name}"
    match row.kind:
        case "levels":
            return _levels(row, sent)
        case "flag":
            return sent.get(name) == "yes"
        case "texts":
            text = sent.get(name, "").replace("\x00", "")
            if len(text) > 3_000:
                raise _Wrong("long")
            return [word for line in text.replace(",", "\n").splitlines() if (word := line.strip())]
        case "whole" | "number":
            number = _number(sent.get(name, ""), row.metric)
            if number is None:
                raise _Wrong("number")
            return number
        case _:
            return sent.get(name, "").replace("\x00", "")[:500]


def _levels(row: Field, sent: Mapping[str, str]) -> dict[str, Any]:
    parts = {part: _number(sent.get(f"f.{row.name}.{part}", ""), row.metric) for part in PARTS}
    before: Levels = row.value
    if (parts["margin"] or 0) < 0:
        raise _Wrong("number")
    return {**parts, "margin": parts["margin"] or 0.0, "lower_is_worse": before.lower_is_worse}


def _number(text: str, metric: str) -> float | None:
    try:
        return read(text, metric)
    except ValueError:
        raise _Wrong("number") from None


def refilled(rows: Iterable[Field], found: Edited, sent: Mapping[str, str]) -> list[Field]:
    """Return the fields as the person left them in the form, so that nothing written is lost."""
    out = []
    for row in rows:
        here = f"set.{row.name}" in sent
        value = row.value
        if here and row.name in found.shown:
            told = found.shown[row.name]
            value = Levels(**told) if row.kind == "levels" else told
        out.append(replace(row, here=here, value=value))
    return out
