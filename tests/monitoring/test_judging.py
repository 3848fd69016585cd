"""Settings and moves change judging at the next batch; two gateways on one device lose and double nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections

import fleet
from predvid.checks.registry import checks
from predvid.core.errors import UserError
from predvid.core.model import State
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.monitoring import alert_deeds, device_actions
from predvid.modules.monitoring.models import Alert, Event, Result
from predvid.modules.monitoring.queries import alerts as alert_queries
from predvid.modules.monitoring.queries import device as device_queries
from predvid.modules.monitoring.store import Store
from predvid.server.group import Intake
from predvid.wire import v1
from simulated import Device, Link, now_ms

ROOT = {"mount": "/"}
DAY = timedelta(days=1)


@pytest.mark.parametrize("where", ["client", "site", "device"])
def test_a_setting_counts_at_the_next_batch(link: Link, where: str) -> None:
    device = fleet.enrol(link)
    link.ack(device, device.batch("disk_space", fleet.disk(60)))
    assert fleet.alerts(device) == []
    fleet.set_policy(fleet.row(device), where, "used", {"warning": 50, "critical": 80})
    link.ack(device, device.batch("disk_space", fleet.disk(60)))
    assert fleet.states(device) == {("disk_space", "/"): State.WARNING}
    fleet.set_policy(fleet.row(device), "device", "used", {"warning": 97, "critical": 98})
    link.ack(device, device.batch("disk_space", fleet.disk(60)))
    assert fleet.alerts(device) == [("disk_space", "/", "resolved")]


def test_the_nearer_setting_wins_and_others_are_not_touched(link: Link) -> None:
    site = fleet.new_site()
    near, far = fleet.enrol(link, site), fleet.enrol(link, site)
    fleet.set_policy(fleet.row(near), "device", "used", {"warning": 97, "critical": 98})
    fleet.set_policy(fleet.row(near), "site", "used", {"warning": 50, "critical": 98})
    for device in (near, far):
        link.ack(device, device.batch("disk_space", fleet.disk(60)))
    assert fleet.states(near) == {("disk_space", "/"): State.OK}
    assert fleet.states(far) == {("disk_space", "/"): State.WARNING}


def test_two_gateways_take_turns_on_one_device(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    gateways = [Intake(ground, checks()) for _ in range(2)]
    values = [99, 99, 10, 99, 10, 10, 99, 91, 10, 99] * 2
    for n, used in enumerate(values):
        entry = fleet.entry(device, device.batch("disk_space", fleet.disk(used), now_ms() + n))
        gateways[n % 2].take([entry])
        assert isinstance(entry.outcome, v1.Ack)
    assert fleet.alerts(device) == [("disk_space", "/", "resolved")] * 6 + [("disk_space", "/", "open")]
    assert [value for _, value in fleet.stored(ground, device, "disk_used_percent", ROOT)] == values


def in_threads(*work: Callable[[], None]) -> None:
    """Run each function in a thread of its own; raise what one of them raised."""
    failed: list[BaseException] = []

    def guarded(one: Callable[[], None]) -> None:
        try:
            one()
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed, failed


def test_two_gateways_at_the_same_time_on_one_device(ground: Store, link: Link) -> None:
    site, claims = fleet.new_site(), [("machine_id", uuid4().hex)]
    agents = [fleet.enrol(link, site, claims=claims) for _ in range(2)]

    def report(agent: Device, mount: str) -> Callable[[], None]:
        intake = Intake(ground, checks())

        def run() -> None:
            for n in range(30):
                rows = fleet.disk(99 if n % 3 else 10, mount)
                body = agent.batch("disk_space" if mount == "/" else "memory", rows, now_ms() + n)
                entry = fleet.entry(agent, body)
                intake.take([entry])
                assert isinstance(entry.outcome, v1.Ack)

        return run

    before = fleet.row(agents[0]).judging_version
    in_threads(report(agents[0], "/"), report(agents[1], "/data"))
    opened = [phase for _, _, phase in fleet.alerts(agents[0])]
    assert opened == ["resolved"] * 9 + ["open"]
    kinds = Event.objects.filter(device=fleet.row(agents[0]), kind__startswith="alert.")
    assert kinds.filter(kind="alert.opened").count() == 10
    assert kinds.filter(kind="alert.resolved").count() == 9
    assert fleet.row(agents[0]).judging_version == before + 20
    for agent, mount in zip(agents, ("/", "/data"), strict=True):
        assert len(fleet.stored(ground, agent, "disk_used_percent", {"mount": mount})) == 30


def test_a_move_keeps_history_and_takes_what_is_open_along(ground: Store, link: Link) -> None:
    device, there = fleet.enrol(link), fleet.new_site()
    former = fleet.row(device).client
    row = fleet.row(device)
    row.tenures.update(since=fleet.now() - 30 * DAY)
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    Event.objects.filter(device=row, kind="agent.enrolled").update(at=fleet.now() - 20 * DAY)
    device_actions.move(PLATFORM, row.pk, there.pk, fleet.now() - DAY, fleet.now())
    assert set(Alert.objects.filter(device=row).values_list("client", flat=True)) == {there.client_id}
    assert set(Result.objects.filter(device=row).values_list("client", flat=True)) == {there.client_id}
    assert Event.objects.get(device=row, kind="agent.enrolled").client == former
    assert Event.objects.get(device=row, kind="alert.opened").client == there.client
    assert [tenure.client_id for tenure in row.tenures.all()] == [former.pk, there.client_id]
    link.ack(device, device.batch("disk_space", fleet.disk(10)))
    assert fleet.alerts(device) == [("disk_space", "/", "resolved")]
    assert len(fleet.stored(ground, device, "disk_used_percent", ROOT)) == 2
    assert fleet.events(device)[-2:] == ["device.moved", "alert.resolved"]


def test_a_move_changes_the_settings_in_force(link: Link) -> None:
    device, strict = fleet.enrol(link), fleet.enrol(link)
    fleet.set_policy(fleet.row(strict), "client", "used", {"warning": 20, "critical": 98})
    link.ack(device, device.batch("disk_space", fleet.disk(60)))
    device_actions.move(PLATFORM, fleet.row(device).pk, fleet.row(strict).site_id, fleet.now(), fleet.now())
    link.ack(device, device.batch("disk_space", fleet.disk(60)))
    assert fleet.states(device) == {("disk_space", "/"): State.WARNING}


@pytest.mark.parametrize("when", [DAY, -40 * DAY])
def test_a_move_in_the_future_or_before_the_last_is_refused(link: Link, when: timedelta) -> None:
    device, there = fleet.enrol(link), fleet.new_site()
    with pytest.raises(UserError):
        device_actions.move(PLATFORM, fleet.row(device).pk, there.pk, fleet.now() + when, fleet.now())
    assert fleet.row(device).site != there


def test_a_merge_keeps_both_histories_and_closes_what_was_open(ground: Store, link: Link) -> None:
    site = fleet.new_site()
    keep, other = fleet.enrol(link, site), fleet.enrol(link, site)
    keep_row, other_row = fleet.row(keep), fleet.row(other)
    for device, at in ((keep, now_ms()), (other, now_ms() - 3_600_000)):
        link.ack(device, device.batch("disk_space", fleet.disk(99), at))
    device_actions.merge(PLATFORM, keep_row.pk, other_row.pk, fleet.now())
    assert fleet.row(other) == keep_row
    assert sorted(phase for _, _, phase in fleet.alerts(keep)) == ["open", "resolved"]
    assert not Result.objects.filter(device=other_row).exists()
    series = [row for row in ground.series_of(str(keep_row.pk)) if row.metric == "disk_used_percent"]
    assert len(series) == 2
    window = ground.window(
        [str(keep_row.pk)], "disk_used_percent", fleet.now() - DAY, fleet.now() + timedelta(minutes=1)
    )
    assert sum(len(curve.ts) for curve in window) == 2
    link.ack(other, other.batch("disk_space", fleet.disk(10)))
    assert {phase for _, _, phase in fleet.alerts(keep)} == {"resolved"}
    assert fleet.events(keep).count("agent.enrolled") == 2


def test_devices_of_two_clients_do_not_merge(link: Link) -> None:
    one, two = fleet.row(fleet.enrol(link)), fleet.row(fleet.enrol(link))
    with pytest.raises(UserError):
        device_actions.merge(PLATFORM, one.pk, two.pk, fleet.now())


def test_a_viewer_sees_and_touches_only_their_clients(link: Link) -> None:
    mine, foreign = fleet.enrol(link), fleet.enrol(link)
    for device in (mine, foreign):
        link.ack(device, device.batch("disk_space", fleet.disk(99)))
    row, hidden = fleet.row(mine), fleet.row(foreign)
    viewer = Viewer("Ana", "technician", frozenset({row.client_id}))
    alert = Alert.objects.get(device=hidden)
    assert [found.device.pk for found in alert_queries.urgent(viewer)] == [row.pk]
    for look in (
        lambda: alert_queries.one(viewer, alert.pk),
        lambda: device_queries.one(viewer, hidden.pk, fleet.now()),
        lambda: alert_deeds.acknowledge(viewer, alert.pk, "", fleet.now()),
        lambda: alert_deeds.add_note(viewer, alert.pk, "x", fleet.now()),
        lambda: device_actions.revoke(viewer, fleet.agent_id(foreign), fleet.now()),
        lambda: device_actions.move(viewer, hidden.pk, row.site_id, fleet.now(), fleet.now()),
        lambda: device_actions.move(viewer, row.pk, hidden.site_id, fleet.now(), fleet.now()),
        lambda: device_actions.merge(viewer, row.pk, hidden.pk, fleet.now()),
    ):
        with pytest.raises(NotVisible):
            look()
    assert Alert.objects.get(device=hidden).phase == "open"
