"""How devices stand: what the viewer sees of them, each with one word for its condition."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Coalesce

from predvid.core.model import State
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring.models import Alert, Result, Stream
from predvid.modules.monitoring.sweeping import LEASE

STANDINGS = (
    "offline",
    "critical",
    "unknown",
    "warning",
    "waiting",
    "ok",
)  # what needs eyes first comes first
WORD_OF = {State.OK: "ok", State.WARNING: "warning", State.UNKNOWN: "unknown", State.CRITICAL: "critical"}
# Ten times the state, with places between for what no result says; a higher number needs eyes first.
CODES = {"offline": 50, "critical": 30, "unknown": 20, "warning": 10, "waiting": 5, "ok": 0}
WORDS = {code: word for word, code in CODES.items()}
HEARD = (Agent.State.APPROVED, Agent.State.LOCKED)  # nobody expects to hear of any other agent
UNRESOLVED = (Alert.Phase.OPEN, Alert.Phase.ACKNOWLEDGED)
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Counts:
    """The figures beside the rooms."""

    devices: int
    open_alerts: int  # nobody has taken them on yet: these call for someone
    critical_alerts: int  # of the open ones
    acknowledged: int
    pending: int


@dataclass
class Health:
    """One client with its devices by standing, its open alerts by state, and how many are acknowledged."""

    client: Client
    by_standing: Counter[str] = field(default_factory=Counter)
    critical: int = 0
    other: int = 0
    acknowledged: int = 0

    @property
    def total(self) -> int:
        """Return how many devices the client has."""
        return self.by_standing.total()

    @property
    def parts(self) -> list[tuple[str, int]]:
        """Return (standing, count) for the bar, good ones first, empty ones left out."""
        return [(name, self.by_standing[name]) for name in reversed(STANDINGS) if self.by_standing[name]]

    @property
    def tone(self) -> str:
        """Return the state whose colour the client's badge takes."""
        if self.critical or self.by_standing["critical"]:
            return "critical"
        if self.by_standing["offline"] or self.by_standing["warning"] or self.other:
            return "warning"
        return "ok" if self.by_standing["ok"] else "waiting"

    @property
    def trouble(self) -> tuple[int, ...]:
        """Return the sort key: most trouble first."""
        return (-self.critical, *(-self.by_standing[name] for name in STANDINGS[:4]), -self.other)


def narrowed(viewer: Viewer, rows: QuerySet[M], column: str = "client") -> QuerySet[M]:
    """Return `rows` without those of clients that the viewer may not see."""
    return rows if viewer.clients is None else rows.filter(**{f"{column}__in": viewer.clients})


def devices(viewer: Viewer) -> QuerySet[Device]:
    """Return the viewer's devices; those merged into another are no devices of their own."""
    return narrowed(viewer, Device.objects.filter(merged_into=None))


def with_code(rows: QuerySet[Device], now: datetime) -> QuerySet[Any]:
    """Return `rows` with `code`: one number for how a device stands (see CODES), each subquery in it once.

    What counts is the worst open alert, so that no page and no figure ever says other than the inbox: a bad
    result that still waits for its minimum duration counts as OK. Django repeats an annotation wherever
    another names it, so one for the word and one for the rank would ask the same twenty times a row.
    """
    mine = OuterRef("pk")
    worst = Alert.objects.filter(device=mine, phase__in=UNRESOLVED).order_by("-state").values("state")[:1]
    streams = Stream.objects.filter(agent__device=mine, agent__state__in=HEARD)
    quiet = Case(
        When(Exists(Result.objects.filter(device=mine)), then=CODES["ok"]),
        default=CODES["waiting"],
        output_field=IntegerField(),
    )
    judged = Coalesce(Subquery(worst) * 10, quiet)
    code = Case(
        When(Exists(streams.filter(seen_at__gte=now - LEASE)), then=judged),
        When(Exists(streams), then=CODES["offline"]),
        default=CODES["waiting"],
        output_field=IntegerField(),
    )
    return rows.annotate(code=code)


