"""One task after the other, each begun once: what a hostile server adds ends none, and floods nobody."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operators import now_ms
from predvid.edge import tasks
from predvid.edge.child import Child
from predvid.edge.tasks import Runner, Told
from predvid.wire import authority as wire
from predvid.wire.signing import seal
from predvid.wire.v1 import TaskLease, TaskOutcome
from trusting_fixture import HOUR, Device, opened

WAIT = 'while [ ! -e "{go}" ]; do sleep 0.05; done\n'


class Running:
    """A runner on a device, and what it has told."""

    def __init__(self, device: Device, folder: Path) -> None:
        self.device, self.go = device, folder / "go"
        self._told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self.runner = Runner(device.authority, folder / "run", self._told.put, now_ms)
        self.runner.start()

    def lease(self, task: str, body: str = "", **leased: object) -> TaskLease:
        """Return the lease of an order that runs `body`; without one it waits for `go`."""
        content = wire.Content("sh", body or WAIT.format(go=self.go), 60)
        now = self.device.now
        order = wire.Order(f"o-{task}", "Clean", content, ["agent-1"], now, now + HOUR)
        signed = seal(wire.ORDER_CONTEXT, order, [self.device.office.ana])
        return self.device.lease(task, order=signed, **leased)

    def next(self) -> TaskOutcome:
        """Return the next outcome that is told; fail without one."""
        (outcome,) = self._told.get(timeout=20).outcomes
        return outcome

    def silent(self) -> bool:
        """Tell whether nothing more was told."""
        return self._told.empty()

    def began(self, task: str) -> None:
        """Hand over a task that waits, and see it begin."""
        self.runner.take([self.lease(task)])
        assert (self.next().task, self.runner.idle) == (task, False)


@pytest.fixture
def running(device: Device, tmp_path: Path) -> Iterator[Running]:
    """Return a runner that is stopped in the end."""
    one = Running(device, tmp_path)
    yield one
    one.go.touch()
    one.runner.stop()


def forged(running: Running) -> TaskLease:
    order = running.device.order(running.device.plan)
    return running.device.lease("t1", order=order)


def another(running: Running) -> TaskLease:
    return running.device.lease("t1", order=running.device.order())


@pytest.mark.parametrize("disguised", [forged, another, lambda running: TaskLease("t1", b"\xc1")])
def test_what_comes_under_the_id_of_a_running_task_does_not_end_it(
    running: Running, disguised: Callable[[Running], TaskLease]
) -> None:
    running.began("t1")
    running.runner.take([disguised(running)])
    assert running.silent(), "no outcome may speak in the name of the task that runs"
    (event,) = running.device.authority.events(0, 0)
    assert event.target == "t1"
    later = opened(running.device.state, running.device.plan, running.device.policy)
    assert later.unfinished() == ["t1"], "it is not taken for ended either"
    later.close()
    running.go.touch()
    assert running.next().state == "done"


def test_a_task_handed_over_again_with_news_runs_once_and_the_news_count(running: Running) -> None:
    running.began("t1")
    running.runner.take([running.lease("t1", keyset=running.device.office.keyset())])
    assert running.device.authority.held().keyset == 2
    assert (running.silent(), running.device.authority.events(0, 0)) == (True, [])
    running.go.touch()
    assert running.next().state == "done"
    assert (running.silent(), running.runner.idle) == (True, True)


def test_an_operator_who_left_meanwhile_has_nothing_begun(running: Running) -> None:
    running.began("t1")
    running.runner.take([running.lease("t2", "exit 0\n")])
    ivo = wire.OperatorKey("Ivo", running.device.office.ivo.public)
    running.runner.take([running.device.lease("news", keyset=running.device.office.keyset(operators=[ivo]))])
    running.go.touch()
    assert running.next().state == "done"
    refused = running.next()
    assert (refused.task, refused.state) == ("t2", "refused")
    assert refused.reason is not None
    assert refused.reason.id == "task.refused.signature"


def test_a_flood_of_false_tasks_is_answered_within_bounds(running: Running) -> None:
    for n in range(40):
        running.runner.take([TaskLease(f"{n}-{m}" + "x" * 1000, b"") for m in range(100)])
        running.runner.cancel([f"{n}-{m}" for m in range(100)])
    running.runner.cancel(["y" * 1000])
    told = []
    while not running.silent():
        told.append(running.next())
    assert len(told) == tasks.MOST_ANSWERED
    assert max(len(outcome.task) for outcome in told) == 64
    (event,) = running.device.authority.events(0, 0)
    assert event.source["n"] == 40 * tasks.MOST_HANDED, "each is counted"


def test_an_agent_that_is_to_end_takes_no_more_and_is_idle_when_all_is_done(running: Running) -> None:
    running.began("t1")
    running.runner.take([running.lease("t2", "exit 3\n")])
    running.runner.rest()
    running.runner.take([running.lease("t3", "exit 0\n")])
    running.go.touch()
    seen = [running.next() for _ in range(3)]
    assert [(one.task, one.state) for one in seen] == [("t1", "done"), ("t2", "started"), ("t2", "failed")]
    assert (running.silent(), running.runner.idle) == (True, True)


def test_no_script_runs_on_where_the_agent_fails_to_watch_it(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    children, failing = [], threading.Event()

    def blind(child: Child) -> bool:
        children.append(child)
        failing.set()
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Child, "crowded", blind)
    running.began("t1")
    assert failing.wait(20)
    assert running.next().state == "unknown"
    deadline = time.monotonic() + 20
    while children[0].code is None:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("id", ["a\nb", "a\x00b", "() { :; }; id", "ž"])
def test_an_id_that_could_be_more_than_a_name_is_refused(running: Running, id: str) -> None:
    running.runner.take([TaskLease(id, running.lease("x").signed)])
    outcome = running.next()
    assert (outcome.state, running.runner.idle) == ("refused", True)
