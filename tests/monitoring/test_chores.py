"""Roll-ups miss no hour, whatever time no worker ran, and no late sample, whenever it stops."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest

from predvid.modules.monitoring import chores
from predvid.modules.monitoring.models import LateHour
from predvid.modules.monitoring.store import SeriesRow, Store, StoreUnavailable, series_id

if TYPE_CHECKING:
    from store_fixture import StoreProcess

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime.now(UTC).replace(minute=20)
THIS = NOW.replace(minute=0, second=0, microsecond=0)
DEVICE, METRIC = str(uuid4()), "cpu_used_percent"


@pytest.fixture
def own(database: None, store_process: "StoreProcess") -> Iterator[Store]:
    """A store with tables of its own, and no late hours."""
    LateHour.objects.all().delete()
    with closing(Store("127.0.0.1", store_process.port, store_process.token, f"t{uuid4().hex}")) as store:
        store.prepare()
        yield store


def account(store: Store) -> tuple[int, str, str]:
    """Return port, token and database of a store."""
    address = store._link._address
    return address["port"], address["password"], store._database


class Failing(Store):
    """A store that goes away while it computes an hour."""

    def recompute_hours(self, hours: Iterable[datetime]) -> int:
        raise StoreUnavailable


class Overtaken(Store):
    """A store into which a gateway puts a sample just after an hour was computed."""

    def recompute_hours(self, hours: Iterable[datetime]) -> int:
        hours = list(hours)
        done = super().recompute_hours(hours)
        put(self, hours[0] + HOUR / 2, value=3.0)
        chores.note_late(hours, NOW)
        return done


def put(store: Store, *moments: datetime, value: float = 1.0) -> None:
    series = series_id(DEVICE, METRIC, {})
    store.register_series([SeriesRow(series, DEVICE, METRIC)])
    count = len(moments)
    store.insert_samples(
        [METRIC],
        np.zeros(count, "u4"),
        np.full(count, series, "u8"),
        np.array([int(moment.timestamp() * 1000) for moment in moments], "i8"),
        np.full(count, value, "f8"),
    )


def hours(store: Store) -> dict[datetime, float]:
    """Return the mean of each hour that has a roll-up."""
    rows = store._link.rows("SELECT toUnixTimestamp(hour), sum / n FROM hourly FINAL ORDER BY hour")
    return {datetime.fromtimestamp(int(at), UTC): float(mean) for at, mean in rows}


def test_hours_without_a_worker_are_caught_up_with(own: Store) -> None:
    store = own
    assert store.newest_hour() is None
    chores.roll_up(store, NOW)
    put(store, THIS - 10 * DAY)
    chores.roll_up(store, THIS - 10 * DAY + HOUR / 2)
    assert store.newest_hour() == THIS - 10 * DAY
    later = [THIS - 10 * DAY + HOUR / 2, *(THIS - n * 13 * HOUR for n in range(15, -1, -1))]
    put(store, *later, value=3.0)
    chores.roll_up(store, NOW)
    found = hours(store)
    assert set(found) == {THIS - 10 * DAY, *later[1:]}
    assert (found[THIS - 10 * DAY], found[THIS]) == (2.0, 3.0)
    put(store, THIS + HOUR / 4, value=5.0)
    chores.roll_up(store, NOW)
    assert hours(store)[THIS] == 4.0


def test_a_late_hour_stays_until_it_is_computed(own: Store) -> None:
    store = own
    put(store, THIS)
    chores.roll_up(store, NOW)
    put(store, THIS - 3 * DAY)
    chores.note_late([THIS - 3 * DAY, THIS], NOW)
    with closing(Failing("127.0.0.1", *account(store))) as failing, pytest.raises(StoreUnavailable):
        chores.late_hours(failing, NOW)
    assert LateHour.objects.count() == 1
    assert chores.late_hours(store, NOW) == 1
    assert hours(store)[THIS - 3 * DAY] == 1.0
    assert chores.late_hours(store, NOW) == 0


def test_samples_that_come_while_an_hour_is_computed_are_not_lost(own: Store) -> None:
    hour, store = THIS - DAY, own
    put(store, hour, THIS)
    chores.roll_up(store, NOW)
    chores.note_late([hour], NOW)
    with closing(Overtaken("127.0.0.1", *account(store))) as overtaken:
        assert chores.late_hours(overtaken, NOW) == 1
    assert hours(store)[hour] == 1.0
    assert chores.late_hours(store, NOW) == 1
    assert hours(store)[hour] == 2.0
    assert not LateHour.objects.exists()


def test_a_late_hour_leaves_the_hours_before_it_to_the_roll_up(own: Store) -> None:
    store = own
    put(store, THIS - 9 * HOUR)
    chores.roll_up(store, THIS - 9 * HOUR)
    put(store, THIS - 5 * HOUR, THIS - HOUR)
    chores.note_late([THIS - HOUR], NOW)
    assert chores.late_hours(store, NOW) == 0
    chores.roll_up(store, NOW)
    assert set(hours(store)) == {THIS - 9 * HOUR, THIS - 5 * HOUR, THIS - HOUR}
    assert chores.late_hours(store, NOW) == 1
