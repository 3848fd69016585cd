"""The agent's time never follows the wall clock once the server's was heard; pauses never fall into step."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from predvid.edge.backoff import BASE, CAP, LONGEST_ASKED, Backoff
from predvid.edge.clock import Clock

START = 1_800_000_000.0


@dataclass
class World:
    """A machine whose wall clock is wrong and can be set, beside the true time."""

    true: float = START
    wrong: float = 0.0

    def wall(self) -> float:
        return self.true + self.wrong

    def elapsed(self) -> float:
        return self.true - START + 500.0

    def exchange(self, clock: Clock, there: float, back: float) -> None:
        """Let `clock` hear the true time over a way of `there` and `back` seconds."""
        sent = self.elapsed()
        self.true += there
        heard = round(self.true * 1000)
        self.true += back
        clock.learn(heard, sent, self.elapsed())


TRIPS = st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2), st.floats(0, 3600)), min_size=1, max_size=10)


@given(st.floats(-4e7, 4e7), st.lists(st.floats(-4e7, 4e7), max_size=5), TRIPS)
def test_jumps_of_the_wall_clock_never_matter_once_contacted(
    wrong: float, jumps: list[float], trips: list[tuple[float, float, float]]
) -> None:
    world = World(wrong=wrong)
    clock = Clock(wall=world.wall, elapsed=world.elapsed)
    for n, (there, back, pause) in enumerate(trips):
        world.exchange(clock, there, back)
        world.true += pause
        world.wrong = jumps[n % len(jumps)] if jumps else wrong
        best = min((a + b) / 2 for a, b, _ in trips[: n + 1])
        drift = sum(p + a + b for a, b, p in trips) * 100e-6
        assert abs(clock.now() / 1000 - world.true) <= best + drift + 0.01


def test_the_stored_offset_serves_until_the_first_contact() -> None:
    world = World(wrong=-31_536_000.0)  # a year behind: the battery of the clock is empty
    clock = Clock(wall=world.wall, elapsed=world.elapsed)
    clock.assume(31_536_000_000)
    assert not clock.contacted
    assert abs(clock.now() - START * 1000) < 2
    world.exchange(clock, 0.01, 0.01)
    assert clock.contacted
    assert abs(clock.offset() - 31_536_000_000) < 50


def test_a_server_whose_clock_was_set_is_followed() -> None:
    world = World()
    clock = Clock(wall=world.wall, elapsed=world.elapsed)
    world.exchange(clock, 0.001, 0.001)
    clock.learn(round((world.true + 3600) * 1000), world.elapsed(), world.elapsed() + 1.0)
    assert abs(clock.now() - (world.true + 3600) * 1000) < 1500


def test_a_fleet_spreads_and_no_pause_is_longer_than_the_cap() -> None:
    first = sorted(Backoff().wait() for _ in range(1000))
    assert first[0] >= BASE
    assert first[100] < 3.0
    assert first[900] > 7.0
    backoff = Backoff()
    assert all(BASE <= backoff.wait() <= CAP for _ in range(200))


def test_retry_after_is_honoured_with_spread_but_not_for_ever() -> None:
    waits = [Backoff().wait(60.0) for _ in range(200)]
    assert all(60.0 <= wait <= 75.0 for wait in waits)
    assert max(waits) - min(waits) > 5
    assert Backoff().wait(1e9) <= LONGEST_ASKED * 1.25
