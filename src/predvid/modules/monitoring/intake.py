"""The relational half of ingest: deliveries, judging states, one transaction a group.

Deduplication is by (agent, boot, sequence, digest). A sequence reused with other content is a fork.
"""

import struct
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

import msgspec
from django.db import transaction

from predvid.core.alerting import Condition, Phase
from predvid.core.model import Event as Fact
from predvid.core.model import Said, Severity, State, say
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring import plain
from predvid.modules.monitoring.actions import event_row, record
from predvid.modules.monitoring.chores import note_late
from predvid.modules.monitoring.delivery import Delivery
from predvid.modules.monitoring.models import Event, Result, Stream
from predvid.modules.monitoring.reaching import Reach, reach
from predvid.modules.monitoring.rules import Change, DeviceState, Standing
from predvid.modules.monitoring.sent_events import sent_events
from predvid.modules.monitoring.sent_facts import store_facts

MAX_CHECKS = 300  # whose last run is remembered
MAX_LATE = 24 * 8  # hours of one group: an outbox holds a week
REMEMBERED = 32  # how many of a stream's last batches can be told apart from a fork
Beside = Callable[[Sequence[Delivery], datetime], None]
_ENTRY = struct.Struct("<Q8s")


class Verdict(Enum):
    """What a batch is to its stream."""

    NEW = "new"
    REPEATED = "repeated"
    FORK = "fork"


@dataclass(slots=True)
class StreamState:
    """What this process believes an agent has delivered since one of its starts."""

    agent: UUID
    boot: str
    seq: int = 0
    recent: dict[int, bytes] = field(default_factory=dict)
    ran: dict[str, tuple[int, int]] = field(default_factory=dict)
    dropped: int = 0
    quarantined: int = 0

    def verdict(self, seq: int, digest: bytes) -> Verdict:
        """Tell what a batch with `seq` and `digest` (32 bytes) is: the next, one already taken, or a fork."""
        if seq > self.seq:
            return Verdict.NEW
        return Verdict.REPEATED if self.recent.get(seq) == digest[:8] else Verdict.FORK

    def advanced(self, delivery: Delivery, now: datetime) -> "StreamState":
        """Return the state after `delivery` was taken."""
        batch = delivery.batch
        moment = int(now.timestamp() * 1000)
        recent = {**self.recent, batch.seq: delivery.digest[:8]}
        while len(recent) > REMEMBERED:
            del recent[next(iter(recent))]
        ran = {**self.ran, **{run.check[:60]: (moment, run.interval) for run in batch.ran}}
        while len(ran) > MAX_CHECKS:
            del ran[min(ran, key=ran.__getitem__)]
        return StreamState(
            self.agent,
            self.boot,
            batch.seq,
            recent,
            ran,
            self.dropped + batch.dropped,
            self.quarantined + delivery.aside,
        )


def load_streams(keys: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], StreamState]:
    """Return the stream of each (agent, boot), an empty one where there is none yet."""
    states = {key: StreamState(*key) for key in keys}
    for row in Stream.objects.filter(agent_id__in={agent for agent, _ in keys}):
        state = states.get((row.agent_id, row.boot))
        if state is not None:
            state.seq, state.dropped, state.quarantined = row.seq, row.dropped, row.quarantined
            state.recent = dict(_ENTRY.iter_unpack(bytes(row.recent)))
            state.ran = read_ran(bytes(row.ran))
    return states


def read_ran(blob: bytes) -> dict[str, tuple[int, int]]:
    """Return, per check, its last run (ms, server clock) and its interval on the device (s, 0 unknown)."""
    rows = msgspec.msgpack.decode(blob, type=dict[str, int | tuple[int, int]])
    return {check: (row, 0) if isinstance(row, int) else row for check, row in rows.items()}


def load_states(devices: Collection[UUID]) -> dict[UUID, DeviceState]:
    """Return the judging state of each device, from its rows; a handful of queries for all of them."""
    rows = list(Device.objects.filter(pk__in=devices))
    return states_of(rows, reach(rows)) if rows else {}


def states_of(devices: Collection[Device], known: Reach) -> dict[UUID, DeviceState]:
    """Return the judging state of each device under the settings that `known` says reach it; one query."""
    states: dict[UUID, DeviceState] = {}
    for row in devices:
        states[row.pk] = DeviceState(
            row.pk,
            row.client_id,
            row.type,
            row.judging_version,
            row.plan_version,
            known.settings(row),
            platform=row.platform,
        )
    for result in Result.objects.filter(device_id__in=list(states)):
        condition = Condition(Phase(result.phase), State(result.state), result.bad_since)
        if condition.phase is Phase.NONE:
            condition = Condition()
        reason = Said(result.reason_id, result.reason_values) if result.reason_id else None
        standing = Standing(
            State(result.state), Said(result.said_id, result.said_values), result.since, reason, condition
        )
        states[result.device_id].note(result.check_name, result.item, standing)
    return states


