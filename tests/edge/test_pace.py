"""Checks run at once, then evenly; a slow or endless one holds up none of the others."""

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from predvid.checks.recording import RecordedSource, load
from predvid.checks.source import Source
from predvid.checks.v1 import Check, NotHere, Sample, Text, say
from predvid.core.model import Event, Fact
from predvid.core.schedule import phase
from predvid.edge.gathering import DAY, MOST_EVENTS, MOST_RUNS, MOST_SAMPLES, Gathering
from predvid.edge.plan import Allowed
from predvid.edge.pool import Finished, Job, Pool, absence
from predvid.edge.run_check import Run
from predvid.edge.schedule import AGAIN, LATER, WAKE, Schedule
from predvid.wire.v1 import EventRow, Ran, Sentence, Series

SOURCE = RecordedSource(load('{"platform": "linux", "at": 0, "answers": {}}'))


def check(name: str, collect: Any = None, **more: Any) -> Check:
    return Check(
        name, Text(name, name), collect or (lambda source, params, state: [Sample("m", 1.0)]), **more
    )


def allowed(name: str, interval: float = 60.0, **more: Any) -> Allowed:
    return Allowed(check(name, **more), None, interval)


def test_everything_light_runs_at_once_and_then_on_its_own_grid() -> None:
    schedule = Schedule("agent-1")
    schedule.replace([allowed(f"check{n}") for n in range(20)] + [allowed("heavy", 3600.0)], 100.0)
    due = schedule.take_due(100.0)
    assert len(due) == 20
    for entry in due:
        schedule.finished(entry, 100.5)
    moments = sorted(entry.due for entry in due)
    assert "heavy" in [entry.allowed.check.name for entry in schedule.take_due(100.0 + LATER)]
    assert all(100.5 < moment <= 160.5 for moment in moments)
    assert moments[-1] - moments[0] > 20, "the checks run in a burst"
    first = due[0]
    before = first.due
    schedule.finished(first, before + 0.2)
    assert first.due == pytest.approx(before + 60.0)
    schedule.finished(first, before + 60 * 10.5)  # the machine slept: missed runs are not made up for
    assert first.due == pytest.approx(before + 60.0 * 11)


def test_on_windows_slow_checks_share_moments_and_frequent_ones_do_not() -> None:
    schedule = Schedule("agent-1", wake=WAKE)
    slow = [allowed(f"slow{n}", 900.0 * (1 + n % 24)) for n in range(24)]
    schedule.replace([*slow, *(allowed(f"light{n}") for n in range(20))], 50.0)
    moments: dict[bool, set[float]] = {True: set(), False: set()}
    for entry in schedule.take_due(50.0 + LATER):
        schedule.finished(entry, 60.0)
        moments[entry.allowed.interval >= WAKE].add(round((entry.due - 50.0) % WAKE, 3))
    assert len(moments[True]) == 1, "PowerShell would wake more often than once a quarter of an hour"
    assert len(moments[False]) > 15


def test_what_a_check_remembers_is_no_counter_and_there_from_the_start() -> None:
    schedule = Schedule("agent-1", lambda name: {"kept": name})
    schedule.replace([allowed("memory", 300.0)], 0.0)
    (entry,) = schedule.take_due(0.0)
    assert entry.state == {"kept": "memory"}
    schedule.finished(entry, 1.0)
    assert entry.due > 1.0 + AGAIN or entry.due == pytest.approx(phase("agent-1", "memory", 300.0))


def test_a_check_with_counters_runs_again_soon() -> None:
    schedule = Schedule("agent-1")
    schedule.replace([allowed("rates", 300.0)], 0.0)
    (entry,) = schedule.take_due(0.0)
    entry.state["last"] = 5
    schedule.finished(entry, 0.1)
    assert entry.due <= 0.1 + AGAIN
    schedule.finished(entry, 2.2)
    assert entry.due == pytest.approx(phase("agent-1", "rates", 300.0))


