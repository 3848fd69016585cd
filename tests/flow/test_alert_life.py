"""What opens, holds, changes and resolves an alert, from signed batches to rows."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

import fleet
from predvid.core.model import State
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring import alert_deeds
from predvid.modules.monitoring.models import Alert
from predvid.wire import v1
from simulated import ENCODE, Device, Link, now_ms

pytestmark = pytest.mark.usefixtures("ground")
MINUTE = 60_000
RAISED = v1.Sentence("check.raised", {"check": "disk_space", "error": "OSError"})


class Machine:
    """A device that reports its disk, or its processor, and knows its alerts."""

    def __init__(self, link: Link) -> None:
        self.link, self.device = link, fleet.enrol(link)

    def disk(self, *used: float, waited: int = 0) -> list[str]:
        """Report the fullness of `/` (of `/0`, `/1` ... if several); return its alerts' phases."""
        mounts = ["/"] if len(used) == 1 else [f"/{n}" for n in range(len(used))]
        rows = [row for share, mount in zip(used, mounts, strict=True) for row in fleet.disk(share, mount)]
        return self.tell("disk_space", rows, waited)

    def cpu(self, used: float, ago: int = 0) -> list[str]:
        """Report the processor as it was `ago` milliseconds before now."""
        waited = min(ago, 590_000)  # the rest of the time the run lay in the agent's memory
        return self.tell("cpu", [("cpu_used_percent", {}, used)], waited, now_ms() - ago)

    def tell(self, check: str, rows: fleet.Samples, waited: int = 0, at: int | None = None) -> list[str]:
        body = self.device.batch(check, rows, at)
        batch = msgspec.msgpack.decode(body, type=v1.Batch)
        sealed = msgspec.structs.replace(batch, sealed=now_ms() - waited)
        self.link.ack(self.device, ENCODE(sealed), waited)
        return self.phases()

    def says(self, **parts: Any) -> list[str]:
        """Send a batch without samples."""
        self.link.ack(self.device, self.device.batch("disk_space", [], **parts))
        return self.phases()

    def phases(self) -> list[str]:
        return [phase for _, _, phase in fleet.alerts(self.device)]

    def alert_events(self) -> list[str]:
        return [kind for kind in fleet.events(self.device) if kind.startswith("alert.")]


@pytest.fixture
def machine(link: Link) -> Machine:
    return Machine(link)


def test_opened_acknowledged_resolved(machine: Machine) -> None:
    assert machine.disk(99) == ["open"]
    alert = Alert.objects.get(device__agents=machine.device.agent)
    assert (alert.state, alert.said_values["used"]) == (State.CRITICAL, 99.0)
    alert_deeds.acknowledge(PLATFORM, alert.pk, "A disk is on its way.", fleet.now())
    assert machine.disk(99) == ["acknowledged"]
    assert machine.disk(40) == ["resolved"]
    assert machine.alert_events() == ["alert.opened", "alert.acknowledged", "alert.resolved"]
    assert [note.text for note in alert.notes.all()] == ["A disk is on its way."]


def test_worse_reopens_what_was_acknowledged_and_better_does_not(machine: Machine) -> None:
    machine.disk(91)
    alert = Alert.objects.get(device__agents=machine.device.agent)
    alert_deeds.acknowledge(PLATFORM, alert.pk, "", fleet.now())
    free = [("disk_used_percent", {"mount": "/"}, 91.0), ("disk_free_bytes", {"mount": "/"}, 30e9)]
    assert machine.tell("disk_space", free) == ["acknowledged"]
    assert machine.disk(99) == ["open"]
    assert machine.disk(91) == ["open"]
    alert.refresh_from_db()
    assert alert.state == State.WARNING


def test_a_steady_state_writes_nothing(machine: Machine) -> None:
    machine.disk(99)
    version = fleet.row(machine.device).judging_version
    for _ in range(5):
        machine.disk(99)
    assert fleet.row(machine.device).judging_version == version
    assert machine.alert_events() == ["alert.opened"]


@pytest.mark.parametrize(("sequence", "phase"), [((91, 89, 88.5, 90), "open"), ((91, 87.9), "resolved")])
def test_a_state_is_left_only_by_its_margin(machine: Machine, sequence: Sequence[float], phase: str) -> None:
    for used in sequence:
        machine.disk(used)
    assert machine.phases() == [phase]


