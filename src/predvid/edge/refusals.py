"""Counts refused tasks and tells of them: each reason at once, then at most every ten minutes."""

from dataclasses import dataclass, field

from predvid.core.authority import TaskRefused
from predvid.wire.v1 import EventRow, Sentence

KIND = "security.task_refused"
AGAIN = 600_000  # ms between two events of one reason


@dataclass
class _Count:
    refused: TaskRefused
    task: str = ""
    untold: int = 0
    told_at: int | None = None


@dataclass
class Refusals:
    """What was refused since the agent started, by code."""

    _counts: dict[str, _Count] = field(default_factory=dict)

    def add(self, refused: TaskRefused, task: str) -> None:
        """Count a refusal of the lease `task`."""
        count = self._counts.setdefault(refused.code, _Count(refused))
        count.refused, count.task = refused, task
        count.untold += 1

    def due(self, now: int, stamp: int, ending: bool = False) -> list[EventRow]:
        """Return the events that are due at `now` (ms of a clock that never jumps), stamped `stamp` (ms).

        When the agent is `ending`, all that was not told of yet is due.
        """
        return [_event(one, now, stamp) for one in self._counts.values() if _is_due(one, now, ending)]


def _is_due(count: _Count, now: int, ending: bool) -> bool:
    return count.untold > 0 and (ending or count.told_at is None or now - count.told_at >= AGAIN)


def _event(count: _Count, now: int, stamp: int) -> EventRow:
    refused, n = count.refused, count.untold
    count.untold, count.told_at = 0, now
    said = Sentence(KIND, {**refused.said.values, "code": refused.code, "n": n})
    return EventRow(KIND, said, stamp, "error", target=count.task, source={"code": refused.code, "n": n})
