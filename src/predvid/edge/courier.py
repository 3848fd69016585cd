"""Carries batches to the server, strictly in order, one in flight, and brings back acks and plans.

Runs in a thread of its own: a slow network never holds up a check. Everything it learns goes to `tell`.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from predvid.core.errors import UserError
from predvid.edge.backoff import Backoff
from predvid.edge.clock import Clock
from predvid.edge.link import Link, LinkFailed, Reply
from predvid.edge.outbox import Outbox, OutboxFailed, Sealed
from predvid.edge.standing import Standing
from predvid.wire.v1 import PREFIX, Ack

log = logging.getLogger("predvid.agent")
PATIENCE = 5  # refusals of one batch, for reasons unknown here, before it is set aside
SMALLEST = 16 << 10  # bytes below which batches are not made smaller


@dataclass(frozen=True)
class PlanCame:
    """A msgpack SignedPlan as the server sent it, not verified yet."""

    body: bytes


@dataclass(frozen=True)
class SetAside:
    """A batch that the server refused for good, now among the dead letters."""

    code: str


@dataclass(frozen=True)
class Met:
    """The server's clock was heard, or the first try to hear it failed."""


@dataclass(frozen=True)
class Died:
    """The courier met what it was not made for and ended: without it the agent is of no use."""

    why: str


News = Ack | PlanCame | SetAside | Met | Died


class Hello(msgspec.Struct):
    """What the agent reads of the answer to GET /status: the server's clock (ms)."""

    now: int


