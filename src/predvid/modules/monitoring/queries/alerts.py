"""Reads of alerts: the inbox, one alert with its history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from predvid.core.model import State
from predvid.core.noise import Quiet
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.fact_tables import FactTable
from predvid.modules.inventory.fact_tables import tables as fact_tables
from predvid.modules.inventory.models import Fact
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.queries.standing import UNRESOLVED, WORD_OF, narrowed, open_alerts, unresolved
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
    acknowledged_until: datetime | None = None
    assigned_to: Any = None
    snoozed_until: datetime | None = None
    in_maintenance: bool = False
    flapping: bool = False
    quiet: str = ""
    cause: int | None = None
    followers: tuple["AlertRow", ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What the inbox is asked for; `assigned` is `me`, `nobody` or empty.

    `held` is `maintenance`, `snoozed` or empty: open alerts that are snoozed stand under that alone.
    """

    phase: str = "open"
    state: str = ""
    client: UUID | None = None
    q: str = ""
    check: str = ""
    assigned: str = ""
    held: str = ""
    number: str = "1"


@dataclass(frozen=True)
class Line:
    """One entry of a history: an event or a note."""

    at: datetime
    icon: str
    state: str
    text: str
    by: str
    note: bool = False
    solution: bool = False


def row(viewer: Viewer, alert: Alert) -> AlertRow:
    """Return `alert` (with device, site and client loaded) in the viewer's words."""
    by = alert.acknowledged_by
    return AlertRow(
        alert.pk,
        WORD_OF[State(alert.state)],
        alert.phase,
        _worded(viewer, alert),
        title(alert.check_name, viewer.language),
        alert.item,
        alert.device,
        alert.client,
        alert.device.site,
        alert.opened_at,
        alert.resolved_at,
        by.name if by else "",
        alert.acknowledged_until,
        alert.assigned_to,
        alert.snoozed_until,
        alert.quiet == Quiet.MAINTENANCE.value,
        alert.flapping,
        alert.quiet,
        alert.cause_id,
    )


def _worded(viewer: Viewer, alert: Alert) -> str:
    """Return what an alert says: one that leads its whole site speaks for the site."""
    if alert.site_wide:
        values = {"site": alert.device.site.name}
        return sentence("alert.site", values, viewer.language)
    return sentence(alert.said_id, alert.said_values, viewer.language)


