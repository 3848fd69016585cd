"""Reads of channels, routes and deliveries."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.utils.dates import WEEKDAYS_ABBR

from predvid.modules.access import vault
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Client, Mail, Person
from predvid.modules.access.queries import viewer_of, viewers_of
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Site
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.queries.standing import narrowed
from predvid.modules.monitoring.windows import OpenWindows
from predvid.modules.monitoring.words import sentence
from predvid.modules.notifying.failures import in_words
from predvid.modules.notifying.kinds import kinds
from predvid.modules.notifying.models import Channel, Delivery, Rota, Route

PER_PAGE = 50
EVERY_DAY = 127  # all seven bits


@dataclass(frozen=True)
class RouteRow:
    """One route as the list shows it; `gone` are people on it whom nobody tells anything any more."""

    route: Route
    people: list[Person]
    gone: list[Person]

    @property
    def reaches_nobody(self) -> bool:
        """Tell whether nothing comes of it."""
        return not self.people and self.route.channel_id is None and self.route.rota_id is None

    @property
    def always(self) -> bool:
        """Tell whether its hours are round the clock on every day."""
        return self.route.days == EVERY_DAY and self.route.since == self.route.until

    @property
    def days(self) -> list[Any]:
        """Return the names of its days, short."""
        return [name for day, name in WEEKDAYS_ABBR.items() if self.route.days >> day & 1]

    @property
    def clock(self) -> str:
        """Return its hours as a clock shows them; empty for whole days."""
        since, until = self.route.since, self.route.until
        if since == until:
            return ""
        return f"{since // 60:02}:{since % 60:02}–{until // 60:02}:{until % 60:02}"


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery as the log shows it, worded for the viewer."""

    row: Delivery
    sentence: str
    error: str


@dataclass(frozen=True)
class Letters:
    """Letters (invitations, new passwords) that wait for the mail server, and why the last one failed."""

    waiting: int
    error: str


def routes(viewer: Viewer) -> list[RouteRow]:
    """Return the routes of the viewer's clients; those for all clients are for all-client viewers."""
    rows = narrowed(viewer, Route.objects.select_related("client", "site", "channel", "rota"))
    found = list(rows.prefetch_related("people"))
    viewers_of([person for route in found for person in route.people.all()])
    return [_route_row(route) for route in found]


def route(viewer: Viewer, route_id: UUID) -> Route:
    """Return one route with its people. Raises NotVisible."""
    rows = Route.objects.select_related("client", "site", "channel").prefetch_related("people")
    found = narrowed(viewer, rows).filter(pk=route_id).first()
    if found is None:
        raise NotVisible
    return found


def _route_row(route: Route) -> RouteRow:
    people: list[Person] = []
    gone: list[Person] = []
    for person in route.people.all():
        reached = person.is_active and viewer_of(person).may("alert.view", route.client_id or _any(person))
        (people if reached else gone).append(person)
    return RouteRow(route, people, gone)


def _any(person: Person) -> UUID | None:
    """Return some client of a person: a route for all clients tells each of its people of their own."""
    clients = viewer_of(person).clients
    return None if clients is None else next(iter(clients), None)


def people(viewer: Viewer) -> list[Person]:
    """Return who can be put on a route: active staff who see a client that the viewer sees."""
    rows = Person.objects.filter(is_active=True).exclude(role=Person.Role.CLIENT_CONTACT)
    if viewer.clients is not None:
        shared = Q(all_clients=True) | Q(clients__in=viewer.clients)
        rows = rows.filter(shared).distinct()
    return list(rows.order_by("name"))


def sites(viewer: Viewer) -> list[Site]:
    """Return the viewer's sites with their clients."""
    return list(narrowed(viewer, Site.objects.select_related("client")).order_by("client__name", "name"))


def clients(viewer: Viewer) -> list[Client]:
    """Return the viewer's clients."""
    return list(narrowed(viewer, Client.objects.order_by("name"), "pk"))


def channels(viewer: Viewer) -> list[Channel]:
    """Return the channels that routes can end in; their names are for all staff."""
    return list(Channel.objects.filter(kind__in=_routed())) if viewer.may("route.view") else []


def _routed() -> list[str]:
    return [kind.name for kind in kinds().values() if kind.routed]


