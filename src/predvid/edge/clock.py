"""The agent's time: the server's clock as last learnt, carried on by a clock that never jumps.

The round trip of a request bounds the error of one reading (Cristian's algorithm, 1989): the server's `now`
was read somewhere inside it, so its middle is off by half of it at most. A new reading replaces the old one
when it is sharper than the old one has become by drift, or when both cannot be true (the server's was set).
"""

import sys
import time
from collections.abc import Callable

DRIFT = 100e-6  # seconds per second that an ordinary quartz may be off


def steady() -> float:
    """Return seconds on a clock that nobody sets and that goes on while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)  # CLOCK_MONOTONIC stands still during suspend on Linux
    if sys.platform == "darwin":  # there it is time.monotonic that stands still (mach_absolute_time)
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


class Clock:
    """Corrected time in milliseconds since the epoch; `offset` (ms) is the last one persisted."""

    def __init__(
        self,
        offset: int = 0,
        wall: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = steady,
    ) -> None:
        self.elapsed = elapsed
        self._wall = wall
        self._offset = offset
        self._base: tuple[float, float, float] | None = (
            None  # server seconds, elapsed seconds, error in seconds
        )

    @property
    def contacted(self) -> bool:
        """Tell whether this process has heard the server's clock."""
        return self._base is not None

    def now(self) -> int:
        """Return the corrected time (ms): the wall clock plus the stored offset until the first contact."""
        if self._base is None:
            return round(self._wall() * 1000) + self._offset
        server, at, _ = self._base
        return round((server + self.elapsed() - at) * 1000)

    def assume(self, offset: int) -> None:
        """Correct the wall clock by `offset` (ms), the last one persisted, until the first contact."""
        self._offset = offset

    def offset(self) -> int:
        """Return how far the corrected time is ahead of the wall clock (ms): what to persist and to show."""
        return self.now() - round(self._wall() * 1000)

    def learn(self, server_now: int, sent: float, received: float) -> None:
        """Take the server's clock (ms) as read between `sent` and `received` (both of `elapsed`, seconds)."""
        error = max(received - sent, 0.0) / 2
        reading = (server_now / 1000, (sent + received) / 2, error + 0.001)
        if self._base is None:
            self._base = reading
            return
        server, at, old_error = self._base
        grown = old_error + (reading[1] - at) * DRIFT
        apart = abs(reading[0] - (server + reading[1] - at))
        if reading[2] <= grown or apart > reading[2] + grown:
            self._base = reading
