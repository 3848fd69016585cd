"""Maintenance windows: by the clock on the wall, in nights that skip or repeat an hour too, merged."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.core.maintenance import LONGEST, Repeat, Span, Window, merged, next_openings, open_at, openings

ZAGREB = ZoneInfo("Europe/Zagreb")
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + n * MINUTE)
WINDOWS = st.builds(
    Window,
    zone=st.sampled_from([ZAGREB, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")]),
    first=st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    duration=st.integers(1, int(LONGEST / MINUTE)).map(lambda n: n * MINUTE),
    repeat=st.sampled_from(Repeat),
    days=st.frozensets(st.integers(1, 7), min_size=1),
    last=st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    cut=st.none() | MOMENTS,
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def nightly(at: time, first: date, duration: timedelta = HOUR) -> Window:
    return Window(ZAGREB, first, at, duration, Repeat.WEEKLY, frozenset(range(1, 8)))


@pytest.mark.parametrize(
    ("day", "at", "opens"),
    [
        (date(2026, 3, 28), time(2, 30), utc(2026, 3, 28, 1, 30)),  # the night before: winter time
        (date(2026, 3, 29), time(1, 30), utc(2026, 3, 29, 0, 30)),
        (date(2026, 3, 29), time(2, 30), utc(2026, 3, 29, 1, 30)),  # does not exist: 03:30 summer time
        (date(2026, 3, 30), time(2, 30), utc(2026, 3, 30, 0, 30)),
        (date(2026, 10, 25), time(2, 30), utc(2026, 10, 25, 0, 30)),  # exists twice: the first
        (date(2026, 10, 25), time(3, 30), utc(2026, 10, 25, 2, 30)),
    ],
)
def test_nights_that_change_the_clock(day: date, at: time, opens: datetime) -> None:
    assert list(openings(nightly(at, day), opens - HOUR, opens + HOUR)) == [Span(opens, opens + HOUR)]


def test_a_duration_is_real_time() -> None:
    autumn = nightly(time(1, 0), date(2026, 10, 25), 4 * HOUR)
    assert open_at([autumn], utc(2026, 10, 25, 0, 0)) == Span(utc(2026, 10, 24, 23), utc(2026, 10, 25, 3))


def test_once_means_once() -> None:
    once = Window(ZAGREB, date(2026, 7, 1), time(22, 0), 2 * HOUR)
    assert next_openings([once], utc(2026, 6, 1)) == [Span(utc(2026, 7, 1, 20), utc(2026, 7, 1, 22))]
    assert next_openings([once], utc(2026, 7, 1, 20)) == []
    assert open_at([once], utc(2026, 7, 1, 22)) is None


def test_a_month_without_the_day_has_no_opening() -> None:
    last = Window(ZAGREB, date(2026, 1, 1), time(0, 0), HOUR, Repeat.MONTHLY, frozenset({31}))
    found = next_openings([last], utc(2026, 1, 1), 3)
    assert [span.start.astimezone(ZAGREB).date() for span in found] == [
        date(2026, 1, 31),
        date(2026, 3, 31),
        date(2026, 5, 31),
    ]


def test_overlapping_windows_are_one() -> None:
    first = Window(ZAGREB, date(2026, 7, 1), time(22, 0), 2 * HOUR)
    second = Window(ZAGREB, date(2026, 7, 1), time(23, 0), 2 * HOUR)
    third = Window(ZAGREB, date(2026, 7, 2), time(1, 0), HOUR)  # begins as the second ends
    whole = Span(utc(2026, 7, 1, 20), utc(2026, 7, 2, 0))
    assert open_at([third, first, second], utc(2026, 7, 1, 21, 30)) == whole
    assert next_openings([second, third, first], utc(2026, 7, 1)) == [whole]


def test_an_ended_opening_stays_ended_and_the_next_one_comes() -> None:
    window = Window(
        ZAGREB,
        date(2026, 7, 1),
        time(22, 0),
        2 * HOUR,
        Repeat.WEEKLY,
        frozenset({3}),
        cut=utc(2026, 7, 1, 21),
    )
    assert open_at([window], utc(2026, 7, 1, 20, 59)) == Span(utc(2026, 7, 1, 20), utc(2026, 7, 1, 21))
    assert open_at([window], utc(2026, 7, 1, 21)) is None
    assert next_openings([window], utc(2026, 7, 1, 21), 1) == [Span(utc(2026, 7, 8, 20), utc(2026, 7, 8, 22))]


@given(st.lists(WINDOWS, max_size=4), MOMENTS)
def test_open_means_that_one_of_them_is(windows: list[Window], now: datetime) -> None:
    alone = [span for window in windows if (span := open_at([window], now))]
    whole = open_at(windows, now)
    assert (whole is not None) == bool(alone)
    if whole is not None:
        assert whole.holds(now)
        assert whole.start <= min(span.start for span in alone)
        assert whole.end >= max(span.end for span in alone)


@given(st.lists(st.tuples(MOMENTS, st.integers(1, 9999)), max_size=8))
def test_merged_spans_have_gaps_and_lose_nothing(pairs: list[tuple[datetime, int]]) -> None:
    spans = [Span(start, start + n * MINUTE) for start, n in pairs]
    joined = merged(spans)
    assert all(before.end < after.start for before, after in pairwise(joined))
    assert all(any(one.start <= span.start and span.end <= one.end for one in joined) for span in spans)
    assert sum((one.end - one.start for one in joined), timedelta()) <= sum(
        (span.end - span.start for span in spans), timedelta()
    )


@given(WINDOWS, MOMENTS)
def test_what_opens_next_is_open_then_and_not_before(window: Window, now: datetime) -> None:
    for span in next_openings([window], now, 2):
        assert open_at([window], span.start) is not None
        assert open_at([window], span.start - timedelta(seconds=1)) is None
