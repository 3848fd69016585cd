"""Hands leases to agents: with the ack of a batch, and over the held answer to GET /push.

One query a second says for which agents something waits; a batch costs a look into that set and nothing more.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import Error as DatabaseFault

from predvid.modules.automation.actions import handing
from predvid.modules.inventory.enrolment import silenced
from predvid.server.committer import mending
from predvid.wire.v1 import Ack, Pushed, TaskLease

log = logging.getLogger(__name__)
PAUSE = 1.0  # seconds between two looks
TRUST_PAUSE = 15.0  # seconds between two looks for agents behind on trust
SILENCED_PAUSE = 3.0  # seconds between two looks for agents that may be heard no more
HEARTBEAT = 25.0  # seconds; each connection at its own moment
LONGEST = 600.0  # seconds that one answer is held; then the agent asks again
AGAIN = 20.0  # seconds before an agent that did not react is told again
WRITE = 5.0  # seconds that a connection may take to swallow a message
FAULTS = (DatabaseFault, msgspec.MsgspecError)  # the latter: what was signed is damaged in the database
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_ENCODE = msgspec.msgpack.Encoder().encode
_HEADERS = [(b"content-type", b"application/vnd.predvid.push"), (b"cache-control", b"no-store")]


def framed(message: Pushed) -> bytes:
    """Return one message of the stream: its length as four bytes, big-endian, then msgpack."""
    body = _ENCODE(message)
    return len(body).to_bytes(4, "big") + body


@dataclass(eq=False, slots=True)
class Held:
    """One held answer: of which start of which agent, when it ends, when it is due a heartbeat (steady s)."""

    agent: UUID
    boot: str
    send: Send
    ends: float
    beats: float
    sending: bool = False


@dataclass
class Leasing:
    """The leases of one gateway process."""

    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="lease")
    )
    waiting: set[UUID] = field(default_factory=set)
    behind: dict[UUID, int] = field(default_factory=dict)
    held: dict[UUID, Held] = field(default_factory=dict)
    _told: dict[tuple[UUID, str], float] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _trust_due: float = 0.0
    _silenced_due: float = 0.0

    async def run(self) -> None:
        """Look and push until cancelled."""
        while True:
            try:
                await self._look()
                for agent in self._due():
                    self._spawn(self._push(self.held[agent]))
            except DatabaseFault as error:
                log.warning("leases wait: %s", error)
            self._beat()
            await asyncio.sleep(PAUSE)

    async def _look(self) -> None:
        self.waiting = await self._in_thread(handing.waiting_agents, datetime.now(UTC))
        now = time.monotonic()
        if now >= self._trust_due:
            self._trust_due = now + TRUST_PAUSE
            self.behind = await self._in_thread(handing.behind_on_trust)
            self._told = {key: at for key, at in self._told.items() if now - at < LONGEST}
        if now >= self._silenced_due:
            self._silenced_due = now + SILENCED_PAUSE
            for agent in await self._in_thread(silenced):
                if (held := self.held.get(agent)) is not None:
                    self._end(held)

    def _due(self) -> list[UUID]:
        few, many = sorted((self.waiting | self.behind.keys(), self.held.keys()), key=len)
        return [agent for agent in few if agent in many and self._may_tell(agent, self.held[agent].boot)]

    def _may_tell(self, agent: UUID, boot: str) -> bool:
        """Tell whether this start has not just been told: its answer takes a moment to come."""
        return time.monotonic() - self._told.get((agent, boot), float("-inf")) >= (
            PAUSE if agent in self.waiting else AGAIN
        )

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, mending, work, *arguments)

    async def with_leases(self, agent: UUID, boot: str, ack: Ack) -> Ack:
        """Return `ack` with what waits for this start of the agent; a fault of that never holds it up."""
        something = agent in self.waiting or agent in self.behind
        if ack.repeated or not something or not self._may_tell(agent, boot):
            return ack
        try:
            leases, cancel = await self._take(agent, boot)
        except FAULTS as error:
            log.error("agent %s: leases wait: %s", agent, error)
            return ack
        return msgspec.structs.replace(ack, tasks=leases, cancel=cancel)

    async def _take(self, agent: UUID, boot: str) -> tuple[list[TaskLease], list[str]]:
        self._told[agent, boot] = time.monotonic()
        found: tuple[list[TaskLease], list[str]] = await self._in_thread(
            handing.take, agent, boot, datetime.now(UTC)
        )
        return found

    def _spawn(self, work: "Any") -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _push(self, held: Held) -> None:
        if held.sending:
            return
        held.sending = True
        try:
            leases, cancel = await self._take(held.agent, held.boot)
            if leases or cancel:
                await self._write(held, Pushed(_now(), leases, cancel))
        except FAULTS as error:
            log.error("agent %s: leases wait: %s", held.agent, error)
        finally:
            held.sending = False

    def _beat(self) -> None:
        """Send the heartbeats that are due, and end what was held long enough."""
        now = time.monotonic()
        for held in list(self.held.values()):
            if now >= held.ends:
                self._end(held)
            elif now >= held.beats and not held.sending:
                held.beats = now + HEARTBEAT
                self._spawn(self._write(held, Pushed(_now())))

    async def _write(self, held: Held, message: Pushed) -> None:
        try:
            async with asyncio.timeout(WRITE):
                await held.send({"type": "http.response.body", "body": framed(message), "more_body": True})
            held.beats = time.monotonic() + HEARTBEAT
        except (TimeoutError, OSError, RuntimeError):
            self._end(held)

    def _end(self, held: Held) -> None:
        if self.held.get(held.agent) is held:
            del self.held[held.agent]
        self._spawn(_close(held.send))

    def let_go(self) -> None:
        """End every held answer: the gateway is about to end, and its agents ask another one."""
        for held in list(self.held.values()):
            self._end(held)

    async def hold(self, agent: UUID, boot: str, receive: Receive, send: Send) -> None:
        """Hold the answer to a signed GET /push of this start of the agent until either side ends it.

        One coroutine a connection, which waits for nothing but its end: messages are written by `run`.
        """
        now = time.monotonic()
        held = Held(agent, boot, send, now + LONGEST * (0.8 + agent.int % 100 / 250), now + HEARTBEAT)
        if (before := self.held.get(agent)) is not None:
            self._end(before)
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": framed(Pushed(_now())), "more_body": True})
        self.held[agent] = held
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            if self.held.get(agent) is held:
                del self.held[agent]


async def _close(send: Send) -> None:
    try:
        async with asyncio.timeout(WRITE):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (TimeoutError, OSError, RuntimeError) as error:
        log.debug("a held answer was gone before its end: %s", error)


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
