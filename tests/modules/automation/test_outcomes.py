"""What agents tell of tasks is hostile: repeats, foreign tasks, floods and lies gain them nothing."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

import fleet
from predvid.core.model import State
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.actions import requests
from predvid.modules.automation.models import AgentTrust, Publication, Task
from predvid.wire.v1 import Sentence, TaskOutcome, TrustHeld
from real_agent import printed
from simulated import Device, Link, now_ms

LATE = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def device(link: Link) -> Device:
    """An agent that says that it pins a root."""
    device = fleet.enrol(link)
    held = TrustHeld(b"r" * 32, 0, 1 << 40, 0, (0, 1, 2))
    link.ack(device, device.batch("cpu", [], trust=held))
    return device


def asked(device: Device) -> Task:
    now = datetime.now(UTC)
    publication, _ = Publication.objects.get_or_create(
        key="t-outcomes", version=1,
        defaults={
            "signed": msgspec.msgpack.encode([b"", []]), "title": "Pokus", "language": "sh",
            "content": "true", "timeout": 9, "rate": 99, "by_server": True, "issued_at": now,
            "targets": {"everywhere": True}, "accepted_at": now, "expires_at": LATE, "minutes_by_hand": 7,
        },
    )  # fmt: skip
    request = requests.request_template(PLATFORM, publication.pk, [fleet.agent(device).device_id], {}, now)
    return request.tasks.get()


def told(device: Device, *outcomes: TaskOutcome) -> bytes:
    return device.batch("cpu", [], outcomes=list(outcomes))


def outcome(task: Task, state: Any, **words: Any) -> TaskOutcome:
    return TaskOutcome(task.wire, state, at=now_ms(), **words)


def test_a_batch_sent_twice_tells_once(link: Link, device: Device) -> None:
    task = asked(device)
    body = told(
        device,
        outcome(task, "started"),
        outcome(task, "output", output="jednom\n", part=1),
        outcome(task, "done", code=0),
    )
    first = link.ack(device, body)
    again = link.ack(device, body)
    assert (first.repeated, again.repeated) == (False, True)
    task.refresh_from_db()
    assert (task.state, printed(task), task.minutes_saved) == ("done", "jednom\n", 7)
    assert fleet.events(device).count("task.done") == 1


def test_the_same_words_in_another_batch_change_nothing(link: Link, device: Device) -> None:
    task = asked(device)
    words = (
        outcome(task, "started"),
        outcome(task, "output", output="a", part=1),
        outcome(task, "done", code=0),
    )
    for _ in range(2):
        link.ack(device, told(device, *words))
    link.ack(device, told(device, outcome(task, "unknown"), outcome(task, "failed", code=1)))
    task.refresh_from_db()
    assert (task.state, task.code, printed(task), task.output_bytes) == ("done", 0, "a", 1)
    assert [kind for kind in fleet.events(device) if kind.startswith("task.")] == [
        "task.requested", "task.started", "task.done",
    ]  # fmt: skip


def test_an_agent_speaks_of_its_own_tasks_alone(link: Link, device: Device) -> None:
    task, stranger = asked(device), fleet.enrol(link)
    link.ack(
        stranger, told(stranger, outcome(task, "done", code=0), outcome(task, "output", output="x", part=1))
    )
    task.refresh_from_db()
    assert (task.state, printed(task)) == ("queued", "")
    assert "task.done" not in fleet.events(stranger)


def test_output_is_capped_and_cleaned(link: Link, device: Device) -> None:
    task = asked(device)
    link.ack(device, told(device, outcome(task, "started")))
    for part in range(1, 12):
        text = ("\x00č" if part == 1 else "") + "ž" * 20_000
        link.ack(device, told(device, outcome(task, "output", output=text, part=part)))
    link.ack(device, told(device, outcome(task, "output", output="negative", part=-1)))
    task.refresh_from_db()
    assert task.truncated
    assert len(printed(task).encode()) == task.output_bytes <= 256 << 10
    assert printed(task)[:2] == "čž"


@pytest.mark.parametrize("code", [1 << 40, -(1 << 40)])
def test_impossible_figures_fail_no_group(link: Link, device: Device, code: int) -> None:
    task = asked(device)
    reason = Sentence("x" * 300, {"a" * 300: "b" * 3000})
    wild = TaskOutcome(task.wire, "failed", code=code, at=-(1 << 62), reason=reason)
    link.ack(device, told(device, wild, TaskOutcome("\x00" * 90, "done")))
    task.refresh_from_db()
    assert (task.state, task.code) == ("failed", None)


def test_the_agents_late_word_counts_more_than_the_servers_guess(link: Link, device: Device) -> None:
    task = asked(device)
    Task.objects.filter(pk=task.pk).update(state="expired", ended_at=LATE)
    link.ack(device, told(device, outcome(task, "started"), outcome(task, "done", code=0)))
    task.refresh_from_db()
    assert task.state == "done"


def refused(task: Task, code: str) -> TaskOutcome:
    return outcome(task, "refused", reason=Sentence(f"task.refused.{code}", {}))


def test_an_unsigned_task_alarms_and_an_honest_limit_does_not(link: Link, device: Device) -> None:
    link.ack(device, told(device, refused(asked(device), "rate"), refused(asked(device), "hourly")))
    assert ("agent", "task") not in fleet.states(device)
    link.ack(device, told(device, refused(asked(device), "signature")))
    assert fleet.states(device)["agent", "task"] is State.CRITICAL
    assert fleet.alerts(device) == [("agent", "task", "open")]


def test_a_lease_that_nobody_here_gave_alarms(link: Link, device: Device) -> None:
    reason = Sentence("task.refused.signature", {})
    link.ack(device, told(device, TaskOutcome("never-asked", "refused", at=now_ms(), reason=reason)))
    assert fleet.alerts(device) == [("agent", "task", "open")]


def test_a_lease_that_came_twice_is_no_alarm_and_a_replay_is(link: Link, device: Device) -> None:
    task = asked(device)
    link.ack(device, told(device, outcome(task, "started"), outcome(task, "done", code=0)))
    Task.objects.filter(pk=task.pk).update(handed=2)
    link.ack(device, told(device, refused(task, "repeated")))
    assert not fleet.alerts(device)
    link.ack(device, told(device, refused(task, "repeated")))
    assert fleet.alerts(device) == [("agent", "task", "open")]
    task.refresh_from_db()
    assert task.state == "done"


def test_what_an_agent_holds_is_kept_within_bounds(link: Link, device: Device) -> None:
    held = TrustHeld(b"x" * 500, 1 << 63, -5, 7, (2, 2, 9, 1))
    link.ack(device, device.batch("cpu", [], trust=held))
    row = AgentTrust.objects.get(agent=device.agent)
    assert (len(row.root), row.keyset, row.placement, row.classes) == (32, 0, 7, [1, 2])
