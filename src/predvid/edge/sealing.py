"""Turns readings into the columns of a batch, and a batch into bytes, halves, or its part without samples."""

import zlib
from array import array
from collections.abc import Iterable
from sys import byteorder

import msgspec

from predvid.core.model import Labels
from predvid.wire.v1 import MAX_BODY, MAX_PLAIN, MAX_SAMPLES, Batch, Columns, Series

SeriesKey = tuple[str, str, Labels]  # check, metric, labels in order
Reading = tuple[SeriesKey, int, float]  # series, moment (ms), value

FORGET = 86400.0  # seconds after which a series not seen leaves the layout, when that is made anew
MOST_SERIES = 60_000  # `place` is an uint16


class Undecodable(ValueError):
    """A body that is no batch: its bytes were damaged on the disk."""


class Layout:
    """The series of this device in a stable order; its bytes change only when a new series appears."""

    def __init__(self) -> None:
        self._seen: dict[SeriesKey, float] = {}
        self._place: dict[SeriesKey, int] = {}
        self._bytes = msgspec.msgpack.encode([])

    def columns(self, readings: list[Reading], now: float) -> Columns:
        """Return `readings` (at most MAX_SAMPLES) as columns; `now` in steady seconds ages the series."""
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
    """Tell whether the server takes `body`; the plain size is judged by its columns and lists alone."""
    if len(body) > limit or count(batch) > MAX_SAMPLES:
        return False
    return len(body) * 8 < MAX_PLAIN or len(msgspec.msgpack.encode(batch)) <= MAX_PLAIN


def halves(batch: Batch) -> tuple[Batch, Batch] | None:
    """Return two batches that together say what `batch` says, in order; None where it is one thing only.

    Runs stay whole as long as there are several: the server judges the samples of a run together.
    """
    runs, samples = len(batch.ran) // 2, count(batch) // 2
    if runs and sum(ran.items for ran in batch.ran) == count(batch):
        samples = sum(ran.items for ran in batch.ran[:runs])
    if runs or samples:
        first, second = _cut(batch.columns, samples)
        rest = Batch(
            batch.boot, batch.seq, batch.sealed, columns=second, ran=batch.ran[runs:] if runs else []
        )
        ran = batch.ran[:runs] if runs else batch.ran
        return msgspec.structs.replace(batch, columns=first, ran=ran), rest
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
    return (
        Columns(columns.layout, columns.place[: 2 * n], columns.ts[: 8 * n], columns.values[: 8 * n]),
        Columns(columns.layout, columns.place[2 * n :], columns.ts[8 * n :], columns.values[8 * n :]),
    )


def without_samples(batch: Batch) -> Batch:
    """Return `batch` with what must not be lost before the samples: facts, events and outcomes."""
    return msgspec.structs.replace(batch, columns=Columns(), ran=[])


def empty(batch: Batch) -> bool:
    """Tell whether `batch` says nothing."""
    return not (count(batch) or batch.ran or batch.facts or batch.events or batch.outcomes or batch.dropped)
