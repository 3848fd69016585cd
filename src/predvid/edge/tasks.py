"""Runs what the authority admits, one task after the other, in a thread that no script holds up for ever.

A task is begun in the ledger before anything of it runs, and finished there once its outcome is durable: what
was begun and not finished when the agent ends is reported `unknown` by the next process, and never repeated.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from predvid.core.authority import TaskRefused
from predvid.core.model import Said, say
from predvid.edge.authority import MAX_TASK, Admitted, Authority
from predvid.edge.child import MAX_PROCESSES, Child, end_marked
from predvid.edge.gathering import sentence
from predvid.edge.script import NotRunnable, clear, prepare
from predvid.wire.v1 import TaskLease, TaskOutcome

log = logging.getLogger("predvid.agent")
MOST_WAITING = 16  # tasks admitted and not begun; the server hands the others over again
MOST_HANDED = 64  # leases, and tasks to stop, that are taken from one message; an honest server sends fewer
MOST_ANSWERED = 2_000  # refusals and unknown tasks that are answered within an hour; events count the others
HOUR = 3600.0  # seconds
REMEMBERED = 1_000  # ended and stopped tasks of this process, whose outcome is on its way
LOOK = 0.2  # seconds between two looks at the child
PART_EVERY = 1.5  # seconds between two parts of output
PART = 32 << 10  # characters of one part
FINAL = ("done", "failed", "refused", "unknown", "cancelled")


@dataclass(frozen=True)
class Told:
    """Outcomes for the next batch."""

    outcomes: list[TaskOutcome]


class Stopped(Exception):
    """A script was ended before its end: `state` is what becomes of the task, `said` says why."""

    def __init__(self, state: str, said: Said) -> None:
        super().__init__(state)
        self.state, self.said = state, said


class Runner:
    """The tasks of one agent; `tell` takes what goes into batches, `now` is the corrected clock (ms)."""

    def __init__(
        self, authority: Authority, runs: Path, tell: Callable[[Told], None], now: Callable[[], int]
    ) -> None:
        self._authority, self._runs, self._tell, self._now = authority, runs, tell, now
        self._queue: queue.SimpleQueue[Admitted | None] = queue.SimpleQueue()
        self._mutex = threading.Lock()
        self._waiting: dict[str, Admitted] = {}  # by the lease's id, until it has ended
        self._cancelled: dict[str, None] = {}
        self._ended: dict[str, None] = {}
        self._answered: deque[float] = deque(maxlen=MOST_ANSWERED)
        self._stopping = self._resting = False
        self._thread = threading.Thread(target=self._work, name="tasks", daemon=True)

    def start(self) -> None:
        """Report what an earlier process left unfinished, end what is left of it, and begin to work."""
        clear(self._runs)
        unfinished = self._authority.unfinished()
        for task in unfinished:
            end_marked(task)
        left = [self._outcome(task, "unknown", say("task.agent_ended")) for task in unfinished]
        if left:
            self._tell(Told(left))
        self._thread.start()

    def stop(self) -> None:
        """End the task that runs, with all that came of it; its outcome is `unknown`."""
        with self._mutex:
            self._stopping = True
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(10)

    def rest(self) -> None:
        """Take no more tasks: the agent ends once it is idle, and the server hands them over again."""
        self._resting = True

    @property
    def idle(self) -> bool:
        """Tell whether no task runs or waits."""
        with self._mutex:
            return not self._waiting

    def take(self, leases: Iterable[TaskLease]) -> None:
        """Admit leases; refusals are told of at once. A lease that waits or runs already changes nothing."""
        for lease in islice(leases, MOST_HANDED):
            with self._mutex:
                known = self._waiting.get(lease.task)
                crowded = self._resting or len(self._waiting) >= MOST_WAITING
            if known is not None:
                self._again(known, lease)
            elif not crowded:
                self._admit(lease)

    def _again(self, known: Admitted, lease: TaskLease) -> None:
        """Take the news of a repeated lease. No outcome tells of a refusal: it would end what runs."""
        try:
            self._authority.again(known, lease, _raw_now())
        except TaskRefused as refused:
            log.warning("what came under the id of the task %s is refused: %s", known.task, refused.code)

    def _admit(self, lease: TaskLease) -> None:
        try:
            work = self._authority.admit(lease, _raw_now())
        except TaskRefused as refused:
            log.warning("the task %.64r is refused: %s", lease.task, refused.code)
            self._answer(lease.task, "refused", refused.said)
            return
        if work is None:
            return
        with self._mutex:
            self._waiting[lease.task] = work
        self._queue.put(work)

    def _answer(self, task: str, state: str, said: Said) -> None:
        """Answer what needs no work, but not without end: a hijacked server must not fill the outbox."""
        now = time.monotonic()
        if len(self._answered) == MOST_ANSWERED and now - self._answered[0] < HOUR:
            return
        self._answered.append(now)
        self._tell(Told([self._outcome(task[:MAX_TASK], state, said)]))

    def cancel(self, tasks: Iterable[str]) -> None:
        """Stop tasks: what runs is ended, what waits is not begun; what is not known here is over."""
        for task in islice(tasks, MOST_HANDED):
            with self._mutex:
                if len(task) > MAX_TASK or task in self._ended or task in self._cancelled:
                    continue
                known = task in self._waiting
                _remember(self._cancelled, task)
            if not known:
                self._answer(task, "cancelled", say("task.stopped"))

    def sealed(self, outcomes: Iterable[TaskOutcome]) -> None:
        """Write down that tasks have ended, now that their outcomes are durable."""
        for outcome in outcomes:
            if outcome.state in FINAL:
                self._authority.finish(outcome.task)

    def _outcome(self, task: str, state: str, said: Said | None = None, **more: object) -> TaskOutcome:
        reason = sentence(said) if said is not None else None
        return TaskOutcome(task, state, at=self._now(), reason=reason, **more)  # type: ignore[arg-type]  # checked by its callers

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                outcome = self._one(work)
            except Exception as error:  # a defect of ours: the task has begun, perhaps
                log.error("the task %s: %s: %s", work.task, type(error).__name__, error)
                log.debug("where it ended", exc_info=True)
                outcome = self._outcome(
                    work.task, "unknown", say("task.not_startable", detail=str(error)[:200])
                )
            with self._mutex:  # told before it is over: nothing can be told of it in between
                self._tell(Told([outcome]))
                self._waiting.pop(work.task, None)
                self._cancelled.pop(work.task, None)
                _remember(self._ended, work.task)

    def _one(self, work: Admitted) -> TaskOutcome:
        """Run one task to its end and return its last outcome."""
        if self._is_cancelled(work.task):
            return self._outcome(work.task, "cancelled", say("task.stopped"))
        if self._stopping:
            return self._outcome(work.task, "cancelled", say("task.agent_ended"))
        try:
            self._authority.begin(work, _raw_now())
        except TaskRefused as refused:
            log.warning("the task %s is refused: %s", work.task, refused.code)
            return self._outcome(work.task, "refused", refused.said)
        log.info("the task %s begins: %s (%s)", work.task, work.title, ", ".join(work.operators))
        self._tell(Told([self._outcome(work.task, "started")]))
        try:
            script = prepare(work.content, work.params, work.task, self._runs)
        except NotRunnable as failed:
            return self._outcome(work.task, "failed", failed.said)
        try:
            return self._run(work, Child(script))
        except NotRunnable as failed:
            return self._outcome(work.task, "failed", failed.said)
        finally:
            script.remove()

    def _run(self, work: Admitted, child: Child) -> TaskOutcome:
        state, said = "done", None
        parts = _Parts(work.task, self._tell, self._now)
        try:
            self._follow(work, child, parts)
        except Stopped as stopped:
            state, said = stopped.state, stopped.said
        except BaseException:
            child.end(0)  # nobody would watch it any more
            child.output.rest()
            raise
        parts.tell(child.output.rest())
        if said is None and child.code != 0:
            state = "failed"
        log.info("the task %s: %s, exit status %s", work.task, state, child.code)
        code = child.code if said is None else None
        return self._outcome(work.task, state, said, code=code, truncated=child.output.truncated)

    def _follow(self, work: Admitted, child: Child, parts: "_Parts") -> None:
        """Wait for the end of `child` and tell what it prints. Raises Stopped where it was ended by force."""
        timeout = work.content.timeout
        deadline, counted = time.monotonic() + timeout, time.monotonic()
        while not child.wait(LOOK):
            now = time.monotonic()
            if self._is_cancelled(work.task):
                child.end()
                raise Stopped("cancelled", say("task.stopped"))
            if self._stopping:
                child.end(0)
                raise Stopped("unknown", say("task.agent_ended"))
            if now >= deadline:
                child.end()
                raise Stopped("failed", say("task.timed_out", seconds=timeout))
            if now - counted >= 1.0:
                counted = now
                self._refuse_crowd(child)
            parts.due(child)

    @staticmethod
    def _refuse_crowd(child: Child) -> None:
        if child.crowded():
            child.end(0)
            raise Stopped("failed", say("task.too_many_processes", most=MAX_PROCESSES))

    def _is_cancelled(self, task: str) -> bool:
        with self._mutex:
            return task in self._cancelled


class _Parts:
    """Tells output in numbered parts, not too often and none too large."""

    def __init__(self, task: str, tell: Callable[[Told], None], now: Callable[[], int]) -> None:
        self._task, self._tell, self._now = task, tell, now
        self._number, self._told = 0, time.monotonic()

    def due(self, child: Child) -> None:
        """Tell what came since the last part, once it is time."""
        if time.monotonic() - self._told >= PART_EVERY:
            self._told = time.monotonic()
            self.tell(child.output.take())

    def tell(self, text: str) -> None:
        """Tell `text` in as many parts as it needs."""
        outcomes = []
        for begin in range(0, len(text), PART):
            self._number += 1
            piece = text[begin : begin + PART]
            outcomes.append(TaskOutcome(self._task, "output", piece, at=self._now(), part=self._number))
        if outcomes:
            self._tell(Told(outcomes))


def _remember(tasks: dict[str, None], task: str) -> None:
    tasks[task] = None
    while len(tasks) > REMEMBERED:
        del tasks[next(iter(tasks))]


def _raw_now() -> int:
    """Return the machine's own clock (ms), which no server has corrected."""
    return round(time.time() * 1000)
