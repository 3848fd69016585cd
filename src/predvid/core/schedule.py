"""When a check is due: even spread over the interval, no bursts, no drift. Times are monotonic seconds."""

import hashlib


def phase(agent: str, check: str, interval: float) -> float:
    """Return the offset (seconds, 0 to `interval`) at which this agent runs this check: stable and spread."""
    seed = hashlib.blake2b(f"{agent}/{check}".encode(), digest_size=8).digest()
    return int.from_bytes(seed, "big") / 2**64 * interval


def shared_phase(agent: str, check: str, interval: float, wake: float) -> float:
    """Return the offset (seconds, 0 to `interval`) on a grid of `wake` seconds that an agent's checks share.

    Agents are spread over `wake`, a check's turns over its interval. The grid is kept exactly where
    `interval` is a multiple of `wake`.
    """
    turns = max(1, int(interval // wake))
    return phase(agent, "", wake) + int(phase(agent, check, turns)) * wake


def next_due(started: float, now: float, interval: float, offset: float) -> float:
    """Return the first moment after `now` on the grid `started + offset + n * interval`.

    Missed runs are skipped, so that a suspended machine does not wake to a burst.
    """
    passed = now - started - offset
    turns = int(passed // interval) + 1 if passed >= 0 else 0
    due = started + offset + turns * interval
    return due if due > now else due + interval  # rounding may put the grid's moment on `now` itself
