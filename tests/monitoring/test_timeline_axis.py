"""The axis of time: nothing overlaps, nothing leaves it, days begin at local midnight, gaps stay gaps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.modules.monitoring.charts import RANGES
from predvid.modules.monitoring.store import SeriesWindow
from predvid.modules.monitoring.timeline import (
    LEAST,
    MOST_TICKS,
    Axis,
    Entry,
    bars,
    marks,
    paths,
    scale,
    ticks,
)

ZAGREB = ZoneInfo("Europe/Zagreb")
END = datetime(2026, 11, 22, 20, 4, tzinfo=UTC)
DAY = Axis(END - timedelta(days=1), END)
minutes = st.integers(-3000, 1440)
spans = st.lists(st.tuples(minutes, st.none() | st.integers(0, 3000)), max_size=40)


def entry(start: int, length: int | None) -> Entry:
    began = DAY.start + timedelta(minutes=start)
    ended = None if length is None else began + timedelta(minutes=length)
    return Entry(str(start), began, ended, "warning", "bell", "x", "alert")


@given(spans)
def test_no_bar_covers_another_or_leaves_the_axis(found: list[tuple[int, int | None]]) -> None:
    placed, left = bars(DAY, [entry(*one) for one in found])
    assert len(placed) + left == len(found)
    for bar in placed:
        assert bar.x >= 0
        assert bar.width >= LEAST
        assert bar.x + bar.width <= 100.001
    for row in {bar.row for bar in placed}:
        mine = sorted((bar.x, bar.width) for bar in placed if bar.row == row)
        for (x, width), (after, _) in pairwise(mine):
            assert x + width <= after + 0.001


@given(st.lists(minutes, max_size=60))
def test_marks_stand_a_finger_apart_and_lose_nothing(found: list[int]) -> None:
    drawn = marks(DAY, [entry(one, 0) for one in found])
    assert sum(len(mark.entries) for mark in drawn) == len(found)
    assert all(after.x - before.x >= LEAST for before, after in pairwise(drawn))
    for mark in drawn:
        assert [e.start for e in mark.entries] == sorted((e.start for e in mark.entries), reverse=True)


@pytest.mark.parametrize("span", RANGES.values())
def test_an_axis_has_a_few_ticks_at_round_local_times(span: timedelta) -> None:
    found = ticks(Axis(END - span, END), ZAGREB)
    assert 3 <= len(found) <= MOST_TICKS + 1
    assert all(0 <= tick.x <= 100 for tick in found)
    assert all(tick.at.minute % 5 == 0 and tick.at.second == 0 for tick in found)


@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 29, tzinfo=ZAGREB), datetime(2026, 10, 25, tzinfo=ZAGREB)]
)
def test_days_begin_at_midnight_on_both_sides_of_a_night_of_change(night: datetime) -> None:
    axis = Axis(night - timedelta(days=3), night + timedelta(days=4))
    assert {tick.at.astimezone(ZAGREB).hour for tick in ticks(axis, ZAGREB)} == {0}


def curve(*moments: int) -> SeriesWindow:
    ts = [int(DAY.start.timestamp() * 1000) + at * 60_000 for at in moments]
    values = [float(at) for at in moments]
    return SeriesWindow("d", {}, ts, values, values, values)


def test_a_gap_breaks_the_line_and_one_value_is_a_dot() -> None:
    line, band = paths(curve(0, 10, 20, 200, 210, 700), DAY, (0, 1000))
    assert line.count("M") == 3
    assert line.endswith("h0")
    assert band.count("Z") == 2
    assert paths(curve(), DAY, (0, 1)) == ("", "")


def test_shares_go_to_a_hundred_and_other_values_begin_at_nothing() -> None:
    assert scale([curve(1, 2)], "%") == (0, 100)
    low, high = scale([curve(1, 50)], "B")
    assert low == 0
    assert high >= 50
    assert scale([], "B") == (0, 1)
