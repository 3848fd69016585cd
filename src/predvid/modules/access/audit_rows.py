"""Entries of the audit as pages show them and files export them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language

from predvid.checks.registry import checks
from predvid.modules.access import exports
from predvid.modules.access.audit import EPOCH
from predvid.modules.access.audit_words import BY_TOKEN, ENROLMENT, FIELDS, KINDS, REASONS, VALUES, VERBS
from predvid.modules.access.models import AuditEntry
from predvid.modules.access.queries_audit import COLUMNS
from predvid.modules.access.token_forms import WORDS as MAY

CSV = (
    *("time", "person", "name", "verb", "object_kind", "object_id", "object_name", "client", "before"),
    *("after", "why", "address", "chain", "number", "hash"),
)


@dataclass(frozen=True)
class Row:
    """One entry, worded for the reader; `changes` are (field, before, after), empty where nothing was."""

    at: datetime | None
    who: str
    did: str
    kind: str
    what: str
    client: str
    changes: list[tuple[str, str, str]]
    why: str
    address: str
    number: int
    hash: str


def rows(entries: Iterable[AuditEntry], clients: Mapping[str, str], people: Mapping[str, str]) -> list[Row]:
    """Return `entries` for a page; `clients` and `people` give names by id."""
    return [
        Row(
            moment(entry.at),
            entry.name,
            str(VERBS.get(entry.verb, entry.verb)),
            str(KINDS.get(entry.object_kind, entry.object_kind)),
            people.get(entry.object_id, entry.object_name),
            clients.get(entry.chain, ""),
            _changes(entry),
            _reason(entry.why),
            entry.address,
            entry.number,
            entry.hash,
        )
        for entry in entries
    ]


def moment(at: int) -> datetime | None:
    """Return when an entry was written; None where its time is no time."""
    try:
        return EPOCH + timedelta(microseconds=at)
    except (OverflowError, TypeError):
        return None


def _changes(entry: AuditEntry) -> list[tuple[str, str, str]]:
    before, after = _values(entry.before), _values(entry.after)
    names = [*after, *(name for name in before if name not in after)]
    pairs = [(name, before.get(name), after.get(name)) for name in names]
    return [
        (str(FIELDS.get(name, name)), _shown(name, old), _shown(name, new))
        for name, old, new in pairs
        if old != new
    ]


def _values(text: str) -> dict[str, Any]:
    """Return what an entry holds; of one that was tampered with, its text as it stands."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {"?": text}
    return values if isinstance(values, dict) else {"?": text}


def _reason(why: str) -> str:
    if why.startswith(ENROLMENT):
        return BY_TOKEN % {"id": why.removeprefix(ENROLMENT)}
    return str(REASONS.get(why, why))


def _shown(name: str, value: Any) -> str:
    """Return what the field `name` holds, in words where the stored one is a code."""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    text = "" if value is None else str(value)
    if name == "verbs":
        return ", ".join(str(MAY.get(verb, verb)) for verb in text.split())
    if name == "check" and (check := checks().get(text)) is not None:
        return check.title.pattern("hr" if (get_language() or "hr").startswith("hr") else "en")
    return str(VALUES.get(name, {}).get(text, text))


def csv_lines(entries: Iterable[AuditEntry], clients: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a CSV file of the audit; `clients` gives names by chain."""
    return exports.csv_lines(CSV, (_cells(entry, clients) for entry in entries))


def _cells(entry: AuditEntry, clients: Mapping[str, str]) -> Iterator[str]:
    at = moment(entry.at)
    known = {"time": at.isoformat() if at else "", "client": clients.get(entry.chain, "")}
    return (str(known.get(name, getattr(entry, name, ""))) for name in CSV)


def json_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """Yield each entry whole, as it is stored and sealed, as one line of JSON: enough to verify it again."""
    for entry in entries:
        yield json.dumps({name: getattr(entry, name) for name in COLUMNS}, ensure_ascii=False) + "\n"
