"""Groups: a poison is found and refused alone, a passing fault costs no data, one agent waits for itself."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from predvid.modules.monitoring.delivery import Refused
from predvid.modules.monitoring.store import StoreUnavailable
from predvid.server.committer import MAX_OWN, Committer
from predvid.server.door import Caller, KnownAgent
from predvid.server.group import Entry
from predvid.wire.v1 import Ack, Batch

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
