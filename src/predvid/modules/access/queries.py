"""Reads of people: who looks, in which language, through which one-time link."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Attempt, Person, SignInLink
from predvid.modules.access.rules import Viewer

__all__ = [
    *("NotVisible", "failures", "granted", "language_of", "open_link", "owner_exists", "secret_hash"),
    "viewer_of",
]


def viewer_of(person: Any) -> Viewer:
    """Return the viewer that a signed-in person is; their clients are read once a request."""
    known = getattr(person, "_viewer", None)
    if isinstance(known, Viewer):
        return known
    clients = None if person.all_clients else granted(person.clients.through, person=person)
    viewer = Viewer(person.name, person.role, clients, person.language, person.pk)
    person._viewer = viewer
    return viewer


def granted(grants: type[Model], **holder: Any) -> frozenset[UUID]:
    """Return the ids of the clients that a person or token was given.

    Of the grants alone: until they are known, the database shows no client (see `tenancy.entered`).
    """
    return frozenset(grants._default_manager.filter(**holder).values_list("client_id", flat=True))


def language_of(person: Any) -> str | None:
    """Return the language that a signed-in person chose; None for a stranger."""
    return str(person.language) if person.is_authenticated else None


def secret_hash(secret: str) -> bytes:
    """Return the SHA-256 under which a secret is kept; with 256 random bits it needs no salt."""
    return hashlib.sha256(secret.encode()).digest()


def open_link(secret: str, now: datetime) -> SignInLink:
    """Return the unused, unexpired link of `secret`; raise NotVisible for any other."""
    link = (
        SignInLink.objects.select_related("person")
        .filter(secret_hash=secret_hash(secret), used_at=None, expires_at__gt=now)
        .first()
    )
    if link is None or (link.person is None and owner_exists()):
        raise NotVisible
    if link.person is not None and not link.person.is_active:
        raise NotVisible
    return link


def owner_exists() -> bool:
    """Tell whether this installation has had its first owner."""
    return Person.objects.filter(role=Person.Role.OWNER).exists()


def failures(subject: bytes, now: datetime, within: timedelta) -> int:
    """Return how many sign-ins failed for `subject` (a SHA-256) in the last while."""
    return Attempt.objects.filter(subject_hash=subject, at__gt=now - within).count()
