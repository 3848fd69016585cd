"""Asks the policy function before a deed and says no in the two ways that there are."""

from uuid import UUID

from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import ANYWHERE, DANGEROUS, Anywhere, Viewer, may


class Denied(UserError):
    """The object is visible, but the role (or the token's scope) does not have the verb."""


class ProofNeeded(UserError):
    """The deed is dangerous and the person has not proved lately that it is they; pages ask (`step_up`)."""


def require(viewer: Viewer, verb: str, client: UUID | Anywhere | None = ANYWHERE) -> None:
    """Return if `rules.may` allows it; raise NotVisible for a foreign client's object, Denied otherwise.

    Raises ProofNeeded for a dangerous verb that is allowed, from a person who has proved nothing lately.
    """
    if not isinstance(client, Anywhere) and not viewer.sees(client):
        raise NotVisible
    if not may(viewer, verb, client):
        raise Denied("Your role does not allow this; ask an owner or a manager.")
    if verb in DANGEROUS and viewer.proved is False:
        raise ProofNeeded("Confirm once more that it is you.")
