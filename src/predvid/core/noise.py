"""What keeps alerts from being noise: one cause, one message; few messages an hour. Time is an argument."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from predvid.core.model import State

HOUR = timedelta(hours=1)
PER_HOUR = 3  # messages of one item
FLAPS = 3  # openings of one item within an hour, from which on it flaps
CALM = timedelta(minutes=15)  # what flapped and then stands this long is told after all
MOMENT = timedelta(minutes=2)  # what opens within this on one device has one cause
SITE_MOMENT = timedelta(minutes=5)  # the same of devices that fall silent at one site
SITE_DEVICES = 3  # that many silent at once: it is the site
GRACE = timedelta(minutes=5)  # for what followed a cause to heal after it


class Quiet(StrEnum):
    """Why nobody is to be told of an alert's event: stored in `Event.source["quiet"]`, never renamed."""

    POLICY = "policy"
    INFORMATIONAL = "informational"
    BACKLOG = "backlog"
    MAINTENANCE = "maintenance"
    SNOOZED = "snoozed"
    FOLLOWER = "follower"
    FLAPPING = "flapping"


LATER = (Quiet.MAINTENANCE, Quiet.FOLLOWER, Quiet.FLAPPING)  # told when the reason is over


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be known of an alert before somebody is told of it."""

    notify: bool = True
    late: bool = False
    in_maintenance: bool = False
    snoozed: bool = False
    follows: bool = False
    flaps: bool = False
    told: Sequence[float] = ()


def quiet(standing: Standing, now: datetime) -> Quiet | None:
    """Return why nobody is told of something that happens to an alert at `now`; None: somebody is."""
    reasons = (
        (not standing.notify, Quiet.POLICY),
        (standing.late, Quiet.BACKLOG),
        (standing.in_maintenance, Quiet.MAINTENANCE),
        (standing.snoozed, Quiet.SNOOZED),
        (standing.follows, Quiet.FOLLOWER),
        (standing.flaps or not may_tell(standing.told, now), Quiet.FLAPPING),
    )
    return next((reason for holds, reason in reasons if holds), None)


def recent(told: Iterable[float], now: datetime) -> list[float]:
    """Return those of `told` (seconds since 1970) that count against the hour before `now`, oldest first."""
    return sorted(moment for moment in told if moment > (now - HOUR).timestamp())


def may_tell(told: Iterable[float], now: datetime) -> bool:
    """Tell whether one more message of an item stays within PER_HOUR."""
    return len(recent(told, now)) < PER_HOUR


def flaps(openings: Iterable[datetime], now: datetime) -> bool:
    """Tell whether an item that opened at these moments, the present one among them, goes up and down."""
    return sum(moment > now - HOUR for moment in openings) >= FLAPS


@dataclass(frozen=True, slots=True)
class Open:
    """An alert that stands open, as far as causes go; `offline` says that its whole device is silent."""

    id: int
    state: State
    opened: datetime
    cause: int | None = None
    offline: bool = False


def leader(mine: Open, others: Sequence[Open]) -> Open | None:
    """Return the alert of the same device that `mine`, just opened, follows; None: it stands for itself.

    A silent device is the cause of everything else on it. What opens at the same moment follows the first,
    unless it is worse: then the first will follow it (`followers`).
    """
    silent = next((one for one in others if one.offline), None)
    if silent is not None:
        return silent
    if mine.offline:
        return None
    alike = [one for one in others if mine.opened - one.opened <= MOMENT and one.cause is None]
    worst = max(alike, key=lambda one: (one.state, -one.opened.timestamp()), default=None)
    return worst if worst is not None and worst.state >= mine.state else None


def followers(mine: Open, others: Sequence[Open]) -> list[Open]:
    """Return the alerts of the same device whose cause is `mine`, just opened, which follows nothing."""
    return [one for one in others if mine.opened - one.opened <= MOMENT]


def heir(left: Sequence[Open]) -> Open:
    """Return the alert that leads those whose common cause is over: the worst, of these the first."""
    return max(left, key=lambda one: (one.state, -one.opened.timestamp(), -one.id))
