"""The sweep for silence: agents whose lease ran out, and checks of a reporting agent that stopped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from predvid.checks.v1 import Check, Result, State, say
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring.actions import Conflict, record
from predvid.modules.monitoring.intake import load_states, read_ran
from predvid.modules.monitoring.models import Stream
from predvid.modules.monitoring.rules import (
    AGENT_CHECK,
    DATA_ITEM,
    Change,
    DeviceState,
    not_here,
    overdue,
    silent,
    spoke,
)

LEASE = timedelta(seconds=120)  # an agent that says nothing for this long is offline


@dataclass(frozen=True, slots=True)
class Presence:
    """When a device's agents last delivered, and when each check last ran (ms, server clock).

    `every` maps checks to the seconds between runs, for those whose agent says so: the device's owner may
    have slowed them.
    """

    device: UUID
    seen: datetime
    ran: Mapping[str, int]
    every: Mapping[str, int]


def presences(now: datetime) -> list[Presence]:
    """Return the presence of every device whose approved or locked agents have delivered at least once.

    The agent that delivered last speaks for its device: one left over from an earlier installation does not.
    """
    latest: dict[UUID, Presence] = {}
    rows = (
        Stream.objects.filter(agent__state__in=(Agent.State.APPROVED, Agent.State.LOCKED))
        .order_by("seen_at")
        .values_list("agent__device_id", "seen_at", "ran")
    )
    for device, seen, ran in rows.iterator():
        latest[device] = Presence(device, seen, *_ran(bytes(ran)))
    return list(latest.values())


def _ran(blob: bytes) -> tuple[dict[str, int], dict[str, int]]:
    """Return when each check of a stream last ran, and the intervals of those that have one beside it."""
    pairs = read_ran(blob)
    return {check: at for check, (at, _) in pairs.items()}, {
        c: every for c, (_, every) in pairs.items() if every
    }


def sweep(checks: Mapping[str, Check], started: datetime, now: datetime) -> int:
    """Open and resolve offline and no-data conditions; return how many standings changed.

    `started` is from when silence counts (the worker's start, the end of the gateways' last gap), so that a
    platform that was away does not call its agents offline.
    """
    rows = presences(now)
    states = load_states({row.device for row in rows}) if rows else {}
    changed = 0
    for row in rows:
        state = states.get(row.device)
        if state is None:
            continue
        changes = list(_changes(row, state, checks, started, now))
        if changes:
            changed += _write(changes, state.version, now)
    return changed


def _changes(
    row: Presence, state: DeviceState, checks: Mapping[str, Check], started: datetime, now: datetime
) -> Iterable[Change]:
    for name in {check for check, _ in state.standings} & state.off:
        yield from not_here(state, name, now)  # by policy nobody looks any more: nothing of it stands
    if now - max(row.seen, started) > LEASE:
        minutes = int((now - row.seen).total_seconds() // 60)
        yield from silent(
            state, AGENT_CHECK, Result("offline", State.CRITICAL, say("agent.offline", minutes=minutes)), now
        )
        return
    if (AGENT_CHECK, "offline") in state.standings and now - row.seen <= LEASE:
        yield from spoke(state, AGENT_CHECK, "offline", now)
    intervals = {check.name: row.every.get(check.name, check.interval) for check in checks.values()}
    floor, now_ms = max(int(started.timestamp() * 1000), 0), int(now.timestamp() * 1000)
    ran = {check: max(at, floor) for check, at in row.ran.items()}
    stopped, silent_ever = set(overdue(ran, intervals, now_ms)), set(overdue(row.ran, intervals, now_ms))
    for check in stopped - state.off:
        at = datetime.fromtimestamp(row.ran[check] / 1000, UTC)
        yield from silent(
            state,
            check,
            Result(DATA_ITEM, State.UNKNOWN, say("check.no_data", seconds=int((now - at).total_seconds()))),
            now,
        )
    for check in [name for name, item in state.standings if item == DATA_ITEM and name not in silent_ever]:
        if check in ran or check not in intervals:  # a new start of the agent alone brings no data
            yield from spoke(state, check, DATA_ITEM, now)


def _write(changes: list[Change], version: int, now: datetime) -> int:
    try:
        with transaction.atomic():
            record(changes, {changes[0].device: version}, now)
    except Conflict:  # a batch came in meanwhile: the next sweep looks again
        return 0
    return len(changes)
