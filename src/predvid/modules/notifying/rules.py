"""Decides who is told of what, who is on call, and when a message is tried again. Time is an argument."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

DAY = 24 * 60  # minutes
PAUSES = (1, 2, 4, 8, 15, 30, 60)  # minutes before the next try; the last one again and again
GIVEN_UP = timedelta(hours=24)  # after this a message is of no use to anybody
# Why nobody is told: what an event's source says (`quiet`), and what is found here.
QUIET = frozenset(
    {
        *("maintenance", "flapping", "follower", "snoozed", "policy", "backlog", "informational"),
        *("nobody", "hours", "gone", "taken", "other"),
    }
)
TOLD = (
    *("alert.opened", "alert.changed", "alert.reopened", "alert.due", "alert.resolved"),
    "alert.assigned",  # to whom it was given, by somebody else
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly service hours: `days` bit 0 is Monday; minutes after midnight on the clock of `timezone`.

    `until` at or before `since` ends on the next day, so that 0 and 0 are whole days.
    """

    days: int
    since: int
    until: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a route wants to hear of; None: of any client, of any site."""

    client: UUID | None
    site: UUID | None
    floor: int
    hours: Hours


def within(hours: Hours, moment: datetime) -> bool:
    """Tell whether `moment` lies in the service hours, by the clock that hangs on the wall there.

    An hour that a spring night skips is in nobody's hours; one that an autumn night repeats counts twice.
    """
    local = moment.astimezone(ZoneInfo(hours.timezone))
    minute, today = local.hour * 60 + local.minute, local.weekday()
    until = hours.until if hours.until > hours.since else hours.until + DAY
    begun_today = hours.days >> today & 1 and hours.since <= minute < until
    begun_yesterday = hours.days >> (today - 1) % 7 & 1 and minute + DAY < until
    return bool(begun_today or begun_yesterday)


def wants(wanted: Wanted, client: UUID | None, site: UUID | None, severity: int) -> bool:
    """Tell whether a route is for an alert of this client and site, as severe as `severity`."""
    here = wanted.client in (None, client) and wanted.site in (None, site)
    return here and severity >= wanted.floor


@dataclass(frozen=True, slots=True)
class Rotation:
    """Who is on call in turn: `people` in their order, each for `days` days (1 or more), from `begins` on.

    A turn ends `at` minutes after midnight on the clock of `timezone`. `stand_ins` are (person, since,
    until), the newest first: whoever stands in goes before whose turn it is.
    """

    people: tuple[UUID, ...]
    begins: date
    at: int
    days: int
    timezone: str
    stand_ins: tuple[tuple[UUID, datetime, datetime], ...] = ()


def on_call(rotation: Rotation, moment: datetime, there: Callable[[UUID], bool]) -> UUID | None:
    """Return who is on call at `moment`, of those who are `there`: a gap in the order is the next one's turn.

    None where nobody is there, or the first turn has not begun.
    """
    for person, since, until in rotation.stand_ins:
        if since <= moment < until and there(person):
            return person
    turn, many = _turn(rotation, moment), len(rotation.people)
    if turn < 0:
        return None
    order = (rotation.people[(turn + step) % many] for step in range(many))
    return next((person for person in order if there(person)), None)


def handover(rotation: Rotation, moment: datetime) -> datetime:
    """Return when the turn that runs at `moment` ends; before the first one, when that begins."""
    return _start(rotation, max(_turn(rotation, moment), -1) + 1)


def _turn(rotation: Rotation, moment: datetime) -> int:
    """Return the number of the turn at `moment`, below 0 before the first; an hour repeats none."""
    local = moment.astimezone(ZoneInfo(rotation.timezone)).replace(tzinfo=None)
    turn = (local - _clock(rotation, 0)) // timedelta(days=rotation.days)
    if _start(rotation, turn) > moment:
        return turn - 1
    return turn + 1 if _start(rotation, turn + 1) <= moment else turn


def _start(rotation: Rotation, turn: int) -> datetime:
    return _clock(rotation, turn).replace(tzinfo=ZoneInfo(rotation.timezone)).astimezone(UTC)


def _clock(rotation: Rotation, turn: int) -> datetime:
    """Return when a turn begins, as the clock on the wall shows it."""
    first = datetime.combine(rotation.begins, time(rotation.at // 60, rotation.at % 60))
    return first + timedelta(days=rotation.days * turn)


def pause(attempts: int) -> timedelta:
    """Return how long a message rests after `attempts` (1 or more) have failed."""
    return timedelta(minutes=PAUSES[min(attempts, len(PAUSES)) - 1])


def given_up(queued_at: datetime, now: datetime) -> bool:
    """Tell whether a message is too old to be tried again."""
    return now - queued_at >= GIVEN_UP


def quiet(reason: object) -> str:
    """Return the reason why nobody is told, as it is stored; empty where people are to be told."""
    if not reason:
        return ""
    return str(reason) if str(reason) in QUIET else "other"


def bits(days: Iterable[int]) -> int:
    """Return a set of weekdays (0 Monday) as one number."""
    return sum(1 << day for day in set(days))
