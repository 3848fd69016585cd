"""Change events and the inventory name facts as people do, for every fact that the installed checks send."""

import json
from pathlib import Path

import pytest

from predvid.checks import registry
from predvid.modules.inventory.fact_words import FACTS, HIDDEN, PARTS
from predvid.modules.inventory.rules import differences
from predvid.modules.monitoring.charts import NAMES
from predvid.modules.monitoring.words import event_sentence

RECORDINGS = sorted((Path(__file__).parents[2] / "checks").glob("*/*.json"))


def sent() -> dict[str, object]:
    """Return every fact that some recording expects, with its value."""
    found: dict[str, object] = {}
    for path in RECORDINGS:
        expected = json.loads(path.read_text(encoding="utf-8"))["expected"]
        for step in expected if isinstance(expected, list) else [expected]:
            found |= step.get("facts", {})
    return found


def parts(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value)
    rows = value if isinstance(value, list) else []
    return {name for row in rows if isinstance(row, dict) for name in row}


def test_every_fact_and_every_part_of_one_has_a_name() -> None:
    facts = sent()
    assert len(facts) > 8
    brought = set(registry.texts())
    named = {fact for fact in facts if {f"fact.{fact}", f"fact.{fact.rpartition('.')[0]}"} & brought}
    assert facts.keys() - named <= set(FACTS) | HIDDEN
    named = {part for value in facts.values() for part in parts(value)}
    assert {part for part in named if f"part.{part}" not in brought} <= set(PARTS)


def test_every_metric_on_a_page_has_a_name() -> None:
    shown = {metric for check in registry.checks().values() for metric in (*check.charts, *check.watches)}
    assert not [m for m in shown if m not in NAMES and f"metric.{m}" not in registry.texts()]


@pytest.mark.parametrize(
    ("fact", "before", "after", "said"),
    [
        ("os.kernel", "6.1.0-1", "6.1.0-2", "Jezgra sustava: bilo 6.1.0-1, sada 6.1.0-2"),
        ("hardware.cpu", {"cores": 4}, {"cores": 8}, "Procesor: Jezgre promijenjeno iz 4 u 8"),
        ("hardware.memory", {"total_bytes": 8 * 10**9}, {"total_bytes": 16 * 10**9},
         "Memorija: Veličina promijenjeno iz 8\u00a0GB u 16\u00a0GB"),
        ("network.interfaces", [{"key": "eth0", "mac": "a", "addresses": ["10.0.0.1"]}],
         [{"key": "eth0", "mac": "a", "addresses": ["10.0.0.2"]}],
         "Mrežna sučelja: eth0 promijenjeno iz 10.0.0.1 u 10.0.0.2"),
        ("software.packages", [], [{"key": "nginx", "version": "1"}], "Instalirani programi: dodano nginx"),
    ],
)  # fmt: skip
def test_a_change_reads_without_ids(fact: str, before: object, after: object, said: str) -> None:
    (event,) = differences(fact, before, after)
    assert event_sentence(event.kind, event.said.id, event.said.values, event.source, "hr") == said


def test_a_changed_part_that_a_check_names_is_told_by_its_name() -> None:
    values = {"fact": "power.ups", "what": "battery_date", "before": "2021", "after": "2026"}
    told = event_sentence("inventory.changed", "inventory.changed", values, {}, "hr")
    assert told == "Neprekidna napajanja: Baterija od promijenjeno iz 2021 u 2026"
