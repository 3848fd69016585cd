"""A batch counts once, an identity speaks with one voice, and an agent's clock decides nothing."""

from datetime import timedelta

import pytest

import fleet
from predvid.checks.registry import checks
from predvid.core.model import Severity, State
from predvid.core.trust import public_key
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring import chores, device_actions
from predvid.modules.monitoring.models import Alert, Event, LateHour, Result, Stream
from predvid.modules.monitoring.store import Store
from predvid.server.door import Door
from predvid.server.group import Intake
from predvid.wire import v1
from simulated import Device, Link, now_ms, refusal

HOUR = 3_600_000
ROOT = {"mount": "/"}
IDENTITY = ("agent", "identity")
STARTED = v1.EventRow("agent.started", v1.Sentence("agent.started", {"version": "1"}), 0)


def counted(store: Store, device: Device) -> dict[str, int]:
    """Count everything that a batch of a device may leave behind."""
    of = {"device__agents": device.agent}
    tables = {table.__name__: table.objects.filter(**of).count() for table in (Event, Result, Alert)}
    return tables | {"samples": len(fleet.stored(store, device, "disk_used_percent", ROOT))}


def test_an_identical_batch_changes_nothing_and_gets_its_ack(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    body = device.batch("disk_space", fleet.disk(99), events=[STARTED])
    first = link.ack(device, body)
    before, stream = counted(ground, device), Stream.objects.values().get(agent=device.agent)
    assert before == {"Event": 3, "Result": 1, "Alert": 1, "samples": 1}
    for waited in (0, 60_000, -1):
        again = link.ack(device, body, waited)
        assert (again.boot, again.seq, again.repeated, again.tasks) == (first.boot, first.seq, True, [])
    assert counted(ground, device) == before
    assert Stream.objects.values().get(agent=device.agent) == stream


def test_a_repeated_batch_is_known_to_a_gateway_that_never_saw_it(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    body = device.batch("disk_space", fleet.disk(99), events=[STARTED])
    link.ack(device, body)
    before = counted(ground, device)
    entry = fleet.entry(device, body)
    Intake(ground, checks()).take([entry])
    assert isinstance(entry.outcome, v1.Ack)
    assert entry.outcome.repeated
    assert counted(ground, device) == before


def locked(device: Device, reason: str) -> None:
    agent = fleet.agent(device)
    assert (agent.state, agent.lock_reason) == (Agent.State.LOCKED, reason)
    events = Event.objects.filter(device__agents=device.agent, kind="agent.locked")
    assert [(e.severity, e.said_values) for e in events] == [(int(Severity.CRITICAL), {"why": reason})]


def forked(link: Link) -> tuple[Device, bytes]:
    """Return a device whose sequence was used with other content, and that other batch."""
    device = fleet.enrol(link)
    link.ack(device, device.batch("disk_space", fleet.disk(10)))
    link.ack(device, device.batch("disk_space", fleet.disk(11)))
    device.seq = 1  # a snapshot of the machine was restored
    other = device.batch("disk_space", fleet.disk(99))
    status, answer = link.post(device, "batch", other)
    assert (status, refusal(answer).code) == (409, "fork")
    return device, other


def test_a_fork_locks_the_identity_and_changes_nothing(ground: Store, link: Link) -> None:
    device, other = forked(link)
    locked(device, "fork")
    assert fleet.alerts(device) == [(*IDENTITY, "open")]
    assert fleet.states(device) == {("disk_space", "/"): State.OK, IDENTITY: State.CRITICAL}
    for body in (other, device.batch("disk_space", fleet.disk(12))):
        status, answer = link.post(device, "batch", body)
        assert (status, refusal(answer).code) == (403, "locked")
    locked(device, "fork")


def test_a_released_agent_delivers_what_it_kept(ground: Store, link: Link) -> None:
    device, other = forked(link)
    device_actions.release(PLATFORM, fleet.agent_id(device), fleet.now())
    assert fleet.alerts(device) == [(*IDENTITY, "resolved")]
    assert not link.ack(device, other).repeated
    assert fleet.alerts(device)[1:] == [("disk_space", "/", "open")]
    link.ack(device, device.batch("disk_space", fleet.disk(12)))
    assert fleet.agent(device).state == Agent.State.APPROVED
    assert fleet.events(device)[-4:] == ["alert.resolved", "agent.released", "alert.opened", "alert.resolved"]


def sibling(of: Agent, new: Device) -> Agent:
    """Return another approved agent on the same device."""
    return Agent.objects.create(
        client=of.client,
        device=of.device,
        state=Agent.State.APPROVED,
        sign_key=public_key(new.seed),
        seal_key=new.seed,
    )


def test_one_locked_agent_of_two_keeps_the_alert(link: Link) -> None:
    one, device = Device(), fleet.enrol(link)
    one.agent = str(sibling(fleet.agent(device), one).pk)
    for agent in (one, device):
        device_actions.lock(fleet.agent_id(agent), "fork", fleet.now())
    device_actions.release(PLATFORM, fleet.agent_id(one), fleet.now())
    assert fleet.alerts(device) == [(*IDENTITY, "open")]
    device_actions.revoke(PLATFORM, fleet.agent_id(device), fleet.now())
    assert fleet.alerts(device) == [(*IDENTITY, "resolved")]


def test_with_its_last_agent_a_device_has_nothing_open(link: Link) -> None:
    device = fleet.enrol(link)
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    device_actions.revoke(PLATFORM, fleet.agent_id(device), fleet.now())
    assert fleet.alerts(device) == [("disk_space", "/", "resolved")]
    assert fleet.states(device) == {}
    device_actions.approve(PLATFORM, fleet.agent_id(device), fleet.now())
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    assert fleet.alerts(device)[1:] == [("disk_space", "/", "open")]


def test_a_fork_through_another_gateway_is_no_ack(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    one, two = Intake(ground, checks()), Intake(ground, checks())
    first = fleet.entry(device, device.batch("disk_space", fleet.disk(10)))
    one.take([first])
    second = fleet.entry(device, device.batch("disk_space", fleet.disk(11)))
    two.take([second])
    device.seq = 1
    other = fleet.entry(device, device.batch("disk_space", fleet.disk(12)))
    one.take([other])  # what it remembers of the stream is one batch old
    assert not isinstance(other.outcome, v1.Ack)
    assert other.lock == "fork"


def test_a_copied_state_folder_locks(link: Link) -> None:
    device = fleet.enrol(link)
    copy = Device(device.seed, device.agent)
    link.ack(device, device.batch("cpu", []))
    link.ack(copy_started := Device(device.seed, device.agent, generation=2), copy_started.batch("cpu", []))
    status, answer = link.post(device, "batch", device.batch("cpu", []))
    assert (status, refusal(answer).code) == (403, "locked")
    locked(device, "copied")
    status, answer = link.post(copy_started, "batch", copy_started.batch("cpu", []))
    assert (status, refusal(answer).code) == (403, "locked")
    assert link.post(copy, "batch", copy.batch("cpu", []))[0] == 403


def test_the_last_words_of_a_killed_start_are_no_copy(link: Link) -> None:
    device, path = fleet.enrol(link), f"{v1.PREFIX}/batch"
    link.ack(device, device.batch("cpu", []))
    body = device.batch("cpu", [])
    headers = device.headers(path, body)  # signed, then the process was killed and its request lay about
    again = Device(device.seed, device.agent, generation=2)
    link.ack(again, again.batch("cpu", []))
    status, answer = link.send("POST", path, headers, body)
    assert (status, refusal(answer).code) == (503, "stale")
    assert fleet.agent(device).state == Agent.State.APPROVED
    link.ack(again, again.batch("cpu", []))


def test_two_starts_with_one_number_lock(link: Link) -> None:
    device = fleet.enrol(link)
    link.ack(device, device.batch("cpu", []))
    twin = Device(device.seed, device.agent)
    assert link.post(twin, "batch", twin.batch("cpu", []))[0] == 403
    locked(device, "copied")


def test_a_start_seen_by_two_gateways_at_once_is_one_start(link: Link) -> None:
    device, path = fleet.enrol(link), f"{v1.PREFIX}/status"
    one, two = Door(), Door()
    before = one.check(path, device.headers(path, b""), b"").agent
    again = Device(device.seed, device.agent, generation=2)
    two.check(path, again.headers(path, b""), b"")
    one.check(path, again.headers(path, b""), b"", before)
    assert fleet.agent(device).state == Agent.State.APPROVED


@pytest.mark.parametrize("waited", [-1, 600_001, 7 * 24 * HOUR])
def test_a_backlog_fills_history_and_never_notifies(ground: Store, link: Link, waited: int) -> None:
    device, at = fleet.enrol(link), now_ms() - max(waited, 0)
    for used in (99, 10, 99):
        at += 1
        link.ack(device, device.batch("disk_space", fleet.disk(used), at), waited)
    values = [value for _, value in fleet.stored(ground, device, "disk_used_percent", ROOT)]
    assert values == [99.0, 10.0, 99.0]
    assert (fleet.alerts(device), fleet.states(device)) == ([], {})
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    assert fleet.alerts(device) == [("disk_space", "/", "open")]


def test_a_good_backlog_heals_nothing(link: Link) -> None:
    device = fleet.enrol(link)
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    link.ack(device, device.batch("disk_space", fleet.disk(10)), -1)
    link.ack(device, device.batch("disk_space", fleet.disk(10)), 700_000)
    assert fleet.alerts(device) == [("disk_space", "/", "open")]


def test_late_samples_recompute_their_hours(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    long_ago = now_ms() // HOUR * HOUR - 30 * 24 * HOUR
    moment = fleet.now() - timedelta(days=31)

    other = fleet.enrol(link)
    link.ack(other, other.batch("disk_space", fleet.disk(10)))
    chores.roll_up(ground, fleet.now())

    def hours() -> list[tuple[float, float, float]]:
        chores.late_hours(ground, fleet.now())
        found = ground.window([str(fleet.row(device).pk)], "disk_used_percent", moment, fleet.now(), 2_000)
        return [row for curve in found for row in zip(curve.min, curve.mean, curve.max, strict=True)]

    link.ack(device, device.batch("disk_space", fleet.disk(10), long_ago), -1)
    assert hours() == [(10.0, 10.0, 10.0)]
    link.ack(device, device.batch("disk_space", fleet.disk(30), long_ago + 1), -1)
    assert LateHour.objects.exists()
    assert hours() == [(10.0, 20.0, 30.0)]
    assert not LateHour.objects.filter(hour__lt=fleet.now() - timedelta(days=29)).exists()


@pytest.mark.parametrize("wrong", [-HOUR, -24 * HOUR, 5 * 60_000])
def test_freshness_does_not_depend_on_the_agents_clock(ground: Store, link: Link, wrong: int) -> None:
    device = fleet.enrol(link)
    for used, phase in ((99, "open"), (10, "resolved")):
        at = now_ms() + wrong
        device.seq += 1
        batch = device.batch("disk_space", fleet.disk(used), at)
        link.ack(device, batch)
        assert fleet.alerts(device) == [("disk_space", "/", phase)]
        assert (at, float(used)) in fleet.stored(ground, device, "disk_used_percent", ROOT)
    alert = Alert.objects.get(device__agents=device.agent)
    assert abs((alert.since - alert.opened_at).total_seconds()) < 60
    assert fleet.states(device) == {("disk_space", "/"): State.OK}
