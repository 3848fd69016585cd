"""Every sentence exists in both languages, every event kind is listed, every word is defined."""

import ast
import re
from collections.abc import Iterator

from house.tree import ROOT, Source, sources
from predvid.checks import registry
from predvid.core import events
from predvid.core.wording import Text
from predvid.modules.monitoring import words

PLACE = re.compile(r"\{(\w+)(?::\w+)?((?:\|[^{}|]*)*)\}")
FORMS = {"en": 2, "hr": 3}
WORDS = ["client", "site", "device", "check", "sample", "result", "event", "alert", "policy", "task"]
BUSINESS = ["program", "contract", "recommendation", "work order", "visit", "report"]


def flaws(said: str, text: Text) -> Iterator[str]:
    """Yield what is wrong with a sentence: a language missing, other values, too few plural forms."""
    patterns = {"en": text.en, "hr": text.hr}
    if not all(pattern.strip() for pattern in patterns.values()):
        yield f"{said}: a language is missing"
    places = {lang: {name for name, _ in PLACE.findall(pattern)} for lang, pattern in patterns.items()}
    if places["en"] != places["hr"]:
        yield f"{said}: the languages show other values: {sorted(places['en'] ^ places['hr'])}"
    for language, pattern in patterns.items():
        for name, forms in PLACE.findall(pattern):
            if forms and forms.count("|") != FORMS[language]:
                yield f"{said}: {name} needs {FORMS[language]} forms in {language}"


def event_kinds(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and kind of each event that a file makes, as far as the kind is written out."""
    for call, name in source.calls:
        given = [word.value for word in call.keywords if word.arg == "kind"]
        if name.split(".")[-1] in ("Event", "EventRow"):
            given += call.args[:1]
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and "." in value.value:
                yield value.lineno, value.value


def said_ids(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and id of each sentence that a file says, as far as the id is written out."""
    for call, name in source.calls:
        if name.split(".")[-1] == "say" and call.args and isinstance(call.args[0], ast.Constant):
            yield call.lineno, str(call.args[0].value)


def test_every_sentence_is_whole_in_both_languages() -> None:
    assert not [flaw for said, text in words.texts().items() for flaw in flaws(said, text)]


def test_an_incomplete_sentence_is_caught() -> None:
    assert list(flaws("a", Text("Hello", "")))
    assert list(flaws("a", Text("{n} left", "Preostalo: {m}")))
    assert list(flaws("a", Text("{n|day|days}", "{n|dan|dana}")))
    assert not list(flaws("a", Text("{n} {n|day|days}", "{n} {n|dan|dana|dana}")))


def test_no_check_is_broken() -> None:
    assert not registry.broken()


def test_every_event_kind_is_listed() -> None:
    used = [(source.path, line, kind) for source in sources("src") for line, kind in event_kinds(source)]
    assert not [place for place in used if not events.known(place[2])]
    assert used, "no event is made anywhere: has the way of making them changed?"


def test_an_unlisted_event_kind_is_caught() -> None:
    source = Source("a.py", 'Event("disk.swapped", said)\nrow(kind="no.such")\nEvent(kind="device.added")\n')
    assert [kind for _, kind in event_kinds(source) if not events.known(kind)] == ["disk.swapped", "no.such"]


def test_every_sentence_that_is_said_has_words() -> None:
    said = [(source.path, line, name) for source in sources("src") for line, name in said_ids(source)]
    assert not [place for place in said if place[2] not in words.texts()]
    assert list(said_ids(Source("a.py", 'x = say("no.words", n=1)\n'))) == [(1, "no.words")]


def test_the_glossary_defines_every_word() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").lower()
    assert not [word for word in WORDS + BUSINESS if f"| **{word}** |" not in glossary]


def test_the_change_log_has_a_place_for_the_next_change() -> None:
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## Unreleased\n+- \S", log, re.MULTILINE)