def rotas(viewer: Viewer) -> list[Rota]:
    """Return the rotas that a route can name; they are for all staff."""
    return list(Rota.objects.all()) if viewer.may("route.view") else []


def heartbeats() -> list[Channel]:
    """Return the channels that are called while all is well."""
    return list(Channel.objects.filter(kind="heartbeat"))


def all_channels(viewer: Viewer) -> list[tuple[Channel, str, Any]]:
    """Return every channel with where it leads and the title of its kind, for those who set them up."""
    if not viewer.may("settings.change"):
        raise NotVisible
    known = kinds()
    rows = [row for row in Channel.objects.all() if row.kind in known]
    return [(row, known[row.kind].told(settings_of(row)), known[row.kind].title) for row in rows]


def channel(viewer: Viewer, channel_id: UUID) -> Channel:
    """Return one channel. Raises NotVisible."""
    row = Channel.objects.filter(pk=channel_id).first() if viewer.may("settings.change") else None
    if row is None:
        raise NotVisible
    return row


def settings_of(row: Channel) -> dict[str, Any]:
    """Return the opened settings of a channel, for sending. Raises KeyUnusable or Damaged."""
    found: dict[str, Any] = json.loads(vault.unseal(row, "settings"))
    return found


def mail_server() -> Channel | None:
    """Return the installation's mail server, None while there is none."""
    return Channel.objects.filter(kind="email").first()


def letters(viewer: Viewer) -> Letters:
    """Return what waits for the mail server besides notifications."""
    if not viewer.may("settings.change"):
        raise NotVisible
    rows = Mail.objects.filter(sent_at=None)
    failed = rows.exclude(error="").order_by("-pk").first()
    error = in_words(failed.error, failed.error_values, viewer.language) if failed else ""
    return Letters(rows.count(), error)


def log(viewer: Viewer, state: str, client: UUID | None, number: str) -> Page[Any]:
    """Return one page of deliveries, newest first."""
    rows = _seen(viewer)
    if state in Delivery.State.values:
        rows = rows.filter(state=state)
    if client is not None:
        rows = rows.filter(client=client)
    page: Page[Any] = Paginator(rows.order_by("-queued_at", "-pk"), PER_PAGE).get_page(number)
    page.object_list = [_delivery_row(row, viewer.language) for row in page.object_list]
    return page


def _delivery_row(row: Delivery, language: str) -> DeliveryRow:
    return DeliveryRow(row, _said(row, language), in_words(row.error, row.error_values, language))


def counted(viewer: Viewer) -> dict[str, int]:
    """Return how many deliveries wait and how many failed."""
    rows = _seen(viewer).order_by().values_list("state").annotate(n=Count("pk"))
    found = dict(rows.filter(state__in=(Delivery.State.QUEUED, Delivery.State.FAILED)))
    return {state: found.get(state, 0) for state in ("queued", "failed")}


def _seen(viewer: Viewer) -> QuerySet[Delivery]:
    rows = Delivery.objects.select_related("client", "event", "alert__device", "person", "channel")
    return narrowed(viewer, rows)


def _said(row: Delivery, language: str) -> str:
    source = row.event.source
    if "said_id" not in source:
        return sentence(row.event.said_id, row.event.said_values, language)
    told = source.get("said_values")
    return sentence(str(source["said_id"]), told if isinstance(told, dict) else {}, language)


def nobody_took(row: Delivery, now: datetime) -> bool:
    """Tell whether an alert that a delivery is about still waits for somebody: open, given to nobody, awake.

    While its device is in maintenance nobody needs to take it on.
    """
    named = row.event.source.get("alerts")
    keys = named if isinstance(named, list) else [row.alert_id]
    waiting = Alert.objects.filter(
        pk__in=[key for key in keys if key], phase=Alert.Phase.OPEN, assigned_to=None
    )
    awake = waiting.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))
    devices = set(awake.values_list("device", flat=True))
    windows = OpenWindows.over(devices, now)
    return any(not windows.over_device(device) for device in devices)


def due(now: datetime) -> QuerySet[Delivery]:
    """Return the deliveries that nobody has in hand and that are to be tried now, oldest first."""
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return Delivery.objects.filter(free, state=Delivery.State.QUEUED, next_at__lte=now).order_by("pk")
