"""Groups: a poison is found and refused alone, a passing fault costs no data, one agent waits for itself."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import msgspec
import pytest

from predvid.modules.monitoring.delivery import Refused
from predvid.modules.monitoring.store import StoreUnavailable
from predvid.server.committer import MAX_BYTES, MAX_OWN, Committer
from predvid.server.door import Caller, KnownAgent
from predvid.server.group import Entry
from predvid.server.weight import decode_weighed, walked, weight
from predvid.wire.v1 import Ack, Batch, Columns, FactRow, Ran, Sentence

POISON = 13


def entry(seq: int, agent: KnownAgent | None = None) -> Entry:
    known = agent or KnownAgent(uuid4(), uuid4(), uuid4(), b"", "approved", 1, "b")
    return Entry(Caller(known, "b", 1, 0, 0, b""), Batch("b", seq, 0))


def taking(entries: Sequence[Entry]) -> None:
    if any(one.batch.seq == POISON for one in entries):
        raise ValueError("this batch can never be stored")
    for one in entries:
        one.outcome = Ack(one.batch.boot, one.batch.seq, 0)


async def outcomes(committer: Committer, entries: Sequence[Entry]) -> list[Ack | BaseException]:
    waiting = asyncio.gather(*(committer.submit(one) for one in entries), return_exceptions=True)
    running = asyncio.create_task(committer.run())
    try:
        return await waiting
    finally:
        running.cancel()


def test_a_poison_is_refused_alone() -> None:
    said = asyncio.run(outcomes(Committer(taking), [entry(seq) for seq in (1, POISON, 2)]))
    assert [type(one) for one in said] == [Ack, Refused, Ack]
    assert isinstance(said[1], Refused)
    assert (said[1].status, said[1].code) == (422, "undecodable")


def test_a_passing_fault_asks_all_to_come_again() -> None:
    def away(entries: Sequence[Entry]) -> None:
        raise StoreUnavailable("connection refused")

    said = asyncio.run(outcomes(Committer(away), [entry(1), entry(2)]))
    assert [one.status for one in said if isinstance(one, Refused)] == [503, 503]


@pytest.mark.parametrize("more", [1, 5])
def test_one_agent_cannot_fill_the_waiting_room(more: int) -> None:
    agent = entry(0).caller.agent
    mine = [entry(seq, agent) for seq in range(1, MAX_OWN + more + 1)]
    said = asyncio.run(outcomes(Committer(taking), mine))
    assert [one.status for one in said if isinstance(one, Refused)] == [429] * more


def test_heavy_batches_fill_the_waiting_room_by_their_bytes_and_it_empties_again() -> None:
    committer = Committer(taking)
    heavy = [entry(seq) for seq in range(1, 6)]
    for one in heavy:
        one.weight = MAX_BYTES // 4
    said = asyncio.run(outcomes(committer, heavy))
    assert [type(one) for one in said] == [Ack] * 4 + [Refused]
    assert isinstance(said[4], Refused)
    assert (said[4].status, said[4].code) == (503, "busy")
    alone = entry(9)
    alone.weight = MAX_BYTES + 1
    assert [type(one) for one in asyncio.run(outcomes(committer, [alone]))] == [Ack]


def test_a_batch_weighs_what_it_becomes_not_what_was_sent() -> None:
    many: list[list[int]] = [[] for _ in range(10_000)]
    body = msgspec.msgpack.encode(Batch("b", 1, 0, facts=[FactRow("c", "c.f", many)]))
    batch, weight = decode_weighed(body, "")
    assert len(batch.facts) == 1
    assert 10_000 * 56 < weight < 10_000 * 200
    assert len(body) < 11_000


def test_a_run_weighs_no_less_than_what_is_found_by_walking_it() -> None:
    runs = [Ran("c" * n, 1 << 40, took=1 << 40, items=1 << 40, interval=1 << 40) for n in (1, 60, 5_000)]
    wide = Ran("\U0001f600" + "c" * 5_000, 1 << 40)
    failed = Ran("c", 1, error=Sentence("check.raised", {"many": [[] for _ in range(5_000)]}))
    columns = Columns(b"\x90" * 9, b"p" * 400, b"t" * 1_600, b"v" * 1_600)
    for runs_of_one in ([], runs, [wide], [failed], [*runs, wide, failed]):
        batch = Batch("b" * 32, 1 << 40, 1 << 40, columns, runs_of_one)
        assert walked(batch) <= weight(batch) < walked(batch) + 2_000 + 400 * len(runs_of_one) + 20_000
