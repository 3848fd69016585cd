"""Reads the ready templates: one TOML file of `ready/` per role, with settings that fit what a device is."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from predvid.core.policy import Setting
from predvid.core.wording import Text

PARTS = {"order", "title", "about", "setting"}
SETTING = {"check", "field", "value"}


class BadTemplate(ValueError):
    """A file of `ready/` is no template; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The ready template of one role; of several roles of a device the one with the highest `order` wins."""

    role: str
    order: int
    title: Text
    about: Text
    settings: tuple[Setting, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """Return what its own settings rank as; those of the MSP for the role come after them."""
        return self.order, 0


@cache
def templates() -> Mapping[str, Ready]:
    """Return the templates by role, the weakest first. Raises BadTemplate."""
    found = [
        read(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8"))
        for file in files("predvid.modules.monitoring").joinpath("ready").iterdir()
        if file.name.endswith(".toml")
    ]
    return {one.role: one for one in sorted(found, key=lambda one: (one.order, one.role))}


def read(role: str, content: str) -> Ready:
    """Return the template of `role` that TOML `content` holds. Raises BadTemplate."""
    try:
        told = tomllib.loads(content)
        if unknown := told.keys() - PARTS:
            raise ValueError(f"no such part: {', '.join(sorted(unknown))}")
        order = told["order"]
        if type(order) is not int or not 0 <= order <= 1000:
            raise ValueError("order: give a whole number up to 1000")
        settings = tuple(_settings(role, order, told.get("setting", [])))
        return Ready(role, order, _text(told["title"]), _text(told["about"]), settings)
    except (KeyError, TypeError, ValueError) as error:
        raise BadTemplate(f"{role}.toml: {error}") from None


def _settings(role: str, order: int, rows: list[dict[str, Any]]) -> Iterator[Setting]:
    seen = set()
    for row in rows:
        if row.keys() != SETTING:
            raise ValueError(f"a setting has {', '.join(sorted(SETTING))}, not {', '.join(sorted(row))}")
        key = row["check"], row["field"]
        if key in seen:
            raise ValueError(f"{key[0]}.{key[1]} is set twice")
        seen.add(key)
        yield Setting("template", *key, row["value"], role, (order, 0))


def _text(told: Mapping[str, str]) -> Text:
    return Text(told["en"], told["hr"])
