"""Samples, roll-ups and the copy of events in ClickHouse: the only room with its SQL.

Reads take first the ids of the devices (or clients) that the viewer may see and answer nothing about others.
Rows of `samples` are identified by (metric, series, ts): inserting them again changes nothing for readers.
"""

import hashlib
import json
import math
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from predvid.modules.monitoring.store_link import Link, Row, StoreRefused, StoreUnavailable
from predvid.modules.monitoring.store_native import pack_samples
from predvid.modules.monitoring.store_schema import STEPS, STEPS_TABLE

__all__ = ["EventHit", "EventRow", "Latest", "SeriesRow", "SeriesWindow", "Store", "StoreRefused",
           "StoreUnavailable", "TenureRow", "series_id"]  # fmt: skip

RAW_DAYS = 90  # retention of samples, as in the schema's TTL
RAW_WINDOW = timedelta(days=8)  # a longer window reads roll-ups
_DAY_MS = 86_400_000
_DAYS_PER_INSERT = 90  # ClickHouse refuses a block that spans more than 100 partitions
_LATEST_TS = 7_258_118_400_000  # the year 2200, in ms: beyond it DateTime64 wraps
_SCOPE = 2_000  # ids per query: a form field of a real server holds 128 KiB


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
    """One curve: equally long lists, `ts` the start of each bucket in ms since the epoch; gaps have no bucket."""

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


EventHit = EventRow


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


