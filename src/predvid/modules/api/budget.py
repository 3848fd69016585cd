"""How often one token may ask: a number of calls in each window of time, counted in this process."""

from dataclasses import dataclass
from threading import Lock
from uuid import UUID

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Left:
    """What is left after a call: how many more (-1: it was one too many), and seconds until all are back."""

    calls: int
    seconds: int


class Budget:
    """Counts calls; safe to use from several threads."""

    def __init__(self, most: int, seconds: int) -> None:
        self.most, self.seconds = most, seconds
        self._taken: dict[UUID, tuple[int, int]] = {}
        self._lock = Lock()

    def take(self, token: UUID, now: float) -> Left:
        """Count one call of `token` at `now` (seconds since 1970)."""
        window = int(now // self.seconds)
        with self._lock:
            if len(self._taken) > MOST_KEPT:
                self._taken = {key: row for key, row in self._taken.items() if row[0] == window}
            began, taken = self._taken.get(token, (window, 0))
            taken = taken + 1 if began == window else 1
            self._taken[token] = window, taken
        return Left(max(self.most - taken, -1), int((window + 1) * self.seconds - now) + 1)

    def headers(self, left: Left) -> dict[str, str]:
        """Return what tells a program how it stands (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"token";q={self.most};w={self.seconds}',
            "RateLimit": f'"token";r={max(left.calls, 0)};t={left.seconds}',
        }
