"""Verbs of API tokens: make, revoke, and come in by one."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import ApiToken, Attempt, Client
from predvid.modules.access.queries import failures, secret_hash
from predvid.modules.access.queries_tokens import usable
from predvid.modules.access.rules import LONGEST_TOKEN, Subject, Viewer, scope

PREFIX = "pvt_"
WINDOW = timedelta(minutes=15)
LIMIT = 20  # wrong tokens of one address within the window
NOTED_EVERY = timedelta(minutes=1)  # a token in steady use is no reason to write at each request


class TokenRefused(Exception):
    """No such token, or not any more: one answer for all, so that nothing can be probed."""


class AddressLockedOut(Exception):
    """Too many wrong tokens came from there: even a right one is refused until the window has passed."""


@transaction.atomic
def make_token(
    viewer: Viewer,
    name: str,
    verbs: Iterable[str],
    clients: Iterable[UUID] | None,
    valid: timedelta,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Return a new token of the viewer's own with its text, which is kept nowhere.

    `clients` None: whatever its person sees. Raises Denied, NotVisible for a foreign client, or UserError.
    """
    require(viewer, "token.make")
    if viewer.person is None:
        raise NotVisible  # the platform itself needs no token
    wanted = frozenset(verbs)
    if not name.strip() or not wanted or wanted != scope(viewer, wanted):
        raise UserError("Give the token a name and choose what it may do, out of what you may do yourself.")
    if not timedelta() < valid <= LONGEST_TOKEN:
        raise UserError("A token is valid for a year at most.")
    named = None if clients is None else sorted(set(clients))
    for client in named or ():
        require(viewer, "token.make", client)
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        person_id=viewer.person,
        name=name.strip()[:80],
        secret_hash=secret_hash(text),
        verbs=sorted(wanted),
        narrowed=named is not None,
        created_at=now,
        expires_at=now + valid,
    )
    token.clients.set(Client.objects.filter(pk__in=named or ()))
    after: audit.Values = {"verbs": " ".join(token.verbs), "days": valid.days, "clients": _all_or(named)}
    audit.record(viewer, "api_token.made", _subject(token), None, now, after=after)
    return token, text


def _all_or(clients: list[UUID] | None) -> str | None:
    return None if clients is None else " ".join(map(str, clients))


def _subject(token: ApiToken) -> Subject:
    return Subject("api_token", str(token.pk), token.name)


@transaction.atomic
def revoke_token(viewer: Viewer, token_id: UUID, now: datetime) -> ApiToken:
    """End a token at once: one's own, or (an owner of the MSP) anyone's. Raises NotVisible."""
    token = ApiToken.objects.select_for_update().filter(pk=token_id).first()
    if token is None or not (token.person_id == viewer.person or viewer.may("token.revoke", None)):
        raise NotVisible
    if token.revoked_at is None:
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=now)
        audit.record(viewer, "api_token.revoked", _subject(token), None, now)
    return token


def come_in(text: str, address: str, now: datetime) -> ApiToken:
    """Return the token whose text a program brought, with its person.

    Raises TokenRefused (whatever is wrong with it; all costs the same work) or AddressLockedOut.
    """
    place = hashlib.sha256(f"api|{address}".encode()).digest()
    if failures(place, now, WINDOW) >= LIMIT:
        raise AddressLockedOut
    token = usable(text, now)
    if token is None:
        _refuse(place, address, now)
        raise TokenRefused
    unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
    ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
    return token


@transaction.atomic
def _refuse(place: bytes, address: str, now: datetime) -> None:
    stranger = Viewer("", "stranger", frozenset(), address=address)
    Attempt.objects.filter(at__lt=now - timedelta(days=1)).delete()
    Attempt.objects.create(subject_hash=place, at=now)
    audit.record(stranger, "api_token.refused", Subject("api_token", ""), None, now)
