"""Silence is found, by the server's clock only, and ends with the next delivery."""

from datetime import datetime, timedelta

import pytest

import fleet
from predvid.checks.registry import checks
from predvid.core.model import State
from predvid.modules.monitoring import device_actions, sweeping
from predvid.modules.monitoring.models import Event, Result, Stream
from predvid.modules.monitoring.store import Store
from predvid.server.group import Intake
from predvid.wire import v1
from simulated import Device, Link

pytestmark = pytest.mark.usefixtures("ground")
OFFLINE = ("agent", "offline")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def speaks(link: Link, device: Device, used: float = 10) -> datetime:
    """Let a device report its disk; return the moment after it."""
    link.ack(device, device.batch("disk_space", fleet.disk(used)))
    return fleet.now()


def sweep(at: datetime, started: datetime | None = None) -> None:
    """Sweep as a worker would at `at` that began at `started` (long ago if not given)."""
    sweeping.sweep(checks(), started or at - timedelta(days=1), at)


def test_offline_after_the_lease_and_back_with_the_next_batch(link: Link) -> None:
    device = fleet.enrol(link)
    at = speaks(link, device)
    sweep(at + sweeping.LEASE - 5 * SECOND)
    assert fleet.alerts(device) == []
    sweep(at + sweeping.LEASE + SECOND)
    sweep(at + sweeping.LEASE + 9 * MINUTE)
    assert fleet.alerts(device) == [(*OFFLINE, "open")]
    assert fleet.states(device)[OFFLINE] is State.CRITICAL
    Stream.objects.filter(agent=device.agent).update(seen_at=at - 9 * MINUTE)
    sweep(speaks(link, device) + SECOND)
    assert fleet.alerts(device) == [(*OFFLINE, "resolved")]
    assert OFFLINE not in fleet.states(device)
    kinds = [kind for kind in fleet.events(device) if kind.startswith("alert.")]
    assert kinds == ["alert.opened", "alert.resolved"]


def test_a_stopped_platform_calls_nobody_offline(link: Link) -> None:
    device = fleet.enrol(link)
    at = speaks(link, device) + timedelta(hours=6)
    sweep(at, started=at - 5 * SECOND)
    sweep(at + MINUTE, started=at - 5 * SECOND)
    assert fleet.alerts(device) == []
    sweep(at + 3 * MINUTE, started=at - 5 * SECOND)
    assert fleet.alerts(device) == [(*OFFLINE, "open")]


def test_silence_heals_no_other_alert(link: Link) -> None:
    device = fleet.enrol(link)
    at = speaks(link, device, 99)
    sweep(at + timedelta(hours=1))
    assert set(fleet.alerts(device)) == {("disk_space", "/", "open"), (*OFFLINE, "open")}


def test_a_check_that_stopped_has_no_data(link: Link) -> None:
    device = fleet.enrol(link)
    speaks(link, device, 99)
    link.ack(device, device.batch("memory", [("memory_used_percent", {}, 10.0)]))
    later = fleet.now() + timedelta(minutes=6)
    Stream.objects.filter(agent=device.agent).update(seen_at=later - SECOND)
    sweep(later)
    assert fleet.states(device)["disk_space", "!data"] is State.UNKNOWN
    assert ("disk_space", "!data", "open") in fleet.alerts(device)
    assert ("disk_space", "/", "open") in fleet.alerts(device)
    speaks(link, device, 99)
    sweep(fleet.now())
    assert ("disk_space", "!data", "resolved") in fleet.alerts(device)
    assert ("disk_space", "/", "open") in fleet.alerts(device)


def test_a_check_that_the_owner_denies_stays_denied_and_is_never_missed(link: Link) -> None:
    device, at = fleet.enrol(link), fleet.now()
    denied = v1.Sentence("check.not_allowed", {"check": "disk_space"})
    for waited in (540_000, 0):  # longer apart than a failure must last to become an alert
        ran = [v1.Ran("disk_space", int(at.timestamp() * 1000), 0, denied, 0, 3600)]
        link.ack(device, device.batch("disk_space", [], ran=ran), waited)
        for minutes in (6, 60, 170):
            later = fleet.now() + minutes * MINUTE
            Stream.objects.filter(agent=device.agent).update(seen_at=later - SECOND)
            sweep(later)
    assert fleet.states(device) == {("disk_space", "!run"): State.UNKNOWN}
    assert fleet.alerts(device) == []
    speaks(link, device)
    assert fleet.states(device) == {("disk_space", "/"): State.OK}


