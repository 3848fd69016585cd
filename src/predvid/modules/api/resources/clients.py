"""Clients with their health, and their sites."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.core.paginator import Paginator
from django.utils import timezone
from msgspec import Meta

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import NO_NUL, Moment, Name, OnePage, Words, paged
from predvid.modules.api.problems import Flaw, Problem
from predvid.modules.api.route import Paged, route
from predvid.modules.inventory import actions
from predvid.modules.inventory.forms import SiteForm
from predvid.modules.inventory.queries import sites_with_devices
from predvid.modules.monitoring.queries import standing


class ClientQuery(OnePage, forbid_unknown_fields=True):
    """Which clients.

    page: from 1 on; beyond the last one there are no items.
    limit: how many items on a page.
    q: only those whose name contains this.
    """

    q: Words = ""


class Client(msgspec.Struct):
    """A client with the number of its devices by standing and of its alerts; acknowledged ones apart."""

    id: UUID
    name: str
    sector: str
    standing: str
    created_at: Moment
    devices: dict[str, int]
    critical_alerts: int
    other_alerts: int
    acknowledged_alerts: int


class NewClient(msgspec.Struct, forbid_unknown_fields=True):
    """A client to add."""

    name: Name
    sector: Annotated[str, Meta(max_length=80, pattern=NO_NUL)] = ""


class Site(msgspec.Struct):
    """A place of a client."""

    id: UUID
    name: str
    timezone: str
    devices: int


class Sites(msgspec.Struct):
    """All sites of a client, by name."""

    items: list[Site]


class NewSite(msgspec.Struct, forbid_unknown_fields=True):
    """A site to add; its time zone by IANA name."""

    name: Name
    timezone: Annotated[str, Meta(max_length=40)] = "Europe/Zagreb"


@route("GET", "clients", "client.view")
def list_clients(viewer: Viewer, query: ClientQuery) -> Paged[Client]:
    """List clients, most trouble first."""
    q = query.q.strip().lower()
    rows = [row for row in standing.health(viewer, timezone.now()) if q in row.client.name.lower()]
    page: Any = Paginator(rows, query.limit).get_page(query.page)
    return paged([_client(row) for row in page.object_list], page, query.page)


@route("GET", "clients/{client_id}", "client.view")
def get_client(viewer: Viewer, client_id: UUID) -> Client:
    """Show one client."""
    return _one(viewer, client_id)


@route("POST", "clients", "client.add", status=201)
def add_client(viewer: Viewer, body: NewClient) -> Client:
    """Add a client with its first site. Only tokens that see all clients may."""
    made = actions.add_client(viewer, body.name, body.sector, timezone.now())
    return _one(viewer, made.pk)


@route("GET", "clients/{client_id}/sites", "client.view")
def list_sites(viewer: Viewer, client_id: UUID) -> Sites:
    """List the sites of a client."""
    _one(viewer, client_id)
    return Sites([_site(row) for row in sites_with_devices(viewer, client_id)])


@route("POST", "clients/{client_id}/sites", "site.add", status=201)
def add_site(viewer: Viewer, client_id: UUID, body: NewSite) -> Site:
    """Add a site to a client."""
    form = SiteForm({"name": body.name, "timezone": body.timezone})
    if not form.is_valid():
        raise Problem(
            422,
            "invalid",
            "Some of what you sent does not fit.",
            [Flaw(f"body.{name}", str(why)) for name, whys in form.errors.items() for why in whys],
        )
    made = actions.add_site(viewer, client_id, body.name, timezone.now(), body.timezone)
    return Site(made.pk, made.name, made.timezone, 0)


def _one(viewer: Viewer, client_id: UUID) -> Client:
    rows = standing.health(viewer, timezone.now(), only=client_id)
    if not rows:
        raise NotVisible
    return _client(rows[0])


def _client(row: standing.Health) -> Client:
    known = row.client
    counted = {name: row.by_standing[name] for name in standing.STANDINGS}
    return Client(
        known.pk,
        known.name,
        known.sector,
        known.standing,
        known.created_at,
        counted,
        row.critical,
        row.other,
        row.acknowledged,
    )


def _site(row: Any) -> Site:
    return Site(row.pk, row.name, row.timezone, row.device_count)
