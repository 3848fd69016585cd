"""How long to wait after a failure: decorrelated jitter, so that a fleet never returns in step.

Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

import random

BASE = 1.0
CAP = 300.0
SPREAD = 10.0  # seconds over which agents that lost the server together try for the first time
LONGEST_ASKED = 3600.0  # a server cannot silence an agent for longer than an hour by Retry-After


class Backoff:
    """Waits in seconds: the first up to `spread`, then random and growing, from `base` to `cap`."""

    def __init__(self, base: float = BASE, cap: float = CAP, spread: float = SPREAD) -> None:
        self._base, self._cap, self._spread = base, cap, spread
        self._last = 0.0

    def reset(self) -> None:
        """Forget the failures: the server answered."""
        self._last = 0.0

    def wait(self, floor: float = 0.0) -> float:
        """Return the next pause, at least `floor` seconds (Retry-After) plus up to a quarter of it."""
        top = self._last * 3 if self._last else self._spread
        pause = random.uniform(self._base, max(top, self._base))  # noqa: S311 spreads load, guards no secret
        self._last = min(self._cap, pause)
        floor = min(floor, LONGEST_ASKED)
        return max(self._last, floor * random.uniform(1.0, 1.25))  # noqa: S311 spreads load, guards no secret
