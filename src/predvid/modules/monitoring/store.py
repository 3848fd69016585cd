"""Samples, roll-ups and the copy of events in ClickHouse: nothing else asks it.

Reads take first the ids of the devices (or clients) that the viewer may see and tell nothing of others.
Samples are identified by (metric, series, ts): inserting them again changes nothing for readers.
"""

import json
import math
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from predvid.modules.monitoring import store_sql as sql
from predvid.modules.monitoring.store_link import Link, Row, StoreRefused, StoreUnavailable
from predvid.modules.monitoring.store_native import pack_samples
from predvid.modules.monitoring.store_rows import (
    EventRow,
    Latest,
    SeriesRow,
    SeriesWindow,
    TenureRow,
    labels_text,
    series_id,
)
from predvid.modules.monitoring.store_schema import (
    DATABASE,
    RAW_DAYS,
    STEP_DONE,
    STEPS,
    STEPS_DONE,
    STEPS_TABLE,
)

__all__ = [
    "EventRow",
    "Latest",
    "SeriesRow",
    "SeriesWindow",
    "Store",
    "StoreRefused",
    "StoreUnavailable",
    "TenureRow",
    "series_id",
]

RAW_WINDOW = timedelta(days=8)  # a longer window reads roll-ups
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_DAYS_PER_INSERT = 90  # ClickHouse refuses a block that spans more than 100 partitions
_LAST_MS = 7_258_118_400_000  # the year 2200: far beyond it DateTime64 wraps around
_SCOPE = 2_000  # ids per question: a form field of a real server holds 128 KiB


