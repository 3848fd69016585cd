"""Who the token is."""

from uuid import UUID

import msgspec

from predvid.modules.access.rules import FOR_TOKENS, Viewer
from predvid.modules.api.route import route


class Me(msgspec.Struct):
    """A token as it stands today; `clients` is null for all."""

    name: str
    role: str
    language: str
    verbs: list[str]
    clients: list[UUID] | None


@route("GET", "me", None)
def me(viewer: Viewer) -> Me:
    """Tell what this token may do, and for which clients."""
    clients = None if viewer.clients is None else sorted(viewer.clients)
    verbs = [verb for verb in FOR_TOKENS if viewer.may(verb)]
    return Me(viewer.name, viewer.role, viewer.language, verbs, clients)
