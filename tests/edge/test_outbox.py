"""The outbox: whatever happens, what was sent never changes, order holds, and what is missing was counted."""

import itertools
import random
import resource
import secrets
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from predvid.edge import sealing
from predvid.edge.outbox import Outbox, OutboxFailed, Sealed
from predvid.wire.v1 import MAX_BODY, MAX_PLAIN, MAX_SAMPLES, Batch, EventRow, FactRow, Ran, Sentence, Series

LAYOUT = sealing.Layout()


NOISE = random.Random(1)  # the same sizes in every run: what overflows must not depend on luck


TICKS = itertools.count(1_800_000_000_000)


def now() -> int:
    return next(TICKS)


def box(path: Path, cap: int = 64 << 20) -> Outbox:
    return Outbox(path, secrets.token_hex(16), now, time.monotonic, cap)


def batch(samples: int = 3, event: str = "") -> Batch:
    readings = [(("cpu", f"metric_{n % 50}", ()), now(), NOISE.random()) for n in range(samples)]
    columns = LAYOUT.columns(readings, time.monotonic())
    ran = [Ran("cpu", now(), 1, None, samples)] if samples else []
    events = [EventRow("agent.started", Sentence(event), now())] if event else []
    return Batch("", 0, now(), columns, ran, [], events)


def read(sealed: Sealed) -> Batch:
    return msgspec.msgpack.decode(zlib.decompress(sealed.body), type=Batch)


def drain(outbox: Outbox) -> list[Batch]:
    out = []
    while (head := outbox.head()) is not None:
        out.append(read(head))
        outbox.ack(head)
    return out


class Life(RuleBasedStateMachine):
    """Random seals, sends, acks, crashes, splits and overflows against a plain account of them."""

    def __init__(self) -> None:
        super().__init__()
        NOISE.seed(1)
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "outbox.db"
        self.outbox = box(self.path, 6000)
        self.sent: dict[tuple[str, int], bytes] = {}
        self.acked: list[Batch] = []
        self.sealed_events: list[str] = []
        self.sealed_samples = 0
        self.refused: set[tuple[str, int]] = set()

    @rule(samples=st.integers(0, 60), event=st.booleans())
    def seal(self, samples: int, event: bool) -> None:
        name = f"{len(self.sealed_events)} {NOISE.randbytes(60).hex()}" if event else ""
        self.outbox.seal(batch(samples, name))
        self.sealed_samples += samples
        self.sealed_events += [name] if event else []

    @rule(acked=st.booleans())
    def send(self, acked: bool) -> None:
        head = self.outbox.head()
        if head is None:
            return
        before = self.sent.setdefault((head.boot, head.seq), head.body)
        assert before == head.body, "a batch that may have arrived was changed"
        assert (head.boot, head.seq) not in self.refused
        if acked:
            self.acked.append(read(head))
            self.outbox.ack(head)

    @rule()
    def crash(self) -> None:
        self.outbox.close()
        self.outbox = box(self.path, 6000)

    @rule()
    def too_large(self) -> None:
        head = self.outbox.head()
        if head is not None and (head.boot, head.seq) not in self.sent and self.outbox.halve(head):
            self.refused.add((head.boot, head.seq))

    @precondition(lambda self: len(self.acked) > 0)
    @invariant()
    def nothing_twice_and_all_in_order(self) -> None:
        keys = [(one.boot, one.seq) for one in self.acked]
        assert len(keys) == len(set(keys))
        moments = [one.sealed for one in self.acked]
        assert moments == sorted(moments), "order is lost"

    @invariant()
    def within_the_cap(self) -> None:
        depth = self.outbox.depth()
        assert depth.batches <= 2 or depth.bytes <= 6000 + 1000  # the halves of a head carry its layout twice

    def teardown(self) -> None:
        self.acked += drain(self.outbox)
        self.outbox.seal(Batch("", 0, now()))
        self.acked += drain(self.outbox)
        events = [event for one in self.acked for event in one.events]
        gaps = [event for event in events if event.kind == "agent.samples_dropped"]
        delivered = sum(sealing.count(one) for one in self.acked)
        assert delivered + sum(one.dropped for one in self.acked) == self.sealed_samples
        arrived = [event.said.id for event in events if event.kind == "agent.started"]
        assert arrived == [name for name in self.sealed_events if name in set(arrived)], "events out of order"
        missing = len(self.sealed_events) - len(arrived)
        assert missing <= sum(gap.source["events"] for gap in gaps)
        self.outbox.close()
        self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)


def test_what_never_reached_the_disk_is_reported(tmp_path: Path) -> None:
    outbox = box(tmp_path / "o.db")
    outbox.lose(7, 3)
    outbox.seal(batch())
    (one,) = drain(outbox)
    assert one.dropped == 7
    assert [event.said.values for event in one.events] == [{"n": 7, "events": 3}]
    outbox.close()


