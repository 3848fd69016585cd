"""Who may give whom which rights: nobody gives more than they have, and an owner always remains."""

from dataclasses import dataclass
from uuid import UUID

from predvid.core.errors import UserError
from predvid.modules.access.rules import PLATFORM_ROLE, VERBS, Viewer

OWNER = "owner"
CONTACT = "client_contact"


@dataclass(frozen=True, slots=True)
class Rights:
    """A role, for these clients; None: for all."""

    role: str
    clients: frozenset[UUID] | None


def verbs_of(role: str) -> frozenset[str]:
    """Return every verb that a role has."""
    return frozenset(verb for verb, roles in VERBS.items() if role in roles)


def may_give(giver: Viewer, rights: Rights) -> bool:
    """Tell whether `giver` has all of these rights themselves: every verb, every client."""
    if giver.clients is not None and (rights.clients is None or not rights.clients <= giver.clients):
        return False
    return rights.role in roles_of(giver)


def roles_of(giver: Viewer) -> frozenset[str]:
    """Return the roles that `giver` can give at all: those whose every verb they have; an owner sees all."""
    known = frozenset[str]().union(*VERBS.values())
    given = {role for role in known if giver.role == PLATFORM_ROLE or verbs_of(role) <= verbs_of(giver.role)}
    return frozenset(given - ({OWNER} if giver.clients is not None else set()))


def check_touch(giver: Viewer, person: UUID, rights: Rights) -> None:
    """Return if `giver` may touch the access of `person`, who has `rights`, at all. Raises UserError."""
    if person == giver.person:
        raise UserError("Nobody changes their own rights; ask another owner or manager.")
    if not may_give(giver, rights):
        raise UserError("This person has rights that you do not have; ask an owner.")


def check_change(
    giver: Viewer, person: UUID, before: Rights, after: Rights | None, *, other_owners: int
) -> None:
    """Return if `giver` may do this to the rights of `person`; `after` is None for who is deactivated.

    `other_owners` counts the active owners beside `person`. Raises UserError.
    """
    check_touch(giver, person, before)
    if before.role == OWNER and (after is None or after.role != OWNER) and not other_owners:
        raise UserError("This is the last owner; make somebody else an owner first.")
    if after is not None:
        check_gift(giver, after)


def check_gift(giver: Viewer, rights: Rights) -> None:
    """Return if `giver` may give such rights to anybody. Raises UserError."""
    if rights.role == OWNER and rights.clients is not None:
        raise UserError("An owner sees all clients.")
    if rights.role == CONTACT and rights.clients is None:
        raise UserError("A client contact belongs to chosen clients, never to all.")
    if not may_give(giver, rights):
        raise UserError("You cannot give rights that you do not have yourself; ask an owner.")
