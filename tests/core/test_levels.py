"""Levels judge in their own direction, hold on by their margin, and know when there is only one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.core.model import Levels, State

VALUES = st.integers(-4000, 4000).map(lambda quarters: quarters / 4)
RISING = Levels(warning=80, critical=90, margin=5)
FALLING = Levels(warning=15, critical=5, margin=2)


@pytest.mark.parametrize(
    ("value", "state"), [(79.9, "OK"), (80, "WARNING"), (89.9, "WARNING"), (90, "CRITICAL")]
)
def test_higher_is_worse(value: float, state: str) -> None:
    assert RISING.judge(value) is State[state]


@pytest.mark.parametrize(
    ("value", "state"), [(15.1, "OK"), (15, "WARNING"), (5.1, "WARNING"), (5, "CRITICAL")]
)
def test_lower_is_worse(value: float, state: str) -> None:
    assert FALLING.lower_is_worse
    assert FALLING.judge(value) is State[state]


@pytest.mark.parametrize(
    ("levels", "value", "before", "state"),
    [
        (RISING, 76, "WARNING", "WARNING"),
        (RISING, 75, "WARNING", "OK"),
        (RISING, 76, "OK", "OK"),
        (RISING, 86, "CRITICAL", "CRITICAL"),
        (RISING, 85, "CRITICAL", "WARNING"),
        (RISING, 76, "CRITICAL", "WARNING"),
        (RISING, 75, "CRITICAL", "OK"),
        (RISING, 86, "WARNING", "WARNING"),
        (RISING, 76, "UNKNOWN", "OK"),
        (FALLING, 16.9, "WARNING", "WARNING"),
        (FALLING, 17, "WARNING", "OK"),
        (FALLING, 6.9, "CRITICAL", "CRITICAL"),
    ],
)
def test_a_state_is_left_only_by_the_margin(levels: Levels, value: float, before: str, state: str) -> None:
    assert levels.judge(value, State[before]) is State[state]


def test_equal_levels_are_critical_only() -> None:
    levels = Levels(warning=90, critical=90)
    assert [levels.judge(value) for value in (89, 90, 95)] == [State.OK, State.CRITICAL, State.CRITICAL]
    levels = Levels(warning=5, critical=5, lower_is_worse=True)
    assert [levels.judge(value) for value in (6, 5, 1)] == [State.OK, State.CRITICAL, State.CRITICAL]


def test_a_value_that_stays_on_the_level_does_not_flap() -> None:
    levels = Levels(warning=1, critical=2)
    assert levels.judge(1, State.WARNING) is State.WARNING
    assert levels.judge(2, State.CRITICAL) is State.CRITICAL


def test_a_level_may_be_missing() -> None:
    assert Levels().judge(1e9) is State.OK
    assert Levels(warning=80).judge(1e9) is State.WARNING
    assert Levels(critical=5, lower_is_worse=True).judge(4) is State.CRITICAL


def test_a_negative_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="margin"):
        Levels(warning=1, margin=-1)


@given(
    value=VALUES, before=st.sampled_from(State), warning=VALUES, critical=VALUES, margin=st.integers(0, 100)
)
def test_judging_again_changes_nothing(
    value: float, before: State, warning: float, critical: float, margin: float
) -> None:
    levels = Levels(warning, critical, margin)
    state = levels.judge(value, before)
    assert levels.judge(value, state) is state


@given(a=VALUES, b=VALUES, warning=VALUES, critical=VALUES)
def test_worse_values_are_never_judged_better(a: float, b: float, warning: float, critical: float) -> None:
    levels = Levels(warning, critical)
    better, worse = sorted((a, b), reverse=levels.lower_is_worse)
    rank = [State.OK, State.WARNING, State.CRITICAL].index
    assert rank(levels.judge(better)) <= rank(levels.judge(worse))
