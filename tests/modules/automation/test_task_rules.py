"""The pure rules of tasks: states, who must agree, rings and their halt."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.modules.automation import rules
from predvid.modules.automation.models import Task
from predvid.modules.automation.rules import RingCount, advance, halts, rings

AT = datetime(2026, 11, 25, tzinfo=UTC)
LIMIT = 10  # percent


def test_every_state_is_open_or_ended() -> None:
    assert {*rules.OPEN, *rules.ENDED} == set(Task.State.values)


@pytest.mark.parametrize("state", ["done", "failed", "refused", "unknown"])
def test_what_an_agent_said_last_stays(state: str) -> None:
    assert not any(rules.moves(state, to) for to in Task.State.values)


@pytest.mark.parametrize("state", ["cancelled", "expired"])
def test_the_agents_word_counts_more_than_the_servers_guess(state: str) -> None:
    assert {to for to in Task.State.values if rules.moves(state, to)} == {"started", "done", *rules.BAD}


@pytest.mark.parametrize(
    ("devices", "widens", "signatures", "second"),
    [(1, False, 1, False), (25, False, 1, False), (26, False, 2, True), (1, True, 2, False)],
)
def test_many_devices_need_two(devices: int, widens: bool, signatures: int, second: bool) -> None:
    assert rules.signatures_needed(devices, widens=widens) == signatures
    assert rules.second_person_needed(devices) is second


@given(st.integers(1, 3000))
def test_rings_grow_and_hold_every_device(devices: int) -> None:
    found = rings(devices)
    assert len(found) == devices
    assert found == sorted(found)
    assert found.count(0) == 1
    assert set(found) == set(range(max(found) + 1)), "no ring is empty"
    assert max(found) <= 3


def test_a_thousand_go_one_fifty_a_quarter_all() -> None:
    found = rings(1000)
    assert [found.count(ring) for ring in range(4)] == [1, 49, 200, 750]


@pytest.mark.parametrize(
    ("ring", "halted"),
    [
        (RingCount(1, bad=1), True),
        (RingCount(5, bad=1, done=4), True),
        (RingCount(49, bad=1, done=3), False),
        (RingCount(49, bad=2), True),
        (RingCount(200, bad=10, done=90), False),
        (RingCount(200, bad=11, done=90), True),
        (RingCount(200), False),
    ],
)
def test_a_ring_halts_above_its_limit(ring: RingCount, halted: bool) -> None:
    assert halts(ring, LIMIT) is halted


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 3)), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_no_step_lets_more_fly_than_went_well(counts: list[tuple[int, int, int]], ring: int) -> None:
    rows = [RingCount(sum(c) or 1, waiting=c[0], done=c[1], bad=c[2]) for c in counts]
    ring = min(ring, len(rows) - 1)
    step = advance(rows, ring, LIMIT, AT, AT)
    assert step.release <= rules.FIRST_FLIGHT + sum(row.done for row in rows)
    assert step.release <= rows[ring].waiting
    assert not (step.halt and (step.release or step.next_ring or step.finished))


def test_a_ring_waits_for_those_under_way_but_not_for_ever_for_those_that_are_off() -> None:
    rows = [RingCount(5, done=4, flying=1), RingCount(20, waiting=20)]
    assert advance(rows, 0, LIMIT, AT, AT) == rules.Step()
    assert advance(rows, 0, LIMIT, AT, AT + rules.RING_PATIENCE).next_ring
    nobody = [RingCount(5, flying=5), RingCount(20, waiting=20)]
    assert not advance(nobody, 0, LIMIT, AT, AT + timedelta(days=1)).next_ring, "nothing has gone well yet"


@pytest.mark.parametrize(
    ("code", "state", "late", "spare", "suspicious"),
    [
        ("signature", "leased", False, False, True),
        ("signature", None, False, False, True),
        ("rate", "leased", False, False, False),
        ("rate", None, False, False, True),
        ("expired", "leased", True, False, False),
        ("expired", "leased", False, False, True),
        ("repeated", "done", False, True, False),
        ("repeated", "done", False, False, True),
        ("unpinned", "leased", False, False, False),
    ],
)
def test_a_refusal_is_an_alarm_where_an_honest_server_would_not_meet_it(
    code: str, state: str | None, late: bool, spare: bool, suspicious: bool
) -> None:
    assert rules.suspicious(code, state, late=late, spare=spare) is suspicious


def test_the_shares_of_the_rings_grow() -> None:
    assert all(low < high for low, high in pairwise(rules.RING_SHARES))
