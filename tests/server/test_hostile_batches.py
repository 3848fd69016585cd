"""A batch that decodes but cannot be true or cannot be stored harms nobody else in its group."""

import math
import struct
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

import fleet
from predvid.checks.registry import checks
from predvid.core.model import State
from predvid.modules.inventory.models import Fact
from predvid.modules.monitoring import reactions
from predvid.modules.monitoring.models import Event, Stream
from predvid.modules.monitoring.store import Store
from predvid.server.group import Intake
from predvid.server.worker import reactions_to
from predvid.wire import v1
from simulated import ENCODE, Device, Link, now_ms

YEARS = (2000, 2100)
LABEL = {"mount": "/"}


def year(number: int) -> int:
    return int(datetime(number, 6, 1, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize("at", [year(n) for n in YEARS] + [-(1 << 63), (1 << 63) - 1, 0, -1])
def test_impossible_times_are_set_aside_and_the_group_is_stored(ground: Store, link: Link, at: int) -> None:
    lost, good = fleet.enrol(link), fleet.enrol(link)
    bodies = [lost.batch("disk_space", fleet.disk(99), at), good.batch("disk_space", fleet.disk(50))]
    entries = [fleet.entry(lost, bodies[0]), fleet.entry(good, bodies[1])]
    intake = Intake(ground, checks())
    intake.take(entries)
    assert [type(entry.outcome) for entry in entries] == [v1.Ack, v1.Ack]
    assert fleet.stored(ground, lost, "disk_used_percent", LABEL) == []
    assert [value for _, value in fleet.stored(ground, good, "disk_used_percent", LABEL)] == [50.0]
    assert Stream.objects.get(agent=lost.agent).quarantined == 2
    assert fleet.events(lost) == ["agent.enrolled", "agent.samples_quarantined"]
    assert fleet.alerts(lost) == []
    assert fleet.states(good) == {("disk_space", "/"): State.OK}


def test_values_that_are_no_numbers_are_set_aside(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    values = (math.nan, math.inf, -math.inf, 42.0)
    samples = [("disk_used_percent", {"mount": f"/{n}"}, value) for n, value in enumerate(values)]
    link.ack(device, device.batch("disk_space", samples))
    found = [fleet.stored(ground, device, "disk_used_percent", {"mount": f"/{n}"}) for n in range(4)]
    assert [len(rows) for rows in found] == [0, 0, 0, 1]
    assert Stream.objects.get(agent=device.agent).quarantined == 3
    assert fleet.states(device) == {("disk_space", "/3"): State.OK}


def raw(device: Device, **parts: Any) -> bytes:
    """Seal a batch whose parts need not be what the wire format says."""
    device.seq += 1
    return ENCODE({"boot": device.boot, "seq": device.seq, "sealed": now_ms(), **parts})


ODD: list[Any] = [
    math.nan,
    [math.inf],
    {"deep": {"deeper": -math.inf}},
    b"bytes",
    msgspec.msgpack.Ext(5, b"ext"),
    datetime(2026, 1, 1, tzinfo=UTC),
    {1: "a number for a key"},
    {b"k": "bytes for a key"},
    "nul \x00 in text",
    -(1 << 63),
    (1 << 64) - 1,
    "\ud7ff\U0010ffff",
    None,
    [[[[[[[["nested"]]]]]]]],
]


@pytest.mark.parametrize("value", ODD, ids=[str(number) for number in range(len(ODD))])
def test_odd_facts_harm_nobody(ground: Store, link: Link, value: Any) -> None:
    odd, good = fleet.enrol(link), fleet.enrol(link)
    bodies = raw(odd, facts=[["inventory", "system.odd", value]]), good.batch("disk_space", fleet.disk(50))
    entries = []
    for device, body in zip((odd, good), bodies, strict=True):
        if link.post(device, "batch", body)[0] == 422:
            continue
        device.seq += 1
        again = msgspec.msgpack.decode(body) | {"seq": device.seq}
        entries.append(fleet.entry(device, ENCODE(again)))
    Intake(ground, checks()).take(entries)
    assert entries
    assert all(isinstance(entry.outcome, v1.Ack) for entry in entries)
    assert fleet.states(good) == {("disk_space", "/"): State.OK}
    kept = Fact.objects.filter(device__agents=odd.agent, name="system.odd")
    assert kept.count() == len(entries) - 1


EVENTS: list[dict[str, Any]] = [
    {"kind": "nobody.knows", "said": ["x" * 500, {"n": math.nan}], "at": 0},
    {"kind": "agent.started", "said": ["agent.started", {"version": b"bytes"}], "at": -(1 << 63)},
    {"kind": "agent.started", "said": ["agent.started", {"version": {"a": [1]}}], "at": (1 << 63) - 1},
    {"kind": "agent.started", "said": ["agent.started"], "at": year(2000), "severity": "loudest"},
    {"kind": "k" * 300, "said": ["s"], "at": 1, "actor": "a" * 999, "target": "t" * 999},
    {"kind": "agent.started", "said": ["s"], "at": 1, "source": {"x": math.inf, "y": {"z": b"1"}, "n": None}},
    {"kind": "agent.started", "said": ["s", {"nul": "\x00", "big": (1 << 64) - 1}], "at": 1},
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event)[:40])
def test_odd_events_are_kept_and_reach_the_store(ground: Store, link: Link, event: dict[str, Any]) -> None:
    device = fleet.enrol(link)
    Event.objects.update(reaction=Event.Reaction.DONE)  # what earlier tests left is not waited for
    assert link.post(device, "batch", raw(device, events=[event]))[0] == 200
    row = Event.objects.filter(device__agents=device.agent).latest("pk")
    assert row.kind == (event["kind"] if event["kind"] == "agent.started" else "agent.unknown")
    assert row.at <= fleet.now()
    while reactions.react_to_pending(reactions_to, ground, fleet.now()):
        pass
    row.refresh_from_db()
    assert (row.reaction, row.error) == (Event.Reaction.DONE, "")


def test_odd_runs_are_bounded(ground: Store, link: Link) -> None:
    device = fleet.enrol(link)
    error = ["x" * 999, {"v": math.nan, "w": b"1", **{str(n): "y" * 999 for n in range(50)}}]
    assert link.post(device, "batch", raw(device, ran=[["cpu", now_ms(), 0, error]]))[0] == 200
    assert fleet.states(device) == {("cpu", "!run"): State.UNKNOWN}
    many = [["disk_space", now_ms()]] * 6_000
    assert link.post(device, "batch", raw(device, ran=many))[0] == 413
    assert link.post(device, "batch", raw(device, ran=[["n" * 5_000, now_ms()]]))[0] in (200, 422)


def test_a_series_named_twice_and_places_out_of_order(ground: Store, link: Link) -> None:
    device, at = fleet.enrol(link), now_ms()
    layout = ENCODE([v1.Series("disk_space", "disk_used_percent", LABEL)] * 2)
    device.seq += 1
    place = struct.pack("<4H", 1, 0, 1, 0)
    columns = v1.Columns(layout, place, struct.pack("<4q", *[at] * 4), struct.pack("<4d", 1, 2, 3, 4))
    link.ack(device, ENCODE(v1.Batch(device.boot, device.seq, at, columns, [v1.Ran("disk_space", at)])))
    assert len(fleet.stored(ground, device, "disk_used_percent", LABEL)) == 1


@pytest.mark.parametrize(
    "kind", ["person.signed_in", "alert.resolved", "agent.approved", "device.moved", "no.such"]
)
def test_an_agent_cannot_speak_for_the_platform(link: Link, kind: str) -> None:
    device = fleet.enrol(link)
    event = v1.EventRow(kind, v1.Sentence(kind, {"who": "Owner"}), now_ms(), "critical", actor="Owner")
    link.ack(device, device.batch("cpu", [], events=[event]))
    assert [row.kind for row in fleet.row(device).events.filter(actor="Owner")] == ["agent.unknown"]
