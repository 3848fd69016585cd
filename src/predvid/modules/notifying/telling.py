"""The reaction to events of alerts: queues one delivery for each recipient, or notes why there is none.

What telling needs to know is read at once for all events that come together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from predvid.core.model import State
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.alert_events import SEVERITIES
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.store import Store
from predvid.modules.notifying.models import Delivery, Route
from predvid.modules.notifying.rules import Hours, Wanted, quiet, wants, within

Recipient = tuple[UUID | None, UUID | None]  # a person, or a channel
NOBODY: Recipient = (None, None)
ASSIGNED, DUE, RESOLVED = "alert.assigned", "alert.due", "alert.resolved"


@transaction.atomic
def tell(events: Sequence[Event], store: Store) -> None:
    """Queue what these events tell people; again for the same event adds nothing."""
    now, scene = timezone.now(), Scene.of(events)
    rows = [row for event in events for row in scene.deliveries(event, now)]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


@dataclass(frozen=True)
class Scene:
    """What is known of a batch of events: routes, alerts, who was told before, and who may be told at all."""

    routes: Sequence[Route]
    done: AbstractSet[int]  # events that have their deliveries
    alerts: Mapping[int, Alert]
    told: Mapping[int, Sequence[Recipient]]  # by alert, the first first
    viewers: Mapping[UUID, Viewer]  # of active people

    @classmethod
    def of(cls, events: Sequence[Event]) -> "Scene":
        """Read it, in as many queries for one event as for a thousand."""
        keys = {key for event in events for key in _named(event)}
        routes = list(Route.objects.prefetch_related("people"))
        rows = Delivery.objects.filter(alert__in=keys).exclude(state=Delivery.State.SUPPRESSED).order_by("pk")
        told: dict[int, list[Recipient]] = defaultdict(list)
        for alert, person, channel in rows.values_list("alert_id", "person_id", "channel_id"):
            told[alert].append((person, channel))
        people = {person.pk for route in routes for person in route.people.all()}
        people |= {person for each in told.values() for person, _ in each if person}
        people |= {person for person in map(_assignee, events) if person}
        active = Person.objects.filter(pk__in=people, is_active=True)
        return cls(
            routes,
            set(Delivery.objects.filter(event__in=events).values_list("event_id", flat=True)),
            Alert.objects.select_related("device").in_bulk(keys),
            told,
            {person.pk: viewer_of(person) for person in active},
        )

    def deliveries(self, event: Event, now: datetime) -> list[Delivery]:
        """Return the unsaved deliveries of an event: one a recipient, or one that says why there is none."""
        if event.pk in self.done:
            return []
        if "quiet" in event.source:
            return [_row(event, NOBODY, now, quiet(event.source["quiet"]) or "other")]
        recipients, reason = self._recipients(event)
        if not recipients:
            return [_row(event, NOBODY, now, reason)] if reason else []
        return [_row(event, recipient, now) for recipient in recipients]

    def _recipients(self, event: Event) -> tuple[list[Recipient], str]:
        """Return who is told of an event; of nobody, why (empty where no route is for it)."""
        if event.kind == ASSIGNED:
            person = _assignee(event)
            return [each for each in [(person, None)] if person and self._may_be_told(each, event)], ""
        told = [each for key in _named(event) for each in self.told.get(key, ())]
        if event.kind == RESOLVED:
            return [each for each in dict.fromkeys(told) if self._may_be_told(each, event)], ""
        meant = [route for route in self.routes if self._is_for(route, event)]
        open_now = [route for route in meant if within(_hours(route), event.at)]
        wanted = [each for route in open_now for each in _of(route)]
        # Who was told before hears how it goes on, whatever the hour.
        reachable = [each for each in dict.fromkeys([*wanted, *told]) if self._may_be_told(each, event)]
        if reachable or not meant:
            return reachable, ""
        return [], "nobody" if open_now else "hours"

    def _is_for(self, route: Route, event: Event) -> bool:
        wanted = Wanted(route.client_id, route.site_id, route.floor, _hours(route))
        alerts = [self.alerts[key] for key in _named(event) if key in self.alerts]
        return any(
            wants(wanted, alert.client_id, alert.device.site_id, _severity(event, alert)) for alert in alerts
        )

    def _may_be_told(self, recipient: Recipient, event: Event) -> bool:
        person, _channel = recipient
        if person is None:
            return True
        viewer = self.viewers.get(person)
        return viewer is not None and viewer.may("alert.view", event.client_id)


def _named(event: Event) -> list[int]:
    """Return the alerts that an event is about: its own, or those that a window's end or snooze names."""
    named = event.source.get("alerts")
    if event.kind == DUE and isinstance(named, list):
        return [key for key in named if isinstance(key, int)]
    return [event.alert_id] if event.alert_id else []


def _severity(event: Event, alert: Alert) -> int:
    """Return how severe an alert is for a route: one of several is not as bad as the worst of them."""
    return int(SEVERITIES[State(alert.state)]) if event.kind == DUE else event.severity


def _assignee(event: Event) -> UUID | None:
    """Return to whom an alert was given, if somebody else did it."""
    person = str(event.source.get("person", "")) if event.kind == ASSIGNED else ""
    return UUID(person) if person and person != event.source.get("by") else None


def _of(route: Route) -> list[Recipient]:
    people: list[Recipient] = [(person.pk, None) for person in route.people.all()]
    return [*people, (None, route.channel_id)] if route.channel_id else people


def _hours(route: Route) -> Hours:
    return Hours(route.days, route.since, route.until, route.timezone)


def _row(event: Event, recipient: Recipient, now: datetime, reason: str = "") -> Delivery:
    person, channel = recipient
    state = Delivery.State.SUPPRESSED if reason else Delivery.State.QUEUED
    return Delivery(
        client_id=event.client_id, event=event, alert_id=event.alert_id, person_id=person,
        channel_id=channel, state=state, why=reason, queued_at=now, next_at=now,
    )  # fmt: skip
