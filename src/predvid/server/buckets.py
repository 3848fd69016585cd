"""Token buckets: how much of something each of many callers may have a second, and at once."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple


class Rate(NamedTuple):
    """`per_second` for ever, `burst` at once after a pause."""

    per_second: float
    burst: float


class Buckets:
    """One bucket for each key; at most `most` are remembered, those used last.

    A key that was forgotten begins with a full bucket, so that nobody can lock another out by crowding.
    """

    def __init__(self, rate: Rate, most: int = 50_000) -> None:
        self.rate, self._most = rate, most
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, key: Hashable, cost: float, now: float) -> float:
        """Take `cost` tokens at `now` (seconds, steady); return 0.0, or the seconds until it can.

        What is not given costs nothing. More than a whole burst is given when the bucket is full.
        """
        left, at = self._left.pop(key, (self.rate.burst, now))
        left = min(self.rate.burst, left + max(now - at, 0.0) * self.rate.per_second)
        wanted = min(cost, self.rate.burst)
        given = left >= wanted
        self._left[key] = (left - cost if given else left, max(now, at))
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return 0.0 if given else (wanted - left) / self.rate.per_second
