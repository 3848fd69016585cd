"""Words the findings of a self-test for a technician, or as JSON."""

from collections.abc import Iterator
from typing import Any

from predvid.checks.registry import texts as check_texts
from predvid.core.model import Said, Sample, Value
from predvid.core.wording import duration, number, size, word
from predvid.edge.selftest import Findings, Tried
from predvid.edge.texts import TEXTS

MARKS = {"ok": "✓", "not_here": "·", "cannot": "✗"}


def lines(findings: Findings, host: str, language: str) -> Iterator[str]:
    """Yield the report as lines of text in `language` (hr or en)."""

    def put(id: str, **values: Value) -> str:
        return word(Said(id, values), language, TEXTS)

    yield put("title", host=host)
    yield ""
    yield put("checks")
    titles = [tried.check.title.pattern(language) for tried in findings.tried]
    width = max(map(len, titles), default=0)
    for title, tried in zip(titles, findings.tried, strict=True):
        yield f"  {MARKS[tried.verdict]} {title:<{width}}  {_outcome(tried, language)}"
    works = sum(tried.verdict == "ok" for tried in findings.tried)
    yield ""
    yield put("summary", ok=works, all=len(findings.tried))
    yield ""
    rows = [
        (put("server"), _server(findings, language)),
        (put("clock"), _clock(findings, language)),
        (put("outbox"), _outbox(findings, language)),
        (put("rights"), put("rights.root" if findings.root else "rights.user")),
        (put("agent"), put("agent.running" if findings.look.running else "agent.stopped")),
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        yield f"{name:<{width}}  {text}"


def _outcome(tried: Tried, language: str) -> str:
    verdict = word(Said(tried.verdict), language, TEXTS)
    parts = []
    if tried.said is not None:
        parts.append(word(tried.said, language, check_texts()))
    for id, n in (("values", tried.samples), ("facts", tried.facts)):
        if n:
            parts.append(word(Said(id, {"n": n}), language, TEXTS))
    if tried.sample is not None:
        parts.append(f"{_series(tried.sample)} = {_value(tried.sample, language)}")
    return f"{verdict}: {'; '.join(parts)}" if parts else verdict


def _series(sample: Sample) -> str:
    labels = " ".join(str(value) for value in sample.labels.values())
    return f"{sample.metric} {labels}".strip()


def _value(sample: Sample, language: str) -> str:
    """Return the value with the unit that the metric's name ends with (see `core.model.Sample`)."""
    metric, value = sample.metric, sample.value
    if metric.endswith("_percent"):
        return f"{number(value, language)}{' ' if language == 'hr' else ''}%"
    if metric.endswith(("_bytes", "_bytes_per_second")):
        return size(value, language) + ("/s" if metric.endswith("_per_second") else "")
    if metric.endswith("_seconds"):
        return duration(value, language)
    if metric.endswith("_celsius"):
        return f"{number(value, language)} °C"
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
        "running": findings.look.running,
    }


def _check_json(tried: Tried, language: str) -> dict[str, Any]:
    sample = tried.sample
    return {
        "check": tried.check.name,
        "verdict": tried.verdict,
        "reason": None if tried.said is None else tried.said.id,
        "message": None if tried.said is None else word(tried.said, language, check_texts()),
        "samples": tried.samples,
        "facts": tried.facts,
        "took_ms": tried.took_ms,
        "sample": sample and {"metric": sample.metric, "labels": dict(sample.labels), "value": sample.value},
    }
