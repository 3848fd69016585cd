"""Facts of a device as people read them: titled, with named columns, units and counts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext

from predvid.core.wording import number, size
from predvid.modules.inventory.fact_words import FACTS, HIDDEN, fact_name, is_size, part_name
from predvid.modules.inventory.models import Fact

MOST_ROWS = 5000


@dataclass(frozen=True)
class FactTable:
    """One fact ready to be shown: `pairs`, or `columns` with `rows`, or `text`."""

    id: str
    title: str
    summary: str
    pairs: list[tuple[str, str]]
    columns: list[str]
    rows: list[list[str]]
    text: str

    @property
    def short(self) -> bool:
        """Tell whether the fact is shown without asking."""
        return bool(self.pairs) and len(self.pairs) <= 4


def tables(facts: Iterable[Fact], language: str) -> list[FactTable]:
    """Return the facts in the order of FACTS, unknown ones after them."""
    order = list(FACTS)
    known = sorted(
        (fact for fact in facts if fact.name not in HIDDEN),
        key=lambda fact: (order.index(fact.name) if fact.name in FACTS else len(order), fact.name),
    )
    return [_table(fact, language) for fact in known]


def _table(fact: Fact, language: str) -> FactTable:
    title = fact_name(fact.name, language)
    slug = fact.name.replace(".", "-")
    value = fact.value
    if isinstance(value, dict):
        pairs = [
            (part_name(name, language), words(name, part, language))
            for name, part in value.items()
            if part not in ("", None)
        ]
        return FactTable(slug, title, "", pairs, [], [], "")
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return _rows(slug, title, value, language)
    if isinstance(value, list) and not value:
        return FactTable(slug, title, gettext("none"), [], [], [], gettext("none"))
    return FactTable(slug, title, "", [], [], [], words(fact.name, value, language))


def _rows(slug: str, title: str, value: list[dict[str, Any]], language: str) -> FactTable:
    names = list(dict.fromkeys(name for row in value[:200] for name in row))
    if "name" in names:  # the key only tells rows apart
        names = ["name", *(name for name in names if name not in ("key", "name"))]
    rows = [[words(name, row.get(name), language) for name in names] for row in value[:MOST_ROWS]]
    summary = ngettext("%(n)s entry", "%(n)s entries", len(value)) % {"n": number(len(value), language, 0)}
    return FactTable(slug, title, summary, [], [part_name(name, language) for name in names], rows, "")


def words(name: str, value: Any, language: str) -> str:
    """Return one value in words; sizes by the ending of their name, truths as yes and no."""
    shown: Mapping[type, Callable[[Any], str]] = {
        bool: lambda truth: gettext("yes") if truth else gettext("no"),
        int: lambda whole: size(whole, language) if is_size(name) else str(whole),
        float: lambda real: size(real, language) if is_size(name) else number(real, language),
        list: lambda parts: ", ".join(words("", part, language) for part in parts) or "–",
        dict: lambda parts: ", ".join(
            f"{part_name(key, language)} {words(key, part, language)}" for key, part in parts.items()
        ),
    }
    if value is None or value == "":
        return "–"
    form = shown.get(type(value))
    return form(value) if form else str(value)
