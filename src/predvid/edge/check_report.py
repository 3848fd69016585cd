"""Shows checks and their outcomes: as the stable JSON of the command line, and as plain tables for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from predvid.checks.groups import group_of
from predvid.checks.recording import Outcome
from predvid.checks.v1 import Check
from predvid.core.events import KINDS
from predvid.core.model import Event, Levels, Said, Sample
from predvid.core.wording import Text, plainly

_UNITS = {  # the longer ending first
    "_bytes_per_second": "B/s", "_bits_per_second": "bit/s", "_per_second": "1/s", "_percent": "%",
    "_bytes": "B", "_seconds": "s", "_celsius": "°C",
}  # fmt: skip
_HEADS = {
    "item": Text("item", "stavka"),
    "state": Text("state", "stanje"), "message": Text("message", "poruka"), "metric": Text("metric", "mjera"),
    "value": Text("value", "vrijednost"), "unit": Text("unit", "jedinica"), "fact": Text("fact", "činjenica"),
    "event": Text("event", "događaj"),
    "rows": Text("{n:int} {n|row|rows}", "{n:int} {n|redak|retka|redaka}"),
}  # fmt: skip
_STATES = {
    "OK": Text("OK", "U REDU"),
    "WARNING": Text("WARNING", "UPOZORENJE"),
    "UNKNOWN": Text("UNKNOWN", "NEPOZNATO"),
    "CRITICAL": Text("CRITICAL", "KRITIČNO"),
}
_WIDE = 70  # characters of a cell


def state_word(name: str, language: str) -> str:
    """Return a state (the name of a `State`) as people read it."""
    return _STATES[name].pattern(language)


def unit(metric: str) -> str:
    """Return the unit that the name of `metric` ends with; empty for counts."""
    return next((unit for ending, unit in _UNITS.items() if metric.endswith(ending)), "")


def params_data(params: Any) -> dict[str, Any]:
    """Return a check's params as JSON-like data."""
    return asdict(params) if is_dataclass(params) and not isinstance(params, type) else {}


def check_row(check: Check, reason: Said | None, language: str, texts: Mapping[str, Text]) -> dict[str, Any]:
    """Return one check as JSON-like data; `reason` tells why it does not apply to this device."""
    return {
        "name": check.name, "title": check.title.pattern(language), "platforms": list(check.platforms),
        "interval": check.interval, "intervals": dict(check.intervals),
        "hold": check.hold, "params": params_data(check.params),
        "defaults": {kind: {name: asdict(value) if isinstance(value, Levels) else value
                            for name, value in values.items()} for kind, values in check.defaults.items()},
        "watches": dict(check.watches), "charts": list(check.charts), "applies": reason is None,
        "reason": plainly(reason, language, texts) if reason else None, "group": group_of(check),
    }  # fmt: skip


def outcome_data(check: Check, outcome: Outcome, language: str, texts: Mapping[str, Text]) -> dict[str, Any]:
    """Return what one run gave as JSON-like data (the fields of `predvid check run --json`)."""
    texts = {**KINDS, **texts}
    return {
        "check": check.name,
        "facts": {fact.name: fact.value for fact in outcome.facts} | _summary(check, outcome),
        "samples": [_sample(sample) for sample in outcome.samples],
        "events": [_event(event, language, texts) for event in outcome.events],
        "results": [
            {"item": result.item, "state": result.state.name,
             "message": plainly(result.said, language, texts),
             "reason": plainly(result.reason, language, texts) if result.reason else None}
            for result in outcome.results
        ],
        "error": plainly(outcome.error, language, texts) if outcome.error else None,
    }  # fmt: skip


def _summary(check: Check, outcome: Outcome) -> dict[str, Any]:
    return dict(check.summary(outcome.facts, outcome.samples)) if check.summary else {}


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "metric": sample.metric,
        "labels": dict(sample.labels),
        "value": sample.value,
        "unit": unit(sample.metric),
    }


def _event(event: Event, language: str, texts: Mapping[str, Text]) -> dict[str, Any]:
    at = event.at.strftime("%Y-%m-%dT%H:%M:%SZ") if event.at else None
    return {
        "time": at,
        "kind": event.kind,
        "severity": event.severity.name.lower(),
        "actor": event.actor,
        "target": event.target,
        "message": plainly(event.said, language, texts),
        "source": dict(event.source),
    }


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], language: str) -> str:
    """Return a plain table under worded heads; empty where there are no rows."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return ""
    cells.insert(0, [_HEADS[head].pattern(language).upper() for head in heads])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    text = "".join(char if char.isprintable() else " " for char in str(value))
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def outcome_tables(data: Mapping[str, Any], language: str) -> str:
    """Return one run as tables for people: results first, then events, samples and facts."""
    results = (
        [row["item"], state_word(row["state"], language), _with_reason(row)] for row in data["results"]
    )
    events = ([row["kind"], row["message"]] for row in data["events"])
    samples = ([_series(row), _plain(row["value"]), row["unit"]] for row in data["samples"])
    facts = ([name, _brief(value, language)] for name, value in data["facts"].items())
    parts = [
        table(("item", "state", "message"), results, language),
        table(("event", "message"), events, language),
        table(("metric", "value", "unit"), samples, language),
        table(("fact", "value"), facts, language),
    ]
    return "\n\n".join(part for part in parts if part)


def _with_reason(row: Mapping[str, Any]) -> str:
    return f"{row['message']} ({row['reason']})" if row["reason"] else str(row["message"])


def _plain(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"


def _series(row: Mapping[str, Any]) -> str:
    labels = ",".join(f"{name}={value}" for name, value in row["labels"].items())
    return f"{row['metric']}{{{labels}}}" if labels else str(row["metric"])


def _brief(value: Any, language: str) -> str:
    if isinstance(value, list):
        return plainly(Said("rows", {"n": len(value)}), language, _HEADS)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {part}" for name, part in value.items() if part not in (None, ""))
    return str(value)
