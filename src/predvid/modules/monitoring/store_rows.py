"""The rows that the store takes and gives, and the stable number of a series."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """Who a series belongs to."""

    series: int
    device: str
    metric: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest sample of a series."""

    device: str
    metric: str
    labels: Mapping[str, str]
    ts: datetime
    value: float


@dataclass(frozen=True, slots=True)
class SeriesWindow:
    """One curve: equally long lists, `ts` the start of each bucket in ms since the epoch.

    A bucket without samples is absent, so a gap stays a gap.
    """

    device: str
    labels: Mapping[str, str]
    ts: list[int]
    min: list[float]
    mean: list[float]
    max: list[float]


@dataclass(frozen=True, slots=True)
class EventRow:
    """The copy of an event; `severity` is that of `core.model.Severity`, `values` those of its sentence."""

    id: int
    client: str
    device: str | None
    at: datetime
    kind: str
    severity: int
    said_id: str
    values: Mapping[str, object] = field(default_factory=dict)
    actor: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class TenureRow:
    """From day `since` on, `device` belongs to `client`."""

    device: str
    client: str
    since: date


def series_id(device: str, metric: str, labels: Mapping[str, str]) -> int:
    """Return the stable 64-bit number of a series: a hash, so that no allocator is needed."""
    key = json.dumps([device, metric, sorted(labels.items())], ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")


def labels_text(labels: Mapping[str, str]) -> str:
    """Return labels as they are stored: JSON with sorted keys, so that equal labels are equal text."""
    return json.dumps(dict(sorted(labels.items())), ensure_ascii=False, separators=(",", ":"))