def _loaded(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    return alerts.select_related("client", "device__site", "acknowledged_by", "assigned_to")


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


def inbox(viewer: Viewer, wanted: Wanted, per_page: int = PER_PAGE) -> Page[Any]:
    """Return one page of alerts, those that follow another folded under it; two queries and the count.

    What follows a cause that the viewer does not see, or that is over, stands for itself.
    """
    alerts = _filtered(viewer, narrowed(viewer, Alert.objects.filter(phase=wanted.phase)), wanted)
    leading = unresolved(viewer).values("pk")
    if wanted.phase != Alert.Phase.RESOLVED and not wanted.q:
        alerts = alerts.exclude(cause__in=leading)
    page: Page[Any] = Paginator(ordered(_loaded(alerts), wanted.phase), per_page).get_page(wanted.number)
    page.object_list = folded(viewer, list(page.object_list))
    return page


def folded(viewer: Viewer, alerts: Sequence[Alert]) -> list[AlertRow]:
    """Return `alerts` in words, each with what follows it; one query."""
    below: dict[int, list[AlertRow]] = {}
    rows = narrowed(viewer, Alert.objects.filter(cause__in=[alert.pk for alert in alerts]))
    for one in _loaded(rows.filter(phase__in=UNRESOLVED)).order_by("-state", "pk"):
        below.setdefault(one.cause_id or 0, []).append(row(viewer, one))
    return [replace(row(viewer, alert), followers=tuple(below.get(alert.pk, ()))) for alert in alerts]


def _filtered(viewer: Viewer, alerts: QuerySet[Alert], wanted: Wanted) -> QuerySet[Alert]:
    numbers = {word: int(value) for value, word in WORD_OF.items()}
    if wanted.state in numbers:
        alerts = alerts.filter(state=numbers[wanted.state])
    if wanted.client is not None:
        alerts = alerts.filter(client=wanted.client)
    if wanted.check:
        alerts = alerts.filter(check_name=wanted.check)
    if wanted.q:
        alerts = alerts.filter(
            Q(device__name__icontains=wanted.q)
            | Q(client__name__icontains=wanted.q)
            | Q(item__icontains=wanted.q)
        )
    return _held(_assigned(viewer, alerts, wanted.assigned), wanted)


def _assigned(viewer: Viewer, alerts: QuerySet[Alert], assigned: str) -> QuerySet[Alert]:
    if assigned == "me":
        return alerts.filter(assigned_to=viewer.person) if viewer.person else alerts.none()
    return alerts.filter(assigned_to=None) if assigned == "nobody" else alerts


def _held(alerts: QuerySet[Alert], wanted: Wanted) -> QuerySet[Alert]:
    if wanted.held == "snoozed":
        return alerts.exclude(snoozed_until=None)
    if wanted.held == "maintenance":
        return alerts.filter(quiet=Quiet.MAINTENANCE.value)
    # Who searches for words finds what is snoozed too.
    return alerts if wanted.q or wanted.phase != Alert.Phase.OPEN else alerts.filter(snoozed_until=None)


def ordered(alerts: QuerySet[Alert], phase: str) -> QuerySet[Alert]:
    """Return `alerts` in the order of the inbox; alerts of one moment too stand on one page only."""
    order = ("-resolved_at",) if phase == Alert.Phase.RESOLVED else ("-state", "-opened_at")
    return alerts.order_by(*order, "-pk")


def by_phase(viewer: Viewer) -> dict[str, int]:
    """Return how many alerts are open and how many acknowledged (resolved ones are history: not counted)."""
    found = list(unresolved(viewer).order_by().values_list("phase", flat=True))
    return {phase: found.count(phase) for phase in PHASES[:2]}


def check_names(viewer: Viewer) -> list[tuple[str, str]]:
    """Return the checks whose alerts stand, by name and title."""
    names = unresolved(viewer).order_by().values_list("check_name", flat=True).distinct()
    return sorted(((name, title(name, viewer.language)) for name in names), key=lambda pair: pair[1])


def one(viewer: Viewer, alert_id: int) -> Alert:
    """Return a visible alert with its device, site and client; raise NotVisible."""
    alert = _loaded(narrowed(viewer, Alert.objects.filter(pk=alert_id))).first()
    if alert is None:
        raise NotVisible
    return alert


def cause(viewer: Viewer, alert: Alert) -> AlertRow | None:
    """Return the alert that `alert` follows, if it stands and the viewer sees it."""
    leads = unresolved(viewer).filter(pk=alert.cause_id) if alert.cause_id else None
    found = _loaded(leads).first() if leads is not None else None
    return row(viewer, found) if found is not None else None


def chosen(viewer: Viewer, ids: Sequence[int]) -> list[AlertRow]:
    """Return those of these alerts that stand and are visible, the worst first."""
    return [row(viewer, one) for one in ordered(_loaded(unresolved(viewer).filter(pk__in=ids)), "open")]


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
        Line(
            note.at,
            "circle-check" if note.solution else "note",
            "ok" if note.solution else "note",
            note.text,
            note.person.name if note.person else "",
            note=True,
            solution=note.solution,
        )
        for note in narrowed(viewer, alert.notes.select_related("person").order_by("at", "pk"))[:200]
    ]
    return sorted(lines, key=lambda line: line.at)


def _icon(kind: str) -> str:
    icons = {"alert.opened": "bell", "alert.resolved": "circle-check", "alert.acknowledged": "check"}
    icons |= {"alert.snoozed": "hourglass", "alert.assigned": "user", "alert.due": "bell"}
    return icons.get(kind, "activity")


def _state(severity: int) -> str:
    return ("ok", "info", "info", "warning", "critical", "critical")[severity]


def evidence(viewer: Viewer, alert: Alert) -> list[tuple[datetime, FactTable]]:
    """Return the facts that were copied when the alert opened, each with the moment it was read."""
    rows = [row for row in alert.evidence if row["name"] and row["value"] is not None]
    tables = fact_tables([Fact(name=row["name"], value=row["value"]) for row in rows], viewer.language)
    moments = {row["name"].replace(".", "-"): datetime.fromisoformat(row["since"]) for row in rows}
    return [(moments[table.id], table) for table in tables]
