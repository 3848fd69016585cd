"""Reads of one device: its standing, checks, agents, events and inventory."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from predvid.checks import registry
from predvid.checks.v1 import Check, Levels, Sample
from predvid.core.alerting import Phase
from predvid.core.model import State
from predvid.core.policy import Effective, Setting, effective, running
from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.fact_words import HIDDEN
from predvid.modules.inventory.models import Agent, Device, Fact, Tenure
from predvid.modules.monitoring.models import Event, Result, Stream
from predvid.modules.monitoring.queries.alerts import Line
from predvid.modules.monitoring.queries.standing import (
    WORD_OF,
    devices,
    narrowed,
    shown,
    with_code,
)
from predvid.modules.monitoring.reaching import reach
from predvid.modules.monitoring.rules import DENIED, RUN_ITEM, runs_by_default
from predvid.modules.monitoring.stores import store
from predvid.modules.monitoring.sweeping import LEASE
from predvid.modules.monitoring.words import event_sentence, sentence, title

EVENTS_PER_PAGE = 12
BY_HOURS = timedelta(days=7)  # the store answers longer windows from hourly roll-ups
ITEMS_SHOWN = 4
RANKS = ("ok", "holding", "warning", "unknown", "critical")  # what needs eyes most comes last
SEVERITY_WORDS = ("ok", "info", "info", "warning", "critical", "critical")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Item:
    """How one item of a check stands, in the viewer's words."""

    name: str
    state: str
    sentence: str
    reason: str
    since: datetime
    until: datetime | None = None  # bad, but an alert opens only if it still is then


@dataclass(frozen=True)
class CheckRow:
    """One check of a device with its items and the limits that judge them."""

    name: str
    title: str
    state: str
    items: list[Item]
    limits: list["Limit"]

    @property
    def gist(self) -> str:
        """Return the one sentence that tells most of a check that is fine: its first."""
        return self.items[0].sentence if self.items else ""

    @property
    def folded(self) -> list[Item]:
        """Return the good items that a long list hides: what is wrong, and a few others, stay visible."""
        good = [item for item in self.items if item.state == "ok"]
        return good[ITEMS_SHOWN - 1 :] if len(good) > ITEMS_SHOWN else []

    @property
    def shown(self) -> list[Item]:
        """Return the items that are not folded, worst first."""
        hidden = {item.name for item in self.folded}
        return [item for item in self.items if item.state != "ok" or item.name not in hidden]


@dataclass(frozen=True)
class Limit:
    """One pair of levels with its unit (the metric's) and where it was set."""

    field: str
    metric: str
    warning: float | None
    critical: float | None
    origin: str


@dataclass(frozen=True)
class AgentRow:
    """One agent of a device with what its last stream says."""

    agent: Agent
    seen: datetime | None
    skew_seconds: float
    dropped: int
    online: bool

    @property
    def skewed(self) -> bool:
        """Tell whether the device's clock is off by more than people forgive."""
        return abs(self.skew_seconds) >= 5


def one(viewer: Viewer, device_id: UUID, now: datetime) -> Device:
    """Return a visible device with client, site and standing; raise NotVisible."""
    rows = with_code(devices(viewer).filter(pk=device_id), now).select_related("client", "site")
    device: Device | None = next(iter(shown(rows)), None)
    if device is None:
        raise NotVisible
    return device


def merged_target(viewer: Viewer, device_id: UUID) -> UUID | None:
    """Return the device into which a visible one was merged, if it was."""
    rows = narrowed(viewer, Device.objects.filter(pk=device_id).exclude(merged_into=None))
    found: UUID | None = rows.values_list("merged_into", flat=True).first()
    return found