def test_a_new_plan_keeps_what_did_not_change() -> None:
    schedule = Schedule("agent-1")
    kept, changed = allowed("kept"), allowed("changed")
    schedule.replace([kept, changed, allowed("gone")], 0.0)
    for entry in schedule.take_due(0.0):
        entry.state["last"] = entry.allowed.check.name
        schedule.finished(entry, 0.1)
    other = Allowed(changed.check, None, 30.0)
    schedule.replace([kept, other, allowed("new")], 10.0)
    assert {entry.allowed.check.name for entry in schedule.take_due(10.0)} >= {"changed", "new"}
    assert schedule.get("gone") is None
    entry = schedule.get("changed")
    assert entry is not None
    assert entry.state == {"last": "changed"}


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Return an event that endless checks wait for; it is set in the end so that their threads go."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_endless_checks_hold_up_none_of_the_others(gate: threading.Event) -> None:
    def endless(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
        gate.wait()
        return []

    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    pool = Pool(SOURCE, done.put, lambda: 7, time.monotonic)
    for name in ("endless1", "endless2"):
        pool.submit(Job(allowed(name, collect=endless, timeout=0), {}))
    pool.submit(Job(allowed("quick"), {}))
    given_up: list[str] = []
    until = time.monotonic() + 10
    while (done.empty() or len(given_up) < 2) and time.monotonic() < until:
        given_up += [job.allowed.check.name for job in pool.give_up_overdue()]
    finished = done.get(timeout=5)
    assert finished.job.allowed.check.name == "quick"
    assert finished.job.at == 7
    assert set(given_up) == {"endless1", "endless2"}
    gate.set()
    pool.submit(Job(allowed("later"), {}))
    assert done.get(timeout=5).job.allowed.check.name == "later", "a run that was given up was delivered"
    pool.stop()


def test_frequent_checks_go_before_the_slow_ones_that_wait(gate: threading.Event) -> None:
    ran: list[str] = []

    def noting(name: str) -> Any:
        def collect(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
            gate.wait()
            ran.append(name)
            return []

        return collect

    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    pool = Pool(SOURCE, done.put, lambda: 7, time.monotonic)
    slow = [f"slow{n}" for n in range(20)]
    for number, name in enumerate(slow):
        pool.submit(Job(allowed(name, 900.0 * (1 + number), collect=noting(name)), {}))
    pool.submit(Job(allowed("light", collect=noting("light")), {}))
    gate.set()
    for _ in range(21):
        done.get(timeout=5)
    pool.stop()
    assert ran.index("light") < 15, "it waited for the slow ones"
    assert ran.index("slow0") < ran.index("slow19")


def test_a_check_that_hangs_each_time_takes_one_thread_only(gate: threading.Event) -> None:
    def endless(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
        gate.wait()
        return []

    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    pool = Pool(SOURCE, done.put, lambda: 7, time.monotonic)
    job, late = Job(allowed("endless", collect=endless, timeout=0), {}), list[Job]()
    pool.submit(job)
    until = time.monotonic() + 10
    while not late and time.monotonic() < until:
        late = pool.give_up_overdue()
    assert late == [job]
    assert pool.stuck("endless")
    assert not pool.stuck("quick")
    gate.set()
    while pool.stuck("endless") and time.monotonic() < until:
        pass
    assert not pool.stuck("endless")
    pool.stop()


def test_a_check_that_raises_or_does_not_apply_is_told_apart() -> None:
    def broken(source: Source, params: Any, state: dict[str, Any]) -> Iterator[Sample]:
        yield Sample("m", 1.0)
        raise RuntimeError("bug")

    def absent(source: Source, params: Any, state: dict[str, Any]) -> list[Sample]:
        raise NotHere(say("read.missing", what="x"))

    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    pool = Pool(SOURCE, done.put, lambda: 0, time.monotonic)
    pool.submit(Job(allowed("broken", collect=broken), {}))
    first = done.get(timeout=5)
    assert first.run is not None
    assert first.run.error is not None
    assert len(first.run.samples) == 1
    for one in (allowed("absent", collect=absent), allowed("no", applies=lambda source: False)):
        pool.submit(Job(one, {}))
        finished = done.get(timeout=5)
        assert finished.run is None
        assert finished.not_here is not None
        name = one.check.name
        assert absence(name, finished.not_here) == say("check.not_here", check=name)
    elsewhere = say("check.platform", check="absent", platform="linux")
    assert absence("absent", elsewhere) == elsewhere

    def defective(source: Source) -> bool:
        raise RuntimeError("bug")

    pool.submit(Job(allowed("defective", applies=defective), {}))
    told = done.get(timeout=5).run
    assert told is not None
    assert told.error is not None
    assert told.error.id == "check.raised"
    pool.stop()


def run(facts: list[Fact] | None = None, samples: int = 0, events: list[Event] | None = None) -> Run:
    return Run([Sample("m", float(n)) for n in range(samples)], facts or [], events or [], None, 3)


def test_facts_travel_when_they_change_and_once_a_day() -> None:
    gathering = Gathering()

    def sent(value: Any, at: float) -> int:
        gathering.run("inventory", 1, run([Fact("cpu", value)]), at)
        rows = len(gathering.batches(2, at)[0].facts)
        gathering.clear()
        return rows

    assert [sent({"a": 1, "b": 2}, 0.0), sent({"b": 2, "a": 1}, 60.0), sent({"a": 2}, 120.0)] == [1, 0, 1]
    assert [sent({"a": 2}, 180.0), sent({"a": 2}, 120.0 + DAY)] == [0, 1]
    gathering.forget_facts()
    assert sent({"a": 2}, 130.0 + DAY) == 1


def test_the_samples_of_a_run_bear_its_moment() -> None:
    gathering = Gathering()
    event = Event("device.rebooted", say("device.rebooted"))
    gathering.run("cpu", 1_000, run(samples=3, events=[event]), 0.0)
    batch = gathering.batches(2_000, 0.0)[0]
    assert set(memoryview(batch.columns.ts).cast("q")) == {1_000}
    assert (batch.ran[0].at, batch.ran[0].items, batch.events[0].at) == (1_000, 3, 1_000)


class OldRan(msgspec.Struct, frozen=True, array_like=True):
    """A run as the wire wrote it before intervals travelled."""

    check: str
    at: int
    took: int = 0
    error: Any = None
    items: int = 0


def test_a_run_bears_the_interval_in_force_and_an_older_server_reads_it() -> None:
    gathering = Gathering()
    gathering.run("cpu", 1_000, run(samples=2), 0.0, interval=12.2)
    gathering.failed("gone", 1_000, 0, say("check.not_here", check="gone"), interval=60.0)
    ran = gathering.batches(2_000, 0.0)[0].ran
    assert [one.interval for one in ran] == [13, 60]
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(ran), type=list[OldRan])
    assert [(one.check, one.items) for one in old] == [("cpu", 2), ("gone", 0)]
    new = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=list[Ran])
    assert [one.interval for one in new] == [0, 0]


def test_names_that_the_server_would_refuse_are_cut() -> None:
    gathering = Gathering()
    labels = {f"label{n:02}": "x" * 1000 for n in range(30)}
    gathering.run("cpu", 1, Run([Sample("m" * 500, 1.0, labels)], [], [], None, 1), 0.0)
    layout = gathering.batches(2, 0.0)[0].columns.layout
    assert len(layout) < 120 + 16 * (480 + 20) + 100


def test_memory_is_bounded_while_the_disk_refuses() -> None:
    gathering = Gathering()
    for at in range(300):
        gathering.run("cpu", at, run(samples=100), 0.0)
    assert gathering.spill() == (300 * 100 - MOST_SAMPLES, 0)
    batch = gathering.batches(1000, 0.0)[0]
    assert sum(ran.items for ran in batch.ran) == len(batch.columns.place) // 2 == MOST_SAMPLES


def test_events_and_failures_are_bounded_too_while_the_disk_refuses() -> None:
    gathering = Gathering()
    for at in range(MOST_RUNS + 500):
        gathering.failed("cpu", at, 0, say("check.raised"))
        gathering.event(EventRow("agent.started", Sentence("x"), at))
    assert gathering.spill() == (0, MOST_RUNS + 500 - MOST_EVENTS)
    batch = gathering.batches(1000, 0.0)[0]
    assert [ran.at for ran in batch.ran] == list(range(500, MOST_RUNS + 500))
    assert [event.at for event in batch.events][-1] == MOST_RUNS + 499
    assert len(batch.events) == MOST_EVENTS


def test_more_series_than_a_layout_takes_go_in_several_batches_with_their_runs() -> None:
    gathering = Gathering()
    sizes = (10, 50_000, 5)
    for n, size in enumerate(sizes):
        samples = [Sample("m", 1.0, {"n": f"{n}.{k}"}) for k in range(size)]
        gathering.run(f"check{n}", n, Run(samples, [], [], None, 1), 0.0)
    batches = gathering.batches(2, 0.0)
    layouts = [msgspec.msgpack.decode(one.columns.layout, type=list[Series]) for one in batches]
    assert all(len(layout) <= 50_000 for layout in layouts)
    told = {
        layout[place].labels["n"]
        for one, layout in zip(batches, layouts, strict=True)
        for place in memoryview(one.columns.place).cast("H")
    }
    assert len(told) == sum(len(one.columns.place) // 2 for one in batches) == sum(sizes)
    assert [ran.check for one in batches for ran in one.ran] == [f"check{n}" for n in range(3)]
