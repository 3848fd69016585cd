"""The contract of the store, kept against the real process: nothing twice, nothing lost, nothing foreign."""

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from predvid.modules.monitoring.store import (
    EventRow,
    SeriesRow,
    SeriesWindow,
    Store,
    StoreRefused,
    StoreUnavailable,
    TenureRow,
    series_id,
)
from store_fixture import StoreProcess

Point = tuple[datetime, float]
HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Meter:
    """One device with one series of one metric."""

    def __init__(self, store: Store, metric: str = "cpu_percent", **labels: str) -> None:
        self.store, self.metric, self.labels = store, metric, labels
        self.device = str(uuid4())
        self.series = series_id(self.device, metric, labels)
        store.register_series([SeriesRow(self.series, self.device, metric, labels)])

    def write(self, *samples: tuple[datetime, float]) -> None:
        """Insert samples of this series."""
        insert(self.store, [(self, at, value) for at, value in samples])

    def window(self, start: datetime, end: datetime, points: int = 300) -> SeriesWindow | None:
        """Return this device's only curve, None if there is none."""
        found = self.store.window([self.device], self.metric, start, end, points)
        assert len(found) <= 1
        return found[0] if found else None


def insert(store: Store, rows: list[tuple[Meter, datetime, float]]) -> None:
    """Insert samples of several series in one batch."""
    metrics = sorted({meter.metric for meter, _, _ in rows})
    store.insert_samples(
        metrics,
        np.array([metrics.index(meter.metric) for meter, _, _ in rows], dtype=np.uint32),
        np.array([meter.series for meter, _, _ in rows], dtype=np.uint64),
        np.array([round(at.timestamp() * 1000) for _, at, _ in rows], dtype=np.int64),
        np.array([value for _, _, value in rows], dtype=np.float64),
    )


def minutes(count: int, end: datetime = NOW) -> list[tuple[datetime, float]]:
    """Return one sample a minute, `count` of them before `end`, with the values 0, 1, 2 ..."""
    return [(end - timedelta(minutes=count - n), float(n)) for n in range(count)]


@pytest.fixture
def meter(store: Store) -> Meter:
    """A device with one series."""
    return Meter(store, disk="/")


def test_a_series_has_the_same_number_everywhere_and_for_any_order_of_labels() -> None:
    device = "7d0ba2a6-6ba5-4b38-9c2a-6f1d9b1c0001"
    assert series_id(device, "m", {"a": "1", "b": "2"}) == series_id(device, "m", {"b": "2", "a": "1"})
    assert series_id(device, "m", {"a": "1"}) == 2_643_398_520_086_220_656
    different = [("m", {"a": "1"}), ("m", {"a1": ""}), ("m", {}), ("ma", {}), ("m", {"a": "1", "b": ""})]
    assert len({series_id(device, metric, labels) for metric, labels in different}) == len(different)


def test_what_was_inserted_is_read(meter: Meter) -> None:
    meter.write(*minutes(60))
    curve = meter.window(NOW - HOUR, NOW)
    assert curve is not None
    assert (curve.device, curve.labels) == (meter.device, {"disk": "/"})
    assert curve.mean == curve.min == curve.max == [float(n) for n in range(60)]
    assert curve.ts[0] <= (NOW - HOUR).timestamp() * 1000 < curve.ts[1]
    [latest] = meter.store.latest([meter.device], [meter.metric], NOW - HOUR)
    assert (latest.ts, latest.value, latest.labels) == (NOW - timedelta(minutes=1), 59.0, {"disk": "/"})


def test_buckets_hold_the_extremes_and_the_mean_and_are_not_too_many(meter: Meter) -> None:
    meter.write(*minutes(600))
    curve = meter.window(NOW - 10 * HOUR, NOW, points=20)
    assert curve is not None
    assert 10 <= len(curve.ts) <= 20
    assert (min(curve.min), max(curve.max)) == (0.0, 599.0)
    assert all(low <= mean <= high for low, mean, high in zip(curve.min, curve.mean, curve.max, strict=True))


def test_a_repeated_insert_changes_nothing_for_readers(meter: Meter) -> None:
    samples = minutes(90)
    for _ in range(3):
        meter.write(*samples)
    meter.write(*samples[30:60])
    curve = meter.window(NOW - 2 * HOUR, NOW, points=2)
    assert curve is not None
    assert sum(curve.mean) / len(curve.mean) == pytest.approx(44.5, abs=15)
    meter.store.recompute_hours([NOW - 2 * HOUR, NOW - HOUR, NOW])
    long = meter.window(NOW - timedelta(days=10), NOW)
    assert long is not None
    assert long.max[-1] == 89.0
    whole = meter.window(NOW - timedelta(days=400), NOW, points=2)
    assert whole is not None
    assert np.mean(whole.mean) == pytest.approx(44.5)