def test_numbers_begin_at_one_for_each_start_and_the_oldest_goes_first(tmp_path: Path) -> None:
    first = box(tmp_path / "o.db")
    for _ in range(3):
        first.seal(batch())
    first.close()
    second = box(tmp_path / "o.db")
    second.seal(batch())
    head = second.head()
    assert head is not None
    assert head.waited == -1  # sealed by an earlier process: how long ago is not known
    out = drain(second)
    assert [one.seq for one in out] == [1, 2, 3, 1]
    assert len({one.boot for one in out}) == 2
    second.close()


def test_the_cap_takes_the_oldest_samples_and_no_event(tmp_path: Path) -> None:
    outbox = box(tmp_path / "o.db", 40_000)
    for n in range(40):
        outbox.seal(batch(200, f"event {n}"))
    head = outbox.head()
    assert head is not None
    assert sealing.count(read(head)) == 200, "the head may have arrived and was changed"
    out = drain(outbox)
    outbox.seal(batch())
    out += drain(outbox)
    kept = [sealing.count(one) > 0 for one in out[1:-1]]
    assert kept == sorted(kept), "newer samples went before older ones"
    assert [e.said.id for one in out for e in one.events if e.kind == "agent.started"] == [
        f"event {n}" for n in range(40)
    ]
    dropped = sum(one.dropped for one in out)
    assert dropped == 40 * 200 + 3 - sum(sealing.count(one) for one in out)
    assert dropped > 0
    outbox.close()


def test_too_many_samples_and_too_large_facts_are_sealed_in_pieces(tmp_path: Path) -> None:
    outbox = box(tmp_path / "o.db")
    facts = [FactRow("inventory", f"fact.{n}", secrets.token_hex(1000)) for n in range(900)]
    large = msgspec.structs.replace(batch(MAX_SAMPLES + 1), facts=facts)
    outbox.seal(large)
    heads = []
    while (head := outbox.head()) is not None:
        heads.append(head)
        outbox.ack(head)
    assert all(len(head.body) <= MAX_BODY for head in heads)
    out = [read(head) for head in heads]
    assert [one.seq for one in out] == list(range(1, len(out) + 1))
    assert sum(sealing.count(one) for one in out) == MAX_SAMPLES + 1
    assert [fact.name for one in out for fact in one.facts] == [fact.name for fact in facts]
    outbox.close()


def test_a_split_keeps_the_samples_of_a_run_together() -> None:
    key = ("cpu", "m", ())
    columns = sealing.Layout().columns([(key, at, float(at)) for at in (1, 1, 1, 2)], 0.0)
    whole = Batch("b", 1, 5, columns, [Ran("cpu", 1, 0, None, 3), Ran("cpu", 2, 0, None, 1)])
    halves = sealing.halves(whole)
    assert halves is not None
    assert [(sealing.count(half), len(half.ran)) for half in halves] == [(3, 1), (1, 1)]


def test_the_layout_of_a_steady_device_never_changes() -> None:
    layout = sealing.Layout()
    cpu, disk = ("cpu", "used", ()), ("disk", "used", (("mount", "/"),))
    first = layout.columns([(disk, 1, 1.0), (cpu, 1, 2.0)], 0.0)
    later = layout.columns([(cpu, 2, 3.0)], 15.0)
    assert later.layout == first.layout
    assert msgspec.msgpack.decode(first.layout, type=list[Series])[0].check == "cpu"
    grown = layout.columns([(("a", "new", ()), 3, 1.0)], 30.0)
    assert len(msgspec.msgpack.decode(grown.layout, type=list[Series])) == 3


def test_a_damaged_file_is_moved_aside_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    path.write_bytes(secrets.token_bytes(50_000))
    outbox = box(path)
    outbox.seal(batch())
    (only,) = drain(outbox)
    assert [event.kind for event in only.events] == ["agent.outbox_damaged"]
    assert len(list(tmp_path.glob("o.db.damaged-*"))) == 1
    outbox.close()


def test_a_page_damaged_inside_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    outbox = box(path)
    for _ in range(30):
        outbox.seal(batch(200))
    outbox.close()
    data = bytearray(path.read_bytes())
    data[8192:20480] = secrets.token_bytes(12288)
    path.write_bytes(data)
    again = box(path)
    again.seal(batch())
    assert "agent.outbox_damaged" in [event.kind for one in drain(again) for event in one.events]
    again.close()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Let no file of this process grow beyond `room` bytes: writes then fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_changes_nothing_and_heals(tmp_path: Path) -> None:
    outbox = box(tmp_path / "o.db")
    outbox.seal(batch(event="before"))
    with full_disk(60_000):
        for _ in range(400):
            try:
                outbox.seal(batch(50))
            except OutboxFailed:
                break
        else:
            pytest.fail("the disk never became full")
        outbox.lose(50)
    outbox.seal(batch(event="after"))
    out = drain(outbox)
    assert [one.seq for one in out] == list(range(1, len(out) + 1)), "a failed seal used up a number"
    assert out[-1].dropped == 50
    assert [e.said.id for one in (out[0], out[-1]) for e in one.events] == [
        "before", "after", "agent.samples_dropped",
    ]  # fmt: skip
    outbox.close()


