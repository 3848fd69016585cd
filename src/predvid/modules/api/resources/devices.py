"""Devices: the list, one with its facts, results and samples."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta

from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import NO_NUL, Moment, OnePage, Words, named, paged
from predvid.modules.api.problems import Problem
from predvid.modules.api.route import Named, Paged, route
from predvid.modules.monitoring import charts
from predvid.modules.monitoring.queries import device as device_queries
from predvid.modules.monitoring.queries import devices as list_queries
from predvid.modules.monitoring.stores import store

State = Literal["offline", "critical", "unknown", "warning", "waiting", "ok"]
Type = Literal["server", "workstation", "laptop", "network", "other"]
Metric = Annotated[str, Meta(min_length=1, max_length=120, pattern=NO_NUL)]


class DeviceQuery(OnePage, forbid_unknown_fields=True):
    """Which devices.

    page: from 1 on; beyond the last one there are no items.
    limit: how many items on a page.
    client: only those of this client.
    site: only those of this site.
    state: only those that stand so.
    type: only those of this type.
    q: only those whose name, system, client or identity contains this.
    sort: what they are ordered by.
    """

    client: UUID | None = None
    site: UUID | None = None
    state: State | None = None
    type: Type | None = None
    q: Words = ""
    sort: Literal["state", "name", "client", "os", "type", "seen", "alerts"] = "name"


class Device(msgspec.Struct):
    """A device as lists show it; `state` is the worst of its open alerts, or that nothing is heard of it."""

    id: UUID
    name: str
    type: str
    platform: str
    os: str
    client: Named
    site: Named
    state: State
    seen: Moment | None


class DeviceInList(Device):
    """A device with the number of its open alerts."""

    open_alerts: int


class Agent(msgspec.Struct):
    """A program that reports for a device; `state` is pending, approved, revoked or locked."""

    id: UUID
    state: str
    lock_reason: str
    version: str
    enrolled_at: Moment
    seen: Moment | None
    online: bool
    skew_seconds: float
    dropped: int


class WholeDevice(Device):
    """A device with its agents, which only those see who have the verb device.detail."""

    created_at: Moment
    agents: list[Agent] | None


class Fact(msgspec.Struct):
    """Something true of a device since a moment."""

    name: str
    check: str
    value: Any
    since: Moment


class Facts(msgspec.Struct):
    """All facts of a device."""

    items: list[Fact]


class Result(msgspec.Struct):
    """How one item of a check stands, in words; `until`: bad, but an alert opens only if it still is then."""

    item: str
    state: str
    sentence: str
    reason: str
    since: Moment
    until: Moment | None


class CheckResults(msgspec.Struct):
    """A check with the standing of its items."""

    check: str
    title: str
    state: str
    items: list[Result]


class Results(msgspec.Struct):
    """All checks of a device that have judged, worst first."""

    items: list[CheckResults]


class SampleQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which samples.

    metric: the name of the metric, such as cpu_used_percent.
    since: from when on; 24 hours before the end if not given.
    until: to when; now if not given.
    points: at most so many means in a curve.
    """

    metric: Metric
    since: Moment | None = None
    until: Moment | None = None
    points: Annotated[int, Meta(ge=2, le=1000)] = charts.POINTS


class Curve(msgspec.Struct):
    """One series: equally long lists; `at` are seconds since 1970 at which each bucket begins."""

    labels: dict[str, str]
    at: list[float]
    min: list[float]
    mean: list[float]
    max: list[float]


class Samples(msgspec.Struct):
    """The curves of one metric; `unit` is empty for counts."""

    metric: str
    unit: str
    since: Moment
    until: Moment
    curves: list[Curve]


@route("GET", "devices", "device.view")
def list_devices(viewer: Viewer, query: DeviceQuery) -> Paged[DeviceInList]:
    """List devices. Those merged into another are no devices of their own."""
    filters = list_queries.Filters(
        query.state or "",
        query.client,
        query.site,
        query.type or "",
        query.q.strip(),
        query.sort,
        str(query.page),
    )
    listed = list_queries.device_list(viewer, filters, timezone.now(), query.limit)
    rows: list[Any] = list(listed.page.object_list)
    items = [DeviceInList(**_parts(row), open_alerts=row.alert_count) for row in rows]
    return paged(items, listed.page, query.page)


@route("GET", "devices/{device_id}", "device.view")
def get_device(viewer: Viewer, device_id: UUID) -> WholeDevice:
    """Show one device."""
    now = timezone.now()
    found = found_device(viewer, device_id, now)
    agents = None
    if viewer.may("device.detail", found.client_id):
        agents = [_agent(row) for row in device_queries.agents(viewer, found, now)]
    return WholeDevice(**_parts(found), created_at=found.created_at, agents=agents)


@route("GET", "devices/{device_id}/facts", "device.detail")
def list_facts(viewer: Viewer, device_id: UUID) -> Facts:
    """List what is known to be true of a device: its hardware, software and much else."""
    rows = device_queries.facts(viewer, found_device(viewer, device_id, timezone.now()))
    return Facts([Fact(row.name, row.check_name, row.value, row.since) for row in rows])


@route("GET", "devices/{device_id}/results", "device.view")
def list_results(viewer: Viewer, device_id: UUID) -> Results:
    """List how the checks of a device stand, in the words of the token's owner."""
    rows = device_queries.check_rows(viewer, found_device(viewer, device_id, timezone.now()), [])
    return Results(
        [
            CheckResults(
                row.name,
                row.title,
                row.state,
                [Result(i.name, i.state, i.sentence, i.reason, i.since, i.until) for i in row.items],
            )
            for row in rows
        ]
    )


@route("GET", "devices/{device_id}/samples", "device.detail")
def list_samples(viewer: Viewer, device_id: UUID, query: SampleQuery) -> Samples:
    """Show the curves of a metric. Long spans are means of whole hours."""
    now = timezone.now()
    found = found_device(viewer, device_id, now)
    end = min(query.until or now, now)
    start = query.since or end - timedelta(days=1)
    if not now - charts.LONGEST <= start < end:
        raise Problem(422, "invalid", "Ask for a span that begins before it ends, at most 800 days ago.")
    start = device_queries.clamped(viewer, found, start, now)
    rows = store().window([str(found.pk)], query.metric, start, end, query.points) if start < end else []
    curves = [
        Curve(dict(row.labels), [ms / 1000 for ms in row.ts], row.min, row.mean, row.max) for row in rows
    ]
    return Samples(query.metric, charts.unit_of(query.metric), start, end, curves)


def found_device(viewer: Viewer, device_id: UUID, now: datetime) -> Any:
    """Return a device as its page shows it. Raises NotVisible, or Problem (410) if it was merged."""
    if target := device_queries.merged_target(viewer, device_id):
        raise Problem(410, "merged", f"This device was merged into {target}.")
    return device_queries.one(viewer, device_id, now)


def _parts(row: Any) -> dict[str, Any]:
    """Return what every form of a device says, of a row that carries its standing."""
    plain = {name: getattr(row, name) for name in ("id", "name", "type", "platform", "os", "seen")}
    return plain | {"client": named(row.client), "site": named(row.site), "state": row.standing}


def _agent(row: device_queries.AgentRow) -> Agent:
    known = row.agent
    return Agent(
        known.pk,
        known.state,
        known.lock_reason,
        known.version,
        known.enrolled_at,
        row.seen,
        row.online,
        row.skew_seconds,
        row.dropped,
    )
