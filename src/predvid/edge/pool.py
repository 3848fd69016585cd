"""Two worker threads that run the checks, so that a slow one never holds up the others.

A thread cannot be stopped from outside: a check past its time limit is given up, its thread is left to end by
itself and another takes its place, up to a bound. Whoever submits jobs asks `stuck` first: a check that hangs
each time would otherwise take all threads, one run after the other.
"""

import itertools
import math
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from predvid.checks.collecting import inapplicable
from predvid.checks.source import Source
from predvid.core.model import Said, say
from predvid.edge.handed import Handing
from predvid.edge.plan import Allowed
from predvid.edge.run_check import Run, run_check
from predvid.edge.scrubbing import scrubbed

WORKERS = 2
MOST_GIVEN_UP = 16  # threads that others have replaced
NOT_HERE = ("check.not_here", "check.platform")  # the only words by which the server knows an absence


@dataclass(eq=False)
class Job:
    """One run to do; `state` is the check's own; `began` (steady seconds) and `at` (ms) are its start."""

    allowed: Allowed
    state: dict[str, Any]
    began: float = -1.0
    at: int = 0
    given_up: bool = field(default=False)
    replaced: bool = field(default=False)


@dataclass(frozen=True)
class Finished:
    """A job and its run; `not_here` is the reason where the check does not apply to this device."""

    job: Job
    run: Run | None
    not_here: Said | None = None


def absence(check: str, why: Said | None) -> Said:
    """Return what is told of a check that does not apply, in one of the two words that the server knows."""
    return why if why is not None and why.id in NOT_HERE else say("check.not_here", check=check)


class Pool:
    """Runs jobs on `source`; each end is handed to `done` from the worker's thread.

    Of those that wait the more frequent goes first: checks of a minute are not late where many slow ones are
    due at once.
    """

    def __init__(
        self,
        source: Source,
        done: Callable[[Finished], None],
        now: Callable[[], int],
        elapsed: Callable[[], float],
    ) -> None:
        self._source, self._done, self._now, self._elapsed = source, done, now, elapsed
        self._jobs: queue.PriorityQueue[tuple[float, int, Job | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._running: set[Job] = set()
        self._mutex = threading.Lock()
        self._stuck: set[Job] = set()
        for _ in range(WORKERS):
            self._hire()

    def submit(self, job: Job) -> None:
        """Queue one run."""
        self._jobs.put((job.allowed.interval, next(self._order), job))

    def give_up_overdue(self) -> list[Job]:
        """Give up the jobs past their check's time limit and return them; they will not be delivered."""
        now = self._elapsed()
        with self._mutex:
            late = [job for job in self._running if now - job.began > job.allowed.check.timeout]
            for job in late:
                job.given_up = True
                job.replaced = sum(one.replaced for one in self._stuck) < MOST_GIVEN_UP
                self._running.discard(job)
                self._stuck.add(job)
        for job in late:
            if job.replaced:
                self._hire()
        return late

    def stuck(self, check: str) -> bool:
        """Tell whether a run of `check` that was given up has still not ended."""
        with self._mutex:
            return any(job.allowed.check.name == check for job in self._stuck)

    def stop(self) -> None:
        """Let idle workers end; busy ones are daemons and end with the process."""
        for _ in range(WORKERS + MOST_GIVEN_UP):
            self._jobs.put((math.inf, next(self._order), None))

    def _hire(self) -> None:
        threading.Thread(target=self._work, name="check", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()[2]) is not None:
            job.began, job.at = self._elapsed(), self._now()
            with self._mutex:
                self._running.add(job)
            finished = self._one(job)
            with self._mutex:
                self._running.discard(job)
                self._stuck.discard(job)
            if not job.given_up:
                self._done(finished)
            elif job.replaced:
                return

    def _one(self, job: Job) -> Finished:
        check = job.allowed.check
        why_not = inapplicable(check, self._source)
        if why_not is not None and why_not.id == "check.raised":
            return Finished(job, Run([], [], [], why_not, 0))
        if why_not is not None:
            return Finished(job, None, why_not)
        secrets = job.allowed.secrets
        source = Handing(self._source, secrets) if check.secrets else self._source
        run = scrubbed(run_check(check, source, job.allowed.params, job.state), secrets)
        return Finished(job, None, run.error) if run.not_here else Finished(job, run)
