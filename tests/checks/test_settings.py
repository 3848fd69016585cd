"""Every setting is documented, with the default that holds on each type of device."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

from checks.settings import default, page, shown
from predvid.checks import manual, registry
from predvid.checks.v1 import Check, Levels, Text

DOCUMENT = Path(__file__).parents[2] / "docs/settings.md"
CHECKS = [pytest.param(check, id=name) for name, check in registry.checks().items()]
TYPES = {
    "workstation": ("workstations", "stanic"),
    "laptop": ("laptops", "prijenosni"),
    "server": ("servers", "poslužitelji"),
}


@dataclass(frozen=True)
class Bare:
    """Params whose one level judges nothing."""

    used: Levels = Levels()


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == "\n".join(page()) + "\n", "make tables writes it anew"


def test_every_setting_of_every_check_is_documented() -> None:
    sections = {
        part.partition("`")[2].partition("`")[0]: part
        for part in DOCUMENT.read_text(encoding="utf-8").split("\n### ")[1:]
    }
    assert set(sections) == set(registry.checks())
    for name, check in registry.checks().items():
        wanted = {part.name for part in fields(check.params)} if check.params is not None else set()
        assert {
            line.split("`")[1] for line in sections[name].splitlines() if line.startswith("| `")
        } == wanted


def test_defaults_read_as_they_work() -> None:
    assert shown(Levels(80, 95, margin=5)) == "warning ≥ 80, critical ≥ 95 (margin 5)"
    assert shown(Levels(50, 20)) == "warning ≤ 50, critical ≤ 20"
    assert shown(Levels(None, 0, lower_is_worse=True)) == "critical ≤ 0"
    assert shown(Levels()) == "not judged"
    assert [shown(value) for value in (True, 2**31, 0.5, (), ("a", "b"), "")] == [
        "on", "2,147,483,648", "0.5", "none", "`a`, `b`", "none",
    ]  # fmt: skip
    assert shown(Levels(604800, None), "seconds") == "warning ≥ 604,800 (7\xa0days)"
    assert default(registry.checks()["disk_space"], "reachable").endswith(
        "laptop: not judged<br>workstation: warning ≤ 0"
    )
    cpu = registry.checks()["cpu"]
    assert default(cpu, "used") == (
        "warning ≥ 90, critical ≥ 98 (margin 5)<br>laptop: warning ≥ 95 (margin 5)<br>"
        "workstation: warning ≥ 95 (margin 5)"
    )


def told(check: Check, name: str) -> Iterator[str]:
    """Yield where the sentences about a setting with levels tell something else than its defaults."""
    base = getattr(check.params, name)
    others = {kind: values[name] for kind, values in check.defaults.items() if name in values}
    english, croatian = (manual.explained(check, name, language) for language in ("en", "hr"))
    unjudged = all(levels == Levels() for levels in (base, *others.values()))
    if unjudged != ("not judged by default" in english and not others):
        yield "whether it is judged"
    if unjudged and not croatian.endswith(("zadano se ne ocjenjuje.", "zadano se ne ocjenjuju.")):
        yield "whether it is judged, in Croatian"
    for kind, (en, hr) in TYPES.items():
        if kind in others and not (en in english and hr in croatian):
            yield f"what holds on a {kind}"
    if "critical by default" in english and base.critical is None:
        yield "that it is critical"
    warns = any(levels.warning is not None for levels in (base, *others.values()))
    if re.search("warns? by default|a warning by default|the default warns", english) and not warns:
        yield "that it warns"


@pytest.mark.parametrize("check", CHECKS)
def test_what_a_sentence_says_of_the_default_is_true(check: Check) -> None:
    levels = [
        part.name
        for part in (fields(check.params) if check.params is not None else ())
        if isinstance(getattr(check.params, part.name), Levels)
    ]
    assert not [(name, wrong) for name in levels for wrong in told(check, name)]


def test_a_sentence_that_is_untrue_is_caught() -> None:
    said = Text("Percent; critical by default.", "Postotak; zadano kritično.")
    cpu = replace(registry.checks()["cpu"], params=Bare(), defaults={}, explained={"used": said})
    assert list(told(cpu, "used")) == [
        *("whether it is judged", "whether it is judged, in Croatian", "that it is critical"),
    ]