def test_dead_letters_are_kept_and_bounded(tmp_path: Path) -> None:
    outbox = box(tmp_path / "o.db")
    for _ in range(30):
        outbox.seal(batch())
        head = outbox.head()
        assert head is not None
        outbox.bury(head, "undecodable")
    depth = outbox.depth()
    assert (depth.batches, depth.bytes, depth.dead) == (0, 0, 20)
    outbox.close()


def test_damage_found_in_use_is_an_outbox_failure_and_heals(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    outbox = box(path)
    for _ in range(5):
        outbox.seal(batch(200))
    head = outbox.head()
    assert head is not None
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = other.execute("PRAGMA page_count").fetchone()[0]
    other.close()
    path.write_bytes(secrets.token_bytes(4096 * pages))
    failures = 0
    for use in (outbox.notes, outbox.depth, lambda: outbox.halve(head), lambda: outbox.ack(head)):
        try:
            use()
        except OutboxFailed:
            failures += 1
    assert failures
    outbox.seal(batch(event="after"))
    assert [e.kind for one in drain(outbox) for e in one.events] == ["agent.outbox_damaged", "agent.started"]
    assert outbox.depth().bytes == 0
    outbox.close()


def spoiled(path: Path, place: int) -> None:
    """Damage the bytes of one batch in a way that SQLite cannot see."""
    with sqlite3.connect(path) as other:
        ids = [id for (id,) in other.execute("SELECT id FROM batch ORDER BY id")]
        other.execute("UPDATE batch SET body = zeroblob(length(body)) WHERE id = ?", (ids[place],))
    other.close()


def test_a_batch_that_cannot_be_read_holds_up_neither_the_courier_nor_the_cap(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    outbox = box(path, 40_000)
    for n in range(5):
        outbox.seal(batch(200, f"event {n}"))
    spoiled(path, 0)
    spoiled(path, 1)
    head = outbox.head()
    assert head is not None
    assert not outbox.halve(head)
    for _ in range(40):
        outbox.seal(batch(200))
    assert outbox.depth().dead == 1, "the second was in the way of the cap; the head may have arrived"
    outbox.bury(head, "undecodable")
    out = drain(outbox)
    outbox.seal(batch(1))
    out += drain(outbox)
    assert sum(one.dropped for one in out) + sum(map(sealing.count, out)) == 44 * 200 + 1
    outbox.close()


def test_no_batch_holds_more_than_the_server_takes(tmp_path: Path) -> None:
    outbox = box(tmp_path / "o.db")
    ran = [Ran(f"check{n}", now(), 1, None, 1) for n in range(4_500)]
    facts = [FactRow("inventory", f"fact.{n}", n) for n in range(901)]
    events = [EventRow("agent.started", Sentence(str(n)), now()) for n in range(1_201)]
    outbox.seal(msgspec.structs.replace(batch(4_500), ran=ran, facts=facts, events=events))
    out = drain(outbox)
    assert all(len(one.ran) <= 2_000 and len(one.facts) <= 200 and len(one.events) <= 500 for one in out)
    assert [one for piece in out for one in piece.ran] == ran
    assert [one for piece in out for one in piece.facts] == facts
    assert [one for piece in out for one in piece.events] == events
    assert [one.seq for one in out] == list(range(1, len(out) + 1))
    assert all(sum(run.items for run in one.ran) == sealing.count(one) for one in out)
    outbox.close()


def test_a_layout_too_large_to_send_is_divided_with_its_samples(tmp_path: Path) -> None:
    outbox = box(tmp_path / "o.db")
    long = NOISE.randbytes(200).hex()
    series = [("cpu", "m", (("label", f"{long}{n}"),)) for n in range(22_000)]
    columns = sealing.Layout().columns([(key, 7, float(n)) for n, key in enumerate(series)], 0.0)
    outbox.seal(Batch("", 0, now(), columns, [Ran("cpu", 7, 1, None, 22_000)]))
    out = drain(outbox)
    assert len(out) <= 8, "its repetition kept the pieces large"
    assert all(len(msgspec.msgpack.encode(one)) <= MAX_PLAIN for one in out)
    read_back = []
    for one in out:
        layout = msgspec.msgpack.decode(one.columns.layout, type=list[Series])
        read_back += [layout[place].labels["label"] for place in memoryview(one.columns.place).cast("H")]
    assert read_back == [labels[0][1] for _, _, labels in series]
    outbox.close()


def test_halves_take_the_samples_of_a_run_apart_last() -> None:
    one = msgspec.structs.replace(batch(50, "event"), facts=[FactRow("cpu", "cores", 4)])
    parts = sealing.halves(one)
    assert parts is not None
    assert [(sealing.count(part), len(part.ran), len(part.events), len(part.facts)) for part in parts] == [
        (0, 0, 1, 1), (50, 1, 0, 0),
    ]  # fmt: skip