def test_a_value_around_its_level_is_one_alert(machine: Machine) -> None:
    for used in (91, 89.9, 90.1, 89, 92, 88.1, 90) * 3:
        machine.disk(used)
    assert machine.phases() == ["open"]
    assert machine.alert_events() == ["alert.opened"]


def test_a_flapping_value_ends_in_its_right_state(machine: Machine) -> None:
    for used in (99, 10) * 5:
        machine.disk(used)
    assert machine.phases() == ["resolved"] * 5
    assert machine.disk(99) == [*["resolved"] * 5, "open"]
    assert machine.alert_events().count("alert.opened") == 6


def test_the_minimum_duration_is_waited_for(link: Link) -> None:
    short, long = Machine(link), Machine(link)
    assert short.cpu(99, ago=9 * MINUTE) == []
    assert short.cpu(99) == []
    assert long.cpu(99, ago=11 * MINUTE) == []
    assert long.cpu(99) == ["open"]
    alert = Alert.objects.get(device__agents=long.device.agent)
    assert 595 < (alert.opened_at - alert.since).total_seconds() < 700
    assert fleet.states(short.device) == {("cpu", "used"): State.CRITICAL}


def test_a_good_sample_in_between_starts_the_minimum_duration_again(machine: Machine) -> None:
    machine.cpu(99, ago=11 * MINUTE)
    machine.cpu(10, ago=5 * MINUTE)
    assert machine.cpu(99) == []


def test_an_error_heals_nothing(machine: Machine) -> None:
    machine.disk(99)
    for _ in range(3):
        machine.says(ran=[v1.Ran("disk_space", now_ms(), 0, RAISED)])
    machine.says(ran=[v1.Ran("disk_space", now_ms())])
    machine.says(ran=[])
    assert ("disk_space", "/", "open") in fleet.alerts(machine.device)
    assert fleet.states(machine.device)["disk_space", "/"] is State.CRITICAL


def test_a_failing_check_alerts_after_two_intervals_and_heals_by_a_good_run(machine: Machine) -> None:
    machine.link.ack(
        machine.device,
        machine.device.batch("disk_space", [], ran=[v1.Ran("disk_space", now_ms(), 0, RAISED)]),
        10 * MINUTE,
    )
    assert machine.phases() == []
    assert machine.says(ran=[v1.Ran("disk_space", now_ms(), 0, RAISED)]) == ["open"]
    assert fleet.states(machine.device) == {("disk_space", "!run"): State.UNKNOWN}
    assert machine.disk(10) == ["resolved"]
    assert fleet.states(machine.device) == {("disk_space", "/"): State.OK}


def test_a_check_that_is_never_judged_heals_by_a_good_run(machine: Machine) -> None:
    failed, good = (v1.Ran("inventory", now_ms(), 0, error) for error in (RAISED, None))
    machine.says(ran=[failed])
    assert fleet.states(machine.device) == {("inventory", "!run"): State.UNKNOWN}
    machine.says(ran=[good])
    assert fleet.states(machine.device) == {}


def test_a_check_that_does_not_apply_is_no_fault(machine: Machine) -> None:
    not_here = v1.Sentence("check.not_here", {"why": "no battery"})
    assert machine.says(ran=[v1.Ran("disk_space", now_ms(), 0, not_here)]) == []
    assert fleet.states(machine.device) == {}


def test_an_item_that_is_gone_is_no_good_sample(machine: Machine) -> None:
    assert machine.disk(10, 99) == ["open"]
    assert machine.tell("disk_space", fleet.disk(10, "/0")) == ["open"]
    assert fleet.states(machine.device) == {
        ("disk_space", "/0"): State.OK,
        ("disk_space", "/1"): State.UNKNOWN,
    }
    assert machine.alert_events() == ["alert.opened", "alert.changed"]


def test_an_unknown_check_is_stored_and_not_judged(machine: Machine) -> None:
    machine.tell("of_tomorrow", [("strange_percent", {}, 100.0)])
    assert (machine.phases(), fleet.states(machine.device)) == ([], {})


def test_two_runs_in_one_batch_are_judged_in_order(machine: Machine) -> None:
    at = now_ms()
    rows = fleet.disk(99)
    machine.tell("disk_space", rows)
    device: Device = machine.device
    later = device.batch("disk_space", fleet.disk(10), at + 1, ran=[v1.Ran("disk_space", at + 1)])
    machine.link.ack(device, later)
    assert machine.phases() == ["resolved"]
