"""The reaction to events of alerts: queues one delivery for each recipient, or notes why there is none.

That of an escalation rests until its time comes; `sending` then looks whether it is still wanted.

What telling needs to know is read at once for all events that come together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from predvid.core.model import State
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewers_of
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.alert_events import SEVERITIES
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.store import Store
from predvid.modules.notifying.models import Delivery, Rota, Route
from predvid.modules.notifying.rotas import loaded, rotation_of
from predvid.modules.notifying.rules import Hours, Wanted, on_call, quiet, wants, within

Recipient = tuple[UUID | None, UUID | None]  # a person, or a channel
Waits = dict[Recipient, int]  # recipients, and for how many minutes each is spared
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
    rotas: Mapping[UUID, Rota]
    done: AbstractSet[int]  # events that have their deliveries
    alerts: Mapping[int, Alert]
    told: Mapping[int, Sequence[Recipient]]  # by alert, the first first
    viewers: Mapping[UUID, Viewer]  # of active people

    @classmethod
    def of(cls, events: Sequence[Event]) -> "Scene":
        """Read it, in as many queries for one event as for a thousand."""
        keys = {key for event in events for key in _named(event)}
        routes = list(Route.objects.prefetch_related("people"))
        rotas = {rota.pk: rota for rota in loaded()} if any(route.rota_id for route in routes) else {}
        rows = Delivery.objects.filter(alert__in=keys).exclude(state=Delivery.State.SUPPRESSED).order_by("pk")
        rows = rows.exclude(state=Delivery.State.QUEUED, escalates=True)  # they have heard nothing yet
        told: dict[int, list[Recipient]] = defaultdict(list)
        for alert, person, channel in rows.values_list("alert_id", "person_id", "channel_id"):
            told[alert].append((person, channel))
        people = {person.pk for route in routes for person in route.people.all()}
        people |= {person for rota in rotas.values() for person in _on(rota)}
        people |= {person for each in told.values() for person, _ in each if person}
        people |= {person for person in map(_assignee, events) if person}
        active = list(Person.objects.filter(pk__in=people, is_active=True))
        return cls(
            routes,
            rotas,
            set(Delivery.objects.filter(event__in=events).values_list("event_id", flat=True)),
            Alert.objects.select_related("device").in_bulk(keys),
            told,
            viewers_of(active),
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
        return [_row(event, recipient, now, after=after) for recipient, after in recipients.items()]

    def _recipients(self, event: Event) -> tuple[Waits, str]:
        """Return who is told of an event; of nobody, why (empty where no route is for it)."""
        if event.kind == ASSIGNED:
            person = _assignee(event)
            return self._reachable({(person, None): 0} if person else {}, event), ""
        told = [each for key in _named(event) for each in self.told.get(key, ())]
        if event.kind == RESOLVED:
            return self._reachable(dict.fromkeys(told, 0), event), ""
        meant = [route for route in self.routes if self._is_for(route, event)]
        open_then = [route for route in meant if within(_hours(route), _told_at(route, event))]
        # Who was told before hears how it goes on, whatever the hour; of several routes the earliest counts.
        wanted: Waits = dict.fromkeys(told, 0)
        for route in sorted(open_then, key=lambda route: route.after):
            for recipient in self._of(route, event):
                wanted.setdefault(recipient, route.after)
        reachable = self._reachable(wanted, event)
        if reachable or not meant:
            return reachable, ""
        return {}, "nobody" if open_then else "hours"

    def _of(self, route: Route, event: Event) -> list[Recipient]:
        """Return whom a route tells of an event: its people, who is on call by then, its channel."""
        found: list[Recipient] = [(person.pk, None) for person in route.people.all()]
        if route.rota_id:
            rotation = rotation_of(self.rotas[route.rota_id])
            person = on_call(rotation, _told_at(route, event), lambda key: self._person_told(key, event))
            found += [(person, None)] if person else []
        return [*found, (None, route.channel_id)] if route.channel_id else found

    def _reachable(self, wanted: Waits, event: Event) -> Waits:
        return {each: after for each, after in wanted.items() if self._may_be_told(each, event)}

    def _is_for(self, route: Route, event: Event) -> bool:
        wanted = Wanted(route.client_id, route.site_id, route.floor, _hours(route))
        alerts = [self.alerts[key] for key in _named(event) if key in self.alerts]
        return any(
            wants(wanted, alert.client_id, alert.device.site_id, _severity(event, alert)) for alert in alerts
        )

    def _may_be_told(self, recipient: Recipient, event: Event) -> bool:
        person, _channel = recipient
        return person is None or self._person_told(person, event)

    def _person_told(self, person: UUID, event: Event) -> bool:
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


def _told_at(route: Route, event: Event) -> datetime:
    return event.at + timedelta(minutes=route.after)


def _on(rota: Rota) -> set[UUID]:
    rotation = rotation_of(rota)
    return {*rotation.people, *(person for person, _since, _until in rotation.stand_ins)}


def _hours(route: Route) -> Hours:
    return Hours(route.days, route.since, route.until, route.timezone)


def _row(event: Event, recipient: Recipient, now: datetime, reason: str = "", after: int = 0) -> Delivery:
    person, channel = recipient
    state = Delivery.State.SUPPRESSED if reason else Delivery.State.QUEUED
    return Delivery(
        client_id=event.client_id, event=event, alert_id=event.alert_id, person_id=person,
        channel_id=channel, state=state, why=reason, escalates=after > 0, queued_at=now,
        next_at=max(now, event.at + timedelta(minutes=after)),
    )  # fmt: skip
