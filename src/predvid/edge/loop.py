"""The agent's main loop: waits for what is due, hands checks to the pool, seals what they gave."""

import logging
import queue
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from predvid.checks.collecting import raised
from predvid.checks.source import Source
from predvid.checks.v1 import Check
from predvid.core.model import Said, say
from predvid.edge import handed
from predvid.edge.anchors import Anchors
from predvid.edge.clock import Clock
from predvid.edge.courier import Courier, Died, Met, News, PlanCame, SetAside
from predvid.edge.gathering import Gathering
from predvid.edge.kept import Kept
from predvid.edge.local_policy import Policy
from predvid.edge.log_words import of_check
from predvid.edge.outbox import Outbox, OutboxFailed
from predvid.edge.plan import Denied, PlanRefused, rights
from predvid.edge.pool import NOT_HERE, Finished, Job, Pool, absence
from predvid.edge.restarts import Restarts
from predvid.edge.schedule import WAKE, Schedule
from predvid.edge.tasks import Told
from predvid.edge.updating import Updating, no_updates
from predvid.edge.work import Work
from predvid.wire.v1 import Ack, EventRow, Plan, Pushed, Sentence

log = logging.getLogger("predvid.agent")
FIRST_SEALS = (1.5, 4.0)  # seconds after a plan came: first samples within seconds, then the first rates
SIGN_OF_LIFE = 60.0  # seconds without a batch after which an empty one is sent
PATIENCE = 2.0  # seconds that the first runs wait for the server's clock
DENIED_AGAIN = 3600.0  # seconds between two reminders of what of the plan does not run here
PLAN_AGAIN = 60.0  # seconds before a plan that was refused is asked for again


@dataclass(frozen=True)
class Stop:
    """Ends the loop: put into the inbox by a signal or by the caller."""


Inbox = queue.SimpleQueue[News | Finished | Stop | Told | Pushed]


@dataclass(frozen=True)
class Setting:
    """What the loop works for: the agent's id and role, what is installed, what the owner allows.

    `kept` is the file of what checks remember beyond the agent's end.
    """

    agent: str
    role: str
    installed: Mapping[str, Check]
    policy: Policy
    accept: Callable[[bytes], Plan]
    unseal: handed.Open = handed.nothing
    anchors: Anchors = field(default_factory=Anchors)
    kept: Path | None = None
    updating: Updating = field(default_factory=no_updates)