def test_a_batch_from_the_year_2000_fails_no_other_rows(store: Store) -> None:
    good, wrong = Meter(store), Meter(store)
    days = [LONG_AGO + timedelta(days=n) for n in range(120)]
    insert(store, [(good, *sample) for sample in minutes(60)] + [(wrong, day, 1.0) for day in days])
    curve = good.window(NOW - HOUR, NOW)
    assert curve is not None
    assert len(curve.ts) == 60


def test_the_latest_sample_of_many_series(store: Store) -> None:
    meters = [Meter(store, f"m{n % 3}", n=str(n)) for n in range(9)]
    insert(store, [(meter, NOW - timedelta(minutes=n), float(n)) for meter in meters for n in range(5)])
    devices = [meter.device for meter in meters]
    found = store.latest(devices, ["m0", "m1"], NOW - HOUR)
    assert {(row.device, row.metric) for row in found} == {
        (m.device, m.metric) for m in meters if m.metric != "m2"
    }
    assert {row.value for row in found} == {0.0}
    assert store.latest(devices, ["m0"], NOW + timedelta(seconds=1)) == []


def test_a_foreign_device_is_never_told_of(store: Store) -> None:
    mine, foreign = Meter(store), Meter(store)
    insert(store, [(meter, *sample) for meter in (mine, foreign) for sample in minutes(10)])
    for devices in ([mine.device], [mine.device, str(uuid4())]):
        assert {row.device for row in store.latest(devices, [mine.metric], NOW - HOUR)} == {mine.device}
        assert {row.device for row in store.window(devices, mine.metric, NOW - HOUR, NOW)} == {mine.device}
    assert store.latest([], [mine.metric], NOW - HOUR) == []
    assert store.window([], mine.metric, NOW - HOUR, NOW) == []
    for injected in (f"{mine.device}') OR 1=1 --", f"{mine.device}' OR '1'='1", "x"):
        with pytest.raises(StoreRefused):
            store.latest([injected], [mine.metric], NOW - HOUR)


def test_a_scope_of_many_devices_fits_into_questions(meter: Meter) -> None:
    meter.write(*minutes(5))
    scope = [str(uuid4()) for _ in range(5_000)] + [meter.device]
    assert [row.device for row in meter.store.window(scope, meter.metric, NOW - HOUR, NOW)] == [meter.device]


def test_late_data_is_right_after_a_recompute(meter: Meter) -> None:
    samples = minutes(180, end=NOW - 5 * HOUR)
    hours = sorted({at.replace(minute=0) for at, _ in samples})
    meter.write(*samples[1::2])
    assert meter.store.recompute_hours(hours) >= len(hours)
    meter.write((NOW, 1.0))
    meter.store.recompute_hours([NOW])  # later hours are read raw: this one ends them
    meter.write(*samples[::2])
    start, end = NOW - timedelta(days=9), NOW - 5 * HOUR
    before = meter.window(start, end, points=2_000)
    assert before is not None
    assert 0.0 not in before.min
    meter.store.recompute_hours(reversed(hours))
    after = meter.window(start, end, points=2_000)
    assert after is not None
    assert after.ts == [round(hour.timestamp() * 1000) for hour in hours]
    by_hour = [[value for at, value in samples if at.replace(minute=0) == hour] for hour in hours]
    assert after.mean == pytest.approx([sum(values) / len(values) for values in by_hour])
    assert (after.min, after.max) == ([min(v) for v in by_hour], [max(v) for v in by_hour])


def test_after_a_merge_of_two_devices_their_series_are_one_curve(store: Store) -> None:
    kept, merged = Meter(store, core="0"), Meter(store, core="0")
    kept.write(*minutes(30))
    merged.write(*minutes(30, end=NOW - timedelta(minutes=30)))
    rows = [
        SeriesRow(row.series, kept.device, row.metric, row.labels) for row in store.series_of(merged.device)
    ]
    store.register_series(rows)
    curve = kept.window(NOW - HOUR, NOW)
    assert curve is not None
    assert len(curve.ts) == 60
    assert store.series_of(merged.device) == []
    assert {row.series for row in store.series_of(kept.device)} == {kept.series, merged.series}
    assert merged.window(NOW - HOUR, NOW) is None


def test_impossible_columns_are_refused_and_leave_the_store_as_it_was(meter: Meter) -> None:
    good = {
        "metrics": ["cpu_percent"],
        "index": np.zeros(1, np.uint32),
        "series": np.array([meter.series], np.uint64),
        "ts_ms": np.array([round(NOW.timestamp() * 1000)], np.int64),
        "values": np.ones(1),
    }
    bad: list[dict[str, object]] = [
        {"index": np.ones(1, np.uint32)},
        {"values": np.ones(2)},
        {"ts_ms": np.array([-1], np.int64)},
        {"ts_ms": np.array([2**62], np.int64)},
        {"metrics": []},
    ]
    for change in bad:
        with pytest.raises(StoreRefused):
            meter.store.insert_samples(**{**good, **change})  # type: ignore[arg-type] # bad on purpose
    with pytest.raises(StoreRefused):
        meter.store.register_series([SeriesRow(1, "no device", "m")])
    assert meter.window(NOW - HOUR, NOW + HOUR) is None


