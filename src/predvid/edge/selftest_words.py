"""Words the findings of a self-test for a technician, or as JSON."""

import textwrap
from collections.abc import Iterator
from typing import Any

from predvid.checks.groups import GROUPS, group_of, grouped
from predvid.checks.registry import texts as check_texts
from predvid.core.model import Said, Sample, State, Value
from predvid.core.wording import NBSP, duration, number, percent, plainly, size, word
from predvid.edge.check_list import SYSTEMS, below, columns, printable
from predvid.edge.check_report import state_word
from predvid.edge.selftest import Findings, Tried
from predvid.edge.texts import TEXTS

MARKS = {"reports": "✓", "needs": "✗", "absent": "·"}
TITLE = 30  # columns that titles are aligned to


def standing(tried: Tried) -> str:
    """Return where a check stands here: `reports`, `needs` something, is `absent`, or for `other` systems."""
    if tried.verdict == "ok":
        return "reports"
    if tried.other_system:
        return "other"
    return "needs" if tried.need else "absent"


def counted(findings: Findings) -> dict[str, int]:
    """Return how many checks stand where."""
    all_of = [standing(tried) for tried in findings.tried]
    return {name: all_of.count(name) for name in ("reports", "needs", "absent", "other")}


def lines(findings: Findings, host: str, language: str, width: int | None = None) -> Iterator[str]:
    """Yield the report as lines of text in `language` (hr or en), `width` (default: the terminal's) wide."""
    width = columns() if width is None else width
    yield _put(language, "title", host=printable(host))
    yield ""
    yield from below(_put(language, "summary", all=len(findings.tried), **counted(findings)), 0, width)
    for name in ("needs", "reports", "absent"):
        yield from _section(name, findings, language, width)
    if systems := _other_systems(findings):
        yield ""
        yield from below(_put(language, "others", n=counted(findings)["other"], systems=systems), 0, width)
    yield ""
    for head, text in _rows(findings, language):
        yield from _hanging(f"{head:<13}", text, width)


def _put(language: str, id: str, **values: Value) -> str:
    return word(Said(id, values), language, TEXTS)


def _section(name: str, findings: Findings, language: str, width: int) -> Iterator[str]:
    """Yield a heading and, group by group, the checks that stand there."""
    members = {tried.check.name: tried for tried in findings.tried if standing(tried) == name}
    if members:
        yield ""
        yield _put(language, f"section.{name}").upper()
    for group, checks in grouped(tried.check for tried in members.values()).items():
        yield f"  {GROUPS[group].pattern(language)}"
        for check in checks:
            tried = members[check.name]
            title = printable(check.title.pattern(language))
            text = _outcome(tried, language)
            yield from _hanging(f"    {MARKS[name]} {title:<{TITLE - 6}}  ", text, width)
            if advice := _advice(tried, findings.root, language):
                yield from _hanging("      → ", advice, width)


def _hanging(head: str, text: str, width: int) -> Iterator[str]:
    """Yield `head` and `text` in lines of `width`; further lines begin where the text does."""
    indent = len(head) if len(head) <= TITLE + 2 else 6
    yield from textwrap.wrap(printable(text), max(width, 40), initial_indent=head,
                             subsequent_indent=" " * indent, break_on_hyphens=False)  # fmt: skip


def _other_systems(findings: Findings) -> str:
    names = {platform for tried in findings.tried if tried.other_system for platform in tried.check.platforms}
    return ", ".join(name for key, name in SYSTEMS.items() if key in names)


def _rows(findings: Findings, language: str) -> list[tuple[str, str]]:
    running = "agent.running" if findings.look.running else "agent.stopped"
    hidden = findings.server.state == "hidden"
    return [
        (_put(language, "server"), _server(findings, language)),
        (_put(language, "clock"), _clock(findings, language)),
        (_put(language, "outbox"), _put(language, "hidden") if hidden else _outbox(findings, language)),
        (_put(language, "rights"), _put(language, "rights.root" if findings.root else "rights.user")),
        (_put(language, "agent"), _put(language, "hidden" if hidden else running)),
    ]


def _advice(tried: Tried, root: bool, language: str) -> str:
    need = tried.need
    if need is None or need.kind == "other" or (need.kind == "rights" and root):
        return ""
    return _put(language, f"need.{need.kind}", package=need.package)


