"""What this agent believes of task authority: pinned root, operators, placement, and which tasks have run.

Nothing here runs anything: `admit` says whether a lease is the word of those whom this device trusts, within
what its owner allows; `begin` writes durably that it runs, before it does. Times are the machine's own
uncorrected clock (ms): the server could lie about the time. A clock set back behind the newest signature that
an operator made is not believed either.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from predvid.core.authority import AHEAD, TaskRefused
from predvid.edge import held, pin
from predvid.edge.held import Beliefs
from predvid.edge.identity import Membership, StateFolder
from predvid.edge.ledger import Entry, Ledger
from predvid.edge.local_policy import Policy
from predvid.edge.pin import Pin
from predvid.edge.refusals import Refusals
from predvid.wire.authority import Content, KeySet, Leased, Signed
from predvid.wire.signing import UNREADABLE
from predvid.wire.v1 import EventRow, TaskLease, TrustHeld
from predvid.wire.verifying import Here, Judge, Limits, Work, check_id

MAX_LEASE = 4 << 20  # bytes of one lease, all that comes along included
MAX_TASK = 64  # characters of a lease's id


@dataclass(frozen=True, slots=True)
class Admitted:
    """A task that may run: `task` is the lease's id, which outcomes carry; `once` its id in the ledger.

    `params` are complete (defaults filled in); `expires` in ms; `cls` is 1 or 2; `operators` are the names of
    those who signed; `publication` is its id, empty where it is an order; `leased` is what was signed.
    """

    task: str
    once: str
    title: str
    content: Content
    params: dict[str, str]
    cls: int
    expires: int
    operators: tuple[str, ...]
    publication: str
    entry: Entry
    leased: Leased


class Authority:
    """The one that decides on this device; all methods may be called from any thread."""

    def __init__(self, state: StateFolder, membership: Membership, policy: Policy, platform: str) -> None:
        """Open what is held in `state`; `platform` is linux, windows or macos."""
        self._state, self._policy = state, policy
        self._base = Here(membership.agent, platform, membership.plan_key, membership.client, membership.site)
        self._mutex = threading.RLock()
        self._ledger = Ledger(state.ledger)
        self._pin = Pin()
        self._beliefs = Beliefs(held.read(state, self._pin))
        self.refusals = Refusals()
        self._refresh()

    def admit(self, lease: TaskLease, now_ms: int) -> Admitted | None:
        """Return the task of `lease` that may begin now; None where the lease only brought news of trust.

        Takes a newer root, set of operators or placement that came along. Raises TaskRefused, whose `said`
        goes into the outcome's reason; the refusal is counted for `events`.
        """
        with self._counting(lease.task):
            leased, now = self._heard(lease, now_ms)
            work = self._work(leased, now)
            if work is None:
                return None
            admitted = _admitted(lease.task, work, leased)
            self._ledger.check(admitted.entry, now, self._policy.tasks_per_hour)
            return admitted

    def again(self, known: Admitted, lease: TaskLease, now_ms: int) -> None:
        """Take the news of trust in a lease whose task, `known`, waits or runs here already.

        Raises TaskRefused for false news, and where something else comes under the id of `known`.
        """
        with self._counting(lease.task):
            leased, _ = self._heard(lease, now_ms)
            if _task_of(leased) != _task_of(known.leased):
                raise TaskRefused("repeated")

    def _heard(self, lease: TaskLease, now_ms: int) -> tuple[Leased, int]:
        """Return what a lease holds, its news taken, and the time that counts (ms)."""
        leased = _read(lease)
        self._refresh()
        if not self._pin.root:
            raise TaskRefused("unpinned")
        now = self._now(now_ms)
        self._learn(leased, now)
        return leased, now

    def begin(self, work: Admitted, now_ms: int) -> None:
        """Write durably that `work` runs, before anything of it does.

        It is judged anew: what was admitted may have waited for hours. Raises TaskRefused: begun before,
        expired, revoked or signed by an operator who left meanwhile, over a rate, or the disk refuses.
        """
        with self._counting(work.task):
            self._refresh()
            now = self._now(now_ms)
            self._work(work.leased, now)
            self._ledger.begin(work.entry, now, self._policy.tasks_per_hour)

    def finish(self, task: str) -> None:
        """Write down that the task of that lease ended, however it did."""
        self._ledger.finish(task)

    def unfinished(self) -> list[str]:
        """Return the lease ids of tasks that an earlier process began and never finished: `unknown` ones."""
        with contextlib.suppress(TaskRefused):
            return self._ledger.unfinished()
        return []

    def held(self) -> TrustHeld:
        """Return what a batch tells the server of the trust held here."""
        with self._mutex:
            self._refresh()
            believed = self._beliefs
            classes = tuple(sorted(self._limits().classes))
            if not self._pin.root:
                return TrustHeld(classes=classes)
            now_held = believed.held
            return TrustHeld(now_held.root, now_held.serial, believed.version, believed.serial, classes)

    def events(self, steady_ms: int, stamp_ms: int, ending: bool = False) -> list[EventRow]:
        """Return the security events that are due; ask before each seal.

        The first refusal of a code is told at once; more of it are counted and told every ten minutes, and
        when the agent is `ending`. `steady_ms` is of a clock that never jumps, `stamp_ms` the corrected time
        that the events carry.
        """
        with self._mutex:
            return self.refusals.due(steady_ms, stamp_ms, ending)

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    @contextlib.contextmanager
    def _counting(self, task: str) -> Iterator[None]:
        with self._mutex:
            try:
                yield
            except TaskRefused as refused:
                self.refusals.add(refused, task[:MAX_TASK])
                raise

    def _refresh(self) -> None:
        """Take the pin as it is now: the device's administrator may have changed it while the agent runs."""
        now = pin.read(self._state)
        if now != self._pin:
            self._pin, self._beliefs = now, Beliefs(held.read(self._state, now))

    def _limits(self) -> Limits:
        return self._policy.limits(bool(self._pin.root))

    def _operators(self) -> KeySet:
        if self._beliefs.operators is None:
            raise TaskRefused("keyset_missing")
        return self._beliefs.operators

    def _now(self, now: int) -> int:
        """Return `now`, or the newest moment at which an operator is known to have signed, where later."""
        self._same_ledger(now)
        operators = self._beliefs.operators
        signed = max(self._ledger.floor(), operators.issued if operators else 0)
        return max(now, signed - AHEAD)

    def _same_ledger(self, now: int) -> None:
        """Notice a ledger that took the place of the one that began with the pin."""
        believed, id = self._beliefs.held, self._ledger.id()
        if believed.ledger == id:
            return
        if believed.ledger:
            self._ledger.began(now)
        self._believe(Beliefs(msgspec.structs.replace(believed, ledger=id)))

    def _learn(self, leased: Leased, now: int) -> None:
        learnt = self._beliefs.learnt(leased, self._base, self._limits(), now)
        if learnt is not self._beliefs:
            self._believe(learnt)

    def _believe(self, beliefs: Beliefs) -> None:
        try:
            held.write(self._state, beliefs.held)
        except OSError:
            raise TaskRefused("ledger") from None
        self._beliefs = beliefs

    def _work(self, leased: Leased, now: int) -> Work | None:
        order, publication = leased.order, leased.publication
        if order is not None and publication is not None:
            raise TaskRefused("unreadable")
        if order is None and publication is None:
            return None
        judge = Judge(self._operators(), self._beliefs.here(self._base), self._limits(), now)
        if publication is not None:
            return judge.publication(publication, leased.start)
        return judge.order(order) if order is not None else None


def _read(lease: TaskLease) -> Leased:
    if len(lease.signed) > MAX_LEASE or not 0 < len(lease.task) <= MAX_TASK:
        raise TaskRefused("too_large")
    check_id(lease.task)  # it marks the processes of the task, and stands in the log
    try:
        return msgspec.msgpack.decode(lease.signed, type=Leased)
    except UNREADABLE:
        raise TaskRefused("unreadable") from None


def _task_of(leased: Leased) -> tuple[Signed | None, Signed | None, Signed | None]:
    return leased.order, leased.publication, leased.start


def _admitted(task: str, work: Work, leased: Leased) -> Admitted:
    entry = Entry(
        once=work.once,
        task=task,
        issued=work.issued,
        expires=work.expires,
        signed_at=work.signed_at,
        publication=work.publication,
        version=work.version,
        rate=work.rate,
    )
    return Admitted(
        task,
        work.once,
        work.title,
        work.content,
        work.params,
        work.cls,
        work.expires,
        work.operators,
        work.publication,
        entry,
        leased,
    )