def test_a_wrong_token_and_a_store_that_is_away_are_both_unavailable(store_process: StoreProcess) -> None:
    away = Store("127.0.0.1", 1, "token")
    wrong = store_process.store(token="wrong")
    for unavailable in (away, wrong):
        assert not unavailable.ping()
        with pytest.raises(StoreUnavailable):
            unavailable.rows()
        unavailable.close()


def test_what_was_acknowledged_survives_kills_and_the_same_store_goes_on(
    new_store_process: Callable[[], StoreProcess],
) -> None:
    process = new_store_process()
    store = process.store()
    meter, acknowledged = Meter(store), list[Point]()
    samples = iter(minutes(100_000))
    for _ in range(3):
        killer = threading.Timer(0.4, process.stop, (signal.SIGKILL,))
        killer.start()
        with pytest.raises(StoreUnavailable):
            write_until_it_fails(meter, samples, acknowledged)
        killer.join()
        process.start()
        found = {value for row in dump(meter) for value in row.mean}
        assert {value for _, value in acknowledged} - found == set()
    assert len(acknowledged) > 60


def write_until_it_fails(meter: Meter, samples: Iterator[Point], acknowledged: list[Point]) -> None:
    """Insert batch after batch and note those that were acknowledged."""
    while True:
        batch = list(itertools.islice(samples, 20))
        meter.write(*batch)
        acknowledged += batch


def dump(meter: Meter) -> list[SeriesWindow]:
    """Return every sample of the meter, each in a bucket of its own: windows of 8 days, newest first."""
    found = []
    for week in range(12):
        end = NOW - timedelta(days=7 * week)
        found.append(meter.window(end - timedelta(days=7), end, points=11_000))
    return [curve for curve in found if curve is not None]


def test_events_are_found_once_by_any_word_and_only_by_their_client(store: Store) -> None:
    client, other, device = (str(uuid4()) for _ in range(3))
    rows = [
        EventRow(1, client, device, NOW, "alert.opened", 5, "disk.full", {"disk": "D:", "n": 4}, "", "D:"),
        EventRow(2, client, None, NOW + HOUR, "person.signed_in", 1, "person.in", {"who": "Šimun O'Čić"}),
        EventRow(3, other, None, NOW, "alert.opened", 5, "disk.full"),
    ]
    store.insert_events(rows)
    store.insert_events(rows)
    start, end = NOW - HOUR, NOW + 2 * HOUR
    assert store.search_events([client], "", start, end) == [rows[1], rows[0]]
    assert store.search_events([client], "šimun o'č", start, end) == [rows[1]]
    assert store.search_events([client], "disk.full", start, end) == [rows[0]]
    assert store.search_events([client], "", start, end, device=device) == [rows[0]]
    assert store.search_events([client, other], "", start, end, limit=1) == [rows[1]]
    assert store.search_events([client], "", start, NOW + HOUR) == [rows[0]]
    assert store.search_events([client], "%", start, end) == []
    assert store.search_events([], "", start, end) == []


def test_old_days_go_and_the_rest_stays(new_store_process: Callable[[], StoreProcess]) -> None:
    store = new_store_process().store()
    meter = Meter(store)
    old = NOW - timedelta(days=40)
    meter.write(*minutes(10), *minutes(10, end=old), *minutes(10, end=old + timedelta(days=2)))
    store.set_tenure([TenureRow(meter.device, str(uuid4()), date(2026, 1, 1))])
    assert store.rows() == 30
    assert store.disk_bytes() > 0
    assert store.drop_before((NOW - timedelta(days=30)).date()) == 2
    assert store.rows() == 10
    store.prepare()
    assert store.rows() == 10


def write_slowly(meter: Meter) -> None:
    """Insert ten hours in twenty steps."""
    for start in range(0, 600, 30):
        meter.write(*minutes(600)[start : start + 30])


def read_often(meter: Meter) -> None:
    """Read the curve while it grows: it never shrinks."""
    lengths = [0]
    for _ in range(5):
        curve = meter.window(NOW - 10 * HOUR, NOW, points=1_000)
        lengths.append(len(curve.ts) if curve else 0)
    assert lengths == sorted(lengths)


def test_twenty_threads_read_while_others_insert(store: Store) -> None:
    meters = [Meter(store) for _ in range(4)]
    with ThreadPoolExecutor(24) as pool:
        work = [pool.submit(write_slowly, meter) for meter in meters]
        work += [pool.submit(read_often, meters[n % 4]) for n in range(20)]
        for done in work:
            done.result()
    for meter in meters:
        curve = meter.window(NOW - 10 * HOUR, NOW, points=1_000)
        assert curve is not None
        assert len(curve.ts) == 600