def shown(rows: Iterable[Any]) -> list[Any]:
    """Return devices that carry a `code` with their `standing` and `seen` (last delivery); one query more."""
    found = list(rows)
    last = Stream.objects.filter(agent__device__in=[device.pk for device in found]).order_by()
    seen = dict(last.values_list("agent__device").annotate(at=Max("seen_at")))
    for device in found:
        device.standing, device.seen = WORDS[device.code], seen.get(device.pk)
    return found


def unresolved(viewer: Viewer) -> QuerySet[Alert]:
    """Return the viewer's alerts that are not resolved: open and acknowledged ones."""
    return narrowed(viewer, Alert.objects.filter(phase__in=UNRESOLVED))


def open_alerts(viewer: Viewer) -> QuerySet[Alert]:
    """Return the viewer's alerts that nobody has taken on: what every figure and the inbox call open."""
    return narrowed(viewer, Alert.objects.filter(phase=Alert.Phase.OPEN))


def counts(viewer: Viewer) -> Counts:
    """Return the figures beside the rooms, in three queries."""
    standing_open = Q(phase=Alert.Phase.OPEN)
    alerts = unresolved(viewer).aggregate(
        open=Count("pk", filter=standing_open),
        critical=Count("pk", filter=standing_open & Q(state=int(State.CRITICAL))),
        acknowledged=Count("pk", filter=~standing_open),
    )
    pending = narrowed(viewer, Agent.objects.filter(state=Agent.State.PENDING)).count()
    return Counts(
        devices(viewer).count(), alerts["open"], alerts["critical"], alerts["acknowledged"], pending
    )


def last_seen(viewer: Viewer) -> datetime | None:
    """Return when any of the viewer's devices delivered last."""
    seen: datetime | None = narrowed(viewer, Stream.objects.all(), "agent__client").aggregate(
        at=Max("seen_at")
    )["at"]
    return seen


def health(viewer: Viewer, now: datetime, only: UUID | None = None) -> list[Health]:
    """Return the visible clients (or the one asked for) with figures, most trouble first; three queries."""
    clients = narrowed(viewer, Client.objects.all(), "pk")
    alerts, rows = unresolved(viewer), devices(viewer)
    if only is not None:
        clients, alerts, rows = clients.filter(pk=only), alerts.filter(client=only), rows.filter(client=only)
    found = {client.pk: Health(client) for client in clients}
    for client, code, n in (
        with_code(rows, now).order_by().values_list("client", "code").annotate(n=Count("pk"))
    ):
        found[client].by_standing[WORDS[code]] += n
    by_state = alerts.order_by().values_list("client", "phase", "state").annotate(n=Count("pk"))
    for client, phase, state, n in by_state:
        if phase == Alert.Phase.ACKNOWLEDGED:
            found[client].acknowledged += n
        elif state == State.CRITICAL:
            found[client].critical += n
        else:
            found[client].other += n
    return sorted(found.values(), key=lambda row: (row.trouble, row.client.name))


def open_alerts_by_hour(viewer: Viewer, now: datetime, hours: int = 24) -> list[int]:
    """Return how many alerts stood open at each whole step of the last `hours`, oldest first.

    An alert stands open until someone takes it on, or until it is resolved by itself.
    """
    start = now - timedelta(hours=hours)
    rows = narrowed(viewer, Alert.objects.filter(Q(resolved_at=None) | Q(resolved_at__gt=start)))
    until = Case(When(~Q(phase=Alert.Phase.OPEN), then=Coalesce("acknowledged_at", "resolved_at")))
    spans = list(rows.annotate(until=until).values_list("opened_at", "until")[:20_000])
    moments = [start + timedelta(hours=step) for step in range(1, hours + 1)]
    return [
        sum(opened <= moment and (ended is None or ended > moment) for opened, ended in spans)
        for moment in moments
    ]