def agents(viewer: Viewer, device: Device, now: datetime) -> list[AgentRow]:
    """Return the agents of a device, the one that delivered last first; two queries."""
    newest: dict[UUID, Stream] = {}
    for stream in (
        narrowed(viewer, Stream.objects.filter(agent__device=device), "agent__client")
        .defer("recent", "ran")
        .order_by("seen_at")
    ):
        newest[stream.agent_id] = stream
    rows = []
    for agent in narrowed(viewer, device.agents.select_related("approved_by")).order_by("-enrolled_at"):
        last = newest.get(agent.pk)
        seen = last.seen_at if last else None
        rows.append(
            AgentRow(
                agent,
                seen,
                last.skew_ms / 1000 if last else 0.0,
                last.dropped if last else 0,
                seen is not None and now - seen < LEASE,
            )
        )
    return sorted(rows, key=lambda row: row.seen.timestamp() if row.seen else 0.0, reverse=True)


def check_rows(viewer: Viewer, device: Device, latest: list[Sample]) -> list[CheckRow]:
    """Return the checks of a device, worst first; two queries.

    State, reason and since come from the stored results, the sentence from `latest` samples where they
    still give the same state: it shows the newest value, not the one of the last change.
    """
    by_check: dict[str, list[Result]] = {}
    for result in Result.objects.filter(device=device).order_by("-state", "item"):
        by_check.setdefault(result.check_name, []).append(result)
    settings = settings_of(viewer, device)
    rows = []
    for name, results in by_check.items():
        check = registry.checks().get(name)
        policy = policy_of(check, device, settings) if check else None
        fresh = _fresh(check, policy, latest)
        hold = _hold(check, device, settings)
        items = [_item(viewer, result, hold, fresh) for result in results]
        rows.append(
            CheckRow(name, title(name, viewer.language), _worst(items), items, _limits(check, policy))
        )
    return sorted(rows, key=lambda row: (-RANKS.index(row.state), row.title))


def _worst(items: list[Item]) -> str:
    """Return the state of a check: its worst item, `holding` counting for one that is only briefly bad."""
    return max(("holding" if item.until else item.state for item in items), key=RANKS.index)


def _hold(check: Check | None, device: Device, settings: list[Setting]) -> timedelta:
    """Return how long an item of `check` must be bad before its alert opens."""
    if check is None:
        return timedelta(0)
    runs = running(check.name, runs_by_default(check, device.platform), settings, strict=False)
    return timedelta(seconds=runs.params.hold)


def _until(result: Result, hold: timedelta) -> datetime | None:
    if result.phase != Phase.PENDING or result.bad_since is None or result.said_id in DENIED:
        return None
    return result.bad_since + hold


def _item(
    viewer: Viewer,
    result: Result,
    hold: timedelta,
    fresh: Mapping[str, tuple[State, str, Mapping[str, Any]]],
) -> Item:
    said_id, values = result.said_id, result.said_values
    now = fresh.get(result.item)
    if now is not None and now[0] == result.state:
        said_id, values = now[1], now[2]
    reason = sentence(result.reason_id, result.reason_values, viewer.language) if result.reason_id else ""
    name = "" if result.item == RUN_ITEM else result.item
    return Item(
        name,
        WORD_OF[State(result.state)],
        sentence(said_id, values, viewer.language),
        reason,
        result.since,
        _until(result, hold),
    )


def _fresh(
    check: Check | None, policy: Effective | None, latest: list[Sample]
) -> dict[str, tuple[State, str, Mapping[str, Any]]]:
    if check is None or policy is None or check.judge is None:
        return {}
    mine = metrics_of(check)
    samples = [sample for sample in latest if sample.metric in mine]
    try:
        results = list(check.judge(samples, policy.params)) if samples else []
    except Exception as error:  # a check from outside may raise anything; the page then shows what is stored
        log.warning("the check %s failed while judging for a page: %r", check.name, error)
        return {}
    return {result.item: (result.state, result.said.id, result.said.values) for result in results}


def metrics_of(check: Check) -> set[str]:
    """Return the metrics that a check is known to send: those it watches and those it charts."""
    return set(check.watches) | set(check.charts)


def policy_of(check: Check, device: Device, settings: list[Setting]) -> Effective:
    """Return the params of `check` on a device; a setting that does not fit is left out and named."""
    by_type = check.defaults.get(device.type, {})
    return effective(check.name, check.params, by_type, settings, strict=False)


def limits_of(viewer: Viewer, device: Device, check: Check) -> list[Limit]:
    """Return the limits by which `check` judges this device; two queries, more where groups have settings."""
    return _limits(check, policy_of(check, device, settings_of(viewer, device)))