def test_a_denial_takes_the_place_of_an_older_failure(link: Link) -> None:
    device, at = fleet.enrol(link), int(fleet.now().timestamp() * 1000)
    for id in ("read.permission_denied", "check.not_allowed"):
        ran = [v1.Ran("disk_space", at, 0, v1.Sentence(id, {}), 0, 3600)]
        link.ack(device, device.batch("disk_space", [], ran=ran))
    assert Result.objects.get(device=fleet.row(device)).said_id == "check.not_allowed"


def test_a_restart_of_the_agent_alone_brings_no_data_back(link: Link) -> None:
    device = fleet.enrol(link)
    speaks(link, device)
    later = fleet.now() + timedelta(minutes=6)
    Stream.objects.filter(agent=device.agent).update(seen_at=later - SECOND)
    sweep(later)
    assert fleet.alerts(device) == [("disk_space", "!data", "open")]
    again = Device(device.seed, device.agent, generation=2)
    link.ack(again, again.batch("memory", [("memory_used_percent", {}, 10.0)]))
    Stream.objects.filter(agent=device.agent, boot=again.boot).update(seen_at=later)
    sweep(later + SECOND)
    assert ("disk_space", "!data", "open") in fleet.alerts(device)
    speaks(link, again)
    sweep(fleet.now())
    assert ("disk_space", "!data", "resolved") in fleet.alerts(device)


def test_an_old_agent_of_a_device_that_reports_by_a_new_one_is_no_alert(link: Link) -> None:
    site, claims = fleet.new_site(), [("machine_id", "reinstalled")]
    old = fleet.enrol(link, site, claims=claims)
    at = speaks(link, old)
    Stream.objects.filter(agent=old.agent).update(seen_at=at - device_actions.BUSY - SECOND)
    new = fleet.enrol(link, site, claims=claims)
    assert fleet.row(new) == fleet.row(old)
    speaks(link, new)
    Stream.objects.filter(agent=new.agent).update(seen_at=at + 3 * MINUTE)
    for second in range(0, 20, 5):
        sweep(at + 3 * MINUTE + second * SECOND)
    assert fleet.alerts(new) == []


def test_a_batch_that_comes_during_a_sweep_wins(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    at = speaks(link, device)
    rows, state_before = sweeping.presences(at), sweeping.load_states([fleet.row(device).pk])
    speaks(link, device, 99)
    state = state_before[fleet.row(device).pk]
    mine = next(row for row in rows if row.device == state.device)
    changes = list(sweeping._changes(mine, state, checks(), mine.seen, at + timedelta(hours=1)))
    assert changes
    assert sweeping._write(changes, state.version, at) == 0
    assert fleet.alerts(device) == [("disk_space", "/", "open")]


@pytest.mark.parametrize(("state", "found"), [("revoked", []), ("locked", [(*OFFLINE, "open")])])
def test_a_revoked_agent_is_not_missed_and_a_locked_one_is(
    link: Link, state: str, found: list[tuple[str, str, str]]
) -> None:
    device = fleet.enrol(link)
    at = speaks(link, device)
    agent = fleet.agent(device)
    agent.state = state
    agent.save()
    sweep(at + timedelta(hours=1))
    assert fleet.alerts(device) == found


def test_a_gateway_that_remembers_the_device_sees_what_the_sweep_wrote(ground: Store, link: Link) -> None:
    device, intake = fleet.enrol(link), Intake(ground, checks())
    intake.take([fleet.entry(device, device.batch("disk_space", fleet.disk(10)))])
    sweep(fleet.now() + timedelta(hours=1))
    entry = fleet.entry(device, device.batch("disk_space", fleet.disk(99)))
    intake.take([entry])
    assert isinstance(entry.outcome, v1.Ack)
    assert set(fleet.alerts(device)) == {(*OFFLINE, "open"), ("disk_space", "/", "open")}
    assert Event.objects.filter(device__agents=device.agent, kind="alert.opened").count() == 2
