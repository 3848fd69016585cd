"""The page of `predvid check list`: every check under its group, what it runs on, how often, whether here."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from predvid.checks.groups import GROUPS
from predvid.core.model import Said, Value
from predvid.core.wording import Text, duration, word

SYSTEMS = {"linux": "Linux", "windows": "Windows", "macos": "macOS"}
SHORTEST = 12  # characters of a title that stay whatever the width
UNPLACED = 100  # columns of a page that no terminal shows
_TEXTS = {
    "summary": Text(
        "{n:int} {n|check|checks}, {here:int} {here|applies|apply} to this device; "
        "{other:int} {other|is|are} for other systems",
        "{n:int} {n|provjera|provjere|provjera}, od toga {here:int} za ovaj uređaj, "
        "a {other:int} za druge sustave",
    ),
    "check": Text("CHECK", "PROVJERA"),
    "title": Text("WHAT", "ŠTO"),
    "every": Text("EVERY", "RAZMAK"),
    "systems": Text("SYSTEMS", "SUSTAVI"),
    "here": Text("HERE", "OVDJE"),
    "any": Text("all", "svi"),
    "yes": Text("yes", "da"),
    "no": Text("no", "ne"),
    "hint": Text(
        "predvid check run NAME runs one of them; --json lists their parameters too.",
        "predvid check run IME pokreće jednu od njih; --json navodi i njihove parametre.",
    ),
}


def printable(text: str) -> str:
    """Return `text` without what could drive a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def columns() -> int:
    """Return how wide the terminal is; UNPLACED where there is none."""
    return max(40, shutil.get_terminal_size((UNPLACED, 24)).columns)


def below(text: str, indent: int, width: int) -> Iterator[str]:
    """Yield `text` broken into lines of `width` characters, each `indent` characters in."""
    space = " " * indent
    yield from textwrap.wrap(printable(text), max(width, indent + 20), initial_indent=space,
                             subsequent_indent=space, break_on_hyphens=False)  # fmt: skip


def page(rows: Iterable[Mapping[str, Any]], platform: str, language: str, width: int) -> Iterator[str]:
    """Yield the page; `rows` are those of `check_report.check_row`, `width` counts characters."""

    def put(id: str, **values: Value) -> str:
        return word(Said(id, values), language, _TEXTS)

    listed = list(rows)
    cells = {row["name"]: _cells(row, platform, language) for row in listed}
    heads = [put(head) for head in ("check", "title", "every", "systems", "here")]
    widths = _widths([heads, *cells.values()], width)
    other = sum(platform not in row["platforms"] for row in listed)
    yield from below(put("summary", n=len(listed), here=sum(row["applies"] for row in listed), other=other),
                     0, width)  # fmt: skip
    yield ""
    yield f"  {_line(heads, widths)}"
    for group, title in GROUPS.items():
        members = [row for row in listed if row["group"] == group]
        if members:
            yield ""
            yield title.pattern(language)
        for row in members:
            yield f"  {_line(cells[row['name']], widths)}"
            if row["reason"] and platform in row["platforms"]:
                yield from below(row["reason"], 4, width)
    yield ""
    yield from below(put("hint"), 0, width)


def _widths(table: list[list[str]], width: int) -> list[int]:
    """Return how wide each column is: as its longest cell, but titles give way to a narrow terminal."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    over = 2 + sum(widths) + 2 * (len(widths) - 1) - width
    widths[1] = max(SHORTEST, widths[1] - max(0, over))
    return widths


def _line(cells: list[str], widths: list[int]) -> str:
    clipped = [
        cell if len(cell) <= width else f"{cell[: width - 1]}…"
        for cell, width in zip(cells, widths, strict=True)
    ]
    return "  ".join(cell.ljust(width) for cell, width in zip(clipped, widths, strict=True)).rstrip()


def _cells(row: Mapping[str, Any], platform: str, language: str) -> list[str]:
    here = "yes" if row["applies"] else "no"
    return [
        row["name"],
        printable(row["title"]),
        duration(row["intervals"].get(platform, row["interval"]), language),
        systems(row["platforms"], language),
        _TEXTS[here].pattern(language),
    ]


def systems(platforms: Iterable[str], language: str) -> str:
    """Return the operating systems in words: `all`, or their names."""
    named = [name for key, name in SYSTEMS.items() if key in set(platforms)]
    return _TEXTS["any"].pattern(language) if len(named) == len(SYSTEMS) else ", ".join(named)
