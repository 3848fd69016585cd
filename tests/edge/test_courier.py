"""What the courier does with each answer of the server: nothing is lost, nothing goes out of order."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import msgspec
import pytest

from edge.peer import LOSE, Peer
from predvid.edge import agent
from predvid.edge.agent import make_link
from predvid.edge.backoff import Backoff
from predvid.edge.clock import Clock
from predvid.edge.courier import PATIENCE, Courier, Died, Hello, News, SetAside
from predvid.edge.identity import StateFolder, load_keys, load_membership, new_boot, next_generation
from predvid.edge.link import LinkFailed, Reply, Sender
from predvid.edge.outbox import Outbox
from predvid.edge.standing import Standing, recall
from predvid.wire.v1 import Batch, EventRow, Refusal, Sentence


@contextmanager
def carrying(state: StateFolder, batches: int) -> Iterator[tuple[Outbox, list[News]]]:
    """Run a courier on an outbox of `batches` batches, each with two events."""
    clock, boot, news = Clock(), new_boot(), list[News]()
    outbox = Outbox(state.outbox, boot, clock.now, clock.elapsed)
    for n in range(batches):
        events = [EventRow("agent.started", Sentence(f"{n}{half}"), clock.now()) for half in "ab"]
        outbox.seal(Batch("", 0, clock.now(), events=events))
    membership, keys = load_membership(state), load_keys(state)
    sender = Sender(membership.agent, boot, next_generation(state), keys.signer(), clock.now, clock.elapsed)
    link, quick = make_link(state, membership, sender), Backoff(0.05, 1.0, 0.1)
    courier = Courier(link, outbox, clock, Standing(), news.append, quick, Backoff(0.05, 1.0, 0.1))
    courier.start()
    yield outbox, news
    courier.stop()
    outbox.close()


def told(peer: Peer) -> list[str]:
    return [event.said.id for batch in peer.batches for event in batch.events]


def whole(n: int) -> list[str]:
    return [f"{k}{half}" for k in range(n) for half in "ab"]


def test_a_backlog_arrives_in_order_and_the_outbox_is_empty(peer: Peer, enrolled: StateFolder) -> None:
    with carrying(enrolled, 30) as (outbox, _):
        peer.wait(lambda: len(peer.batches) == 30)
        peer.wait(lambda: outbox.depth().batches == 0)
    assert told(peer) == whole(30)
    assert all(waited >= 0 for waited in peer.waited)


def test_a_batch_called_too_large_arrives_in_halves(peer: Peer, enrolled: StateFolder) -> None:
    peer.script.append((413, Refusal("too_large", "smaller, please"), {}))
    with carrying(enrolled, 3):
        peer.wait(lambda: len(peer.batches) == 4)
    assert told(peer) == whole(3)


def test_a_lost_ack_is_asked_for_again_with_the_same_bytes(peer: Peer, enrolled: StateFolder) -> None:
    peer.script.extend([LOSE, LOSE])
    with carrying(enrolled, 3):
        peer.wait(lambda: len(peer.batches) == 3)
    assert (told(peer), peer.forks) == (whole(3), 0)
    assert peer.repeated >= 1


def test_an_unreadable_batch_is_set_aside_and_the_next_ones_go_on(peer: Peer, enrolled: StateFolder) -> None:
    peer.script.append((422, Refusal("undecodable", "garbage"), {}))
    with carrying(enrolled, 3) as (outbox, news):
        peer.wait(lambda: len(peer.batches) == 2)
        assert outbox.depth().dead == 1
    assert told(peer) == whole(3)[2:]
    assert [one for one in news if isinstance(one, SetAside)] == [SetAside("undecodable")]


def test_a_busy_server_and_a_captive_portal_lose_nothing(peer: Peer, enrolled: StateFolder) -> None:
    peer.script.extend(
        [(503, Refusal("busy", "later"), {"Retry-After": "1"}), (200, b"<html>sign in</html>", {})]
    )
    with carrying(enrolled, 2):
        peer.wait(lambda: len(peer.batches) == 2)
    assert told(peer) == whole(2)


def test_hostile_answers_end_nothing_and_set_no_clock(peer: Peer, enrolled: StateFolder) -> None:
    deep = b"\x83\xa4boot\xa1b\xa3now\x01\xa1x" + b"\x91" * 200_000
    ack = {"boot": "b", "seq": 1, "now": 2**63}
    peer.script.extend([(200, deep, {}), (500, deep, {}), (200, ack, {}), (200, b"\x81\xa4boot\xa1\xff", {})])
    with carrying(enrolled, 2) as (_, news):
        peer.wait(lambda: len(peer.batches) == 2)
    assert told(peer) == whole(2)
    assert not [one for one in news if isinstance(one, Died)]


def test_a_middlebox_that_refuses_everything_buries_nothing(peer: Peer, enrolled: StateFolder) -> None:
    peer.script.extend([(400, b"<html>Bad Request</html>", {})] * (PATIENCE + 1))
    with carrying(enrolled, 2):
        peer.wait(lambda: len(peer.batches) == 2, 40)
    assert told(peer) == whole(2)


def test_what_a_server_says_is_shown_in_one_short_line() -> None:
    body = msgspec.msgpack.encode(Refusal("x" * 900, "no\x1b[2J\nway " + "y" * 9000))
    refusal = Reply(403, body, 0.0, 0.0, 0.0).refusal()
    assert refusal.message.startswith("no [2J way y")
    assert len(refusal.message) <= 300
    assert len(refusal.code) <= 60


def test_an_impossible_clock_of_the_server_is_not_taken() -> None:
    for now in (2**63, -1):
        with pytest.raises(LinkFailed, match="clock"):
            Reply(200, msgspec.msgpack.encode({"now": now}), 0.0, 0.0, 0.0).decoded(Hello)


def test_a_pending_agent_keeps_its_data_and_reports_once_approved(peer: Peer, enrolled: StateFolder) -> None:
    peer.agents["agent-1"].state = "pending"
    with carrying(enrolled, 2) as (outbox, _):
        peer.wait(lambda: peer.requests.count(("GET", "/agent/v1/status")) >= 3)
        peer.wait(lambda: recall(outbox).state == "pending")
        assert (outbox.depth().batches, peer.batches) == (2, [])
        peer.agents["agent-1"].state = "approved"
        peer.wait(lambda: len(peer.batches) == 2)
    assert told(peer) == whole(2)


def test_a_fork_keeps_the_outbox_and_is_shown(peer: Peer, enrolled: StateFolder) -> None:
    peer.script.append((409, Refusal("fork", "seen twice"), {}))
    with carrying(enrolled, 2) as (outbox, _):
        peer.wait(lambda: not peer.script)
        peer.wait(lambda: recall(outbox).state == "fork")
        assert outbox.depth().batches == 2
    assert not peer.batches


def test_halves_keep_the_numbers_unique(peer: Peer, enrolled: StateFolder) -> None:
    peer.script.extend([(413, Refusal("too_large", "smaller"), {})] * 2)
    with carrying(enrolled, 2):
        peer.wait(lambda: len(told(peer)) + 2 >= 4)
    assert len(peer.taken) == len(peer.batches)
    assert all(one != other for one, other in pairwise(peer.batches))


class BrokenClock(Clock):
    """A clock with a defect that shows at the first word of the server."""

    def learn(self, server_now: int, sent: float, received: float) -> None:
        raise RuntimeError("defect")


def test_a_courier_that_dies_ends_the_agent_and_keeps_its_data(
    peer: Peer, enrolled: StateFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(agent, "Clock", BrokenClock)
    assert agent.run(enrolled) == 1
    assert [row.message for row in caplog.records if row.levelname == "ERROR"] == [
        "the courier ended: RuntimeError: defect"
    ]
    clock = Clock()
    outbox = Outbox(enrolled.outbox, new_boot(), clock.now, clock.elapsed)
    assert outbox.depth().batches == 1
    outbox.close()
