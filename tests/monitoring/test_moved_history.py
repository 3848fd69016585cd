"""After a move the new client's people see nothing of the time before it."""

from datetime import timedelta

import pytest

import fleet
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.inventory.models import Device as DeviceRow
from predvid.modules.monitoring import device_actions
from predvid.modules.monitoring.queries import device as queries
from simulated import Link, now_ms

pytestmark = pytest.mark.usefixtures("ground")
DAY = timedelta(days=1)


def seen_by(*clients: object) -> Viewer:
    return Viewer("Ana", "technician", frozenset(clients))  # type: ignore[arg-type]  # ids of clients


def test_samples_tenures_and_times_from_before_a_move_are_hidden(link: Link) -> None:
    device, there, now = fleet.enrol(link), fleet.new_site(), fleet.now()
    link.ack(device, device.batch("disk_space", fleet.disk(10), now_ms() - 600_000))
    former = fleet.row(device).client_id
    fleet.row(device).tenures.update(since=now - 30 * DAY)
    moved = now - timedelta(minutes=5)
    row: DeviceRow = device_actions.move(PLATFORM, fleet.row(device).pk, there.pk, moved, now)
    new, both = seen_by(there.client_id), seen_by(there.client_id, former)
    assert queries.visible_from(new, row) == moved
    assert queries.visible_from(both, row) < now - 9999 * DAY
    assert queries.latest_samples(new, row, now) == []
    assert len(queries.latest_samples(both, row, now)) == 2
    assert [tenure.client_id for tenure in queries.tenures(new, row)] == [there.client_id]
    assert len(queries.tenures(both, row)) == 2
    assert queries.clamped(new, row, now - DAY, now) == moved
    assert queries.clamped(new, row, now - timedelta(minutes=1), now) == now - timedelta(minutes=1)
    assert queries.clamped(new, row, now - DAY, now + 30 * DAY) > moved
    assert queries.clamped(new, row, now - DAY, now + 30 * DAY).minute == 0
    assert queries.agents(seen_by(former), row, now) == []
    assert queries.facts(seen_by(former), row) == []


def test_a_device_that_came_back_shows_only_its_last_stay(link: Link) -> None:
    device, there, now = fleet.enrol(link), fleet.new_site(), fleet.now()
    home = fleet.row(device).site
    fleet.row(device).tenures.update(since=now - 30 * DAY)
    for site, ago in ((there, 20), (home, 10)):
        row = device_actions.move(PLATFORM, fleet.row(device).pk, site.pk, now - ago * DAY, now)
    assert queries.visible_from(seen_by(home.client_id), row) == now - 10 * DAY