@dataclass(frozen=True, slots=True)
class AgentNow:
    """An agent and its device's versions as the database has them now."""

    state: str
    generation: int
    boot: str
    device: UUID
    client: UUID
    judging_version: int
    plan_version: int


def agents_now(agents: Collection[UUID]) -> dict[UUID, AgentNow]:
    """Return how each agent stands now, read at once."""
    rows = Agent.objects.filter(pk__in=agents).values_list(
        "pk",
        "state",
        "generation",
        "boot",
        "device_id",
        "device__client_id",
        "device__judging_version",
        "device__plan_version",
    )
    return {row[0]: AgentNow(*row[1:]) for row in rows}


class StreamMoved(Exception):
    """Another process took a batch of these streams meanwhile: reload and decide again."""

    def __init__(self, keys: set[tuple[UUID, str]]) -> None:
        super().__init__(f"{len(keys)} streams moved on")
        self.keys = keys


def commit(
    deliveries: Sequence[Delivery],
    streams: Mapping[tuple[UUID, str], StreamState],
    changes: Sequence[Change],
    judged_at: Mapping[UUID, int],
    late: Collection[datetime],
    now: datetime,
    beside: Beside | None = None,
) -> dict[tuple[UUID, str], StreamState]:
    """Write one group in one transaction: sequences, facts, events, standings, alerts, late hours.

    `beside` writes in the same transaction what batches hold for modules above this one.

    `streams` are the states *before* the group; the advanced ones are returned. `judged_at` holds the judging
    version each device was judged at. Raises Conflict or StreamMoved, and then nothing was written.
    """
    with transaction.atomic():
        _check_unmoved(streams)
        advanced = {}
        rows = []
        for delivery in deliveries:
            stream = streams[delivery.agent, delivery.batch.boot].advanced(delivery, now)
            advanced[stream.agent, stream.boot] = stream
            rows.append(_row(stream, delivery, now))
        Stream.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["agent", "boot"],
            update_fields=["seq", "recent", "seen_at", "ran", "skew_ms", "dropped", "quarantined"],
        )
        events = [event for delivery in deliveries for event in _events(delivery, now)]
        Event.objects.bulk_create(events)
        _note_versions(deliveries)
        if changes:
            record(changes, dict(judged_at), now)
        note_late(sorted(late, reverse=True)[:MAX_LATE], now)
        if beside is not None:
            beside(deliveries, now)
    return advanced


def _check_unmoved(streams: Mapping[tuple[UUID, str], StreamState]) -> None:
    agents = {agent for agent, _ in streams}
    # The agents' rows are the lock: a start's first batch has no stream to lock yet.
    list(Agent.objects.select_for_update().filter(pk__in=agents).order_by("pk").values_list("pk"))
    rows = Stream.objects.select_for_update().filter(agent_id__in=agents).order_by("pk")
    stored = {(agent, boot): seq for agent, boot, seq in rows.values_list("agent_id", "boot", "seq")}
    moved = {key for key, stream in streams.items() if stored.get(key, 0) != stream.seq}
    if moved:
        raise StreamMoved(moved)


def _row(stream: StreamState, delivery: Delivery, now: datetime) -> Stream:
    return Stream(
        agent_id=stream.agent,
        boot=stream.boot,
        seq=stream.seq,
        recent=b"".join([_ENTRY.pack(seq, digest) for seq, digest in stream.recent.items()]),
        seen_at=now,
        ran=msgspec.msgpack.encode(stream.ran),
        skew_ms=delivery.skew_ms,
        dropped=stream.dropped,
        quarantined=stream.quarantined,
    )


def _note_versions(deliveries: Iterable[Delivery]) -> None:
    """Keep which version each agent says that it started as."""
    for delivery in deliveries:
        for event in delivery.batch.events:
            if event.kind == "agent.started":
                version = plain.text(event.said.values.get("version", ""), 32)
                Agent.objects.filter(pk=delivery.agent).update(version=version)


def _events(delivery: Delivery, now: datetime) -> Iterable[Event]:
    batch = delivery.batch
    if delivery.aside:
        yield event_row(
            Fact(
                "agent.samples_quarantined",
                say("agent.samples_quarantined", n=delivery.aside),
                Severity.WARNING,
            ),
            delivery.client,
            delivery.device,
            now,
        )
    if batch.events:
        yield from sent_events(batch.events, delivery, now)
    if batch.facts:
        yield from store_facts(batch.facts, delivery, now)


def late_hours(deliveries: Iterable[Delivery], now: datetime) -> set[datetime]:
    """Return the whole hours before the current one into which these deliveries bring samples."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    start = int(hour.timestamp() * 1000)
    late: set[int] = set()
    for delivery in deliveries:
        old = delivery.ts[delivery.ts < start]
        if old.size:
            late.update(int(n) for n in set((old // 3_600_000).tolist()))
    epoch = datetime.fromtimestamp(0, now.tzinfo)
    return {epoch + timedelta(hours=n) for n in late}
