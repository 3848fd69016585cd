"""Runs the parts of a check so that whatever it does wrong becomes a sentence, never a crash."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.history import NO_HISTORY, History
from predvid.checks.source import Source
from predvid.checks.v1 import Check
from predvid.core import plain
from predvid.core.model import Event, Fact, Result, Said, Sample, say

MAX_ERROR = 300  # characters of a foreign error's message that are kept


@dataclass
class Collected:
    """What one run of `collect` gave; `error` says why it ended early, `not_here` that this is no fault."""

    samples: list[Sample] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    error: Said | None = None
    not_here: bool = False


def raised(check: Check, error: Exception) -> Said:
    """Return the sentence for an error that `check` let escape."""
    return say(
        "check.raised", check=check.name, error=plain.text(f"{type(error).__name__}: {error}")[:MAX_ERROR]
    )


def inapplicable(check: Check, source: Source) -> Said | None:
    """Return why `check` makes no sense on the device of `source`, or None where it does."""
    if source.platform not in check.platforms:
        return say("check.platform", check=check.name, platform=source.platform)
    try:
        verdict = check.applies(source)
    except NotHere as error:
        return plain.said(error.said)
    except CannotRead:
        return None  # it may well apply: let `collect` meet the same failure and report it
    except Exception as error:
        return raised(check, error)
    if isinstance(verdict, Said):
        return plain.said(verdict)
    return None if verdict else say("check.not_here", check=check.name)


def collect(check: Check, source: Source, params: Any, state: dict[str, Any]) -> Collected:
    """Run `check.collect` once; what it yielded before a failure is kept, the failure is in `error`.

    All of it is plain (`core.plain`): one name that is no UTF-8 must not keep a batch from being sealed.
    """
    into = Collected()
    try:
        for thing in check.collect(source, params, state):
            _sort(thing, into)
    except CannotRead as error:
        into.error, into.not_here = plain.said(error.said), isinstance(error, NotHere)
    except Exception as error:
        into.error = raised(check, error)
    return into


def _sort(thing: object, into: Collected) -> None:
    match thing:
        case Sample():
            if not math.isfinite(thing.value):
                raise ValueError(f"{thing.metric} is {thing.value}, not a number")
            labels = {plain.text(name): plain.text(value) for name, value in thing.labels.items()}
            into.samples.append(replace(thing, metric=plain.text(thing.metric), labels=labels))
        case Fact():
            into.facts.append(Fact(plain.text(thing.name), plain.tree(thing.value)))
        case Event():
            into.events.append(_event(thing))
        case _:
            raise TypeError(f"yielded {type(thing).__name__}; expected Sample, Fact or Event")


def _event(event: Event) -> Event:
    return replace(
        event,
        kind=plain.text(event.kind),
        said=plain.said(event.said),
        actor=plain.text(event.actor),
        target=plain.text(event.target),
        source=plain.plain_values(event.source),
    )


def verdicts(check: Check, samples: list[Sample], params: Any, history: History) -> Iterable[Result]:
    """Yield what the check's own judge says; one that names no `history` is not given any."""
    if check.judge is not None:
        yield from check.judge(samples, params, history) if check.history else check.judge(samples, params)


def judge(
    check: Check, samples: list[Sample], params: Any, history: History = NO_HISTORY
) -> tuple[list[Result], Said | None]:
    """Run `check.judge` on the samples of one run; return its results and, if it raised, the reason."""
    results: list[Result] = []
    try:
        results.extend(verdicts(check, samples, params, history))
    except Exception as error:
        return results, raised(check, error)
    return results, None
