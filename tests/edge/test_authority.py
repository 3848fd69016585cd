"""What runs on a device that pins a root, and that nothing runs twice."""

import sqlite3
from pathlib import Path

from operators import DAY
from predvid.core.authority import AHEAD
from predvid.edge import pin
from predvid.edge.identity import StateFolder
from predvid.edge.local_policy import Policy
from predvid.edge.refusals import KIND
from predvid.wire import authority as wire
from predvid.wire.signing import marked, seal
from predvid.wire.v1 import TaskLease
from trusting_fixture import HOUR, SCRIPT, Device, code, opened


def test_a_signed_order_runs_once_and_never_again(device: Device) -> None:
    order = device.order()
    work = device.admitted(device.lease("t1", order=order))
    assert (work.title, work.cls, work.operators, work.task) == ("Clean", 2, ("Ana",), "t1")
    assert (work.content, work.params, work.publication) == (SCRIPT, {}, "")
    device.authority.begin(work, device.now)
    assert code(lambda: device.authority.begin(work, device.now)) == "repeated"
    assert code(lambda: device.authority.admit(device.lease("t2", order=order), device.now)) == "repeated"
    device.authority.finish("t1")
    device.again()
    assert code(lambda: device.authority.admit(device.lease("t1", order=order), device.now)) == "repeated"
    assert device.authority.unfinished() == []


def test_what_an_earlier_process_began_is_known_and_not_repeated(device: Device) -> None:
    order = device.order()
    device.authority.begin(device.admitted(device.lease("t1", order=order)), device.now)
    assert device.authority.unfinished() == []
    device.again()
    assert device.authority.unfinished() == ["t1"]
    assert code(lambda: device.run(device.lease("t1", order=order))) == "repeated"
    device.authority.finish("t1")
    assert device.authority.unfinished() == []


def test_an_agent_that_pins_nothing_runs_nothing(tmp_path: Path, device: Device) -> None:
    state = StateFolder(tmp_path / "other")
    state.make()
    authority = opened(state, device.plan, Policy(task_classes=frozenset({0, 1, 2})))
    lease = device.lease(order=device.order(), keyset=device.office.keyset())
    assert code(lambda: authority.admit(lease, device.now)) == "unpinned"
    assert (authority.held().root, authority.held().classes) == (b"", (0,))
    authority.close()


def test_the_administrator_pins_and_unpins_a_running_agent(device: Device) -> None:
    assert device.authority.held().root == device.office.fingerprint
    assert device.authority.held().classes == (0, 1, 2)
    work = device.admitted(device.lease(order=device.order()))
    pin.write(device.state, b"", device.now)
    assert code(lambda: device.authority.admit(device.lease(order=device.order()), device.now)) == "unpinned"
    assert code(lambda: device.authority.begin(work, device.now)) == "keyset_missing"
    assert device.authority.held().classes == (0,)
    pin.write(device.state, device.office.fingerprint, device.now)
    assert device.authority.held().keyset == 0
    device.run(device.lease(order=device.order(), keyset=device.office.keyset()))


def test_what_was_believed_is_read_again_or_not_at_all(device: Device) -> None:
    for content in (b"", b"\xc1", b"\x91" * 100_000):
        device.state.trust.write_bytes(content)
        device.again()
        assert (device.authority.held().root, device.authority.held().keyset) == (
            device.office.fingerprint,
            0,
        )
        place = wire.Placement("agent-1", "c", "s", 1, device.now)
        placement = seal(wire.PLACEMENT_CONTEXT, place, [device.office.ana])
        lease = device.lease(order=device.order(), placement=placement)
        assert code(lambda one=lease: device.run(one)) == "keyset_missing"  # type: ignore[misc]
        assert code(lambda: device.run(device.lease(order=device.order()))) == "keyset_missing"
    device.run(device.lease(order=device.order(), keyset=device.office.keyset()))


def test_a_damaged_pin_is_none(device: Device) -> None:
    for content in (b"", b"{", b"[]", b'{"root":"YQ=="}', b"\xff"):
        device.state.pin.write_bytes(content)
        assert device.authority.held().root == b""


