"""Gathers batches into groups: while one group is written the next gathers, so load makes groups grow."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import close_old_connections

from predvid.modules.monitoring.delivery import Refused
from predvid.modules.monitoring.store import StoreRefused, StoreUnavailable
from predvid.server.group import Entry
from predvid.wire.v1 import Ack

log = logging.getLogger(__name__)
Result = TypeVar("Result")
MAX_GROUP = 400
MAX_WAITING = 4_000  # batches in memory; past that agents are told to come back


def mending(work: Callable[..., Result], *arguments: object) -> Result:
    """Return `work(*arguments)`; after a database error this thread connects anew the next time."""
    try:
        return work(*arguments)
    except DatabaseError:
        close_old_connections()
        raise


class Committer:
    """Runs `take` on groups of entries in one thread and hands each caller its outcome."""

    def __init__(self, take: Callable[[Sequence[Entry]], None]) -> None:
        self._take = take
        self._waiting: deque[tuple[Entry, asyncio.Future[None]]] = deque()
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")

    async def submit(self, entry: Entry) -> Ack:
        """Return the ack of `entry` once it is durable; raise Refused, 503 where it cannot be made so now."""
        if len(self._waiting) >= MAX_WAITING:
            raise Refused(503, "busy", "Too many batches wait; come back in a few seconds.")
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        self._wake.set()
        await future
        if isinstance(entry.outcome, Ack):
            return entry.outcome
        raise entry.outcome or Refused(503, "not_taken", "The batch was not taken; send it again.")

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
                await loop.run_in_executor(self._thread, mending, self._take, [entry for entry, _ in group])
            except Exception as error:
                self._fail([entry for entry, _ in group], error)
            for _, future in group:
                if not future.done():
                    future.set_result(None)

    def _next_group(self) -> list[tuple[Entry, asyncio.Future[None]]]:
        group: list[tuple[Entry, asyncio.Future[None]]] = []
        later: list[tuple[Entry, asyncio.Future[None]]] = []
        agents: set[UUID] = set()
        while self._waiting and len(group) < MAX_GROUP:
            entry, future = self._waiting.popleft()
            if entry.caller.agent.agent in agents:
                later.append((entry, future))
                continue
            agents.add(entry.caller.agent.agent)
            group.append((entry, future))
        self._waiting.extendleft(reversed(later))
        return group

    @staticmethod
    def _fail(entries: Sequence[Entry], error: Exception) -> None:
        expected = isinstance(error, StoreUnavailable | StoreRefused | DatabaseError | OSError)
        log.error("a group of %d batches was not taken: %s", len(entries), error, exc_info=not expected)
        for entry in entries:
            if entry.outcome is None:
                entry.outcome = Refused(
                    503, "not_durable", "The server cannot store data now; it will be asked again."
                )
