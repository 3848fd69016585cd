"""Turns readings into the columns of a batch, and a batch into bytes, pieces, or its part without samples."""

import zlib
from array import array
from collections.abc import Iterable, Iterator
from sys import byteorder

import msgspec

from predvid.core.model import Labels
from predvid.wire.v1 import (
    MAX_BODY,
    MAX_PLAIN,
    MAX_SAMPLES,
    Batch,
    Columns,
    EventRow,
    Sentence,
    Series,
)

SeriesKey = tuple[str, str, Labels]  # check, metric, labels in order
Reading = tuple[SeriesKey, int, float]  # series, moment (ms), value

FORGET = 86400.0  # seconds after which a series not seen leaves the layout, when that is made anew
MOST_SERIES = 50_000  # of a layout: the server takes no larger one
MOST_RUNS, MOST_FACTS, MOST_EVENTS = 2_000, 200, 500  # of a batch: likewise
BULKY = 1 << 15  # bytes of a layout that is cut with its samples: its repetition would keep halves large


class Undecodable(ValueError):
    """A body that is no batch: its bytes were damaged on the disk."""


class Layout:
    """The series of this device in a stable order; its bytes change only when a new series appears."""

    def __init__(self) -> None:
        self._seen: dict[SeriesKey, float] = {}
        self._place: dict[SeriesKey, int] = {}
        self._bytes = msgspec.msgpack.encode([])

    def columns(self, readings: list[Reading], now: float) -> Columns:
        """Return `readings` (of at most MOST_SERIES series) as columns; `now` (steady seconds) ages those."""
        if not readings:
            return Columns()
        keys = {key for key, _, _ in readings}
        self._seen.update(dict.fromkeys(keys, now))
        if not keys <= self._place.keys():
            self._renew(keys, now)
        place = self._place
        return Columns(
            layout=self._bytes,
            place=_packed("H", (place[key] for key, _, _ in readings)),
            ts=_packed("q", (at for _, at, _ in readings)),
            values=_packed("d", (value for _, _, value in readings)),
        )

    def _renew(self, needed: set[SeriesKey], now: float) -> None:
        alive = {key for key, seen in self._seen.items() if now - seen < FORGET}
        if len(alive) > MOST_SERIES:
            alive = needed
        self._seen = {key: self._seen[key] for key in alive}
        order = sorted(alive)
        self._place = {key: n for n, key in enumerate(order)}
        self._bytes = msgspec.msgpack.encode(
            [Series(check, metric, dict(labels)) for check, metric, labels in order]
        )


def _packed(kind: str, values: Iterable[float]) -> bytes:
    column = array(kind, values)
    if byteorder == "big":
        column.byteswap()
    return column.tobytes()


def encode(batch: Batch) -> bytes:
    """Return the request body of `batch`: msgpack, deflated (zlib, RFC 1950)."""
    return zlib.compress(msgspec.msgpack.encode(batch), 6)


def decode(body: bytes) -> Batch:
    """Return the batch of a body made by `encode`. Raises Undecodable."""
    try:
        return msgspec.msgpack.decode(zlib.decompress(body), type=Batch)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Undecodable(str(error)) from None


def count(batch: Batch) -> int:
    """Return the number of samples in `batch`."""
    return len(batch.columns.place) // 2


def fits(batch: Batch, body: bytes, limit: int = MAX_BODY) -> bool:
    """Tell whether the server takes `batch`, of which `body` is the body, where it takes `limit` bytes."""
    if len(body) > limit or count(batch) > MAX_SAMPLES or len(batch.ran) > MOST_RUNS:
        return False
    return len(msgspec.msgpack.encode(batch)) <= MAX_PLAIN


def portions(batch: Batch) -> Iterator[Batch]:
    """Yield batches that together say what `batch` says, none with too many facts or events for the server.

    Samples, runs and outcomes stay in the first.
    """
    first = msgspec.structs.replace(batch, facts=batch.facts[:MOST_FACTS], events=batch.events[:MOST_EVENTS])
    yield first
    facts, events = batch.facts[MOST_FACTS:], batch.events[MOST_EVENTS:]
    while facts or events:
        yield Batch(
            batch.boot, batch.seq, batch.sealed, facts=facts[:MOST_FACTS], events=events[:MOST_EVENTS]
        )
        facts, events = facts[MOST_FACTS:], events[MOST_EVENTS:]


