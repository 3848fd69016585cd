"""Service hours on the clock of the wall, and when a message is tried again: decided without any clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from predvid.modules.notifying.rules import GIVEN_UP, Hours, bits, given_up, pause, quiet, within

ZAGREB = "Europe/Zagreb"
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - bounds
MINUTES = st.integers(0, 1439)
DAYS = st.sets(st.integers(0, 6))


@given(DAYS, MINUTES, MINUTES, MOMENTS)
def test_a_moment_is_within_its_hours_by_the_wall_clock_on_every_night(
    days: set[int], since: int, until: int, moment: datetime
) -> None:
    """Against a second way of saying it: walk back over the wall's minutes to the last beginning."""
    wall = moment.astimezone(ZoneInfo(ZAGREB)).replace(tzinfo=None)
    length = (until - since) % 1440 or 1440
    begun = wall.replace(hour=since // 60, minute=since % 60, second=0, microsecond=0)
    if begun > wall:
        begun -= timedelta(days=1)
    expected = begun.weekday() in days and wall < begun + timedelta(minutes=length)
    assert within(Hours(bits(days), since, until, ZAGREB), moment) is expected


def test_the_nights_of_daylight_saving() -> None:
    night = Hours(bits([5, 6]), 2 * 60, 3 * 60, ZAGREB)  # 2 to 3 o'clock on Saturday and Sunday
    spring = [datetime(2026, 3, 29, 0, minute, tzinfo=UTC) for minute in range(60)]
    assert sum(within(night, at) for at in spring) == 0, "01:00 to 02:00 there"
    after = [datetime(2026, 3, 29, 1, minute, tzinfo=UTC) for minute in range(60)]
    assert sum(within(night, at) for at in after) == 0, "that hour is skipped: it is 3 o'clock"
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert within(night, autumn), "2:30 for the first time"
    assert within(night, autumn + timedelta(hours=1)), "and for the second"
    assert not within(night, autumn + timedelta(hours=2))


@given(MOMENTS)
def test_round_the_clock_has_no_hole(moment: datetime) -> None:
    assert within(Hours(127, 0, 0, ZAGREB), moment)
    assert not within(Hours(0, 0, 0, ZAGREB), moment)


@given(st.integers(1, 500))
def test_pauses_grow_to_an_hour_and_no_further(attempts: int) -> None:
    assert timedelta(minutes=1) <= pause(attempts) <= pause(attempts + 1) <= timedelta(hours=1)


def test_a_message_of_yesterday_is_given_up() -> None:
    queued = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert not given_up(queued, queued + GIVEN_UP - timedelta(seconds=1))
    assert given_up(queued, queued + GIVEN_UP)


@given(st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text())))
def test_whatever_stands_in_quiet_is_a_reason_that_fits_the_log(reason: object) -> None:
    assert len(quiet(reason)) <= 20
    assert bool(quiet(reason)) is bool(reason)
