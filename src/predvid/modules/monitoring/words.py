"""Puts what monitoring has stored (ids with values) into the reader's words."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any

from django.utils.formats import date_format

from predvid.checks import registry
from predvid.core.authority import TEXTS as REFUSED
from predvid.core.events import KINDS
from predvid.core.model import Said
from predvid.core.task_words import TEXTS as TASK_WORDS
from predvid.core.wording import Text, Texts, word
from predvid.modules.inventory.fact_words import PARTS, fact_name, value_in_words

# A whole fact that changed has no part to name.
WHOLE = {"inventory.whole": Text("{fact}: was {before}, now {after}", "{fact}: bilo {before}, sada {after}")}
SITE = {"alert.site": Text("The whole site {site} does not answer", "Ne javlja se cijela lokacija {site}")}
TITLES = {"agent": Text("Agent", "Agent")}  # what stands beside the installed checks
LOCKED = {
    "fork": Text("two copies report under one identity", "pod istim se identitetom javljaju dva primjerka"),
    "copied": Text(
        "a copy of it started on another machine", "na drugom je računalu pokrenuta njegova kopija"
    ),
}


@cache
def texts() -> Texts:
    """Return every sentence that can have been stored, by id."""
    return {**KINDS, **WHOLE, **SITE, **REFUSED, **TASK_WORDS, **registry.texts()}


def sentence(said_id: str, values: Mapping[str, Any], language: str) -> str:
    """Return the stored sentence in words; an id that nobody knows any more stays visible as it is."""
    return word(Said(said_id, values), language, texts())


def title(check_name: str, language: str) -> str:
    """Return the name of a check for people; a check no longer installed keeps its short name."""
    check = registry.checks().get(check_name)
    text = check.title if check else TITLES.get(check_name)
    return text.pattern(language) if text else check_name


def runbook(check_name: str, language: str) -> str:
    """Return what a technician does when a check alerts; empty where nobody wrote that down."""
    check = registry.checks().get(check_name)
    return check.runbook.pattern(language) if check is not None and check.runbook is not None else ""


def event_sentence(
    kind: str, said_id: str, values: Mapping[str, Any], source: Mapping[str, Any], language: str
) -> str:
    """Return an event in words; what an alert said when the event happened is worded too."""
    if kind.startswith("alert.") and "said_id" in source:
        told = source.get("said_values")
        what = sentence(str(source["said_id"]), told if isinstance(told, Mapping) else {}, language)
        values = {**values, "what": what}
    if kind.startswith("inventory.") and "fact" in values:
        return _changed(said_id, {name: str(value) for name, value in values.items()}, language)
    return sentence(said_id, _readable(kind, values, language), language)


def _readable(kind: str, values: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """Return the values of an event with words for its codes and its day as people write it."""
    if kind == "agent.locked" and (why := LOCKED.get(str(values.get("why")))):
        return {**values, "why": why.pattern(language)}
    if kind == "task.refused":
        return {**values, "reason": sentence(str(values.get("reason")), values, language)}
    if kind == "security.task_refused":
        return {**values, "why": sentence(f"task.refused.{values.get('code')}", values, language)}
    if kind == "device.moved":
        with suppress(ValueError):
            moved = date.fromisoformat(str(values.get("date")))
            return {**values, "date": day(moved, language)}
    return values


def day(moment: date, language: str) -> str:
    """Return a day as `language` writes it: 22. studenoga 2026., 22 November 2026."""
    return date_format(moment, "DATE_FORMAT" if language == "hr" else "j F Y")


def _changed(said_id: str, values: Mapping[str, str], language: str) -> str:
    """Return a change of the inventory in words: facts and their parts have names, not ids."""
    fact, what = values["fact"], values.get("what", "")
    before, after = (value_in_words(what, values.get(name, ""), language) for name in ("before", "after"))
    known = PARTS.get(what) or registry.texts().get(f"part.{what}")
    part = known.pattern(language) if known else what
    named = {"fact": fact_name(fact, language), "what": part, "before": before, "after": after}
    return sentence("inventory.whole" if what == fact else said_id, named, language)
