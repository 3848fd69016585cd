"""The life of an alert, over every sequence of judgements: only a good sample heals, holds are kept."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from predvid.core.alerting import Condition, Phase, Step, transition
from predvid.core.model import State

START = datetime(2026, 1, 1, tzinfo=UTC)
HOLD = timedelta(minutes=5)
NO_HOLD = timedelta()
JUDGEMENTS = st.lists(st.tuples(st.sampled_from(State), st.booleans(), st.integers(1, 600)), max_size=40)


def _walk(judgements: list[tuple[State, bool, int]], hold: timedelta):
    """Yield (before, state, sample, now, after, step) for each judgement in turn."""
    condition, now = Condition(), START
    for state, sample, seconds in judgements:
        now += timedelta(seconds=seconds)
        after, step = transition(condition, state, now, hold, sample=sample)
        yield condition, state, sample, now, after, step
        condition = after


@given(JUDGEMENTS)
def test_only_a_good_sample_heals(judgements: list[tuple[State, bool, int]]) -> None:
    for before, state, sample, _, after, step in _walk(judgements, HOLD):
        if before.phase in (Phase.OPEN, Phase.ACKNOWLEDGED) and after.phase is Phase.NONE:
            assert (state, sample, step) == (State.OK, True, Step.RESOLVED)


@given(JUDGEMENTS)
def test_a_good_sample_always_heals(judgements: list[tuple[State, bool, int]]) -> None:
    for _, state, sample, _, after, _ in _walk(judgements, HOLD):
        if state is State.OK and sample:
            assert after == Condition()


@given(JUDGEMENTS)
def test_an_alert_opens_only_after_its_hold(judgements: list[tuple[State, bool, int]]) -> None:
    bad_since: datetime | None = None
    for _, state, sample, now, after, step in _walk(judgements, HOLD):
        if state is State.OK and sample:
            bad_since = None
        elif state is not State.OK and bad_since is None:
            bad_since = now
        if step is Step.OPENED:
            assert bad_since is not None
            assert now - bad_since >= HOLD
            assert after.since == bad_since


@given(JUDGEMENTS)
def test_the_same_judgement_again_is_no_news(judgements: list[tuple[State, bool, int]]) -> None:
    for _, state, sample, now, after, _ in _walk(judgements, NO_HOLD):
        assert transition(after, state, now, NO_HOLD, sample=sample) == (after, Step.NOTHING)


@given(JUDGEMENTS)
def test_no_data_changes_no_open_alert(judgements: list[tuple[State, bool, int]]) -> None:
    for before, _, _, now, _, _ in _walk(judgements, NO_HOLD):
        if before.phase in (Phase.OPEN, Phase.ACKNOWLEDGED):
            assert transition(before, State.UNKNOWN, now, NO_HOLD, sample=False) == (before, Step.NOTHING)


def test_flapping_below_the_hold_opens_nothing() -> None:
    flaps = [(State.CRITICAL, True, 60), (State.OK, True, 60)] * 20
    steps = [step for *_, step in _walk(flaps, HOLD)]
    assert set(steps) == {Step.STARTED_WAITING, Step.STOPPED_WAITING}


def test_without_a_hold_the_first_bad_judgement_opens() -> None:
    condition, step = transition(Condition(), State.WARNING, START, NO_HOLD)
    assert (condition, step) == (Condition(Phase.OPEN, State.WARNING, START), Step.OPENED)


def test_the_worst_state_of_the_wait_is_not_remembered() -> None:
    walked = list(_walk([(State.CRITICAL, True, 1), (State.WARNING, True, 400)], HOLD))
    assert (walked[-1][4].state, walked[-1][5]) == (State.WARNING, Step.OPENED)


def test_worse_reopens_what_was_acknowledged_and_better_does_not() -> None:
    seen = Condition(Phase.ACKNOWLEDGED, State.WARNING, START)
    worse, step = transition(seen, State.CRITICAL, START, HOLD)
    assert (worse.phase, worse.state, step) == (Phase.OPEN, State.CRITICAL, Step.CHANGED)
    seen = Condition(Phase.ACKNOWLEDGED, State.CRITICAL, START)
    better, step = transition(seen, State.WARNING, START, HOLD)
    assert (better.phase, better.state, step) == (Phase.ACKNOWLEDGED, State.WARNING, Step.CHANGED)
