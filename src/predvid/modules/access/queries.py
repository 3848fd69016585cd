"""Reads of people: who looks, in which language, through which one-time link."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Attempt, Client, Person, SignInLink
from predvid.modules.access.rules import Viewer
from predvid.modules.access.rules_people import Rights, may_give

__all__ = [
    *("NotVisible", "failures", "language_of", "open_link", "owner_exists", "secret_hash", "viewer_of"),
    "viewers_of",
]


def viewer_of(person: Any) -> Viewer:
    """Return the viewer that a signed-in person is; their clients are read once a request."""
    known = getattr(person, "_viewer", None)
    return known if isinstance(known, Viewer) else viewers_of([person])[person.pk]


def viewers_of(people: Sequence[Any]) -> dict[UUID, Viewer]:
    """Return the viewers that people are, by their keys; the clients of all of them are read at once.

    A former client's contact no longer sees it, staff still do.
    """
    chosen = _chosen({person.pk for person in people if not person.all_clients})
    for person in people:
        clients = None if person.all_clients else frozenset(chosen[person.pk])
        person._viewer = Viewer(person.name, person.role, clients, person.language, person.pk)
    return {person.pk: person._viewer for person in people}


def _chosen(people: Collection[UUID]) -> dict[UUID, set[UUID]]:
    chosen: dict[UUID, set[UUID]] = defaultdict(set)
    former = Q(person__role=Person.Role.CLIENT_CONTACT, client__standing=Client.Standing.FORMER)
    if people:
        with tenancy.as_platform():  # whose rows a person may see is asked before they may see any
            rows = Person.clients.through._default_manager.filter(person__in=people).exclude(former)
            for person, client in rows.values_list("person_id", "client_id"):
                chosen[person].add(client)
    return chosen


def language_of(person: Any) -> str | None:
    """Return the language that a signed-in person chose; None for a stranger."""
    return str(person.language) if person.is_authenticated else None


def secret_hash(secret: str) -> bytes:
    """Return the SHA-256 under which a secret is kept; with 256 random bits it needs no salt."""
    return hashlib.sha256(secret.encode()).digest()


def open_link(secret: str, now: datetime) -> SignInLink:
    """Return the unused, unexpired link of `secret` that still holds; raise NotVisible for any other."""
    link = (
        SignInLink.objects.select_related("person", "made_by")
        .filter(secret_hash=secret_hash(secret), used_at=None, expires_at__gt=now)
        .first()
    )
    if link is None or (link.person is None and owner_exists()):
        raise NotVisible
    if link.person is not None and not _holds(link, link.person):
        raise NotVisible
    return link


def _holds(link: SignInLink, person: Person) -> bool:
    """Tell whether a link's person may use it, and whoever made it could still make it today."""
    invitation = link.kind == SignInLink.Kind.INVITATION
    if not (person.invited if invitation else person.is_active):
        return False
    if link.made_by is None:
        return True
    return link.made_by.is_active and may_give(
        viewer_of(link.made_by), Rights(str(person.role), viewer_of(person).clients)
    )


def owner_exists() -> bool:
    """Tell whether this installation has had its first owner."""
    return Person.objects.filter(role=Person.Role.OWNER).exists()


def failures(subject: bytes, now: datetime, within: timedelta) -> int:
    """Return how many sign-ins failed for `subject` (a SHA-256) in the last while."""
    return Attempt.objects.filter(subject_hash=subject, at__gt=now - within).count()