class Store:
    """A ClickHouse, embedded or a server; threads may share it. Every method raises StoreUnavailable
    (try again later) or StoreRefused (never will), nothing else."""

    def __init__(self, host: str, port: int, token: str, database: str = "predvid", *,
                 timeout: float = 30.0, connections: int = 16) -> None:  # fmt: skip
        """Connect on first use. `timeout` in seconds bounds every request, `connections` those kept alive."""
        self._link = Link(host, port, token, database, timeout, connections)
        self._database = database

    def prepare(self) -> None:
        """Bring the schema to the newest step; does nothing where it already is."""
        name = self._database.replace("`", "")
        self._link.command(f"CREATE DATABASE IF NOT EXISTS `{name}`", database=False)
        self._link.command(STEPS_TABLE)
        done = int(self._link.rows("SELECT max(step) FROM schema_steps")[0][0])
        for step, statements in enumerate(STEPS[done:], start=done + 1):
            for statement in statements:
                self._link.command(statement)
            self._link.command("INSERT INTO schema_steps (step) SELECT {step:UInt32}", {"step": step})

    def close(self) -> None:
        """Close the connections; using the store again opens new ones."""
        self._link.close()

    def ping(self) -> bool:
        """Tell whether the store answers statements with this token."""
        try:
            return bool(self._link.rows("SELECT 1"))
        except (StoreUnavailable, StoreRefused):
            return False

    def insert_samples(self, metrics: Sequence[str], index: NDArray[np.uint32], series: NDArray[np.uint64],
                       ts_ms: NDArray[np.int64], values: NDArray[np.float64]) -> None:  # fmt: skip
        """Store samples durably: one per element of the four columns, `index` pointing into `metrics`.

        Times in ms since the epoch, 1970 to 2200. More than 90 different days become several inserts, so
        that rows with odd times cannot fail the others.
        """
        if not len(index) == len(series) == len(ts_ms) == len(values):
            raise StoreRefused("columns of unequal length")
        if not len(index):
            return
        if int(index.max()) >= len(metrics):
            raise StoreRefused("index outside the metrics")
        first, last = int(ts_ms.min()), int(ts_ms.max())
        if first < 0 or last >= _LATEST_TS:
            raise StoreRefused("time outside the years 1970 to 2200")
        if last - first < _DAYS_PER_INSERT * _DAY_MS:
            self._insert_block(metrics, index, series, ts_ms, values)
            return
        days = ts_ms // _DAY_MS
        seen = np.unique(days)
        for start in range(0, len(seen), _DAYS_PER_INSERT):
            part = np.isin(days, seen[start : start + _DAYS_PER_INSERT])
            self._insert_block(metrics, index[part], series[part], ts_ms[part], values[part])

    def register_series(self, rows: Iterable[SeriesRow]) -> None:
        """Say whose a series is; the last word wins, so a merge of two devices registers them again."""
        version = time.time_ns() // 1000
        self._link.insert("series", [
            {"series": row.series, "device": row.device, "metric": row.metric, "labels": _labels(row.labels),
             "version": version} for row in rows])  # fmt: skip

    def latest(self, devices: Collection[str], metrics: Collection[str], since: datetime) -> list[Latest]:
        """Return the newest sample since `since` of each series of these metrics on these devices."""
        rows = (
            self._scoped(_LATEST, devices, {"metrics": list(metrics), "since": _ms(since)}) if metrics else ()
        )
        return [Latest(device, metric, json.loads(labels), _time(ts), value)
                for device, metric, labels, ts, value in rows]  # fmt: skip

    def window(self, devices: Collection[str], metric: str, start: datetime, end: datetime,
               points: int = 300) -> list[SeriesWindow]:  # fmt: skip
        """Return the curves of a metric in [start, end) with at most `points` buckets each.

        Beyond 8 days, or where raw samples are gone, whole hours are read from the roll-ups.
        """
        first, span = _ms(start), max(1, _ms(end) - _ms(start))
        step = math.ceil(span / max(1, points))
        parameters = {"metric": metric, "start": first, "end": first + span, "step": step}
        sql = _WINDOW
        if span > RAW_WINDOW.total_seconds() * 1000 or first < _ms(datetime.now(UTC)) - RAW_DAYS * _DAY_MS:
            sql, parameters["step"] = _HOURLY_WINDOW, max(step, 3_600_000)
        return [_curve(row) for row in self._scoped(sql, devices, parameters)]

    def series_of(self, device: str) -> list[SeriesRow]:
        """Return every series of one device, by metric and labels; the caller has checked the viewer's right."""
        rows = self._scoped(_SERIES_OF, [device], {})
        return [SeriesRow(series, device, metric, json.loads(labels)) for series, metric, labels in rows]

    def recompute_hours(self, hours: Iterable[datetime]) -> int:
        """Recompute the roll-ups of these hours from the raw samples; return how many now stand for them."""
        version = time.time_ns() // 1000
        by_day: dict[int, set[int]] = {}
        for hour in hours:
            start = _ms(hour) // 3_600_000 * 3600
            by_day.setdefault(start // 86_400, set()).add(start)
        total = 0
        for day, starts in sorted(by_day.items()):
            parameters = {"start": day * _DAY_MS, "end": (day + 1) * _DAY_MS, "hours": sorted(starts),
                          "version": version}  # fmt: skip
            self._link.command(_RECOMPUTE, parameters)
            total += int(self._link.rows(_COUNT_HOURS, {"hours": sorted(starts)})[0][0])
        return total

    def insert_events(self, rows: Iterable[EventRow]) -> None:
        """Copy events; copying one again changes nothing."""
        self._link.insert("events", [
            {"id": row.id, "client": row.client, "device": row.device, "at": _text(row.at), "kind": row.kind,
             "severity": row.severity, "said_id": row.said_id, "actor": row.actor, "target": row.target,
             "values": json.dumps(dict(row.values), ensure_ascii=False, sort_keys=True)} for row in rows])  # fmt: skip

    def search_events(self, clients: Collection[str], text: str, start: datetime, end: datetime,
                      limit: int = 200, device: str | None = None) -> list[EventHit]:  # fmt: skip
        """Return the newest events in [start, end) of these clients that hold `text` in any word, newest first."""
        parameters = {"text": text, "start": _ms(start), "end": _ms(end), "limit": limit,
                      "devices": [device] if device else []}  # fmt: skip
        rows = sorted(
            self._scoped(_SEARCH, clients, parameters), key=lambda row: (row[3], row[0]), reverse=True
        )
        return [EventHit(number, client, owner, _time(at), kind, severity, said, json.loads(values), actor, target)
                for number, client, owner, at, kind, severity, said, values, actor, target in rows[:limit]]  # fmt: skip

    def set_tenure(self, rows: Iterable[TenureRow]) -> None:
        """Say from which day devices belong to clients; the last word on (device, day) wins."""
        version = time.time_ns() // 1000
        self._link.insert("tenure", [
            {"device": row.device, "client": row.client, "since": row.since.isoformat(), "version": version}
            for row in rows])  # fmt: skip

    def drop_before(self, day: date) -> int:
        """Drop whole days of raw samples before `day`; return how many days went."""
        rows = self._link.rows(_OLD_DAYS, {"day": day.strftime("%Y%m%d")})
        for (partition,) in rows:
            self._link.command(f"ALTER TABLE samples DROP PARTITION ID '{int(partition)}'")
        return len(rows)

    def disk_bytes(self) -> int:
        """Return what all tables take on the disk, in bytes."""
        return int(self._link.rows(_DISK)[0][0])

    def rows(self) -> int:
        """Return the number of stored samples; repeated ones count until they are merged away."""
        return int(self._link.rows(_ROWS)[0][0])

    def _insert_block(self, metrics: Sequence[str], index: NDArray[np.uint32], series: NDArray[np.uint64],
                      ts_ms: NDArray[np.int64], values: NDArray[np.float64]) -> None:  # fmt: skip
        block = pack_samples(metrics, index, series, ts_ms, values)
        self._link.native("samples", ("metric", "series", "ts", "value"), block)

    def _scoped(self, sql: str, scope: Collection[str], parameters: Mapping[str, object]) -> Iterator[Row]:
        ids = sorted(set(scope))
        for start in range(0, len(ids), _SCOPE):
            yield from self._link.rows(sql, {**parameters, "scope": ids[start : start + _SCOPE]})


def _labels(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(labels.items())), ensure_ascii=False, separators=(",", ":"))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _curve(row: Row) -> SeriesWindow:
    device, labels, buckets = row
    return SeriesWindow(device, json.loads(labels), [b[0] for b in buckets], [b[1] for b in buckets],
                        [b[2] for b in buckets], [b[3] for b in buckets])  # fmt: skip


