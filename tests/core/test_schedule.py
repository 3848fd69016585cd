"""Runs are spread evenly over the interval, come after now, and never drift."""

import math

from hypothesis import given
from hypothesis import strategies as st

from predvid.core.schedule import next_due, phase, shared_phase

INTERVALS = st.integers(1, 86_400)
MOMENTS = st.integers(0, 10_000_000).map(lambda tenths: tenths / 10)


@given(st.text(max_size=20), st.text(max_size=20), INTERVALS)
def test_the_phase_is_stable_and_inside_the_interval(agent: str, check: str, interval: int) -> None:
    assert phase(agent, check, interval) == phase(agent, check, interval)
    assert 0 <= phase(agent, check, interval) < interval


@given(st.text(max_size=20), st.text(max_size=20), st.integers(1, 96))
def test_checks_that_share_moments_wake_a_device_once_each_quarter_of_an_hour(
    agent: str, check: str, turns: int
) -> None:
    interval, wake = 900 * turns, 900.0
    offset = shared_phase(agent, check, interval, wake)
    assert 0 <= offset < interval
    turns_away = (offset - shared_phase(agent, "another", 900, wake)) / wake
    assert math.isclose(turns_away, round(turns_away), abs_tol=1e-6)


def test_checks_that_share_moments_are_spread_over_them_and_agents_over_the_quarter() -> None:
    day = [int(shared_phase("agent", f"check{n}", 6 * 3600, 900.0) // 900) for n in range(240)]
    assert max(day.count(turn) for turn in range(24)) < 25
    firsts = {int(shared_phase(f"agent-{n}", "events", 900, 900.0) // 9) for n in range(1000)}
    assert len(firsts) > 95


def test_a_fleet_is_spread_evenly() -> None:
    counts = [0] * 60
    for agent in range(6000):
        counts[int(phase(f"agent-{agent}", "cpu", 60))] += 1
    assert max(counts) < 150  # a hundred each on average; chance alone makes 137 rare
    assert min(counts) > 60


@given(started=MOMENTS, later=MOMENTS, interval=INTERVALS, share=st.floats(0, 1, exclude_max=True))
def test_the_next_run_is_the_first_of_the_grid_after_now(
    started: float, later: float, interval: int, share: float
) -> None:
    now, offset = started + later, share * interval
    due = next_due(started, now, interval, offset)
    assert due > now
    assert due >= started + offset
    assert due - now <= interval + offset + 1e-6
    turns = (due - started - offset) / interval
    assert abs(turns - round(turns)) < 1e-6


@given(
    interval=INTERVALS, share=st.floats(0, 1, exclude_max=True), late=st.lists(st.floats(0, 0.9), max_size=50)
)
def test_late_runs_do_not_drift(interval: int, share: float, late: list[float]) -> None:
    offset, now = share * interval, -1.0
    for turn, part in enumerate(late):
        due = next_due(0.0, now, interval, offset)
        assert abs(due - (offset + turn * interval)) < 1e-6
        now = due + part * interval


@given(
    started=st.floats(0, 1e6),
    interval=INTERVALS,
    share=st.floats(0, 1, exclude_max=True),
    turns=st.integers(1, 99),
)
def test_a_run_on_the_dot_is_not_due_again(started: float, interval: int, share: float, turns: int) -> None:
    now = started + share * interval + turns * interval
    assert next_due(started, now, interval, share * interval) > now


def test_a_suspended_machine_wakes_to_one_run() -> None:
    assert next_due(0.0, 100_000.5, 60, 7.0) == 100_027.0
