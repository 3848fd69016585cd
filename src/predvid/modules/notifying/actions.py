"""Verbs of routes, channels and deliveries; the reaction that queues deliveries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit, vault
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Client, Person
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Site
from predvid.modules.notifying import queries
from predvid.modules.notifying.kinds import kinds
from predvid.modules.notifying.models import Channel, Delivery, Route
from predvid.modules.notifying.rules import Hours


@dataclass(frozen=True)
class NewRoute:
    """What a new route is made of; see `models.Route`."""

    name: str
    client: UUID | None
    site: UUID | None
    floor: int
    people: Sequence[UUID]
    channel: UUID | None
    hours: Hours
    rota: UUID | None = None
    after: int = 0


@transaction.atomic
def add_route(viewer: Viewer, new: NewRoute, now: datetime) -> Route:
    """Make a route. Raises NotVisible, Denied, or UserError where it would reach nobody."""
    people = _reached(viewer, new)
    if not (people or new.channel or new.rota):
        raise _nobody()
    made = Route.objects.create(**_columns(new))
    made.people.set(people)
    after = {"people": len(people), "severity": new.floor}
    audit.record(viewer, "route.added", _route(made), new.client, now, after=after)
    return made


@transaction.atomic
def change_route(viewer: Viewer, route_id: UUID, new: NewRoute, now: datetime) -> Route:
    """Let a route be as `new` says; people on it whom the viewer does not see stay. Raises as `add_route`."""
    route = _held_route(viewer, route_id)
    people = _reached(viewer, new)
    known = {person.pk for person in queries.people(viewer)}
    unseen = [person for person in route.people.filter(is_active=True) if person.pk not in known]
    if not (people or unseen or new.channel or new.rota):
        raise _nobody()
    before = {"people": route.people.count(), "severity": route.floor}
    client = route.client_id
    for name, value in _columns(new).items():
        setattr(route, name, value)
    route.save()
    route.people.set([*people, *unseen])
    after = {"people": len(people) + len(unseen), "severity": new.floor}
    for chain in {client, new.client}:
        audit.record(viewer, "route.changed", _route(route), chain, now, before=before, after=after)
    return route


def _nobody() -> UserError:
    return UserError("Choose at least one person, a rota or a channel: this route would reach nobody.")


def _reached(viewer: Viewer, new: NewRoute) -> list[Person]:
    """Return the people of a wanted route, each of whom the viewer may choose. Raises NotVisible, Denied."""
    require(viewer, "route.change", new.client)
    if new.client and not Client.objects.filter(pk=new.client).exists():
        raise NotVisible
    if new.site and not Site.objects.filter(pk=new.site, client=new.client).exists():
        raise NotVisible
    people = list(Person.objects.filter(pk__in=new.people, is_active=True))
    known = {person.pk for person in queries.people(viewer)}
    if {person.pk for person in people} - known or len(people) != len(set(new.people)):
        raise NotVisible
    if new.channel and new.channel not in {channel.pk for channel in queries.channels(viewer)}:
        raise NotVisible
    if new.rota and new.rota not in {rota.pk for rota in queries.rotas(viewer)}:
        raise NotVisible
    return people


def _columns(new: NewRoute) -> dict[str, Any]:
    return {
        "name": new.name, "client_id": new.client, "site_id": new.site, "floor": new.floor,
        "channel_id": new.channel, "days": new.hours.days, "since": new.hours.since,
        "until": new.hours.until, "timezone": new.hours.timezone, "rota_id": new.rota, "after": new.after,
    }  # fmt: skip


def _held_route(viewer: Viewer, route_id: UUID) -> Route:
    route = Route.objects.select_for_update().filter(pk=route_id).first()
    if route is None:
        raise NotVisible
    require(viewer, "route.change", route.client_id)
    return route


@transaction.atomic
def remove_route(viewer: Viewer, route_id: UUID, now: datetime) -> None:
    """Remove a route. Raises NotVisible or Denied."""
    route = _held_route(viewer, route_id)
    subject, client = _route(route), route.client_id
    route.delete()
    audit.record(viewer, "route.removed", subject, client, now)


def _route(route: Route) -> Subject:
    return Subject("route", str(route.pk), route.name)


@transaction.atomic
def keep_channel(viewer: Viewer, kind: str, name: str, given: Mapping[str, Any], now: datetime) -> Channel:
    """Keep a new channel; the mail server's settings replace those that are kept. Raises UserError.

    A password left empty stays the one that is kept, for the same server, port, encryption and user alone:
    nobody who can only write settings has it sent elsewhere.
    """
    require(viewer, "settings.change")
    vault.hold(None)
    row = Channel.objects.select_for_update().filter(kind=kind).first() if kind == "email" else None
    settings = dict(given)
    if row is not None and not settings["password"]:
        kept = queries.settings_of(row)
        same = all(settings[key] == kept[key] for key in ("host", "port", "security", "username"))
        if kept["password"] and not same:
            raise UserError("The server or its user has changed: give the password anew.")
        settings["password"] = kept["password"]
    made = row or Channel(kind=kind)
    made.name, made.changed_at = name, now
    vault.seal(made, "settings", json.dumps(settings).encode())
    try:
        with transaction.atomic():
            made.save(force_insert=row is None)
    except IntegrityError:
        raise UserError("There is a channel of this name already.") from None
    verb = "channel.changed" if row else "channel.added"
    audit.record(viewer, verb, _channel(made), None, now, after={"kind": kind})
    return made


@transaction.atomic
def remove_channel(viewer: Viewer, channel_id: UUID, now: datetime) -> None:
    """Remove a channel with the routes and deliveries that end in it. Raises NotVisible or Denied."""
    require(viewer, "settings.change")
    row = queries.channel(viewer, channel_id)
    subject, kind = _channel(row), row.kind
    row.delete()
    audit.record(viewer, "channel.removed", subject, None, now, before={"kind": kind})


@transaction.atomic
def note_test(viewer: Viewer, channel_id: UUID, now: datetime, *, sent: bool) -> None:
    """Write down that a person sent a test message."""
    row = queries.channel(viewer, channel_id)
    audit.record(viewer, "channel.tested", _channel(row), None, now, after={"sent": sent})


def _channel(row: Channel) -> Subject:
    return Subject("channel", str(row.pk), row.name if row.kind in kinds() else "")


@transaction.atomic
def retry(viewer: Viewer, delivery_id: int, now: datetime) -> None:
    """Try a failed or resting delivery at once, for another day at most. Raises NotVisible, UserError."""
    row = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
    if row is None:
        raise NotVisible
    require(viewer, "delivery.retry", row.client_id)
    if row.state not in (Delivery.State.QUEUED, Delivery.State.FAILED):
        raise UserError("This message has been sent, or nobody was to be told.")
    was = row.state
    Delivery.objects.filter(pk=row.pk).update(
        state=Delivery.State.QUEUED, next_at=now, queued_at=now, attempts=0
    )
    audit.record(
        viewer, "delivery.retried", Subject("delivery", str(row.pk)), row.client_id, now,
        before={"state": str(was)}, after={"state": "queued"},
    )  # fmt: skip
