"""Silence counts only while a gateway could have heard it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

import fleet
from predvid.checks.registry import checks
from predvid.modules.monitoring import beats, sweeping
from predvid.modules.monitoring.models import GatewayBeat, Stream
from predvid.modules.monitoring.store import Store
from predvid.server.worker import Worker
from simulated import Link

if TYPE_CHECKING:
    from store_fixture import StoreProcess

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def clean(database: None) -> None:
    GatewayBeat.objects.all().delete()


def beating(name: str, since: datetime, at: datetime) -> None:
    GatewayBeat.objects.update_or_create(name=name, defaults={"since": since, "at": at})


@pytest.mark.usefixtures("clean")
def test_a_gateway_beats_unbroken_until_a_gap(store: Store) -> None:
    moments = (0, 10, 20, 51, 60)
    for seconds in moments:
        assert beats.beat("one", store, NOON + seconds * SECOND)
    row = GatewayBeat.objects.get()
    assert (row.since, row.at) == (NOON + 51 * SECOND, NOON + 60 * SECOND)
    assert beats.beat("two", store, NOON + 2 * beats.FORGOTTEN)
    assert GatewayBeat.objects.get().name == "two"


@pytest.mark.usefixtures("clean")
def test_no_beat_while_the_store_is_away(new_store_process: "Callable[[], StoreProcess]") -> None:
    process = new_store_process()
    store = process.store()
    process.stop()
    assert not beats.beat("one", store, NOON)
    assert not GatewayBeat.objects.exists()


@pytest.mark.usefixtures("clean")
def test_silence_counts_from_the_end_of_the_last_gap() -> None:
    assert beats.counted_from(NOON) < NOON - timedelta(days=9999)
    beating("one", NOON - 60 * MINUTE, NOON - 31 * SECOND)
    assert beats.counted_from(NOON) == NOON
    beating("one", NOON - 60 * MINUTE, NOON - 30 * SECOND)
    assert beats.counted_from(NOON) == NOON - 60 * MINUTE + beats.COMEBACK
    beating("two", NOON - 20 * SECOND, NOON)
    assert beats.counted_from(NOON) == NOON - 60 * MINUTE + beats.COMEBACK
    beating("two", NOON + 2 * MINUTE, NOON + 3 * MINUTE)
    assert beats.counted_from(NOON + 3 * MINUTE) == NOON + 2 * MINUTE + beats.COMEBACK


@pytest.fixture
def no_beats(ground: Store) -> Iterator[None]:
    GatewayBeat.objects.all().delete()
    yield
    GatewayBeat.objects.all().delete()


@pytest.mark.usefixtures("no_beats")
def test_the_workers_sweep_waits_for_a_gateway(ground: Store, link: Link) -> None:
    device, worker = fleet.enrol(link), Worker(ground)
    link.ack(device, device.batch("disk_space", fleet.disk(10)))
    later = fleet.now() + timedelta(hours=3)
    GatewayBeat.objects.all().delete()
    beating("one", later - timedelta(hours=9), later - MINUTE)
    sweep = next(chore for chore in worker.chores if chore.name == "sweep")
    sweep.run(later)
    assert fleet.alerts(device) == []
    beating("one", later - timedelta(hours=9), later)
    sweep.run(later)
    assert fleet.alerts(device) == [("agent", "offline", "open")]


def test_a_check_slowed_by_the_devices_owner_is_not_overdue(ground: Store, link: Link) -> None:
    device, at = fleet.enrol(link), fleet.now()
    link.ack(device, device.batch("disk_space", fleet.disk(10)))
    ms = int(at.timestamp() * 1000)
    for every, alerts in ((3600, []), (0, [("disk_space", "!data", "open")])):
        ran = msgspec.msgpack.encode({"disk_space": [ms, every], "memory": ms})
        Stream.objects.filter(agent=device.agent).update(ran=ran, seen_at=at + 30 * MINUTE)
        sweeping.sweep({"disk_space": checks()["disk_space"]}, at - MINUTE, at + 30 * MINUTE)
        assert fleet.alerts(device) == alerts
