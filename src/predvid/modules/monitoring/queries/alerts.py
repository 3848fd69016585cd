"""Reads of alerts: the inbox, one alert with its history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from predvid.core.model import State
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.fact_tables import FactTable
from predvid.modules.inventory.fact_tables import tables as fact_tables
from predvid.modules.inventory.models import Fact
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.queries.standing import WORD_OF, narrowed, open_alerts, unresolved
from predvid.modules.monitoring.words import event_sentence, sentence, title

PER_PAGE = 50
PHASES = ("open", "acknowledged", "resolved")


@dataclass(frozen=True)
class AlertRow:
    """One alert as a list shows it, worded for the viewer."""

    id: int
    state: str
    phase: str
    sentence: str
    check: str
    item: str
    device: Any
    client: Any
    site: Any
    opened_at: datetime
    resolved_at: datetime | None
    acknowledged_by: str


@dataclass(frozen=True)
class Line:
    """One entry of a history: an event or a note."""

    at: datetime
    icon: str
    state: str
    text: str
    by: str
    note: bool = False


def row(viewer: Viewer, alert: Alert) -> AlertRow:
    """Return `alert` (with device, site and client loaded) in the viewer's words."""
    by = alert.acknowledged_by
    return AlertRow(
        alert.pk,
        WORD_OF[State(alert.state)],
        alert.phase,
        sentence(alert.said_id, alert.said_values, viewer.language),
        title(alert.check_name, viewer.language),
        alert.item,
        alert.device,
        alert.client,
        alert.device.site,
        alert.opened_at,
        alert.resolved_at,
        by.name if by else "",
    )


def _loaded(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    return alerts.select_related("client", "device__site", "acknowledged_by")


def urgent(viewer: Viewer, limit: int = 9, client: UUID | None = None) -> list[AlertRow]:
    """Return the open alerts to look at first: critical, then newest. What someone took on is not theirs."""
    alerts = open_alerts(viewer)
    if client is not None:
        alerts = alerts.filter(client=client)
    ordered = _loaded(alerts).order_by("-state", "-opened_at", "-pk")
    return [row(viewer, alert) for alert in ordered[:limit]]


def of_device(viewer: Viewer, device: UUID, limit: int = 9) -> list[AlertRow]:
    """Return what is wrong with one device: its unresolved alerts, untaken and critical ones first."""
    alerts = unresolved(viewer).filter(device=device)
    ordered = _loaded(alerts).order_by("-phase", "-state", "-opened_at", "-pk")
    return [row(viewer, alert) for alert in ordered[:limit]]


def inbox(
    viewer: Viewer,
    *,
    phase: str,
    state: str,
    client: UUID | None,
    q: str,
    number: str,
    per_page: int = PER_PAGE,
) -> Page[Any]:
    """Return one page of alerts in `phase`; `state` and `client` narrow, `q` looks into names."""
    alerts = narrowed(viewer, Alert.objects.filter(phase=phase))
    numbers = {word: int(value) for value, word in WORD_OF.items()}
    if state in numbers:
        alerts = alerts.filter(state=numbers[state])
    if client is not None:
        alerts = alerts.filter(client=client)
    if q:
        alerts = alerts.filter(
            Q(device__name__icontains=q) | Q(client__name__icontains=q) | Q(item__icontains=q)
        )
    page: Page[Any] = Paginator(ordered(_loaded(alerts), phase), per_page).get_page(number)
    page.object_list = [row(viewer, alert) for alert in page.object_list]
    return page


def ordered(alerts: QuerySet[Alert], phase: str) -> QuerySet[Alert]:
    """Return `alerts` in the order of the inbox; alerts of one moment too stand on one page only."""
    order = ("-resolved_at",) if phase == Alert.Phase.RESOLVED else ("-state", "-opened_at")
    return alerts.order_by(*order, "-pk")


def by_phase(viewer: Viewer) -> dict[str, int]:
    """Return how many alerts are open and how many acknowledged (resolved ones are history: not counted)."""
    rows = unresolved(viewer).order_by().values_list("phase", flat=True)
    found = list(rows)
    return {phase: found.count(phase) for phase in PHASES[:2]}


def one(viewer: Viewer, alert_id: int) -> Alert:
    """Return a visible alert with its device, site and client; raise NotVisible."""
    alert = _loaded(narrowed(viewer, Alert.objects.filter(pk=alert_id))).first()
    if alert is None:
        raise NotVisible
    return alert


def history(viewer: Viewer, alert: Alert) -> list[Line]:
    """Return what happened to an alert and what people wrote, oldest first, as far as `viewer` may know.

    A device that moved takes its open alerts along; what was done before stays with the former client.
    """
    lines = [
        Line(
            event.at,
            _icon(event.kind),
            _state(event.severity),
            event_sentence(event.kind, event.said_id, event.said_values, event.source, viewer.language),
            event.actor,
        )
        for event in narrowed(viewer, alert.events.order_by("at", "pk"))[:200]
    ]
    lines += [
        Line(note.at, "note", "note", note.text, note.person.name if note.person else "", note=True)
        for note in narrowed(viewer, alert.notes.select_related("person").order_by("at", "pk"))[:200]
    ]
    return sorted(lines, key=lambda line: line.at)


def _icon(kind: str) -> str:
    icons = {"alert.opened": "bell", "alert.resolved": "circle-check", "alert.acknowledged": "check"}
    return icons.get(kind, "activity")


def _state(severity: int) -> str:
    return ("ok", "info", "info", "warning", "critical", "critical")[severity]


def evidence(viewer: Viewer, alert: Alert) -> list[tuple[datetime, FactTable]]:
    """Return the facts that were copied when the alert opened, each with the moment it was read."""
    rows = [row for row in alert.evidence if row["name"] and row["value"] is not None]
    tables = fact_tables([Fact(name=row["name"], value=row["value"]) for row in rows], viewer.language)
    moments = {row["name"].replace(".", "-"): datetime.fromisoformat(row["since"]) for row in rows}
    return [(moments[table.id], table) for table in tables]


def past(viewer: Viewer, alert: Alert, limit: int = 5) -> list[AlertRow]:
    """Return earlier, resolved alerts of the same item, newest first."""
    rows = narrowed(
        viewer,
        Alert.objects.filter(
            device=alert.device_id,
            check_name=alert.check_name,
            item=alert.item,
            phase=Alert.Phase.RESOLVED,
            resolved_at__lte=alert.opened_at,
        ),
    )
    return [row(viewer, found) for found in _loaded(rows).order_by("-resolved_at")[:limit]]
