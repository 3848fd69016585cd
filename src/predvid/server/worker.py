"""The worker: reactions to events, the sweep for silent agents, roll-ups and retention, and the post.

Each event is claimed by one worker, so any number of them may run. A reaction that fails stays queued with
its error and is tried again, later each time; while the store is away, nothing counts as a failure. The post
(letters and notifications) has a thread of its own: no slow mail server holds anything else up.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import close_old_connections

from predvid.checks.registry import checks
from predvid.modules.access import chores as people_chores
from predvid.modules.automation.actions import chores as task_chores
from predvid.modules.automation.actions import nonces, rollouts, running
from predvid.modules.monitoring import beats, believing, chores, reactions, roles, sweeping
from predvid.modules.monitoring.reactions import Reaction
from predvid.modules.monitoring.store import Store, StoreUnavailable
from predvid.modules.notifying import beating, sending, telling
from predvid.modules.notifying import chores as notice_chores
from predvid.modules.notifying.rules import TOLD
from predvid.server import root_pickup
from predvid.server.fetching import fetcher

log = logging.getLogger(__name__)

REACTIONS: Mapping[str, tuple[Reaction, ...]] = {
    "": (reactions.copy_to_store,),  # every event
    **{kind: (telling.tell,) for kind in TOLD},
}
PAUSE = 0.5
POST_PAUSE = 2.0
BEAT = 60.0
HUNG = 90.0  # a loop that took longer for one turn is not well


def reactions_to(kind: str) -> tuple[Reaction, ...]:
    """Return the reactions to an event kind: those of the kind itself and of every name above it."""
    parts = kind.split(".")
    names = ["", *(".".join(parts[:n]) for n in range(1, len(parts) + 1))]
    return tuple(reaction for name in names for reaction in REACTIONS.get(name, ()))


@dataclass
class Chore:
    """Something done every `every` seconds; a failure is logged and the next turn tries again."""

    name: str
    every: float
    run: Callable[[datetime], object]
    due: float = 0.0


class Worker:
    """Runs reactions and chores until told to stop."""

    def __init__(self, store: Store) -> None:
        self.store = store
        started = datetime.now(UTC)
        self.stop = threading.Event()
        self._react_after = 0.0
        self._turned = time.monotonic()  # when the loop of reactions and chores last came round
        self.chores = [
            Chore("sweep", 5, lambda now: _sweep(started, now)),
            Chore("believed alerts", 5, believing.tick),
            Chore("roll up", 300, lambda now: chores.roll_up(store, now)),
            Chore("late hours", 30, lambda now: chores.late_hours(store, now)),
            Chore("roles", 10, roles.assign),
            Chore("people", 3600, people_chores.sweep),
            Chore("campaigns", 1, running.advance_all),
            Chore("rollouts", 5, rollouts.advance_all),
            Chore("trust", 2, lambda now: root_pickup.pick_up(settings.PLACE.data, now)),
            Chore("late tasks", 30, task_chores.expire),
            Chore("moved devices", 5, task_chores.follow_moves),
            Chore("quiet alerts", 600, task_chores.close_quiet_alerts),
            Chore("silent tasks", 3600, task_chores.give_up),
            Chore("old tasks", 3600, task_chores.forget),
            Chore("old notifications", 3600, notice_chores.forget),
            Chore("old nonces", 3600, nonces.forget),
            Chore("retention", 3600, lambda now: chores.retention(store, now)),
        ]

    def run(self) -> None:
        """Work until `stop` is set."""
        post = threading.Thread(target=self._post, name="post", daemon=True)
        post.start()
        while not self.stop.is_set():
            self._turned = time.monotonic()
            close_old_connections()
            self._chores()
            if not self._react():
                self.stop.wait(PAUSE)

    def _post(self) -> None:
        """Send letters and notifications until `stop` is set."""
        address, fetch = settings.PLACE.address, fetcher(settings.PLACE)
        beat_at = 0.0
        while not self.stop.wait(POST_PAUSE):
            close_old_connections()
            try:
                sending.send_letters(address, _now)
                sending.send_due(address, fetch, _now)
                if time.monotonic() >= beat_at and time.monotonic() - self._turned < HUNG:
                    beat_at = time.monotonic() + BEAT
                    beating.beat(self.store, fetch, datetime.now(UTC))
            except Exception as error:
                log.error("the post: %s", error, exc_info=not isinstance(error, DatabaseFault))

    def _react(self) -> int:
        if time.monotonic() < self._react_after:
            return 0
        try:
            return reactions.react_to_pending(reactions_to, self.store, datetime.now(UTC))
        except (DatabaseFault, StoreUnavailable) as error:
            log.warning("reactions wait: %s", error)
            self._react_after = time.monotonic() + reactions.AWAY.total_seconds()
            return 0

    def _chores(self) -> None:
        for chore in self.chores:
            if time.monotonic() < chore.due:
                continue
            chore.due = time.monotonic() + chore.every
            try:
                chore.run(datetime.now(UTC))
            except Exception as error:
                expected = isinstance(error, DatabaseFault | StoreUnavailable)
                log.error("%s: %s", chore.name, error, exc_info=not expected)


def _now() -> datetime:
    return datetime.now(UTC)


def _sweep(started: datetime, now: datetime) -> int:
    return sweeping.sweep(checks(), max(started, beats.counted_from(now)), now)


def run_worker(store: Store) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    worker = Worker(store)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.set())
    worker.run()