def test_what_was_revoked_after_it_was_admitted_does_not_begin(device: Device) -> None:
    order, publication = device.order(id="o-1"), device.publication(id="p-1")
    first = device.admitted(device.lease(order=order))
    second = device.admitted(device.lease(publication=publication, start=device.start(publication)))
    third = device.admitted(device.lease(order=device.order(id="p-2")))
    device.authority.admit(device.lease(keyset=device.office.keyset(revoked=["o-1", "p-1"])), device.now)
    assert code(lambda: device.authority.begin(first, device.now)) == "revoked"
    assert code(lambda: device.authority.begin(second, device.now)) == "revoked"
    device.authority.begin(third, device.now)


def test_what_expired_after_it_was_admitted_does_not_begin(device: Device) -> None:
    work = device.admitted(device.lease(order=device.order()))
    assert code(lambda: device.authority.begin(work, device.now + HOUR)) == "expired"
    device.authority.begin(work, device.now + HOUR - 1)


def test_rates_hold_when_tasks_begin_and_over_a_restart(device: Device) -> None:
    twice = device.publication(rate=2)
    works = [device.admitted(device.lease(publication=twice, start=device.start(twice))) for _ in range(3)]
    device.authority.begin(works[0], device.now)
    device.authority.begin(works[1], device.now)
    assert code(lambda: device.authority.begin(works[2], device.now)) == "rate"
    device.again()
    assert code(lambda: device.run(device.lease(publication=twice, start=device.start(twice)))) == "rate"
    other = device.publication(rate=1)
    device.run(device.lease(publication=other, start=device.start(other)))
    later = device.now + DAY
    start = device.start(twice, issued=later, expires=later + HOUR)
    assert code(lambda: device.run(device.lease(publication=twice, start=start), later - 1)) == "rate"
    device.run(device.lease(publication=twice, start=start), later)


def test_the_owners_cap_counts_all_tasks_of_an_hour(device: Device) -> None:
    device.policy = Policy(tasks_per_hour=2)
    device.again()
    device.run(device.lease(order=device.order()))
    device.run(device.lease(order=device.order()))
    assert code(lambda: device.run(device.lease(order=device.order()))) == "hourly"
    assert code(lambda: device.run(device.lease(order=device.order()), device.now + HOUR - 1)) == "hourly"
    later = device.order(expires=device.now + 2 * HOUR)
    device.run(device.lease(order=later), device.now + HOUR)


def test_a_publication_never_goes_back_to_an_older_version(device: Device) -> None:
    old, new = device.publication(id="p", version=4), device.publication(id="p", version=5)
    device.run(device.lease(publication=old, start=device.start(old)))
    device.run(device.lease(publication=new, start=device.start(new)))
    device.again()
    assert code(lambda: device.run(device.lease(publication=old, start=device.start(old)))) == "version"


def test_a_clock_set_back_brings_nothing_back(device: Device) -> None:
    """What expired unseen stays expired once an operator signed later; what ran is forgotten at no risk."""
    early = device.order(expires=device.now + HOUR)
    missed = device.order(expires=device.now + HOUR)
    device.run(device.lease(order=early))
    later = device.now + 3 * DAY
    device.run(device.lease(order=device.order(issued=later, expires=later + HOUR)), later)
    with sqlite3.connect(device.state.ledger) as db:
        rows = db.execute("SELECT count(*) FROM ran").fetchone()
    assert rows == (1,), "what ended and expired days ago is forgotten"
    device.again()
    assert code(lambda: device.run(device.lease(order=early), device.now)) == "expired"
    assert code(lambda: device.run(device.lease(order=missed), device.now)) == "expired"
    soon = device.order(issued=later, expires=later + HOUR)
    device.run(device.lease(order=soon), device.now)


def test_a_newer_key_set_moves_the_least_time_too(device: Device) -> None:
    """With the device's clock set back, nothing of before the root's newest word runs."""
    missed = device.order(expires=device.now + HOUR)
    later = device.now + 3 * DAY
    keys = wire.KeySet(2, later, later + DAY, [wire.OperatorKey("Ana", device.office.ana.public)])
    newer = seal(wire.KEYSET_CONTEXT, keys, [device.office.root])
    assert device.authority.admit(device.lease(keyset=newer), later) is None
    assert code(lambda: device.run(device.lease(order=missed), device.now)) == "expired"