_LATEST = """
SELECT toString(owner.device), toString(owner.metric), owner.labels,
  max(newest.at), argMax(newest.last, newest.at)
FROM (
  SELECT series, toUnixTimestamp64Milli(max(ts)) AS at, argMax(value, ts) AS last FROM samples
  WHERE metric IN {metrics:Array(String)} AND ts >= fromUnixTimestamp64Milli({since:Int64}) AND series IN (
    SELECT series FROM series FINAL WHERE device IN {scope:Array(UUID)} AND metric IN {metrics:Array(String)})
  GROUP BY series) AS newest
INNER JOIN (
  SELECT series, device, metric, labels FROM series FINAL
  WHERE device IN {scope:Array(UUID)} AND metric IN {metrics:Array(String)}) AS owner
ON newest.series = owner.series
GROUP BY owner.device, owner.metric, owner.labels
ORDER BY owner.device, owner.metric, owner.labels"""

_CURVES = """
SELECT toString(device), labels, arraySort(groupArray((at, low, total / n, high)))
FROM (
  SELECT owner.device AS device, owner.labels AS labels,
    {start:Int64} + intDiv(point.ms - {start:Int64}, {step:Int64}) * {step:Int64} AS at,
    min(point.low) AS low, sum(point.total) AS total, sum(point.n) AS n, max(point.high) AS high
  FROM (%s) AS point
  INNER JOIN (
    SELECT series, device, labels FROM series FINAL
    WHERE device IN {scope:Array(UUID)} AND metric = {metric:String}) AS owner
  ON point.series = owner.series
  GROUP BY device, labels, at)
GROUP BY device, labels
ORDER BY device, labels
SETTINGS do_not_merge_across_partitions_select_final = 1"""

_MINE = """series IN (
      SELECT series FROM series FINAL WHERE device IN {scope:Array(UUID)} AND metric = {metric:String})"""

_RAW_POINTS = f"""
    SELECT series, toUnixTimestamp64Milli(ts) AS ms, value AS low, value AS total, value AS high, toUInt32(1) AS n
    FROM samples FINAL
    WHERE metric = {{metric:String}} AND ts >= fromUnixTimestamp64Milli({{start:Int64}})
      AND ts < fromUnixTimestamp64Milli({{end:Int64}}) AND {_MINE}"""

# The newest hour of the roll-ups may still have been running when it was computed: it and all later are read raw.
_HOUR_POINTS = f"""
    SELECT series, toInt64(toUnixTimestamp(hour)) * 1000 AS ms, min AS low, sum AS total, max AS high, n
    FROM hourly FINAL
    WHERE hour >= fromUnixTimestamp(intDiv({{start:Int64}}, 1000)) AND hour < (SELECT max(hour) FROM hourly)
      AND hour < fromUnixTimestamp(intDiv({{end:Int64}}, 1000)) AND {_MINE}
    UNION ALL
    {_RAW_POINTS} AND ts >= (SELECT max(hour) FROM hourly)"""

_WINDOW = _CURVES % _RAW_POINTS
_HOURLY_WINDOW = _CURVES % _HOUR_POINTS

_SERIES_OF = """
SELECT series, toString(metric), labels FROM series FINAL
WHERE device IN {scope:Array(UUID)} ORDER BY metric, labels, series"""

_RECOMPUTE = """
INSERT INTO hourly (series, hour, n, sum, min, max, last, version)
SELECT series, toStartOfHour(ts) AS start, count(), sum(value), min(value), max(value), argMax(value, ts),
  {version:UInt64}
FROM samples FINAL
WHERE ts >= fromUnixTimestamp64Milli({start:Int64}) AND ts < fromUnixTimestamp64Milli({end:Int64})
  AND toUnixTimestamp(toStartOfHour(ts)) IN {hours:Array(UInt32)}
GROUP BY series, start"""

_COUNT_HOURS = "SELECT count() FROM hourly FINAL WHERE toUnixTimestamp(hour) IN {hours:Array(UInt32)}"

_SEARCH = """
SELECT id, toString(client), toString(device), toUnixTimestamp64Milli(at), toString(kind), severity,
  toString(said_id), values, actor, target
FROM events FINAL
WHERE client IN {scope:Array(UUID)} AND at >= fromUnixTimestamp64Milli({start:Int64})
  AND at < fromUnixTimestamp64Milli({end:Int64})
  AND (empty({devices:Array(UUID)}) OR has({devices:Array(UUID)}, assumeNotNull(device)))
  AND positionCaseInsensitiveUTF8(concatWithSeparator('\n', kind, said_id, values, actor, target), {text:String}) > 0
ORDER BY at DESC, id DESC LIMIT {limit:UInt32}"""

_OLD_DAYS = """
SELECT DISTINCT partition_id FROM system.parts
WHERE database = currentDatabase() AND table = 'samples' AND active AND partition_id < {day:String}"""
_DISK = "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND active"
_ROWS = (
    "SELECT sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = 'samples' AND active"
)
