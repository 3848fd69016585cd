"""Gathers batches into groups: while one group is written the next gathers, so load makes groups grow."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections

from predvid.modules.monitoring.actions import Conflict
from predvid.modules.monitoring.delivery import Refused
from predvid.modules.monitoring.intake import StreamMoved
from predvid.modules.monitoring.store import StoreUnavailable
from predvid.server.group import Entry
from predvid.wire.v1 import Ack

log = logging.getLogger(__name__)
Result = TypeVar("Result")
PASSING = (StoreUnavailable, OperationalError, InterfaceError, OSError, Conflict, StreamMoved)
MAX_OWN = 2  # waiting batches of one agent
MAX_GROUP = 400
MAX_WAITING = 4_000  # batches in memory; past that agents are told to come back
SHARE = 0.75  # of the waiting room, and of its bytes, that one client may fill: the rest is for the others
MAX_BYTES = 256 << 20  # of decoded batches in memory, those being written included


def mending(work: Callable[..., Result], *arguments: object) -> Result:
    """Return `work(*arguments)`; after a database error this thread connects anew the next time."""
    try:
        return work(*arguments)
    except DatabaseError:
        close_old_connections()
        raise


@dataclass(slots=True)
class Room:
    """How much of the waiting room one client fills."""

    batches: int = 0
    bytes: int = 0


@dataclass(slots=True, eq=False)
class Waiting:
    """A batch that waits, for which client, and whoever waits for it."""

    entry: Entry
    client: UUID
    future: asyncio.Future[None]


class Committer:
    """Runs `take` on groups of entries in one thread and hands each caller its outcome."""

    def __init__(self, take: Callable[[Sequence[Entry]], None]) -> None:
        self._take = take
        self._waiting: deque[Waiting] = deque()
        self._rooms: dict[UUID, Room] = {}
        self._well = True
        self._own: Counter[UUID] = Counter()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")

    def well(self) -> bool:
        """Tell whether the last group could be written (nothing is known before the first: then yes)."""
        return self._well

    async def submit(self, entry: Entry) -> Ack:
        """Return the ack of `entry` once it is durable; raise Refused, 503 where it cannot be made so now."""
        crowded = self._bytes and self._bytes + entry.weight > MAX_BYTES
        if crowded or len(self._waiting) >= MAX_WAITING:
            raise Refused(503, "busy", "Too many batches wait; come back in a few seconds.")
        agent, client = entry.caller.agent.agent, entry.caller.agent.client
        self._let_in(client, entry.weight)
        if self._own[agent] >= MAX_OWN:
            raise Refused(429, "one_at_a_time", "Earlier batches wait; send one after the other.")
        future = asyncio.get_running_loop().create_future()
        self._own[agent] += 1
        self._bytes += entry.weight
        room = self._rooms.setdefault(client, Room())
        room.batches, room.bytes = room.batches + 1, room.bytes + entry.weight
        self._waiting.append(Waiting(entry, client, future))
        self._wake.set()
        try:
            await future
        finally:
            self._own[agent] -= 1
            if not self._own[agent]:
                del self._own[agent]
        if isinstance(entry.outcome, Ack):
            return entry.outcome
        raise entry.outcome or Refused(503, "not_taken", "The batch was not taken; send it again.")

    def _let_in(self, client: UUID, weight: int) -> None:
        """Raise Refused (429) where the client fills its share of the waiting room already."""
        room = self._rooms.get(client)
        if room is None:
            return
        if room.batches >= SHARE * MAX_WAITING or room.bytes + weight > SHARE * MAX_BYTES:
            raise Refused(429, "client_busy", "Too many batches of this client wait; the others go on.")

    def _let_out(self, one: Waiting) -> None:
        room = self._rooms[one.client]
        room.batches, room.bytes = room.batches - 1, room.bytes - one.entry.weight
        if not room.batches:
            del self._rooms[one.client]
        self._bytes -= one.entry.weight
        if not one.future.done():
            one.future.set_result(None)

    async def run(self) -> None:
        """Write group after group until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            group = self._next_group()
            if not self._waiting:
                self._wake.clear()
            if not group:
                continue
            try:
                await loop.run_in_executor(self._thread, self._taken, [one.entry for one in group])
                self._well = True
            except Exception as error:
                self._well = False
                self._fail([one.entry for one in group], error)
            for one in group:
                self._let_out(one)

    def _taken(self, entries: Sequence[Entry]) -> None:
        """Take a group; where one batch cannot be stored at all, take them one by one."""
        try:
            mending(self._take, entries)
        except PASSING:
            raise
        except Exception:
            log.exception("a group of %d batches is taken one by one", len(entries))
            for entry in entries:
                if entry.outcome is None:
                    self._taken_alone(entry)

    def _taken_alone(self, entry: Entry) -> None:
        try:
            mending(self._take, [entry])
        except PASSING as error:
            self._fail([entry], error)
        except Exception as error:
            log.error("agent %s: a batch cannot be stored: %r", entry.caller.agent.agent, error)
            entry.outcome = Refused(422, "undecodable", "The batch cannot be stored; see the server's log.")

    def _next_group(self) -> list[Waiting]:
        """Return the next batches, one an agent; where not all fit, each client has its share first."""
        group: list[Waiting] = []
        later: list[Waiting] = []
        agents: set[UUID] = set()
        taken: Counter[UUID] = Counter()
        share = max(MAX_GROUP // max(len(self._rooms), 1), 1)
        while self._waiting and len(group) < MAX_GROUP:
            one = self._waiting.popleft()
            agent = one.entry.caller.agent.agent
            if agent in agents or taken[one.client] >= share:
                later.append(one)
                continue
            agents.add(agent)
            taken[one.client] += 1
            group.append(one)
        self._waiting.extendleft(reversed(_filled(group, later, agents)))
        return group

    @staticmethod
    def _fail(entries: Sequence[Entry], error: Exception) -> None:
        log.error("a group of %d batches was not taken: %s", len(entries), error)
        for entry in entries:
            if entry.outcome is None:
                entry.outcome = Refused(
                    503, "not_durable", "The server cannot store data now; it will be asked again."
                )


def _filled(group: list[Waiting], later: list[Waiting], agents: set[UUID]) -> list[Waiting]:
    """Fill the group with those of `later` whose agent is not in it; return the others."""
    left = []
    for one in later:
        agent = one.entry.caller.agent.agent
        if len(group) < MAX_GROUP and agent not in agents:
            agents.add(agent)
            group.append(one)
        else:
            left.append(one)
    return left
