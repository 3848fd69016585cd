"""Maintenance windows: when a once-only or recurring one is open. Time is an argument.

A window begins by the clock on the wall of its time zone and lasts as long as real time passes. In the night
that skips an hour, a window that begins within it opens when it would have without the change (02:30 is then
03:30 by the new time); in the night that has an hour twice, at the first of the two.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LONGEST = timedelta(days=7)  # of one opening
AHEAD = timedelta(days=400)  # how far the next opening is looked for
DAY = timedelta(days=1)


class Repeat(StrEnum):
    """How a window comes again."""

    ONCE = "once"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` (within) to `end` (no longer within), both in UTC."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Tell whether `moment` lies within."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Window:
    """When a window opens: at `at` on its days from `first` to `last` (None: without end), by `zone`'s clock.

    `days` are 1 (Monday) to 7 of a weekly one, 1 to 31 of a monthly one (a month without that day has no
    opening); once means on `first`. An opening that began before `cut` was ended by a person then.
    """

    zone: ZoneInfo
    first: date
    at: time
    duration: timedelta
    repeat: Repeat = Repeat.ONCE
    days: frozenset[int] = frozenset()
    last: date | None = None
    cut: datetime | None = None

    def opens_on(self, day: date) -> bool:
        """Tell whether the window opens on `day` of its own time zone."""
        if day < self.first or (self.last is not None and day > self.last):
            return False
        if self.repeat is Repeat.ONCE:
            return day == self.first
        return (day.isoweekday() if self.repeat is Repeat.WEEKLY else day.day) in self.days

    def opening(self, day: date) -> Span | None:
        """Return the opening that begins on `day`; None where a person ended it before it began."""
        start = datetime.combine(day, self.at, self.zone).astimezone(UTC)
        end = start + self.duration
        if self.cut is not None and start < self.cut:
            end = min(end, self.cut.astimezone(UTC))
        return Span(start, end) if start < end else None


def openings(window: Window, since: datetime, until: datetime) -> Iterator[Span]:
    """Yield the openings of `window` that touch the time from `since` to `until`, in order."""
    # A day more on each side: the zone's day is not UTC's.
    day = max((since - window.duration - DAY).date(), window.first)
    final = (until + DAY).date()
    while day <= final:
        if window.opens_on(day) and (span := window.opening(day)) and span.end > since and span.start < until:
            yield span
        if window.repeat is Repeat.ONCE:
            return
        day += DAY


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return `spans` in order, those that overlap or touch as one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def open_at(windows: Iterable[Window], now: datetime) -> Span | None:
    """Return the opening in which `now` lies, overlapping ones as one; None where no window is open.

    Openings that follow on each other without a gap are joined a week ahead and no further.
    """
    around = (span for window in windows for span in openings(window, now - LONGEST, now + LONGEST))
    return next((span for span in merged(around) if span.holds(now)), None)


def next_openings(windows: Iterable[Window], now: datetime, count: int = 3) -> list[Span]:
    """Return the next `count` openings that begin after `now` (within AHEAD), overlapping ones as one."""
    ahead = (span for window in windows for span in openings(window, now, now + AHEAD))
    return [span for span in merged(ahead) if span.start > now][:count]
