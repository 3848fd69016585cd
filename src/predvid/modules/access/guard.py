"""Asks the policy function before a deed and says no in the two ways that there are."""

from uuid import UUID

from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import ANYWHERE, Anywhere, Viewer, may


class Denied(UserError):
    """The object is visible, but the role (or the token's scope) does not have the verb."""


def require(viewer: Viewer, verb: str, client: UUID | Anywhere | None = ANYWHERE) -> None:
    """Return if `rules.may` allows it; raise NotVisible for a foreign client's object, Denied otherwise."""
    if not isinstance(client, Anywhere) and not viewer.sees(client):
        raise NotVisible
    if not may(viewer, verb, client):
        raise Denied("Your role does not allow this; ask an owner or a manager.")
