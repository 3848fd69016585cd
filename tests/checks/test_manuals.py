"""Every check tells in both languages what to do when it alerts, and what each of its settings means."""

import re
import subprocess
import sys
from dataclasses import fields

import pytest

from predvid.checks import manual, registry
from predvid.checks.v1 import Check, Text
from predvid.core.wording import LANGUAGES

BOUNDS = range(80, 161)  # words of a runbook
LONGEST_LABEL = 32
MOST_STEPS = 8
HEADS = {
    "en": ("Likely causes: ", "Escalate: ", "Lasting cure: "),
    "hr": ("Vjerojatni uzroci: ", "Eskalirajte: ", "Trajno rješenje: "),
}
SYSTEMS = {"linux": "Linux", "windows": "Windows", "macos": "macOS"}
TYPED = re.compile(r"`[^`]*`")
STEP = re.compile(r"(\d+)\. \S")
ENGLISH = re.compile(
    r"\b(the|and|of|is|are|with|for|from|this|that|not|when|if|which|check|by|default|warns?|run|see|then|or|"
    r"backups?|restarts?|update|server|disk space)\b"
)  # names have capitals (Windows Update, SQL Server)
# What the glossary calls otherwise: alert (upozorenje), policy (pravilo), factor (drugi korak).
STRAY = re.compile(r"uzbun|politi[kc]|čimbeni|alarm", re.IGNORECASE)
MOST_CARRIED = 100_000  # characters of manuals that all checks together may keep in the agent's memory
AGENT = """
import sys
from predvid.checks import registry
from predvid.edge import agent
assert registry.checks()
print("predvid.checks.manual" in sys.modules)
"""
CHECKS = [pytest.param(check, id=name) for name, check in registry.checks().items()]


def settings(check: Check) -> set[str]:
    """Return the names of the params fields of `check`."""
    return {part.name for part in fields(check.params)} if check.params is not None else set()


def every_text(check: Check) -> list[Text]:
    """Return all texts of the manual of `check`."""
    found = manual.manual(check)
    return [*found.words.values(), *found.explained.values(), *([found.runbook] if found.runbook else [])]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_a_runbook_of_the_right_length_and_order(check: Check, language: str) -> None:
    text = manual.runbook(check, language)
    assert len(text.split()) in BOUNDS
    meaning, causes, *steps, escalate, cure = text.splitlines()
    assert meaning.endswith(".")
    for line, head in zip((causes, escalate, cure), HEADS[language], strict=True):
        assert line.startswith(head)
    numbers = [int(found[1]) for line in steps if (found := STEP.match(line))]
    assert numbers == list(range(1, len(steps) + 1)), "a line without its number, or out of order"
    assert 3 <= len(steps) <= MOST_STEPS
    assert "`" in "".join(steps), "no command to type and no place to look"


@pytest.mark.parametrize("check", CHECKS)
def test_the_languages_tell_the_same_steps_and_type_the_same(check: Check) -> None:
    english, croatian = (manual.runbook(check, language) for language in ("en", "hr"))
    assert len(english.splitlines()) == len(croatian.splitlines())
    assert set(TYPED.findall(english)) <= set(TYPED.findall(croatian))


@pytest.mark.parametrize("check", CHECKS)
def test_a_runbook_names_each_system_that_the_check_runs_on_where_they_differ(check: Check) -> None:
    if len(check.platforms) > 1:
        for language in LANGUAGES:
            text = manual.runbook(check, language)
            assert not [name for key, name in SYSTEMS.items() if key in check.platforms and name not in text]


@pytest.mark.parametrize("check", CHECKS)
def test_every_setting_has_a_label_and_a_sentence_and_no_other_thing_has(check: Check) -> None:
    found = manual.manual(check)
    assert set(found.words) == settings(check)
    assert set(found.explained) == settings(check)
    for name in settings(check):
        for language in LANGUAGES:
            short, sentence = manual.label(check, name, language), manual.explained(check, name, language)
            assert 0 < len(short) <= LONGEST_LABEL
            assert not short.endswith(".")
            assert sentence.endswith(".")
            assert len(sentence) > len(short)


@pytest.mark.parametrize("check", CHECKS)
def test_no_two_settings_of_a_check_have_the_same_label(check: Check) -> None:
    for language in LANGUAGES:
        labels = [manual.label(check, name, language) for name in settings(check)]
        assert len(labels) == len(set(labels))


@pytest.mark.parametrize("check", CHECKS)
def test_no_text_holds_a_place_for_a_value_or_an_open_backtick(check: Check) -> None:
    for text in every_text(check):
        for language in LANGUAGES:
            pattern = text.pattern(language)
            assert not re.search(r"[{}]", pattern), "a runbook has no values"
            assert pattern.count("`") % 2 == 0


@pytest.mark.parametrize("check", CHECKS)
def test_croatian_holds_no_english_outside_of_what_is_typed(check: Check) -> None:
    for text in every_text(check):
        assert not ENGLISH.findall(TYPED.sub("", text.hr)), text.hr
        assert not STRAY.findall(text.hr), text.hr


def test_every_file_belongs_to_a_check() -> None:
    assert {path.stem for path in manual.FOLDER.glob("*.toml")} <= set(registry.checks())


def bare(name: str, **texts: object) -> Check:
    """Return a check of that name that reads nothing."""
    return Check(name=name, title=Text("X", "X"), collect=lambda source, params, state: [], **texts)  # type: ignore[arg-type]


def test_a_check_from_outside_brings_its_texts_itself_and_lacks_them_quietly() -> None:
    own = bare("from_outside", runbook=Text("Look.", "Pogledajte."), words={"used": Text("Used", "Zauzeto")})
    assert (manual.runbook(own, "en"), manual.runbook(own, "hr")) == ("Look.", "Pogledajte.")
    assert manual.label(own, "used", "hr") == "Zauzeto"
    assert (manual.label(own, "free", "hr"), manual.explained(own, "used", "hr")) == ("free", "used")
    assert manual.runbook(bare("silent"), "en") == ""


def test_what_a_check_brings_itself_comes_before_its_file() -> None:
    own = bare("cpu", words={"used": Text("Mine", "Moje")})
    assert manual.label(own, "used", "en") == "Mine"
    assert manual.label(own, "steal", "en") == manual.label(registry.checks()["cpu"], "steal", "en")
    assert manual.runbook(own, "en") == manual.runbook(registry.checks()["cpu"], "en")


def test_the_agent_loads_no_manual() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", AGENT], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "False\n"
    carried = [
        text
        for check in registry.checks().values()
        for text in (check.runbook, *check.words.values(), *check.explained.values())
        if text
    ]
    assert sum(len(text.en) + len(text.hr) for text in carried) <= MOST_CARRIED
