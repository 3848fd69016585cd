"""When each allowed check runs next: at once when it is new, then on its own grid, never in bursts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from predvid.core.schedule import next_due, phase, shared_phase
from predvid.edge.kept import KEPT
from predvid.edge.plan import Allowed

LIGHT = 300.0  # seconds: checks that run at least this often are cheap and go first at the start
LATER = 3.0  # seconds that the others give them
WAKE = 900.0  # seconds: on Windows the checks that run no more often share moments, so that PowerShell sleeps
AGAIN = 2.0  # seconds to the second run of a check that keeps counters: a rate needs two readings


@dataclass(eq=False)
class Entry:
    """One allowed check, its own state, and when it is due (steady seconds)."""

    allowed: Allowed
    due: float
    state: dict[str, Any] = field(default_factory=dict)
    running: bool = False
    runs: int = 0


class Schedule:
    """The checks of the plan in force; `agent` seeds their phases.

    `remembered` gives the state that a check begins with. Checks whose interval is `wake` seconds or more run
    at the same moments, `wake` seconds apart, each at its own of them; 0 spreads them evenly.
    """

    def __init__(
        self, agent: str, remembered: Callable[[str], dict[str, Any]] = lambda check: {}, wake: float = 0.0
    ) -> None:
        self._agent, self._remembered, self._wake = agent, remembered, wake
        self._entries: dict[str, Entry] = {}
        self._started = 0.0

    def replace(self, allowed: list[Allowed], now: float) -> None:
        """Take over a new plan at `now`: kept checks keep their state, new and changed ones run at once."""
        before, self._entries = self._entries, {}
        self._started = self._started or now
        for one in allowed:
            old = before.get(one.check.name)
            if old is not None and old.allowed == one:
                self._entries[one.check.name] = old
                continue
            due = now if one.interval <= LIGHT else now + LATER
            entry = Entry(one, due, self._remembered(one.check.name))
            if old is not None:
                entry.state, entry.running = old.state, old.running
            self._entries[one.check.name] = entry

    def get(self, name: str) -> Entry | None:
        """Return the entry of a check, if the plan still has it."""
        return self._entries.get(name)

    def take_due(self, now: float) -> list[Entry]:
        """Return the entries to run now, marked as running; the most frequent first."""
        due = [entry for entry in self._entries.values() if entry.due <= now and not entry.running]
        for entry in due:
            entry.running = True
        return sorted(due, key=lambda entry: entry.allowed.interval)

    def finished(self, entry: Entry, now: float) -> None:
        """Set the next run of an entry that has just ended."""
        entry.running = False
        entry.runs += 1
        interval = entry.allowed.interval
        shares = 0 < self._wake <= interval
        name, agent = entry.allowed.check.name, self._agent
        offset = shared_phase(agent, name, interval, self._wake) if shares else phase(agent, name, interval)
        entry.due = next_due(self._started, now, interval, offset)
        if entry.runs == 1 and entry.state.keys() - {KEPT}:
            entry.due = min(entry.due, now + AGAIN)

    def next(self) -> float | None:
        """Return when the next entry is due (steady seconds), None where nothing is planned."""
        return min((entry.due for entry in self._entries.values() if not entry.running), default=None)

    @property
    def busy(self) -> bool:
        """Tell whether any check is running."""
        return any(entry.running for entry in self._entries.values())
