"""The life of an alert: what one more judgement of an item does to it. Time is an argument."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from predvid.core.model import State


class Phase(StrEnum):
    """Where an alert stands. A pending one is not shown: its minimum duration has not passed yet."""

    NONE = "none"
    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"


class Step(StrEnum):
    """What a transition did; each but NOTHING, NOTED and the pending ones makes an event `alert.<step>`.

    NOTED: something informational was said anew, which makes an event of the timeline and no alert.
    """

    NOTHING = "nothing"
    STARTED_WAITING = "started_waiting"
    STOPPED_WAITING = "stopped_waiting"
    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Condition:
    """The standing of one item of one check on one device: its alert's phase, level and since when."""

    phase: Phase = Phase.NONE
    state: State = State.OK
    since: datetime | None = None


def transition(
    condition: Condition, state: State, now: datetime, hold: timedelta, *, sample: bool = True
) -> tuple[Condition, Step]:
    """Return the condition after `item` was judged `state` at `now`, and what happened.

    A bad state must last `hold` before the alert opens. `sample` says that the judgement rests on a fresh
    reading; without one nothing is ever resolved (an UNKNOWN for want of data does not heal a CRITICAL).
    """
    if state is State.OK:
        if condition.phase is Phase.NONE or not sample:
            return condition, Step.NOTHING
        step = Step.STOPPED_WAITING if condition.phase is Phase.PENDING else Step.RESOLVED
        return Condition(), step
    if condition.phase is Phase.NONE:
        condition = Condition(Phase.PENDING, state, now)
        step = Step.STARTED_WAITING
    elif condition.phase is Phase.PENDING:
        condition = replace(condition, state=state)
        step = Step.NOTHING
    else:
        if state is condition.state or (state is State.UNKNOWN and not sample):
            return condition, Step.NOTHING
        phase = Phase.OPEN if state > condition.state else condition.phase
        return replace(condition, phase=phase, state=state), Step.CHANGED
    since = condition.since or now
    if now - since >= hold:
        return replace(condition, phase=Phase.OPEN), Step.OPENED
    return condition, step