class Store:
    """A ClickHouse, embedded or a server; threads may share it.

    Every method may raise StoreUnavailable (nothing is wrong with the request: try it again later) or
    StoreRefused (the rows or arguments will never do), and nothing else.
    """

    def __init__(
        self,
        host: str,
        port: int,
        token: str,
        database: str = "predvid",
        *,
        timeout: float = 30.0,
        connections: int = 32,
    ) -> None:
        """Connect on first use. `timeout` in seconds bounds every request, `connections` those kept alive."""
        self._link = Link(host, port, token, database, timeout, connections)
        self._database = database

    def prepare(self) -> None:
        """Bring the schema to the newest step; does nothing where it already is."""
        self._link.command(DATABASE, {"name": self._database}, database=False)
        self._link.command(STEPS_TABLE)
        done = int(self._link.rows(STEPS_DONE)[0][0])
        for step, statements in enumerate(STEPS[done:], start=done + 1):
            for statement in statements:
                self._link.command(statement)
            self._link.command(STEP_DONE, {"step": step})

    def close(self) -> None:
        """Close the connections; using the store again opens new ones."""
        self._link.close()

    def ping(self) -> bool:
        """Tell whether the store answers statements with this token."""
        try:
            return bool(self._link.rows("SELECT 1"))
        except (StoreUnavailable, StoreRefused):
            return False

    def insert_samples(
        self,
        metrics: Sequence[str],
        index: NDArray[np.uint32],
        series: NDArray[np.uint64],
        ts_ms: NDArray[np.int64],
        values: NDArray[np.float64],
    ) -> None:
        """Store samples durably: one per element of the four columns, `index` pointing into `metrics`.

        Times in ms since the epoch, 1970 to 2200. More than 90 different days become several inserts, so
        that rows with odd times cannot fail the others.
        """
        if not len(index) == len(series) == len(ts_ms) == len(values):
            raise StoreRefused("columns of unequal length")
        if not len(index):
            return
        if int(index.max()) >= len(metrics):
            raise StoreRefused("an index points outside the metrics")
        first, last = int(ts_ms.min()), int(ts_ms.max())
        if first < 0 or last >= _LAST_MS:
            raise StoreRefused("a time outside the years 1970 to 2200")
        columns = (index, series, ts_ms, values)
        if last - first < _DAYS_PER_INSERT * _DAY_MS:
            self._link.native("samples", sql.SAMPLE_COLUMNS, pack_samples(metrics, *columns))
            return
        days = ts_ms // _DAY_MS
        seen = np.unique(days)
        for start in range(0, len(seen), _DAYS_PER_INSERT):
            part = np.isin(days, seen[start : start + _DAYS_PER_INSERT])
            block = pack_samples(metrics, index[part], series[part], ts_ms[part], values[part])
            self._link.native("samples", sql.SAMPLE_COLUMNS, block)

    def register_series(self, rows: Iterable[SeriesRow]) -> None:
        """Say whose a series is; the last word wins, so a merge of two devices registers them again."""
        version = _version()
        found = [
            {
                "series": row.series,
                "device": row.device,
                "metric": row.metric,
                "labels": labels_text(row.labels),
                "version": version,
            }
            for row in rows
        ]
        self._link.insert("series", found)

    def latest(self, devices: Collection[str], metrics: Collection[str], since: datetime) -> list[Latest]:
        """Return the newest sample since `since` of each series of these metrics on these devices."""
        if not metrics:
            return []
        rows = self._scoped(sql.LATEST, devices, {"metrics": sorted(set(metrics)), "since": _ms(since)})
        return [
            Latest(device, metric, json.loads(labels), _time(ts), value)
            for device, metric, labels, ts, value in rows
        ]

    def window(
        self, devices: Collection[str], metric: str, start: datetime, end: datetime, points: int = 300
    ) -> list[SeriesWindow]:
        """Return the curves of a metric in [start, end) with at most `points` (no less than 2) buckets each.

        Buckets lie on multiples of their length, so that asking again moves none. Beyond 8 days, or where
        raw samples are gone, whole hours are read from the roll-ups.
        """
        first, last = _ms(start), _ms(end)
        step = max(1, math.ceil((last - first) / max(1, points - 1)))
        question = sql.WINDOW
        long = last - first > RAW_WINDOW.total_seconds() * 1000
        if long or first < time.time() * 1000 - RAW_DAYS * _DAY_MS:
            question = sql.HOURLY_WINDOW
            first, step = first // _HOUR_MS * _HOUR_MS, math.ceil(step / _HOUR_MS) * _HOUR_MS
        parameters = {"metric": metric, "start": first, "end": last, "step": step}
        return [_curve(row) for row in self._scoped(question, devices, parameters)]

    def series_of(self, device: str) -> list[SeriesRow]:
        """Return every series of one device, by metric and labels; the caller checked the viewer's right."""
        rows = self._scoped(sql.SERIES_OF, [device], {})
        return [SeriesRow(series, device, metric, json.loads(labels)) for series, metric, labels in rows]

    def recompute_hours(self, hours: Iterable[datetime]) -> int:
        """Recompute the roll-ups of these hours from the raw samples; return how many now stand for them."""
        version = _version()
        by_day: dict[int, set[int]] = {}
        for hour in hours:
            start = _ms(hour) // _HOUR_MS * 3600
            by_day.setdefault(start // 86_400, set()).add(start)
        total = 0
        for day, starts in sorted(by_day.items()):
            asked = {"hours": sorted(starts)}
            bounds = {"start": day * _DAY_MS, "end": (day + 1) * _DAY_MS, "version": version}
            self._link.command(sql.RECOMPUTE, {**asked, **bounds})
            total += int(self._link.rows(sql.COUNT_HOURS, asked)[0][0])
        return total

    def newest_hour(self) -> datetime | None:
        """Return the newest hour that has a roll-up, None before the first."""
        seconds = int(self._link.rows(sql.NEWEST_HOUR)[0][0])
        return _time(seconds * 1000) if seconds else None

    def insert_events(self, rows: Iterable[EventRow]) -> None:
        """Copy events; copying one again changes nothing."""
        found = [
            {
                "id": row.id,
                "client": row.client,
                "device": row.device,
                "at": _text(row.at),
                "kind": row.kind,
                "severity": row.severity,
                "said_id": row.said_id,
                "values": json.dumps(dict(row.values), ensure_ascii=False, sort_keys=True, default=str),
                "actor": row.actor,
                "target": row.target,
            }
            for row in rows
        ]
        self._link.insert("events", found)

    def search_events(
        self,
        clients: Collection[str],
        text: str,
        start: datetime,
        end: datetime,
        limit: int = 200,
        device: str | None = None,
    ) -> list[EventRow]:
        """Return the newest events in [start, end) of these clients with `text` in any word, newest first."""
        parameters = {
            "text": text,
            "start": _ms(start),
            "end": _ms(end),
            "limit": limit,
            "devices": [device] if device else [],
        }
        rows = sorted(self._scoped(sql.SEARCH, clients, parameters), key=lambda row: (row[3], row[0]))
        return [_event(row) for row in reversed(rows[-limit:])] if limit > 0 else []

    def set_tenure(self, rows: Iterable[TenureRow]) -> None:
        """Say from which day devices belong to clients; the last word on (device, day) wins."""
        version = _version()
        found = [
            {"device": row.device, "client": row.client, "since": row.since.isoformat(), "version": version}
            for row in rows
        ]
        self._link.insert("tenure", found)

    def drop_before(self, day: date) -> int:
        """Drop whole days of raw samples before `day` (UTC); return how many days went."""
        rows = self._link.rows(sql.OLD_DAYS, {"day": day.strftime("%Y%m%d")})
        for (partition,) in rows:
            self._link.command(f"ALTER TABLE samples DROP PARTITION ID '{int(partition)}'")
        return len(rows)

    def disk_bytes(self) -> int:
        """Return what all tables take on the disk, in bytes."""
        return int(self._link.rows(sql.DISK)[0][0])

    def rows(self) -> int:
        """Return the number of stored samples; repeated ones count until they are merged away."""
        return int(self._link.rows(sql.ROWS)[0][0])

    def count_since(self, since: datetime) -> int:
        """Return the number of samples since a moment, of all clients: for the platform's own rate."""
        return int(self._link.rows(sql.SINCE, {"since": _ms(since)})[0][0])

    def _scoped(
        self, question: str, scope: Collection[str], parameters: Mapping[str, object]
    ) -> Iterator[Row]:
        try:
            ids = sorted({str(UUID(one)) for one in scope})
        except ValueError as error:
            raise StoreRefused(f"an id that is no UUID: {error}") from error
        for start in range(0, len(ids), _SCOPE):
            yield from self._link.rows(question, {**parameters, "scope": ids[start : start + _SCOPE]})


def _version() -> int:
    return time.time_ns() // 1000


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


def _curve(row: Row) -> SeriesWindow:
    device, labels, buckets = row
    at, low, mean, high = ([bucket[place] for bucket in buckets] for place in range(4))
    return SeriesWindow(device, json.loads(labels), at, low, mean, high)


def _event(row: Row) -> EventRow:
    number, client, device, at, kind, severity, said, values, actor, target = row
    return EventRow(
        number, client, device, _time(at), kind, severity, said, json.loads(values), actor, target
    )
