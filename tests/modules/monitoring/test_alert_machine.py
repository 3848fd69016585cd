"""Whatever happens to a device, its alerts end in the right state and people hear of it seldom enough.

A simple model, written apart from the rules, says how each item must stand: samples, gaps, restarts, windows,
acknowledgements with and without an end, snoozes and assignments in any order. At the end all reasons to be
quiet are let pass, and whoever should know of what still stands open must have been told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from console_fixture import World
from predvid.core import noise
from predvid.core.model import Result, State, say
from predvid.modules.access.models import Client, Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.models import Device, Site
from predvid.modules.monitoring import alert_deeds, believing
from predvid.modules.monitoring.actions import Conflict, record
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.models import Alert, Event, MaintenanceWindow
from predvid.modules.monitoring.rules import DATA_ITEM, Change, DeviceState, apply_results, silent, spoke

CHECK, ITEMS = "disk_space", ("/", "/home")
HOLD = timedelta(minutes=2)
START = datetime(2026, 3, 28, 22, tzinfo=UTC)  # the night that skips an hour in Zagreb
TOLD = ("opened", "changed", "resolved", "due", "reopened", "snoozed", "assigned")
MINUTES = st.integers(0, 45).map(lambda n: timedelta(minutes=n))
AHEAD = st.integers(1, 240).map(lambda n: timedelta(minutes=n))


@dataclass
class Expected:
    """How one item must stand: nothing, waiting for its minimum duration, open or taken on."""

    phase: str = "none"
    state: State = State.OK
    since: datetime = START
    until: datetime | None = None

    def judged(self, state: State, now: datetime, hold: timedelta) -> None:
        if state is State.OK:
            self.phase, self.state, self.until = "none", State.OK, None
            return
        if self.phase == "none":
            self.phase, self.since = "waiting", now
        if self.phase == "waiting" and now - self.since >= hold:
            self.phase = "open"
        elif self.phase == "acknowledged" and state > self.state:
            self.phase, self.until = "open", None
        self.state = state


class Life(RuleBasedStateMachine):
    """One device with two items, a worker that ticks, a gateway that may restart, and people."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.now = START
        client = Client.objects.create(name="Hotel Čvorak", sector="Turizam")
        site = Site.objects.create(client=client, name="Sjedište")
        self.device: UUID = Device.objects.create(client=client, site=site, name="SRV-01").pk
        self.client = client
        self.person = World().person("ana@example.com", role="technician", all_clients=True)
        self.expected = {item: Expected() for item in (*ITEMS, DATA_ITEM)}
        self.state: DeviceState | None = None
        self.spans: list[tuple[datetime, datetime, int]] = []  # begin, end, the newest event at its making

    # What devices do

    def judge(self, changes_of: Callable[[DeviceState], list[Change]]) -> None:
        """Judge as a gateway does: by what it remembers, and anew where another process judged meanwhile."""
        for _ in range(2):
            state = self.state or load_states([self.device])[self.device]
            changes = changes_of(state)
            try:
                with transaction.atomic():
                    if changes:
                        record(changes, {self.device: state.version}, self.now)
                        state.version += 1
            except Conflict:
                self.state = None
                continue
            self.state = state
            return
        raise AssertionError("two conflicts on end with nobody else about")

    @rule(states=st.tuples(st.sampled_from(State), st.sampled_from(State)))
    def sample(self, states: tuple[State, State]) -> None:
        results = [
            Result(item, state, say("disk_space.used", used=96.0, mount=item, free=4e9))
            for item, state in zip(ITEMS, states, strict=True)
        ]
        self.judge(
            lambda state: [
                *spoke(state, CHECK, DATA_ITEM, self.now),
                *apply_results(state, CHECK, results, self.now, HOLD),
            ]
        )
        for item, state in zip(ITEMS, states, strict=True):
            self.expected[item].judged(state, self.now, HOLD)
        self.expected[DATA_ITEM].judged(State.OK, self.now, timedelta())

    @rule()
    def gap(self) -> None:
        said = Result(DATA_ITEM, State.UNKNOWN, say("check.no_data", seconds=900))
        self.judge(lambda state: silent(state, CHECK, said, self.now))
        self.expected[DATA_ITEM].judged(State.UNKNOWN, self.now, timedelta())

    @rule()
    def restart(self) -> None:
        self.state = None

    @rule(passed=MINUTES)
    def wait(self, passed: timedelta) -> None:
        self.now += passed
        before = self.dues()
        believing.tick(self.now)
        assert self.dues() - before <= 1, "more than one message as a window ended"
        for one in self.expected.values():
            if one.phase == "acknowledged" and one.until is not None and one.until <= self.now:
                one.phase, one.until = "open", None

    def dues(self) -> int:
        return Event.objects.filter(device=self.device, kind="alert.due").count()

    # What people do

    def standing(self) -> list[Alert]:
        return list(Alert.objects.filter(device=self.device).exclude(phase="resolved").order_by("pk"))

    @precondition(lambda self: self.standing())
    @rule(which=st.integers(0, 2), ends=st.none() | AHEAD)
    def acknowledge(self, which: int, ends: timedelta | None) -> None:
        alert = self.standing()[which % len(self.standing())]
        until = self.now + ends if ends else None
        alert_deeds.acknowledge(PLATFORM, alert.pk, "", self.now, until)
        one = self.expected[alert.item]
        if one.phase == "open" or until is not None:
            one.phase, one.until = "acknowledged", until

    @precondition(lambda self: self.standing())
    @rule(which=st.integers(0, 2), ends=AHEAD)
    def snooze(self, which: int, ends: timedelta) -> None:
        alert = self.standing()[which % len(self.standing())]
        alert_deeds.snooze(PLATFORM, alert.pk, self.now + ends, "", self.now)

    @precondition(lambda self: self.standing())
    @rule(which=st.integers(0, 2), somebody=st.booleans())
    def assign(self, which: int, somebody: bool) -> None:
        alert = self.standing()[which % len(self.standing())]
        active = Person.objects.get(pk=self.person.pk).is_active
        alert_deeds.assign(PLATFORM, alert.pk, self.person.pk if somebody and active else None, self.now)

    @rule(active=st.booleans())
    def leave_or_return(self, active: bool) -> None:
        Person.objects.filter(pk=self.person.pk).update(is_active=active)

    @rule(begins=st.integers(0, 60), minutes=st.integers(1, 180))
    def window(self, begins: int, minutes: int) -> None:
        first = (self.now + timedelta(minutes=begins)).replace(second=0, microsecond=0)
        newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.spans.append((first, first + timedelta(minutes=minutes), newest))
        MaintenanceWindow.objects.create(
            client=self.client, reason="Nadogradnja", zone="UTC", first=first.date(), at=first.time(),
            minutes=minutes, made_at=self.now,
        )  # fmt: skip

    # What must hold

    @invariant()
    def stands_as_expected(self) -> None:
        found = {alert.item: (alert.phase, State(alert.state)) for alert in self.standing()}
        shown = {
            item: (one.phase, one.state)
            for item, one in self.expected.items()
            if one.phase in ("open", "acknowledged")
        }
        assert found == shown

    def teardown(self) -> None:
        try:
            self.bounded()
            self.believed()
            self.bounded()
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def bounded(self) -> None:
        """Nobody was told within a window, nor more than three times an hour of one item."""
        kinds = [f"alert.{step}" for step in TOLD]
        told: dict[str, list[datetime]] = {}
        for event in Event.objects.filter(device=self.device, kind__in=kinds).order_by("pk"):
            if "quiet" in event.source:
                assert event.source["quiet"] in set(noise.Quiet)
                continue
            held = [start <= event.at < end and event.pk > newest for start, end, newest in self.spans]
            assert not any(held), (event.kind, event.at)
            named = event.source.get("alerts", [event.alert_id])
            for item in Alert.objects.filter(pk__in=named).values_list("item", flat=True):
                told.setdefault(item, []).append(event.at)
        for item, moments in told.items():
            for moment in moments:
                hour = [at for at in moments if moment <= at < moment + timedelta(hours=1)]
                assert len(hour) <= 3, (item, hour)

    def believed(self) -> None:
        """Let every reason to be quiet pass: then somebody was told of what stands open, or of its cause."""
        self.now = max([self.now, *(end for _, end, _ in self.spans)]) + timedelta(hours=5)
        for _ in range(8):
            believing.tick(self.now)
            self.now += timedelta(minutes=20)
        self.stands_as_expected_after_waiting()
        for alert in self.standing():
            leads = alert.cause or alert
            if leads.phase == "open":
                assert leads.quiet == "", (alert.item, leads.quiet)
            assert alert.assigned_to is None or alert.assigned_to.is_active

    def stands_as_expected_after_waiting(self) -> None:
        for one in self.expected.values():
            if one.phase == "acknowledged" and one.until is not None:
                one.phase, one.until = "open", None
        self.stands_as_expected()


@pytest.mark.usefixtures("console_tables")
class TestLife(Life.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