def with_gap(batch: Batch, samples: int, events: int) -> Batch:
    """Return `batch` with the report of so many samples and events that are missing before it."""
    said = Sentence("agent.samples_dropped", {"n": samples, "events": events})
    event = EventRow("agent.samples_dropped", said, batch.sealed, "warning", source={"events": events})
    return msgspec.structs.replace(batch, dropped=batch.dropped + samples, events=[*batch.events, event])


def with_damage(batch: Batch, why: str) -> Batch:
    """Return `batch` with the report that the outbox's file was damaged."""
    said = Sentence("agent.outbox_damaged", {"why": why})
    event = EventRow("agent.outbox_damaged", said, batch.sealed, "warning")
    return msgspec.structs.replace(batch, events=[event, *batch.events])


def pieces(batch: Batch, limit: int) -> list[Batch]:
    """Return batches that together say what `batch` says, each one that fits, see `fits`, if that can be."""
    if fits(batch, encode(batch), limit):
        return [batch]
    parts = halves(batch)
    if parts is None:
        return [batch]
    return pieces(parts[0], limit) + pieces(parts[1], limit)


def halves(batch: Batch) -> tuple[Batch, Batch] | None:
    """Return two batches that together say what `batch` says, in order; None where it is one thing only.

    Runs stay whole as long as there is anything else to divide: the server judges a run's samples together.
    """
    return _by_runs(batch) or _off_the_samples(batch) or _by_samples(batch) or _by_rows(batch)


def _by_runs(batch: Batch) -> tuple[Batch, Batch] | None:
    runs, samples = len(batch.ran) // 2, count(batch) // 2
    if runs and sum(ran.items for ran in batch.ran) == count(batch):
        samples = sum(ran.items for ran in batch.ran[:runs])
    if not runs:
        return None
    first, second = _cut(batch.columns, samples)
    rest = Batch(batch.boot, batch.seq, batch.sealed, columns=second, ran=batch.ran[runs:])
    return msgspec.structs.replace(batch, columns=first, ran=batch.ran[:runs]), rest


def _off_the_samples(batch: Batch) -> tuple[Batch, Batch] | None:
    if count(batch) > MAX_SAMPLES or not count(batch) or not (batch.facts or batch.events or batch.outcomes):
        return None
    rest = Batch(batch.boot, batch.seq, batch.sealed, columns=batch.columns, ran=batch.ran)
    return without_samples(batch), rest


def _by_samples(batch: Batch) -> tuple[Batch, Batch] | None:
    if count(batch) < 2:
        return None
    first, second = _cut(batch.columns, count(batch) // 2)
    rest = Batch(batch.boot, batch.seq, batch.sealed, columns=second)
    return msgspec.structs.replace(batch, columns=first), rest


def _by_rows(batch: Batch) -> tuple[Batch, Batch] | None:
    for name in ("facts", "events", "outcomes"):
        rows = getattr(batch, name)
        if len(rows) > 1:
            middle = len(rows) // 2
            rest = Batch(batch.boot, batch.seq, batch.sealed)
            return (
                msgspec.structs.replace(batch, **{name: rows[:middle]}),
                msgspec.structs.replace(rest, **{name: rows[middle:]}),
            )
    return None


def _cut(columns: Columns, n: int) -> tuple[Columns, Columns]:
    first = Columns(columns.layout, columns.place[: 2 * n], columns.ts[: 8 * n], columns.values[: 8 * n])
    second = Columns(columns.layout, columns.place[2 * n :], columns.ts[8 * n :], columns.values[8 * n :])
    return (_trimmed(first), _trimmed(second)) if len(columns.layout) > BULKY else (first, second)


def _trimmed(columns: Columns) -> Columns:
    """Return `columns` with a layout of the series that they use alone."""
    rows = msgspec.msgpack.decode(columns.layout, type=list[msgspec.Raw])
    places = array("H", columns.place)
    if byteorder == "big":
        places.byteswap()
    used = sorted(set(places))
    new = {old: n for n, old in enumerate(used)}
    layout = msgspec.msgpack.encode([rows[old] for old in used])
    return Columns(layout, _packed("H", (new[old] for old in places)), columns.ts, columns.values)


def without_samples(batch: Batch) -> Batch:
    """Return `batch` with what must not be lost before the samples: facts, events and outcomes."""
    return msgspec.structs.replace(batch, columns=Columns(), ran=[])


def empty(batch: Batch) -> bool:
    """Tell whether `batch` says nothing."""
    said = (batch.ran, batch.facts, batch.events, batch.outcomes, batch.dropped, batch.trust)
    return not (count(batch) or any(said))