class Courier:
    """Sends what lies in `outbox` over `link`; `tell` takes News from the courier's thread."""

    def __init__(
        self,
        link: Link,
        outbox: Outbox,
        clock: Clock,
        standing: Standing,
        tell: Callable[[News], None],
        network: Backoff | None = None,
        approval: Backoff | None = None,
    ) -> None:
        self._link, self._outbox, self._clock, self._tell = link, outbox, clock, tell
        self._standing = standing
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._network = network or Backoff()
        self._approval = approval or Backoff(base=5, cap=60)
        self._refused = Backoff(base=60, cap=900, spread=120)
        self._disk = Backoff(cap=60, spread=3)
        self._met = self._plan_here = False
        self._tries: tuple[int, int] = (0, 0)  # id of a batch that was refused, and how often
        self.failure = ""  # why it ended by itself
        self.first: Callable[[], None] | None = None  # before the first request; a full disk refuses
        self._thread = threading.Thread(target=self._watched, name="courier", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def wake(self) -> None:
        """Say that the outbox has something new; a pause after a failure is not cut short by it."""
        self._wake.set()

    def want_plan(self) -> None:
        """Fetch the plan at the next opportunity."""
        self._plan_here = False
        self._wake.set()

    def stop(self, patience: float = 1.0) -> None:
        """Let the request under way end within `patience` seconds, then cut it off."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(patience)
        if self._thread.is_alive():
            self._link.cut()
            self._thread.join(patience)

    def _watched(self) -> None:
        try:
            self._run()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            log.error("the courier ended: %s", self.failure)
            log.debug("where it ended", exc_info=True)
            self._tell(Died(self.failure))
        finally:
            self._link.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = self._turn()
            except LinkFailed as failed:
                pause = self._trouble("unreachable", str(failed), self._network.wait())
            except OutboxFailed as failed:
                pause = self._trouble("outbox", f"the outbox cannot be used: {failed}", self._disk.wait())
            except UserError as failed:
                pause = self._trouble("outbox", str(failed), self._disk.wait())
            if pause is None:
                self._wake.wait()
            elif pause:
                self._stopping.wait(pause)

    def _turn(self) -> float | None:
        """Do one request; return the pause before the next in seconds, None to wait for something to do."""
        if self.first is not None:
            self.first()
            self.first = None
        if not self._clock.contacted:
            return self._hello()
        if not self._plan_here:
            return self._plan()
        head = self._outbox.head()
        return self._deliver(head) if head is not None else None

    def _hello(self) -> float:
        reply = self._link.get(f"{PREFIX}/status")
        if reply.status != HTTPStatus.OK:
            return self._not_ok(reply)
        hello = reply.decoded(Hello)
        self._clock.learn(hello.now, reply.sent, reply.received)
        self._met_server()
        return 0.0

    def _met_server(self) -> None:
        if not self._met:
            self._met = True
            self._tell(Met())

    def _plan(self) -> float:
        reply = self._link.get(f"{PREFIX}/plan")
        if reply.status != HTTPStatus.OK:
            return self._not_ok(reply)
        self._plan_here = True
        self._well(reply)
        self._tell(PlanCame(reply.body))
        return 0.0

    def _deliver(self, head: Sealed) -> float:
        reply = self._link.post(f"{PREFIX}/batch", head.body, deflated=True, waited=head.waited)
        if reply.status == HTTPStatus.OK:
            return self._acknowledged(head, reply)
        if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return self._too_large(head, reply)
        if reply.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and not reply.foreign:
            return self._unreadable(head, reply)
        return self._not_ok(reply)

    def _acknowledged(self, head: Sealed, reply: Reply) -> float:
        ack = reply.decoded(Ack)
        if (ack.boot, ack.seq) != (head.boot, head.seq):
            raise LinkFailed("the server acknowledged another batch than the one sent")
        self._clock.learn(ack.now, reply.sent, reply.received)
        self._well(reply)
        self._standing.acked = self._clock.now()
        self._outbox.ack(head, self._standing.notes())
        self._tell(ack)
        return 0.0

    def _too_large(self, head: Sealed, reply: Reply) -> float:
        self._outbox.limit = max(min(self._outbox.limit, len(head.body)) // 2, SMALLEST)
        if self._outbox.halve(head):
            log.info("the server takes no batch of %d bytes: sent in halves", len(head.body))
            return 0.0
        return self._set_aside(head, reply)

    def _unreadable(self, head: Sealed, reply: Reply) -> float:
        id, tries = self._tries
        self._tries = (head.id, tries + 1 if id == head.id else 1)
        if reply.refusal().code == "undecodable" or self._tries[1] >= PATIENCE:
            return self._set_aside(head, reply)
        return self._not_ok(reply)

    def _set_aside(self, head: Sealed, reply: Reply) -> float:
        refusal = reply.refusal()
        log.warning("batch %s/%d set aside: %s", head.boot, head.seq, refusal.message)
        self._outbox.bury(head, refusal.code)
        self._tell(SetAside(refusal.code))
        return 0.0

    def _not_ok(self, reply: Reply) -> float:
        """Return the pause that a refusal asks for: short for a busy server, long where a person must act."""
        refusal = reply.refusal()
        if refusal.code == "pending":
            pause = self._approval.wait()
        elif reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT):
            pause = self._refused.wait()
        else:
            asked = reply.retry_after or float(refusal.retry_after or 0)
            pause = self._network.wait(asked)
        return self._trouble(refusal.code, refusal.message, pause)

    def _trouble(self, state: str, message: str, pause: float) -> float:
        if self._standing.change(state, message, self._clock.now()):
            log.warning("%s; the data is kept (%s)", message, state)
            self._note()
        self._met_server()
        return pause

    def _well(self, reply: Reply) -> None:
        for backoff in (self._network, self._approval, self._refused, self._disk):
            backoff.reset()
        self._standing.offset = self._clock.offset()
        self._standing.trip = round((reply.received - reply.sent) * 1000)
        if self._standing.change("well", "", self._clock.now()):
            log.info("connected, round trip %d ms", self._standing.trip)
            self._note()

    def _note(self) -> None:
        try:
            self._outbox.note(**self._standing.notes())
        except OutboxFailed as failed:
            log.warning("the outbox cannot be written: %s", failed)
