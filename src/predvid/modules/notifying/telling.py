"""The reaction to events of alerts: queues one delivery for each recipient, or notes why there is none."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.store import Store
from predvid.modules.notifying.models import Delivery, Route
from predvid.modules.notifying.rules import Hours, Wanted, quiet, wants, within

Recipient = tuple[UUID | None, UUID | None]  # a person, or a channel
NOBODY: Recipient = (None, None)


@transaction.atomic
def tell(events: Sequence[Event], store: Store) -> None:
    """Queue what these events tell people; again for the same event adds nothing."""
    now = timezone.now()
    routes = list(Route.objects.prefetch_related("people"))
    rows = [row for event in events for row in _deliveries(event, routes, now)]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _deliveries(event: Event, routes: Sequence[Route], now: datetime) -> list[Delivery]:
    if Delivery.objects.filter(event=event).exists():
        return []
    if reason := quiet(event.source.get("quiet")):
        return [_row(event, NOBODY, now, reason)]
    recipients, reason = _recipients(event, routes)
    if not recipients:
        return [_row(event, NOBODY, now, reason)] if reason else []
    return [_row(event, recipient, now) for recipient in recipients]


def _recipients(event: Event, routes: Sequence[Route]) -> tuple[list[Recipient], str]:
    """Return who is told of an event; of nobody, why (empty where no route is for it)."""
    told = _told(event)
    if event.kind == "alert.resolved":
        return [each for each in told if _may_be_told(each, event)], ""
    meant = [route for route in routes if _is_for(route, event)]
    open_now = [route for route in meant if within(_hours(route), event.at)]
    wanted = [each for route in open_now for each in _of(route)]
    found = list(dict.fromkeys([*wanted, *told]))
    reachable = [each for each in found if _may_be_told(each, event)]
    if reachable or not meant:
        return reachable, ""
    return [], "nobody" if open_now else "hours"


def _is_for(route: Route, event: Event) -> bool:
    wanted = Wanted(route.client_id, route.site_id, route.floor, _hours(route))
    alerts = _alerts(event)
    return any(wants(wanted, alert.client_id, alert.device.site_id, event.severity) for alert in alerts)


def _alerts(event: Event) -> Sequence[Alert]:
    """Return the alerts that an event is about: its own, or those that a window's end or snooze names."""
    named = event.source.get("alerts")
    keys = named if event.kind == "alert.due" and isinstance(named, list) else [event.alert_id]
    return list(Alert.objects.filter(pk__in=[key for key in keys if key]).select_related("device"))


def _told(event: Event) -> list[Recipient]:
    """Return who was told of this alert before: they hear how it goes on, whatever the hour."""
    if event.alert_id is None:
        return []
    rows = Delivery.objects.filter(alert=event.alert_id).exclude(state=Delivery.State.SUPPRESSED)
    found = rows.order_by("pk").values_list("person_id", "channel_id")
    return list(dict.fromkeys(found))


def _of(route: Route) -> list[Recipient]:
    people: list[Recipient] = [(person.pk, None) for person in route.people.all()]
    return [*people, (None, route.channel_id)] if route.channel_id else people


def _may_be_told(recipient: Recipient, event: Event) -> bool:
    person_id, _channel = recipient
    if person_id is None:
        return True
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    return person is not None and viewer_of(person).may("alert.view", event.client_id)


def _hours(route: Route) -> Hours:
    return Hours(route.days, route.since, route.until, route.timezone)


def _row(event: Event, recipient: Recipient, now: datetime, reason: str = "") -> Delivery:
    person, channel = recipient
    state = Delivery.State.SUPPRESSED if reason else Delivery.State.QUEUED
    return Delivery(
        client_id=event.client_id, event=event, alert_id=event.alert_id, person_id=person,
        channel_id=channel, state=state, why=reason, queued_at=now, next_at=now,
    )  # fmt: skip