def _limits(check: Check | None, policy: Effective | None) -> list[Limit]:
    if check is None or policy is None or not is_dataclass(policy.params):
        return []
    metric_of = {name: metric for metric, name in reversed(list(check.watches.items()))}
    found = []
    for part in fields(policy.params):
        levels = getattr(policy.params, part.name)
        if isinstance(levels, Levels) and part.name in metric_of:
            found.append(
                Limit(
                    part.name,
                    metric_of[part.name],
                    levels.warning,
                    levels.critical,
                    policy.origins.get(part.name, "built-in"),
                )
            )
    return found


def settings_of(viewer: Viewer, device: Device) -> list[Setting]:
    """Return the explicit settings that reach a device which `viewer` may see.

    They hold whoever looks, those of a group of the whole MSP too; only its name is not for everybody.
    """
    with tenancy.as_platform():
        return list(reach([device], viewer).settings(device))


def visible_from(viewer: Viewer, device: Device) -> datetime:
    """Return the moment from which on the device has belonged, unbroken, to clients that `viewer` sees.

    What was measured before belongs to a client that the viewer may know nothing of.
    """
    if viewer.clients is None:
        return datetime.min.replace(tzinfo=UTC)
    since = device.created_at
    for belonged in device.tenures.order_by("-since"):
        if not viewer.sees(belonged.client_id):
            return since
        since = belonged.since
    return datetime.min.replace(tzinfo=UTC)


def clamped(viewer: Viewer, device: Device, start: datetime, now: datetime) -> datetime:
    """Return `start`, but never before what `viewer` may see; old times are read by whole hours."""
    known = max(start, visible_from(viewer, device))
    if known > start and now - known > BY_HOURS:
        return known.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return known


def latest_samples(viewer: Viewer, device: Device, now: datetime) -> list[Sample]:
    """Return the newest samples of the device that `viewer` may see, at most an hour old.

    Raises StoreUnavailable.
    """
    metrics = set().union(*(metrics_of(check) for check in registry.checks().values()))
    found = store().latest(
        [str(device.pk)], metrics, max(now - timedelta(hours=1), visible_from(viewer, device))
    )
    return [Sample(sample.metric, sample.value, sample.labels, sample.ts) for sample in found]


def events(viewer: Viewer, device: Device, number: str) -> Page[Any]:
    """Return one page of the device's timeline, newest first, worded."""
    told = Event.objects.filter(device=device).exclude(kind__startswith="inventory.", target__in=HIDDEN)
    rows: QuerySet[Event] = narrowed(viewer, told).order_by("-at", "-pk")
    page: Page[Any] = Paginator(rows, EVENTS_PER_PAGE).get_page(number)
    page.object_list = [
        Line(
            event.at,
            icon_of(event.kind),
            SEVERITY_WORDS[event.severity],
            event_sentence(event.kind, event.said_id, event.said_values, event.source, viewer.language),
            event.actor,
        )
        for event in page.object_list
    ]
    return page


def icon_of(kind: str) -> str:
    """Return the icon of an event by what it is about."""
    icons = {
        "alert": "bell",
        "agent": "cpu",
        "device": "device-desktop",
        "inventory": "package",
        "person": "user",
        "task": "player-play",
    }
    return icons.get(kind.partition(".")[0], "activity")


def facts(viewer: Viewer, device: Device) -> list[Fact]:
    """Return what is known to be true of a device, by name."""
    return list(narrowed(viewer, Fact.objects.filter(device=device)).order_by("name"))


def tenures(viewer: Viewer, device: Device) -> list[Tenure]:
    """Return where the device has belonged, newest first, as far as `viewer` may know."""
    return list(narrowed(viewer, device.tenures.select_related("client", "site")).order_by("-since"))


def twins(viewer: Viewer, device: Device, limit: int = 200) -> list[Device]:
    """Return the other devices of the same client, which alone can be merged with this one."""
    return list(
        devices(viewer).filter(client=device.client_id).exclude(pk=device.pk).order_by("name")[:limit]
    )