def _outcome(tried: Tried, language: str) -> str:
    """Return what the check says of this machine, or why it says nothing."""
    if tried.said is not None:
        return word(tried.said, language, check_texts())
    if tried.result is not None:
        text = word(tried.result.said, language, check_texts())
        state = tried.result.state
        return text if state is State.OK else f"{state_word(state.name, language)}: {text}"
    named = check_texts().get(f"metric.{tried.sample.metric}") if tried.sample is not None else None
    if tried.sample is not None and (named is not None or not tried.facts):
        series = _series(tried.sample, tried.sample.metric if named is None else named.pattern(language))
        return f"{series}: {_value(tried.sample, language)}"
    return _put(language, "facts", n=tried.facts) if tried.facts else _put(language, "nothing")


def _series(sample: Sample, name: str) -> str:
    labels = " ".join(str(value) for value in sample.labels.values())
    return f"{name} {labels}".strip()


def _value(sample: Sample, language: str) -> str:
    """Return the value with the unit that the metric's name ends with (see `core.model.Sample`)."""
    metric, value = sample.metric, sample.value
    if metric.endswith("_percent"):
        return percent(value, language)
    if metric.endswith(("_bytes", "_bytes_per_second")):
        return size(value, language) + ("/s" if metric.endswith("_per_second") else "")
    if metric.endswith("_seconds"):
        return duration(value, language)
    if metric.endswith("_celsius"):
        return f"{number(value, language)}{NBSP}°C"
    return number(value, language) + ("/s" if metric.endswith("_per_second") else "")


def _server(findings: Findings, language: str) -> str:
    server = findings.server
    id = f"server.{server.state}"
    values: dict[str, Value] = {
        "message": server.message,
        "state": server.state,
        "trip": server.trip,
        "server": findings.look.membership.server if findings.look.membership else "",
    }
    return word(Said(id if id in TEXTS else "server.other", values), language, TEXTS)


def _clock(findings: Findings, language: str) -> str:
    if findings.server.state == "hidden":
        return word(Said("hidden"), language, TEXTS)
    skew = findings.server.skew
    if skew is None or findings.server.state in ("new", "not_enrolled", "unreadable"):
        return word(Said("clock.unknown"), language, TEXTS)
    if abs(skew) < 2000:
        return word(Said("clock.good"), language, TEXTS)
    id = "clock.ahead" if skew > 0 else "clock.behind"
    return word(Said(id, {"seconds": abs(skew) / 1000}), language, TEXTS)


def _outbox(findings: Findings, language: str) -> str:
    outbox = findings.look.outbox
    if outbox is None:
        return word(Said("outbox.none"), language, TEXTS)
    waiting = Said("outbox.waiting", {"n": outbox.batches, "bytes": outbox.bytes})
    text = word(waiting if outbox.batches else Said("outbox.empty"), language, TEXTS)
    if outbox.dead:
        text += word(Said("outbox.dead", {"n": outbox.dead}), language, TEXTS)
    if outbox.dropped:
        text += word(Said("outbox.dropped", {"n": outbox.dropped}), language, TEXTS)
    return text


def as_json(findings: Findings, host: str, language: str) -> dict[str, Any]:
    """Return the findings as JSON-like data; sentences in `language`, times in ms."""
    server, outbox = findings.server, findings.look.outbox
    return {
        "host": host,
        "counts": counted(findings),
        "checks": [_check_json(tried, language) for tried in findings.tried],
        "server": {
            "state": server.state,
            "message": server.message,
            "round_trip_ms": server.trip,
            "skew_ms": server.skew,
        },
        "outbox": outbox
        and {
            "batches": outbox.batches,
            "bytes": outbox.bytes,
            "set_aside": outbox.dead,
            "dropped": outbox.dropped,
        },
        "root": findings.root,
        "running": None if server.state == "hidden" else findings.look.running,
    }


def _check_json(tried: Tried, language: str) -> dict[str, Any]:
    sample, need, result = tried.sample, tried.need, tried.result
    return {
        "check": tried.check.name,
        "title": tried.check.title.pattern(language),
        "group": group_of(tried.check),
        "standing": standing(tried),
        "need": need and {"kind": need.kind, "package": need.package or None},
        "result": result
        and {
            "item": result.item,
            "state": result.state.name,
            "message": plainly(result.said, language, check_texts()),
        },
        "verdict": tried.verdict,
        "reason": None if tried.said is None else tried.said.id,
        "message": None if tried.said is None else plainly(tried.said, language, check_texts()),
        "samples": tried.samples,
        "facts": tried.facts,
        "took_ms": tried.took_ms,
        "sample": sample and {"metric": sample.metric, "labels": dict(sample.labels), "value": sample.value},
    }
