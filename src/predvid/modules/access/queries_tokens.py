"""Reads of API tokens: one's own, everyone's, and the one that a program came in by."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet

from predvid.modules.access import tenancy
from predvid.modules.access.guard import require
from predvid.modules.access.models import ApiToken
from predvid.modules.access.queries import secret_hash, viewer_of
from predvid.modules.access.rules import Viewer, through_token

SHOWN = 200


@dataclass(frozen=True)
class Listed:
    """A token as lists show it; `standing` is one of stands, expired, revoked."""

    token: ApiToken
    standing: str
    clients: list[str]


def _listed(rows: QuerySet[ApiToken], now: datetime) -> list[Listed]:
    loaded = rows.select_related("person").prefetch_related("clients").order_by("-created_at", "pk")
    return [
        Listed(token, _standing(token, now), [client.name for client in token.clients.all()])
        for token in loaded[:SHOWN]
    ]


def _standing(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "stands" if token.expires_at > now and token.person.is_active else "expired"


def own(viewer: Viewer, now: datetime) -> list[Listed]:
    """Return the viewer's own tokens, newest first."""
    return _listed(ApiToken.objects.filter(person=viewer.person), now)


def everyones(viewer: Viewer, now: datetime) -> list[Listed]:
    """Return the tokens of all people, newest first. Raises Denied."""
    require(viewer, "token.view", None)
    return _listed(ApiToken.objects.all(), now)


def usable(text: str, now: datetime) -> ApiToken | None:
    """Return the token of this text if it stands today and its person still belongs to the firm."""
    return (
        ApiToken.objects.select_related("person")
        .filter(secret_hash=secret_hash(text), revoked_at=None, expires_at__gt=now, person__is_active=True)
        .first()
    )


def viewer_by(token: ApiToken, address: str) -> Viewer:
    """Return the viewer that a program is which came in by `token` from `address`."""
    with tenancy.as_platform():
        given = frozenset(token.clients.values_list("pk", flat=True))
    clients = given if token.narrowed else None
    return replace(through_token(viewer_of(token.person), token.name, token.verbs, clients), address=address)
