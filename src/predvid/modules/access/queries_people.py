"""Reads of people: who has access, with which rights, and whom a viewer may change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet

from predvid.core.errors import UserError
from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Authenticator, Client, Passkey, Person
from predvid.modules.access.rules import Viewer
from predvid.modules.access.rules_people import Rights, check_touch, roles_of

STATES = ("active", "invited", "deactivated")
PER_PAGE = 50


@dataclass(frozen=True)
class Row:
    """A person as the list shows them; `clients` are the names that the viewer may see."""

    person: Person
    state: str
    clients: list[str]
    touchable: bool


def state_of(person: Person) -> str:
    """Return whether a person is active, invited or deactivated."""
    return "invited" if person.invited else "active" if person.is_active else "deactivated"


def rights_of(person: Person) -> Rights:
    """Return the rights of a person, active or not: all of them, however few of them the viewer sees."""
    if person.all_clients:
        return Rights(str(person.role), None)
    return Rights(str(person.role), frozenset(client.pk for client in _clients(person)))


def _clients(person: Person) -> list[Client]:
    """Return the clients of a person, from those that were read ahead, if they were."""
    if "clients" in getattr(person, "_prefetched_objects_cache", {}):
        return list(person.clients.all())
    with tenancy.as_platform():
        return list(person.clients.all())


def seen(viewer: Viewer) -> QuerySet[Person]:
    """Return the people whom `viewer` may see: those who share a client; who sees all clients, everybody."""
    require(viewer, "person.view")
    if viewer.clients is None:
        return Person.objects.all()
    shares = Q(all_clients=False, clients__in=viewer.clients)
    return Person.objects.filter(Q(pk=viewer.person) | shares).distinct()


def visible(viewer: Viewer, person: UUID) -> Person:
    """Return one person. Raises NotVisible."""
    found = seen(viewer).filter(pk=person).first()
    if found is None:
        raise NotVisible
    return found


def changeable(viewer: Viewer, person: UUID) -> Person:
    """Return a person whose access `viewer` may touch. Raises NotVisible, UserError."""
    found = visible(viewer, person)
    check_touch(viewer, found.pk, rights_of(found))
    return found


def touchable(viewer: Viewer, person: Person) -> bool:
    """Tell whether `viewer` may change the access of a person."""
    try:
        check_touch(viewer, person.pk, rights_of(person))
    except UserError:
        return False
    return viewer.may("person.change")


def people(viewer: Viewer, *, state: str, q: str, number: str) -> Page[Person]:
    """Return one page of the visible people in one state (empty: all), by a part of name or address.

    Each knows in `has_passkey` and `has_app` which second factors they have.
    """
    mine = {"person": OuterRef("pk")}
    rows = _in_state(seen(viewer), state).order_by("name", "email")
    rows = rows.annotate(
        has_passkey=Exists(Passkey.objects.filter(**mine)),
        has_app=Exists(Authenticator.objects.filter(**mine).exclude(confirmed_at=None)),
    )
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(email__icontains=q))
    page: Page[Any] = Paginator(rows.prefetch_related("clients"), PER_PAGE).get_page(number)
    with tenancy.as_platform():  # who may be touched is told by all rights that a person has
        page.object_list = list(page.object_list)
    return page


def _in_state(rows: QuerySet[Person], state: str) -> QuerySet[Person]:
    if state not in STATES:
        return rows
    return rows.filter(
        invited=state == "invited", **{} if state == "invited" else {"is_active": state == "active"}
    )


def counted(viewer: Viewer) -> dict[str, int]:
    """Return how many visible people there are in each state."""
    return {state: _in_state(seen(viewer), state).count() for state in STATES}


def shown(viewer: Viewer, found: Iterable[Person]) -> list[Row]:
    """Return people, with their clients read ahead, as the list shows them."""
    return [
        Row(
            person,
            state_of(person),
            sorted(
                (client.name for client in person.clients.all() if viewer.sees(client.pk)), key=str.casefold
            ),
            touchable(viewer, person),
        )
        for person in found
    ]


def roles(viewer: Viewer) -> list[tuple[str, str]]:
    """Return the roles that `viewer` can give, as choices."""
    given = roles_of(viewer)
    return [(value, str(label)) for value, label in Person.Role.choices if value in given]


def clients(viewer: Viewer) -> list[tuple[str, str]]:
    """Return the clients that `viewer` can give, as choices; nobody is let into a former client anew."""
    rows = Client.objects.exclude(standing=Client.Standing.FORMER)
    if viewer.clients is not None:
        rows = rows.filter(pk__in=viewer.clients)
    return [(str(key), name) for key, name in rows.order_by("name").values_list("pk", "name")]


def given_clients(viewer: Viewer, chosen: Iterable[UUID]) -> list[Client]:
    """Return the chosen clients. Raises NotVisible if one of them is foreign or not there."""
    wanted = set(chosen)
    found = [client for client in Client.objects.filter(pk__in=wanted) if viewer.sees(client.pk)]
    if len(found) != len(wanted):
        raise NotVisible
    return sorted(found, key=lambda client: client.name.casefold())


def active_owners() -> QuerySet[Person]:
    """Return the owners who can sign in; the bootstrap and the last owner's protection count them."""
    return Person.objects.filter(role=Person.Role.OWNER, is_active=True).order_by("pk")
