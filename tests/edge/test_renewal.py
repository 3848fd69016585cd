"""A newer version takes over between two tasks, never in the middle of one."""

import sys
import threading
from pathlib import Path

import pytest

from edge.peer import Peer
from edge.test_loop import spooled
from operators import now_ms
from predvid.edge import launch
from predvid.edge import updating as updating_module
from predvid.edge.agent import make_link
from predvid.edge.clock import Clock
from predvid.edge.courier import Courier, Met
from predvid.edge.identity import StateFolder, load_keys, load_membership
from predvid.edge.installing import Home
from predvid.edge.link import Sender
from predvid.edge.local_policy import Policy
from predvid.edge.loop import Inbox, Loop, Setting
from predvid.edge.outbox import Outbox
from predvid.edge.plan import accept
from predvid.edge.sources.local import local_source
from predvid.edge.standing import Standing
from predvid.edge.updating import Outcome, Updating
from predvid.edge.work import Work
from predvid.wire import authority as wire
from predvid.wire.signing import seal
from predvid.wire.v1 import Plan, TaskLease
from trusting_fixture import HOUR, Device

STEPS = 'touch "{folder}/began"\nwhile [ ! -e "{folder}/go" ]; do sleep 0.05; done\n'


def three(device: Device, body: str) -> list[TaskLease]:
    """Return the leases t0, t1 and t2 of orders that run `body`."""
    now, content = now_ms(), wire.Content("sh", body, 60)
    orders = [wire.Order(f"o-{n}", "Clean", content, ["agent-1"], now, now + HOUR) for n in range(3)]
    signed = [seal(wire.ORDER_CONTEXT, order, [device.office.ana]) for order in orders]
    return [device.lease(f"t{n}", order=order) for n, order in enumerate(signed)]


def test_a_running_task_ends_before_the_next_version_takes_over(
    peer: Peer, enrolled: StateFolder, device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating_module, "SPREAD", 0.0)
    (tmp_path / "launch.py").touch()
    installed = threading.Event()

    def install(version: str) -> Outcome:
        installed.set()
        return Outcome(version)

    clock, inbox = Clock(0), Inbox()
    membership, keys = load_membership(enrolled), load_keys(enrolled)
    outbox = Outbox(enrolled.outbox, "boot", clock.now, clock.elapsed)
    sender = Sender(membership.agent, "boot", 1, keys.signer(), clock.now, clock.elapsed)
    link = make_link(enrolled, membership, sender)
    courier = Courier(link, outbox, clock, Standing(), inbox.put)
    work = Work(device.authority, tmp_path / "run", link, inbox.put, clock.now, renews=True)
    setting = Setting(
        membership.agent,
        "device",
        {},
        Policy(),
        lambda body: accept(body, membership.plan_key, membership.agent, None),
        updating=Updating(Home(tmp_path), "0.1.0", install),
    )
    loop = Loop(setting, local_source(), clock, outbox, inbox, courier, work)
    leases = three(device, STEPS.format(folder=tmp_path))
    work.handed(leases[:2], [])
    loop.use(Plan(membership.agent, 1, clock.now(), [], batch_seconds=1, update="9.9"))
    thread = threading.Thread(target=loop.run)
    thread.start()
    assert installed.wait(20)
    inbox.put(Met())
    thread.join(2)
    assert thread.is_alive(), "a task runs"
    work.handed(leases[2:], [])
    (tmp_path / "go").touch()
    thread.join(20)
    assert not thread.is_alive()
    outbox.close()
    ended = {
        one.task: one.state for batch in spooled(enrolled) for one in batch.outcomes if one.state != "started"
    }
    assert ended == {"t0": "done", "t1": "done"}, "both that were taken ran, and none was taken any more"


def test_a_version_proves_itself_as_soon_as_the_disk_lets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "versions" / "2-1").mkdir(parents=True)
    (tmp_path / "launch.py").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "versions" / "2-1"))
    launch.write(tmp_path, {**launch.FIRST, "current": "2-1", "trial": True})
    (tmp_path / "versions.json.new").mkdir()  # as on a full disk
    updating = Updating(Home(tmp_path), "2", Outcome)
    assert list(updating.delivered(1)) == []
    (tmp_path / "versions.json.new").rmdir()
    assert [event.kind for event in updating.delivered(2)] == ["agent.updated"]
    assert launch.read(tmp_path)["trial"] is False
    assert list(updating.delivered(3)) == []
