"""What the loop tells of each run: the interval that is kept here, and absence in the server's two words."""

import json
import re
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from edge.peer import Peer
from predvid.checks.errors import NotHere
from predvid.checks.source import Source
from predvid.checks.v1 import Check, Event, Sample, Severity, Text, say
from predvid.edge import loop as loop_module
from predvid.edge.agent import make_link
from predvid.edge.clock import Clock
from predvid.edge.courier import Courier, Died, Met
from predvid.edge.identity import StateFolder, load_keys, load_membership
from predvid.edge.link import Sender
from predvid.edge.local_policy import Policy
from predvid.edge.loop import Inbox, Loop, Setting, Stop
from predvid.edge.outbox import Outbox
from predvid.edge.plan import accept
from predvid.edge.sealing import decode
from predvid.edge.sources.local import local_source
from predvid.edge.standing import Standing
from predvid.wire.v1 import Batch, Plan, PlannedCheck, Ran, Sentence


def check(name: str, **more: Any) -> Check:
    def one(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
        return [Sample("m", 1.0)]

    return Check(name, Text(name, name), more.pop("collect", one), **more)


def gone(source: Source) -> bool:
    raise NotHere(say("read.missing", what="a drive"))


def late(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
    raise NotHere(say("read.missing", what="a drive"))


def defective(source: Source) -> bool:
    raise RuntimeError("bug")


def foreign(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
    return [Sample("m", 1.0), Sample("m", 2.0, at="yesterday")]  # type: ignore[arg-type]  # a plug-in may


def counting(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
    state["kept"] = state.get("kept", 0) + 1
    return [Sample("m", float(state["kept"]))]


INSTALLED = [
    check("counting", collect=counting),
    check("foreign", collect=foreign),
    check("plain"),
    check("no", applies=lambda source: False),
    check("gone", applies=gone),
    check("late", collect=late),
    check("defective", applies=defective),
]


def sealed(
    state: StateFolder,
    work: Callable[[Inbox], object],
    interval: int = 90,
    boot: str = "boot",
    offset: int = 0,
) -> list[Ran]:
    """Run a loop of some checks without a server until `work` is done; return the runs that it sealed."""
    clock, inbox = Clock(offset), Inbox()
    membership, keys = load_membership(state), load_keys(state)
    outbox = Outbox(state.outbox, boot, clock.now, clock.elapsed)
    sender = Sender(membership.agent, boot, 1, keys.signer(), clock.now, clock.elapsed)
    courier = Courier(make_link(state, membership, sender), outbox, clock, Standing(), inbox.put)
    installed = {one.name: one for one in INSTALLED}
    setting = Setting(
        membership.agent, "device", installed, Policy(minimum_interval=interval),
        lambda body: accept(body, membership.plan_key, membership.agent, None), kept=state.kept,
    )  # fmt: skip
    loop = Loop(setting, local_source(), clock, outbox, inbox, courier)
    planned = [PlannedCheck(one.name, min(60, interval)) for one in INSTALLED]
    loop.use(Plan(membership.agent, 1, clock.now(), planned, batch_seconds=1))
    thread = threading.Thread(target=loop.run)
    thread.start()
    work(inbox)
    thread.join(20)
    assert not thread.is_alive()
    outbox.close()
    return told(state)


def spooled(state: StateFolder) -> list[Batch]:
    """Return all batches of the outbox, read from outside."""
    with sqlite3.connect(state.outbox) as db:
        bodies = db.execute("SELECT body FROM batch ORDER BY id").fetchall()
    db.close()
    return [decode(body) for (body,) in bodies]


def told(state: StateFolder) -> list[Ran]:
    """Return the runs in all batches of the outbox."""
    return [ran for batch in spooled(state) for ran in batch.ran]


def test_what_a_check_keeps_is_known_to_the_next_agent(peer: Peer, enrolled: StateFolder) -> None:
    def once(inbox: Inbox) -> None:
        before = len(told(enrolled))
        inbox.put(Met())
        peer.wait(lambda: len(told(enrolled)) >= before + len(INSTALLED))
        inbox.put(Stop())

    for turn in (1, 2, 3):
        sealed(enrolled, once, boot=f"boot{turn}")
        assert json.loads(enrolled.kept.read_text()) == {"counting": turn}


def test_each_run_tells_its_interval_and_absence_is_no_failure(
    peer: Peer, enrolled: StateFolder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "predvid.agent")

    def work(inbox: Inbox) -> None:
        inbox.put(Met())
        peer.wait(lambda: len(told(enrolled)) >= len(INSTALLED))
        inbox.put(Stop())

    ran = {ran.check: ran for ran in sealed(enrolled, work)}
    assert {name: ran[name].error for name in ("no", "gone", "late")} == {
        name: Sentence("check.not_here", {"check": name}) for name in ("no", "gone", "late")
    }
    assert {one.interval for one in ran.values()} == {90}
    assert ran["plain"].error is None
    for name in ("defective", "foreign"):
        error = ran[name].error
        assert error is not None
        assert error.id == "check.raised"
    assert "The check no does not apply to this device" in caplog.messages
    assert not [line for line in caplog.messages if re.search(r"\b(check|read)\.[a-z_]+", line)]


def test_a_hanging_check_is_told_at_each_interval_and_started_once(
    peer: Peer, enrolled: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, begun = threading.Event(), list[int]()

    def endless(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
        begun.append(1)
        gate.wait()
        return []

    hanging = check("hanging", collect=endless, timeout=0)
    monkeypatch.setattr(sys.modules[__name__], "INSTALLED", [hanging])

    def work(inbox: Inbox) -> None:
        inbox.put(Met())
        peer.wait(lambda: len(told(enrolled)) >= 3)
        inbox.put(Stop())

    ran = sealed(enrolled, work, interval=1)
    gate.set()
    assert {one.error.id for one in ran if one.error} == {"check.timed_out"}
    assert len(begun) == 1


def test_what_the_owner_denies_is_told_again_before_it_looks_lost(
    peer: Peer, enrolled: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "INSTALLED", [check("plain", platforms=("windows",))])
    monkeypatch.setattr(loop_module, "DENIED_AGAIN", 0.5)

    def work(inbox: Inbox) -> None:
        peer.wait(lambda: len(told(enrolled)) >= 2)
        inbox.put(Stop())

    first, again, *_ = sealed(enrolled, work)
    assert first.error == again.error == Sentence("check.platform", {"check": "plain", "platform": "linux"})
    assert (first.interval, again.interval) == (1, 1)
    assert again.at > first.at


def test_the_end_of_the_courier_ends_the_loop(peer: Peer, enrolled: StateFolder) -> None:
    sealed(enrolled, lambda inbox: inbox.put(Died("a defect")))


HOUR = 3_600_000  # ms


def test_a_restart_is_told_once_and_by_the_servers_clock(
    peer: Peer, enrolled: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, boots = datetime(2026, 5, 1, tzinfo=UTC), ["first", "first", "second"]

    def restarted(source: Source, params: Any, state: dict[str, Any]) -> list[Event | Sample]:
        said = say("device.rebooted")
        return [
            Event("device.rebooted", said, Severity.NOTICE, at, source={"boot": boots[0]}),
            Sample("m", 1.0, at=at),
        ]

    monkeypatch.setattr(sys.modules[__name__], "INSTALLED", [check("uptime", collect=restarted)])

    def work(inbox: Inbox) -> None:
        before = len(told(enrolled))
        inbox.put(Met())
        peer.wait(lambda: len(told(enrolled)) > before)
        inbox.put(Stop())

    while boots:
        sealed(enrolled, work, boot=f"process {len(boots)}", offset=HOUR)
        boots.pop(0)
    events = [event for batch in spooled(enrolled) for event in batch.events]
    assert [event.source["boot"] for event in events] == ["first", "second"]
    stamps = [moment for batch in spooled(enrolled) for moment in memoryview(batch.columns.ts).cast("q")]
    assert {event.at for event in events} | set(stamps) == {round(at.timestamp() * 1000) + HOUR}
