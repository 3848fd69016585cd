"""How devices stand: what the viewer sees of them, each with one word for its condition."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

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
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Counts:
    """The figures beside the rooms."""

    devices: int
    open_alerts: int
    critical_alerts: int
    pending: int


@dataclass
class Health:
    """One client with its devices by standing and its open alerts by state."""

    client: Client
    by_standing: Counter[str] = field(default_factory=Counter)
    critical: int = 0
    other: int = 0

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


def with_standing(rows: QuerySet[Device], now: datetime) -> QuerySet[Any]:
    """Return `rows` with `seen` (last delivery), `worst` (State), `standing` (see STANDINGS) and `rank`."""
    worst = Result.objects.filter(device=OuterRef("pk")).order_by("-state").values("state")[:1]
    seen = Stream.objects.filter(agent__device=OuterRef("pk")).order_by("-seen_at").values("seen_at")[:1]
    words = [When(worst=int(state), then=Value(word)) for state, word in WORD_OF.items()]
    ranks = [When(standing=name, then=Value(rank)) for rank, name in enumerate(STANDINGS)]
    return (
        rows.annotate(worst=Subquery(worst), seen=Subquery(seen))
        .annotate(
            standing=Case(
                When(Q(seen=None) | Q(worst=None), then=Value("waiting")),
                When(seen__lt=now - LEASE, then=Value("offline")),
                *words,
                default=Value("unknown"),
                output_field=CharField(),
            ),
        )
        .annotate(rank=Case(*ranks, default=Value(len(STANDINGS)), output_field=IntegerField()))
    )


def open_alerts(viewer: Viewer) -> QuerySet[Alert]:
    """Return the viewer's alerts that are not resolved."""
    return narrowed(viewer, Alert.objects.exclude(phase=Alert.Phase.RESOLVED))


def counts(viewer: Viewer) -> Counts:
    """Return the figures beside the rooms, in three queries."""
    alerts = open_alerts(viewer).aggregate(
        all=Count("pk"), critical=Count("pk", filter=Q(state=int(State.CRITICAL)))
    )
    pending = narrowed(viewer, Agent.objects.filter(state=Agent.State.PENDING)).count()
    return Counts(devices(viewer).count(), alerts["all"], alerts["critical"], pending)


def last_seen(viewer: Viewer) -> datetime | None:
    """Return when any of the viewer's devices delivered last."""
    seen: datetime | None = narrowed(viewer, Stream.objects.all(), "agent__client").aggregate(
        at=Max("seen_at")
    )["at"]
    return seen


def health(viewer: Viewer, now: datetime, only: UUID | None = None) -> list[Health]:
    """Return the visible clients (or the one asked for) with figures, most trouble first; three queries."""
    clients = narrowed(viewer, Client.objects.all(), "pk")
    alerts, rows = open_alerts(viewer), devices(viewer)
    if only is not None:
        clients, alerts, rows = clients.filter(pk=only), alerts.filter(client=only), rows.filter(client=only)
    found = {client.pk: Health(client) for client in clients}
    grouped = with_standing(rows, now).order_by().values_list("client", "standing").annotate(n=Count("pk"))
    for client, standing, n in grouped:
        found[client].by_standing[standing] += n
    by_state = alerts.order_by().values_list("client", "state").annotate(n=Count("pk"))
    for client, state, n in by_state:
        if state == State.CRITICAL:
            found[client].critical += n
        else:
            found[client].other += n
    return sorted(found.values(), key=lambda row: (row.trouble, row.client.name))


def open_alerts_by_hour(viewer: Viewer, now: datetime, hours: int = 24) -> list[int]:
    """Return how many alerts stood open at each whole step of the last `hours`, oldest first."""
    start = now - timedelta(hours=hours)
    rows = narrowed(viewer, Alert.objects.filter(Q(resolved_at=None) | Q(resolved_at__gt=start)))
    spans = list(rows.values_list("opened_at", F("resolved_at"))[:20_000])
    moments = [start + timedelta(hours=step) for step in range(1, hours + 1)]
    return [
        sum(opened <= moment and (ended is None or ended > moment) for opened, ended in spans)
        for moment in moments
    ]
