"""Takes a group of batches: store first, then one relational transaction, then the acks.

Runs in one thread at a time; what it remembers of streams, judging states and layouts is checked against the
database by each transaction and read again when another process has moved it.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from predvid.checks.v1 import Check
from predvid.modules.access import queries_audit
from predvid.modules.access.rules import MSP, PLATFORM
from predvid.modules.automation.actions.outcomes import take_in
from predvid.modules.monitoring import intake
from predvid.modules.monitoring.actions import Conflict
from predvid.modules.monitoring.columns import (
    Item,
    Layout,
    MetricNames,
    asking,
    compile_layout,
    judge_group,
    read_layout,
)
from predvid.modules.monitoring.delivery import Delivery, Refused, columns, freshness
from predvid.modules.monitoring.histories import past
from predvid.modules.monitoring.intake import AgentNow, StreamMoved, StreamState, Verdict
from predvid.modules.monitoring.rules import DeviceState
from predvid.modules.monitoring.store import Store
from predvid.server.door import STALE, Caller, allow
from predvid.wire.v1 import Ack, AuditHead, Batch

log = logging.getLogger(__name__)
TRIES = 4
MAX_REMEMBERED = 50_000  # devices
MAX_LAYOUTS = 4  # of one device; a steady one has one or two
MAX_MADE = 100_000  # series in new layouts of one device within an hour
MADE_BY_CLIENT = 300_000  # of one client, and MADE_EACH more for each of its devices heard in that hour
MADE_EACH = 2_000
MAX_NAMES = 100_000
HEADS_SECONDS = 60.0


@dataclass(slots=True, eq=False)
class Entry:
    """One batch on its way in, its weight in memory (bytes), and what became of it."""

    caller: Caller
    batch: Batch
    weight: int = 0
    outcome: Ack | Refused | None = None
    lock: str = ""  # why the agent's identity must be locked


@dataclass(slots=True)
class Counts:
    """What this process has taken since its start."""

    batches: int = 0
    samples: int = 0
    repeated: int = 0
    aside: int = 0
    groups: int = 0


@dataclass
class Intake:
    """Ingests groups of entries; see `take`."""

    store: Store
    checks: Mapping[str, Check]
    counts: Counts = field(default_factory=Counts)
    names: MetricNames = field(default_factory=MetricNames)
    streams: dict[tuple[UUID, str], StreamState] = field(default_factory=dict)
    states: dict[UUID, DeviceState] = field(default_factory=dict)
    layouts: dict[UUID, dict[bytes, Layout]] = field(default_factory=dict)
    registered: set[tuple[UUID, int]] = field(default_factory=set)
    made: Counter[UUID] = field(default_factory=Counter)
    heard: dict[UUID, set[UUID]] = field(default_factory=dict)  # per client, devices that made new layouts
    made_since: float = 0.0
    heads: dict[str, AuditHead] = field(default_factory=dict)
    heads_read: float = float("-inf")

    def take(self, entries: Sequence[Entry]) -> None:
        """Give every entry its outcome, Ack (durable) or Refused. Raises what store or database raise.

        At most one entry per agent may be in a group, in the order in which they came.
        """
        now = datetime.now(UTC)
        standing = intake.agents_now({entry.caller.agent.agent for entry in entries})
        entries = [entry for entry in entries if self._admitted(entry, standing)]
        self._forget_moved(standing.values())
        self._read_heads()
        self._load({self._key(entry) for entry in entries}, {row.device for row in standing.values()})
        new = [entry for entry in entries if self._is_new(entry, now)]
        items = [item for entry in new if (item := self._item(entry, now)) is not None]
        self._to_store(items)
        self._commit(items, new, now)
        for entry in new:
            entry.outcome = entry.outcome or self._ack(entry, now)
        self.counts.groups += 1

    @staticmethod
    def _admitted(entry: Entry, standing: Mapping[UUID, AgentNow]) -> bool:
        """Tell whether the agent may still report, as the database has it now; refuse the entry if not."""
        row, caller = standing.get(entry.caller.agent.agent), entry.caller
        try:
            if row is None:
                raise Refused(401, "unknown", "This agent is not known here; enrol it again.")
            allow(row.state)
            if (caller.generation, caller.boot) != (row.generation, row.boot):
                raise Refused(503, "stale", STALE)  # a copy, if it is one, is told apart at the door
        except Refused as refused:
            entry.outcome = refused
            return False
        entry.caller.agent.device, entry.caller.agent.client = row.device, row.client
        return True

    def _forget_moved(self, rows: Iterable[AgentNow]) -> None:
        """Forget the states that another process or a person has changed since they were read."""
        for row in rows:
            state = self.states.get(row.device)
            if state is not None and state.version != row.judging_version:
                self._forget_device(row.device)
            elif state is not None:
                state.plan_version = row.plan_version

    def _forget_device(self, device: UUID) -> None:
        self.states.pop(device, None)
        self.layouts.pop(device, None)

    @staticmethod
    def _key(entry: Entry) -> tuple[UUID, str]:
        return entry.caller.agent.agent, entry.batch.boot

    def _load(self, keys: set[tuple[UUID, str]], devices: set[UUID]) -> None:
        crowded = max(len(self.states), len(self.streams) // 2, len(self.registered) // 4) > MAX_REMEMBERED
        if crowded or len(self.names.names) > MAX_NAMES:
            self._forget_all()
        if missing := keys - self.streams.keys():
            self.streams.update(intake.load_streams(missing))
        if unknown := devices - self.states.keys():
            self.states.update(intake.load_states(unknown))

    def _is_new(self, entry: Entry, now: datetime) -> bool:
        stream = self.streams[self._key(entry)]
        verdict = stream.verdict(entry.batch.seq, entry.caller.digest)
        if verdict is Verdict.FORK:  # what is remembered may be from before a person released the agent
            self.streams.update(intake.load_streams({self._key(entry)}))
            stream = self.streams[self._key(entry)]
            verdict = stream.verdict(entry.batch.seq, entry.caller.digest)
        if verdict is Verdict.REPEATED:
            self.counts.repeated += 1
            entry.outcome = self._ack(entry, now, repeated=True)
        elif verdict is Verdict.FORK:
            entry.lock = "fork"
            entry.outcome = Refused(
                409,
                "fork",
                "Another machine has used this sequence: the identity is locked. "
                "Release it in the console; the outbox is kept.",
            )
        return verdict is Verdict.NEW

    def _ack(self, entry: Entry, now: datetime, *, repeated: bool = False) -> Ack:
        agent = entry.caller.agent
        state = self.states.get(agent.device)
        return Ack(
            entry.batch.boot,
            entry.batch.seq,
            int(now.timestamp() * 1000),
            state.plan_version if state else 0,
            repeated,
            audit=[self.heads[chain] for chain in (str(agent.client), MSP) if chain in self.heads],
        )

    def _read_heads(self) -> None:
        """Read how far the chains of the audit have come, once a minute: agents keep that as witnesses."""
        if time.monotonic() - self.heads_read > HEADS_SECONDS:
            self.heads_read = time.monotonic()
            found = queries_audit.heads(PLATFORM)
            self.heads = {each.chain: AuditHead(each.chain, each.number, each.hash) for each in found}

    def _item(self, entry: Entry, now: datetime) -> Item | None:
        agent, batch = entry.caller.agent, entry.batch
        try:
            state = self.states.get(agent.device)
            if state is None:
                raise Refused(401, "unknown", "This agent's device is gone; enrol it again.")
            layout = self._layout(state, batch.columns.layout)
            place, ts, values, aside = columns(batch, layout.series.size, now)
        except Refused as refused:
            entry.outcome = refused
            return None
        at, fresh = freshness(entry.caller.waited, now)
        skew = entry.caller.time_ms - int(now.timestamp() * 1000)
        delivery = Delivery(
            agent.agent,
            agent.device,
            agent.client,
            entry.caller.digest,
            batch,
            place,
            ts,
            values,
            aside,
            at,
            fresh,
            skew,
        )
        return Item(delivery, state, layout)

    def _layout(self, state: DeviceState, blob: bytes) -> Layout:
        mine = self.layouts.setdefault(state.device, {})
        layout = mine.get(blob)
        if layout is None:
            rows = read_layout(blob)
            self._afford(state.device, state.client, len(rows))
            if len(mine) >= MAX_LAYOUTS:
                mine.clear()
            layout = mine[blob] = compile_layout(rows, state, self.checks, self.names)
        return layout

    def _afford(self, device: UUID, client: UUID, rows: int) -> None:
        """Refuse (429) a device, or a client's devices together, that make up new layouts without end.

        A steady device makes a few an hour, and none after the first of them.
        """
        if time.monotonic() - self.made_since > 3600:
            self.made.clear()
            self.heard.clear()
            self.made_since = time.monotonic()
        devices = self.heard.setdefault(client, set())
        devices.add(device)
        self.made.update({device: rows, client: rows})
        if self.made[device] > MAX_MADE:
            raise Refused(
                429, "too_many_series", "This agent's series change too often; the others go on.", 60
            )
        if self.made[client] > MADE_BY_CLIENT + MADE_EACH * len(devices):
            raise Refused(429, "too_many_series", "This client's series change too often; others go on.", 60)

    def _to_store(self, items: Sequence[Item]) -> None:
        full = [item for item in items if item.delivery.values.size]
        if not full:
            return
        layouts = {
            (item.delivery.device, hash(item.delivery.batch.columns.layout)): item.layout for item in full
        }
        if fresh := layouts.keys() - self.registered:
            self.store.register_series(row for key in fresh for row in layouts[key].rows)
            self.registered.update(fresh)
        places = [item.delivery.place for item in full]
        metrics = np.concatenate(
            [item.layout.metric[place] for item, place in zip(full, places, strict=True)]
        )
        used, index = np.unique(metrics, return_inverse=True)
        self.store.insert_samples(
            [self.names.names[n] for n in used],
            index.astype(np.uint32),
            np.concatenate([item.layout.series[item.delivery.place] for item in full]),
            np.concatenate([item.delivery.ts for item in full]),
            np.concatenate([item.delivery.values for item in full]),
        )

    def _commit(self, items: Sequence[Item], entries: Sequence[Entry], now: datetime) -> None:
        """Judge and write; when another process has moved something, read it again and judge again."""
        for turn in range(TRIES):
            try:
                self._commit_once(items, now)
                return
            except (Conflict, StreamMoved) as moved:
                items = self._again(items, entries, moved, now)
                if turn == TRIES - 1:
                    raise
            except Exception:
                self._drop(items)
                raise

    def _commit_once(self, items: Sequence[Item], now: datetime) -> None:
        changes = judge_group(
            items, self.checks, past(self.store, asking(items, self.checks), self.checks, now)
        )
        deliveries = [item.delivery for item in items]
        streams = {(d.agent, d.batch.boot): self.streams[d.agent, d.batch.boot] for d in deliveries}
        judged_at = {item.state.device: item.state.version for item in items}
        advanced = intake.commit(
            deliveries, streams, changes, judged_at, intake.late_hours(deliveries, now), now, take_in
        )
        self.streams.update(advanced)
        for device in {change.device for change in changes}:
            self.states[device].version += 1
        self.counts.batches += len(items)
        self.counts.samples += sum(d.values.size for d in deliveries)
        self.counts.aside += sum(d.aside for d in deliveries)

    def _again(
        self, items: Sequence[Item], entries: Sequence[Entry], moved: Exception, now: datetime
    ) -> list[Item]:
        log.info("judging again: %s", moved)
        self._drop(items)
        self._load(
            {(i.delivery.agent, i.delivery.batch.boot) for i in items}, {i.delivery.device for i in items}
        )
        by_agent = {entry.caller.agent.agent: entry for entry in entries}
        again = []
        for item in items:
            state = self.states[item.delivery.device]
            if self._is_new(by_agent[item.delivery.agent], now):
                again.append(
                    Item(item.delivery, state, self._layout(state, item.delivery.batch.columns.layout))
                )
        return again

    def _drop(self, items: Sequence[Item]) -> None:
        for item in items:
            delivery = item.delivery
            self._forget_device(delivery.device)
            self.streams.pop((delivery.agent, delivery.batch.boot), None)

    def _forget_all(self) -> None:
        self.states.clear()
        self.streams.clear()
        self.layouts.clear()
        self.registered.clear()
        self.names = MetricNames()
