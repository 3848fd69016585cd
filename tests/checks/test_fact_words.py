"""Every fact that a check yields, and every part of it, has words in both languages: people read them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.expectation import RECORDINGS, name_of
from predvid.checks import registry
from predvid.core.wording import LANGUAGES, Text
from predvid.modules.inventory.fact_words import FACTS, HIDDEN, PARTS, fact_name

WITH_FACTS = [
    path for path in RECORDINGS if json.loads(path.read_text(encoding="utf-8"))["expected"].get("facts")
]


def parts(value: Any) -> Iterator[str]:
    """Yield the name of every part of a fact, at any depth."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(inner)


def fact_text(name: str) -> Text | None:
    return FACTS.get(name) or registry.texts().get(f"fact.{name}")


def part_text(name: str) -> Text | None:
    return PARTS.get(name) or registry.texts().get(f"part.{name}")


def whole(text: Text | None) -> bool:
    return text is not None and all(text.pattern(language).strip() for language in LANGUAGES)


def wordless(facts: dict[str, Any]) -> set[str]:
    """Return the texts that are missing for `facts`."""
    shown = {name: value for name, value in facts.items() if name not in HIDDEN}
    names = {f"fact.{name}" for name in shown
             if not whole(fact_text(name) or fact_text(name.rpartition(".")[0]))}  # fmt: skip
    return names | {f"part.{part}" for value in shown.values() for part in parts(value)
                    if not whole(part_text(part))}  # fmt: skip


@pytest.mark.parametrize("path", WITH_FACTS, ids=name_of)
def test_facts_and_their_parts_have_words(path: Path) -> None:
    facts = json.loads(path.read_text(encoding="utf-8"))["expected"]["facts"]
    assert wordless(facts) == set(), "add them to the check's texts"


def test_what_nobody_worded_is_found_at_any_depth() -> None:
    strange = {"storage.unheard": [{"key": "a", "inner": [{"unheard_of": 1}]}], "device.boot_id": "x"}
    assert wordless(strange) == {"fact.storage.unheard", "part.inner", "part.unheard_of"}


def test_a_fact_about_one_thing_is_called_by_its_kind_and_the_thing() -> None:
    assert fact_name("software.sql_server.shop", "hr") == "Instance SQL Servera: shop"
    assert fact_name("os.kernel", "hr") == "Jezgra sustava"