def test_an_operators_clock_that_is_ahead_a_little_expires_nothing(device: Device) -> None:
    ahead = device.order(issued=device.now + AHEAD, expires=device.now + HOUR)
    device.run(device.lease(order=ahead))
    brief = device.order(expires=device.now + 1)
    device.run(device.lease(order=brief))


def test_a_lost_or_damaged_ledger_lets_nothing_of_before_run(device: Device) -> None:
    order = device.order()
    device.run(device.lease(order=order))
    alone = device.publication(by_server=False)
    start = marked(device.start(alone), device.office.ana)
    device.run(device.lease(publication=alone, start=start))
    for damage in (
        lambda: device.state.ledger.unlink(),
        lambda: device.state.ledger.write_bytes(b"x" * 4096),
    ):
        device.authority.close()
        for part in device.state.path.glob("tasks.db-*"):
            part.unlink()
        damage()
        device.again()
        device.now += 1000
        refused = code(lambda: device.run(device.lease(order=order)))
        if refused == "ledger":  # the damaged file is set aside at the first look
            refused = code(lambda: device.run(device.lease(order=order)))
        assert refused == "before_ledger"
        lease = device.lease(publication=alone, start=start)
        assert code(lambda one=lease: device.run(one)) == "before_ledger"  # type: ignore[misc]
        device.run(device.lease(order=device.order(issued=device.now)))


def test_a_ledger_that_cannot_be_written_stops_all_tasks(device: Device) -> None:
    work = device.admitted(device.lease(order=device.order()))
    with sqlite3.connect(device.state.ledger, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert code(lambda: device.authority.begin(work, device.now)) == "ledger"
        assert (
            code(lambda: device.authority.admit(device.lease(order=device.order()), device.now)) == "ledger"
        )
        other.execute("ROLLBACK")
    other.close()
    device.authority.begin(work, device.now)


def test_news_that_cannot_be_stored_are_not_believed(device: Device) -> None:
    in_the_way = device.state.trust.with_name("trust.new")
    in_the_way.mkdir()
    lease = device.lease(keyset=device.office.keyset())
    assert code(lambda: device.authority.admit(lease, device.now)) == "ledger"
    assert device.authority.held().keyset == 1
    in_the_way.rmdir()
    assert device.authority.admit(lease, device.now) is None
    assert device.authority.held().keyset == 2


def test_junk_is_refused_and_nothing_else_happens(device: Device) -> None:
    for lease, why in (
        (TaskLease("t", b""), "unreadable"),
        (TaskLease("t", b"\xc1"), "unreadable"),
        (TaskLease("t", b"\x91" * 100_000), "unreadable"),
        (TaskLease("t", bytes((4 << 20) + 1)), "too_large"),
        (TaskLease("", b"\x80"), "too_large"),
        (TaskLease("t" * 65, b"\x80"), "too_large"),
        (TaskLease("t", bytes(4 << 20)), "unreadable"),
        (device.lease(order=device.order(), publication=device.publication()), "unreadable"),
    ):
        assert code(lambda one=lease: device.authority.admit(one, device.now)) == why  # type: ignore[misc]
    assert device.authority.admit(TaskLease("t" * 64, b"\x80"), device.now) is None


def test_a_thousand_refusals_are_one_event_and_all_counted(device: Device) -> None:
    for n in range(1000):
        code(lambda n=n: device.authority.admit(TaskLease(f"t{n}", b""), device.now))  # type: ignore[misc]
        if n == 0:
            first = device.authority.events(0, device.now)
    code(lambda: device.authority.admit(device.lease(order=device.order(device.plan)), device.now))
    assert [(one.kind, one.said.values["n"], one.target) for one in first] == [
        ("security.task_refused", 1, "t0")
    ]
    values = {"code": "unreadable", "n": 1}
    assert [(one.said.id, one.said.values, one.at) for one in first] == [(KIND, values, device.now)]
    (second,) = device.authority.events(599_999, device.now)
    assert second.source == {"code": "signature", "n": 1}
    (rest,) = device.authority.events(600_000, device.now)
    assert rest.source == {"code": "unreadable", "n": 999}
    assert (rest.severity, rest.target) == ("error", "t999")
    assert device.authority.events(10**9, device.now) == []
    code(lambda: device.authority.admit(TaskLease("t", b""), device.now))
    assert device.authority.events(600_001, device.now) == []
    assert len(device.authority.events(600_001, device.now, True)) == 1
