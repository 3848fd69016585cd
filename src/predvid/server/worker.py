"""The worker: reactions to events, the sweep for silent agents, roll-ups and retention.

Events are claimed one by one with a conditional UPDATE, so any number of workers may run. A reaction that
fails stays queued with its error and is tried again, later each time.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import DatabaseError, close_old_connections

from predvid.checks.registry import checks
from predvid.modules.monitoring import beats, chores, reactions, sweeping
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.store import Store, StoreUnavailable

log = logging.getLogger(__name__)
Reaction = Callable[[Event, Store], None]

REACTIONS: Mapping[str, tuple[Reaction, ...]] = {
    "": (reactions.copy_to_store,),  # every event
}
PAUSE = 0.5


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
        self.chores = [
            Chore("sweep", 5, lambda now: _sweep(started, now)),
            Chore("roll up", 300, lambda now: chores.roll_up(store, now)),
            Chore("late hours", 30, lambda now: chores.late_hours(store, now)),
            Chore("retention", 3600, lambda now: chores.retention(store, now)),
        ]

    def run(self) -> None:
        """Work until `stop` is set."""
        while not self.stop.is_set():
            close_old_connections()
            try:
                worked = reactions.react_to_pending(reactions_to, self.store, datetime.now(UTC))
            except (DatabaseError, StoreUnavailable) as error:
                log.warning("reactions wait: %s", error)
                worked = 0
            self._chores()
            if not worked:
                self.stop.wait(PAUSE)

    def _chores(self) -> None:
        for chore in self.chores:
            if time.monotonic() < chore.due:
                continue
            chore.due = time.monotonic() + chore.every
            try:
                chore.run(datetime.now(UTC))
            except Exception as error:
                expected = isinstance(error, DatabaseError | StoreUnavailable)
                log.error("%s: %s", chore.name, error, exc_info=not expected)


def _sweep(started: datetime, now: datetime) -> int:
    return sweeping.sweep(checks(), max(started, beats.counted_from(now)), now)


def run_worker(store: Store) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    worker = Worker(store)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.set())
    worker.run()
