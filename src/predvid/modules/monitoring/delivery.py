"""Decodes a batch: bounded, validated, implausible times set aside; all from outside is hostile."""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from predvid.modules.monitoring.rules import FRESH
from predvid.wire.v1 import MAX_PLAIN, MAX_SAMPLES, Batch

PAST = timedelta(days=89)  # inside the store's retention, and few enough day partitions for one insert
FUTURE = timedelta(minutes=10)
MAX_RUNS, MAX_FACTS, MAX_EVENTS = 2_000, 200, 500  # in one batch
MAX_RATIO = 60  # of unpacking: honest batches reach 10
SMALL = 1 << 17  # bytes below which any ratio is harmless
_DECODER = msgspec.msgpack.Decoder(Batch)


class Refused(Exception):
    """A body that cannot be taken; `code` is stable, `status` the HTTP status, `retry` in seconds."""

    def __init__(self, status: int, code: str, message: str, retry: int = 5) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry = status, code, message, retry


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """One verified and decoded batch. The arrays have one element per accepted sample.

    `place` indexes the layout, `ts` is ms since the epoch, `aside` counts samples with implausible time or
    value. `at` is the moment it was sealed by the server's clock; what is not `fresh` fills history only.
    """

    agent: UUID
    device: UUID
    client: UUID
    digest: bytes
    batch: Batch
    place: NDArray[np.uint16]
    ts: NDArray[np.int64]
    values: NDArray[np.float64]
    aside: int
    at: datetime
    fresh: bool
    skew_ms: int


def unpack(body: bytes, encoding: str) -> bytes:
    """Return the plain body; `encoding` is empty, `identity` or `deflate`. Raises Refused (413, 415, 422)."""
    if encoding in ("", "identity"):
        plain = body
    elif encoding == "deflate":
        unpacker = zlib.decompressobj()
        most = min(MAX_PLAIN, max(SMALL, MAX_RATIO * len(body)))
        try:
            plain = unpacker.decompress(body, most + 1)
        except zlib.error as error:
            raise Refused(422, "undecodable", f"The body is not valid deflate data ({error}).") from None
        if len(plain) > most:
            raise Refused(413, "too_large", f"The body unpacks to over {most} bytes; send smaller batches.")
        if not unpacker.eof:
            raise Refused(422, "undecodable", "The deflate data is cut short.")
    else:
        raise Refused(
            415, "encoding", f"Content-Encoding {encoding[:40]!r} is not known; use deflate or none."
        )
    if len(plain) > MAX_PLAIN:
        raise Refused(413, "too_large", f"The body unpacks to over {MAX_PLAIN} bytes; send smaller batches.")
    return plain


def decode(body: bytes, encoding: str) -> Batch:
    """Return the batch in a body. Raises Refused with status 413 (the agent halves it), 415 or 422."""
    try:
        batch = _DECODER.decode(unpack(body, encoding))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(422, "undecodable", f"The batch does not decode: {error}") from None
    bounds = (
        (batch.ran, MAX_RUNS),
        (batch.facts, MAX_FACTS),
        (batch.events, MAX_EVENTS),
        (batch.outcomes, MAX_RUNS),
    )
    if any(len(rows) > most for rows, most in bounds):
        limits = f"{MAX_RUNS} runs, {MAX_FACTS} facts or {MAX_EVENTS} events"
        raise Refused(413, "too_large", f"The batch has over {limits}; send smaller ones.")
    if not (1 <= len(batch.boot) <= 32 and 0 < batch.seq < 1 << 62 and 0 <= batch.dropped < 1 << 31):
        raise Refused(
            422, "undecodable", "The batch's boot, sequence or count of dropped samples is out of bounds."
        )
    return batch


def columns(
    batch: Batch, size: int, now: datetime
) -> tuple[NDArray[np.uint16], NDArray[np.int64], NDArray[np.float64], int]:
    """Return (place, ts, values, aside) of a batch whose layout has `size` series. Raises Refused (422)."""
    raw = batch.columns
    count = len(raw.values) // 8
    if (len(raw.values) % 8, len(raw.ts), len(raw.place)) != (0, count * 8, count * 2):
        raise Refused(422, "undecodable", "The columns of the batch have different lengths.")
    if count > MAX_SAMPLES:
        raise Refused(413, "too_large", f"The batch has over {MAX_SAMPLES} samples; send smaller ones.")
    place = np.frombuffer(raw.place, "<u2")
    ts = np.frombuffer(raw.ts, "<i8")
    values = np.frombuffer(raw.values, "<f8")
    if count and int(place.max()) >= size:
        raise Refused(422, "undecodable", "A sample names a series that the layout does not have.")
    now_ms = _ms(now)
    good = (ts > now_ms - _span(PAST)) & (ts < now_ms + _span(FUTURE)) & np.isfinite(values)
    aside = count - int(np.count_nonzero(good))
    if aside:
        place, ts, values = place[good], ts[good], values[good]
    return place, ts, values, aside


def freshness(waited: int, now: datetime) -> tuple[datetime, bool]:
    """Return when a batch was sealed by the server's clock, and whether it is fresh.

    `waited` is the milliseconds it lay in the outbox by the agent's monotonic clock, -1 unknown: then it is
    a backlog of an earlier start and never notifies.
    """
    if waited < 0:
        return now, False
    wait = timedelta(milliseconds=min(waited, _span(PAST)))
    return now - wait, wait <= FRESH


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _span(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def moment(ms: int) -> datetime:
    """Return the moment of `ms` since the epoch; the ends of the calendar where it does not fit."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC) if ms > 0 else datetime.min.replace(tzinfo=UTC)
