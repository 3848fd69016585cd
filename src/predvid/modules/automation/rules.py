"""Pure decisions about tasks: how states move, who must sign, rings and their halt."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from predvid.wire.authority import ALONE

OPEN = ("waiting", "queued", "leased", "started")  # states from which a task goes on
BAD = ("failed", "refused", "unknown")
ENDED = ("done", *BAD, "cancelled", "expired")
LEASE_AGAIN = timedelta(seconds=60)  # a lease without a word is handed out again: agents run none twice
MAX_OUTPUT = 256 << 10  # bytes kept of what one task prints
RING_SHARES = (0.0, 0.05, 0.25, 1.0)  # the first ring is one device
FIRST_FLIGHT = 4  # tasks of a campaign under way before the first has ended well
SURE = 10  # ended tasks from which a ring's rate of failure is a rate
RING_PATIENCE = timedelta(hours=1)  # devices that are off do not hold up a ring for longer
CLEAN = timedelta(hours=24)  # without another refusal; then the alert of refused tasks closes by itself
# Refusals that an honest server meets too; every other one is somebody's try to run what was not signed.
HONEST = frozenset(
    {
        *("unpinned", "class", "language", "platform", "person", "widening", "rate", "hourly", "ledger"),
        *("keyset_missing", "keyset_expired"),
    }
)
RENEWAL_PATIENCE = timedelta(hours=24)  # how long an agent may take over a release
TOOK_NOTE = timedelta(seconds=30)  # after which an agent that is heard has its plan
PASSING = frozenset({"unreachable", "disk"})  # reasons for which an agent tries a release again

_NEXT: Mapping[str, tuple[str, ...]] = {
    "waiting": ("queued", "cancelled", "expired"),
    "queued": ("leased", "started", *ENDED),
    "leased": ("started", *ENDED),
    "started": ENDED,
    # The server's own word of the end; the agent's, which was there, comes later and counts more.
    "expired": ("started", "done", *BAD),
    "cancelled": ("started", "done", *BAD),
}


def moves(state: str, to: str) -> bool:
    """Tell whether a task may go from `state` to `to`; what has ended stays as it ended."""
    return to in _NEXT.get(state, ())


def suspicious(code: str, state: str | None, *, late: bool, spare: bool) -> bool:
    """Tell whether a refusal with `code` means that somebody tried to run what was not signed as it must be.

    `state` is the task's here, None where nobody here asked for it; `late` says that its time had run out,
    `spare` that it was handed over once more than the agent has answered.
    """
    if state is None:
        return True
    if code == "expired":
        return not late
    if code == "repeated":
        return not spare
    return code not in HONEST


def signatures_needed(devices: int, *, widens: bool = False) -> int:
    """Return how many operators must sign an ad-hoc command for so many devices."""
    return 2 if devices > ALONE or widens else 1


def second_person_needed(devices: int) -> bool:
    """Tell whether a second person must approve a published template for so many devices."""
    return devices > ALONE


def rings(devices: int) -> list[int]:
    """Return the ring of each device in order: 1, then 5 %, 25 %, all; a small fleet skips some."""
    ends = sorted({max(1, math.ceil(devices * share)) for share in RING_SHARES})
    return [next(ring for ring, end in enumerate(ends) if place < end) for place in range(devices)]


@dataclass(frozen=True, slots=True)
class RingCount:
    """How the tasks of one ring stand, by number."""

    size: int
    waiting: int = 0
    flying: int = 0  # queued, leased or started
    done: int = 0
    bad: int = 0

    @property
    def ended(self) -> int:
        """Return how many have run to an end, good or bad."""
        return self.done + self.bad


def halts(ring: RingCount, percent: int) -> bool:
    """Tell whether a ring's failures pass its limit; one failure is too many in a ring of a few devices."""
    return ring.bad * 100 > percent * max(ring.ended, min(ring.size, SURE))


def gives_up(values: Mapping[str, object], version: str) -> bool:
    """Tell whether an agent's word about a release means that it does not take it.

    `values` are those of the event: one that could only not reach the server, or had no room, tries again.
    """
    return values.get("version") == version and values.get("code", "") not in PASSING


def vanished(began: datetime, heard: datetime | None) -> bool:
    """Tell whether an agent failed that never told what became of a release: it was there when that began.

    `heard` is when it was heard last. One that was off all the time has not failed.
    """
    return heard is not None and heard >= began + TOOK_NOTE


@dataclass(frozen=True, slots=True)
class Step:
    """What a campaign does next: how many more tasks of its ring to release, or `next_ring`, or `halt`."""

    release: int = 0
    next_ring: bool = False
    halt: bool = False
    finished: bool = False


def advance(counted: Sequence[RingCount], ring: int, percent: int, since: datetime, now: datetime) -> Step:
    """Return the next step of a campaign that stands in `ring` since `since`.

    Never more tasks fly than FIRST_FLIGHT and what has gone well so far: a task that breaks devices is met
    by a handful of them, whatever the ring.
    """
    here = counted[ring]
    if any(halts(one, percent) for one in counted[: ring + 1]):
        return Step(halt=True)
    done = sum(one.done for one in counted)
    flying = sum(one.flying for one in counted)
    if here.waiting:
        return Step(release=max(0, min(here.waiting, FIRST_FLIGHT + done - flying)))
    last = ring == len(counted) - 1
    if here.flying == 0:
        return Step(finished=last and flying == 0, next_ring=not last)
    return Step(next_ring=not last and here.done > 0 and now - since >= RING_PATIENCE)