class Loop:
    """One thread that decides; the pool reads the device, the courier talks to the server."""

    def __init__(
        self,
        setting: Setting,
        source: Source,
        clock: Clock,
        outbox: Outbox,
        inbox: Inbox,
        courier: Courier,
        work: Work | None = None,
    ) -> None:
        self._setting, self._source, self._clock = setting, source, clock
        self._outbox, self._inbox, self._courier = outbox, inbox, courier
        self._pool = Pool(source, inbox.put, clock.now, clock.elapsed)
        self._kept = Kept(setting.kept)
        self._schedule = Schedule(
            setting.agent, self._kept.state, WAKE if source.platform == "windows" else 0.0
        )
        self._gathering = Gathering()
        self._work = work
        self._restarts = Restarts(outbox)
        self._errors: dict[str, str] = {}
        self._version = 0
        self._plan_asked = float("-inf")
        self._installed = False
        self._denied: list[Denied] = []
        self._denied_due = float("inf")
        self._pause = 15.0
        now = clock.elapsed()
        self._held_until = now + PATIENCE
        self._hurry: list[float] = []
        self._sealed_at = now
        self._seal_due = now + self._pause

    def use(self, plan: Plan) -> None:
        """Put a verified plan in force, as far as the local policy allows."""
        now = self._clock.elapsed()
        setting = self._setting
        limits = setting.policy, setting.installed, self._source.platform, setting.role
        allowed, denied = rights(plan, *limits, setting.unseal)
        self._schedule.replace(allowed, now)
        self._version, self._pause = plan.version, float(min(max(plan.batch_seconds, 1), 300))
        self._setting.updating.want(plan.update, now)
        self._denied = denied
        self._tell_denied(now)
        self._hurry = [now + pause for pause in FIRST_SEALS]
        self._seal_due = self._hurry.pop(0)
        log.info("plan %d: %d checks run, %d do not", plan.version, len(allowed), len(denied))
        for one in denied:
            log.warning("not run: %s", of_check(one.name, one.said, setting.installed))

    def _tell_denied(self, now: float) -> None:
        """Tell what does not run here, each hour again: a check that says nothing looks like a lost one."""
        self._denied_due = now + DENIED_AGAIN
        for one in self._denied:
            self._gathering.failed(one.name, self._clock.now(), 0, one.said, DENIED_AGAIN)

    def run(self) -> None:
        """Work until a Stop comes, the courier died, or a newer version is to be started in its place.

        What was gathered is sealed before it returns.
        """
        while not self._renewed():
            self._start_due()
            try:
                news = self._inbox.get(timeout=self._until_next())
            except queue.Empty:
                news = None
            if isinstance(news, Stop | Died):
                break
            if news is not None:
                self._hear(news)
            self._give_up_overdue()
            if self._clock.elapsed() >= self._seal_due:
                self.seal()
        self._pool.stop()
        self._end_work()
        self.seal()
        if self._work is not None:
            self._work.close()

    def _end_work(self) -> None:
        """End the task that runs, and take its last outcome into the last batch."""
        if self._work is None:
            return
        self._work.stop()
        while not self._inbox.empty():
            if isinstance(news := self._inbox.get(), Told):
                self._gathering.outcomes(news.outcomes)

    def _renewed(self) -> bool:
        """Tell whether another version is installed and takes over with the next start: once no task runs."""
        updating, now = self._setting.updating, self._clock.elapsed()
        if not self._installed:
            updating.begin(now)
        outcome = updating.finished(now)
        if outcome is not None:
            self._tell(updating.complaint(outcome, self._clock.now()))
            self._installed = self._installed or not outcome.code
        if self._installed and self._work is not None:
            self._work.rest()
        return self._installed and (self._work is None or self._work.idle)

    def _tell(self, events: Iterable[EventRow]) -> None:
        for event in events:
            self._gathering.event(event)

    def _until_next(self) -> float:
        now = self._clock.elapsed()
        moments = [self._seal_due]
        if (due := self._schedule.next()) is not None:
            moments.append(max(due, self._held_until))
        if self._schedule.busy:
            moments.append(now + 1.0)
        return min(max(min(moments) - now, 0.0), 60.0)

    def _start_due(self) -> None:
        now = self._clock.elapsed()
        if now >= self._denied_due:
            self._tell_denied(now)
        if now < self._held_until:
            return
        for entry in self._schedule.take_due(now):
            job = Job(entry.allowed, entry.state, now, self._clock.now())
            if self._pool.stuck(entry.allowed.check.name):
                self._timed_out(job, now)
            else:
                self._pool.submit(job)

    def _hear(self, news: News | Finished | Told | Pushed) -> None:
        match news:
            case Finished():
                self._finished(news)
            case Ack():
                self._acknowledged(news)
            case Told():
                self._gathering.outcomes(news.outcomes)
                self._seal_due = self._clock.elapsed()
            case Pushed():
                self._handed(news)
            case PlanCame():
                self._plan_came(news)
            case SetAside():
                self._set_aside(news)
            case Met():
                self._held_until = self._clock.elapsed()

    def _finished(self, finished: Finished) -> None:
        job, run = finished.job, finished.run
        name, interval, now = job.allowed.check.name, job.allowed.interval, self._clock.elapsed()
        if (entry := self._schedule.get(name)) is not None:
            self._schedule.finished(entry, now)
            self._kept.note(name, job.state)
        if run is None:
            said = absence(name, finished.not_here)
            self._gathering.failed(name, job.at, 0, said, interval)
            self._note_error(name, said)
            return
        try:
            told = replace(run, events=self._restarts.untold(run.events))
            self._gathering.run(name, job.at, told, now, interval, self._clock.offset())
        except Exception as error:  # a plug-in may yield what no type checker has seen
            said = raised(job.allowed.check, error)
            self._gathering.failed(name, job.at, run.took_ms, said, interval)
            self._note_error(name, said)
            return
        self._note_error(name, run.error, urgent=bool(told.events))

    def _note_error(self, name: str, said: Said | None, *, urgent: bool = False) -> None:
        """Seal at once where a check began or ceased to fail, or saw an event."""
        before, error = self._errors.get(name, ""), said.id if said else ""
        if error != before:
            self._errors[name] = error
            urgent = urgent or not {before, error} <= {"", *NOT_HERE}
            log.info("%s", of_check(name, said, self._setting.installed))
        if urgent:
            self._seal_due = self._clock.elapsed()

    def _give_up_overdue(self) -> None:
        for job in self._pool.give_up_overdue():
            self._timed_out(job, self._clock.elapsed())

    def _timed_out(self, job: Job, now: float) -> None:
        check = job.allowed.check
        said = say("check.timed_out", check=check.name, seconds=check.timeout)
        took = round((now - job.began) * 1000)
        self._gathering.failed(check.name, job.at, took, said, job.allowed.interval)
        if (entry := self._schedule.get(check.name)) is not None:
            entry.state = self._kept.state(check.name)  # the thread given up may still write to the old one
            self._schedule.finished(entry, now)
        self._note_error(check.name, said)

    def _acknowledged(self, ack: Ack) -> None:
        self._tell(self._setting.updating.delivered(self._clock.now()))
        self._handed(ack)
        self._witness(ack, self._clock.elapsed())

    def _handed(self, message: Ack | Pushed) -> None:
        """Take what the server hands over: tasks, tasks to stop, and that there is a newer plan."""
        if self._work is not None and (message.tasks or message.cancel):
            self._work.handed(message.tasks, message.cancel)
        now = self._clock.elapsed()
        if message.plan not in (0, self._version) and now - self._plan_asked >= PLAN_AGAIN:
            self._plan_asked = now
            self._courier.want_plan()

    def _witness(self, ack: Ack, now: float) -> None:
        """Keep the heads of the audit, and tell where the server contradicts what it told before."""
        for chain in self._setting.anchors.hear(ack.audit, now):
            log.error("the server tells another audit of %s than before", chain)
            said = Sentence("agent.audit_disputed", {"chain": chain})
            self._gathering.event(EventRow("agent.audit_disputed", said, self._clock.now(), "critical"))
        if (fact := self._setting.anchors.fact()) is not None:
            self._gathering.fact("agent", fact, now)

    def _plan_came(self, came: PlanCame) -> None:
        try:
            plan = self._setting.accept(came.body)
        except PlanRefused as refused:
            log.warning("%s; the one in force stays", refused)
            return
        self._plan_asked = float("-inf")
        self.use(plan)
        if self._work is not None:
            self._work.connected()

    def _set_aside(self, news: SetAside) -> None:
        said = Sentence("agent.batch_refused", {"code": news.code})
        self._gathering.event(EventRow("agent.batch_refused", said, self._clock.now(), "warning"))
        self._gathering.forget_facts()

    def started(self, version: str) -> None:
        """Report that the agent started, with its first batch."""
        said = Sentence("agent.started", {"version": version})
        self._gathering.event(EventRow("agent.started", said, self._clock.now()))
        self._tell(self._setting.updating.started(self._clock.now()))

    def seal(self) -> None:
        """Make durable what was gathered; while the disk refuses, keep it within the limit of memory."""
        now = self._clock.elapsed()
        self._seal_due = self._hurry.pop(0) if self._hurry else now + self._pause
        if self._work is not None:
            self._work.tell_trust(self._gathering, now, self._clock.now())
        try:
            if self._gathering.empty and not self._silent_too_long(now):
                return
            batches = self._gathering.batches(self._clock.now(), now)
            self._outbox.seal(*batches, notes=self._restarts.notes(batches))
        except OutboxFailed as failed:
            lost, events = self._gathering.spill()
            self._outbox.lose(lost, events)
            log.error("the outbox cannot be written: %s (%d samples dropped)", failed, lost)
            return
        self._sealed_at = now
        if self._work is not None:
            self._work.sealed(batches)
        self._gathering.clear()
        self._courier.wake()

    def _silent_too_long(self, now: float) -> bool:
        return now - self._sealed_at >= SIGN_OF_LIFE and self._outbox.head() is None
