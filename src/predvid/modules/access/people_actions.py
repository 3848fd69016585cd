"""Verbs of people's access: invite, change rights, deactivate, reactivate, one-time links for others.

Each takes effect at once: rights are read anew with every request, sessions of who is deactivated end in the
same transaction, and open pages notice within a second (`server.live`).
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.guard import require
from predvid.modules.access.link_actions import HOURS, Kind, end_links, new_link
from predvid.modules.access.mail_actions import queue_invitation
from predvid.modules.access.models import ApiToken, Client, Person, SignInLink
from predvid.modules.access.queries_people import (
    active_owners,
    changeable,
    given_clients,
    rights_of,
    visible,
)
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.access.rules_people import OWNER, Rights, check_change, check_gift
from predvid.modules.access.session_actions import drop_sessions


@transaction.atomic
def invite(
    viewer: Viewer,
    *,
    name: str,
    email: str,
    role: str,
    all_clients: bool,
    clients: Iterable[UUID],
    language: str,
    now: datetime,
) -> tuple[Person, str]:
    """Return someone new, who may join within 7 days, and the secret of their link; a mail is queued too.

    Raises Denied, NotVisible for a foreign client, UserError for rights that the viewer cannot give.
    """
    require(viewer, "person.invite")
    chosen = _chosen(viewer, role, all_clients, clients)
    rights = _rights(role, all_clients, chosen)
    check_gift(viewer, rights)
    if Person.objects.filter(email__iexact=email.strip()).exists():
        raise UserError("Somebody here has this address already.")
    person = Person(
        name=name.strip(),
        email=email.strip().lower(),
        role=role,
        language=language,
        all_clients=rights.clients is None,
        is_active=False,
        invited=True,
    )
    person.set_unusable_password()
    person.save()
    person.clients.set(chosen)
    by = _who(viewer)
    secret = new_link(person, Kind.INVITATION, by, now)
    queue_invitation(person, by, now)
    _record(viewer, "person.invited", person.pk, now, after=_words(rights, chosen))
    return person, secret


@transaction.atomic
def invite_again(viewer: Viewer, person_id: UUID, now: datetime) -> tuple[Person, str]:
    """Return an invited person and the secret of a new link; the old one ends.

    Raises NotVisible, UserError.
    """
    require(viewer, "person.invite")
    person = _invited(viewer, person_id)
    end_links(person, Kind.INVITATION, now)
    secret = new_link(person, Kind.INVITATION, by := _who(viewer), now)
    queue_invitation(person, by, now)
    _record(viewer, "person.invited", person.pk, now)
    return person, secret


@transaction.atomic
def withdraw_invitation(viewer: Viewer, person_id: UUID, now: datetime) -> None:
    """Forget an invited person; their link ends. Raises NotVisible, UserError."""
    require(viewer, "person.invite")
    person = _invited(viewer, person_id)
    person.delete()
    _record(viewer, "person.invitation_withdrawn", person_id, now)


@transaction.atomic
def change_rights(
    viewer: Viewer, person_id: UUID, *, role: str, all_clients: bool, clients: Iterable[UUID], now: datetime
) -> None:
    """Give a person another role or other clients, from this moment. Raises NotVisible, UserError.

    Nobody is given more than the viewer has, nobody changes their own, and an active owner always remains.
    """
    require(viewer, "person.change")
    person = visible(viewer, person_id)
    chosen = _chosen(viewer, role, all_clients, clients)
    before, after = rights_of(person), _rights(role, all_clients, chosen)
    old = _words(before, list(person.clients.order_by("name")))
    check_change(viewer, person.pk, before, after, other_owners=_other_owners(person))
    Person.objects.filter(pk=person.pk).update(
        role=role, all_clients=after.clients is None, rights=F("rights") + 1
    )
    person.clients.set(chosen)
    _record(viewer, "person.rights_changed", person.pk, now, before=old, after=_words(after, chosen))


@transaction.atomic
def deactivate(viewer: Viewer, person_id: UUID, now: datetime) -> None:
    """Let a person in no longer: their sessions, links and API tokens end now, for good.

    Raises NotVisible, UserError.
    """
    require(viewer, "person.deactivate")
    person = visible(viewer, person_id)
    if person.invited or not person.is_active:
        raise UserError("Only who can sign in can be deactivated.")
    check_change(viewer, person.pk, rights_of(person), None, other_owners=_other_owners(person))
    Person.objects.filter(pk=person.pk).update(is_active=False, rights=F("rights") + 1)
    SignInLink.objects.filter(person=person, used_at=None).update(used_at=now)
    tokens = ApiToken.objects.filter(person=person, revoked_at=None).update(revoked_at=now)
    ended = drop_sessions(person)
    words: audit.Values = {"sessions": ended, "tokens": tokens}
    _record(viewer, "person.deactivated", person.pk, now, after=words)


@transaction.atomic
def reactivate(viewer: Viewer, person_id: UUID, now: datetime) -> None:
    """Let a deactivated person in again, with the rights and the password that they had.

    Raises NotVisible, UserError.
    """
    require(viewer, "person.deactivate")
    person = changeable(viewer, person_id)
    if person.invited or person.is_active:
        raise UserError("Only who was deactivated can be let in again.")
    Person.objects.filter(pk=person.pk).update(is_active=True, rights=F("rights") + 1)
    _record(viewer, "person.reactivated", person.pk, now)


@transaction.atomic
def make_password_link(viewer: Viewer, person_id: UUID, now: datetime) -> tuple[Person, str]:
    """Return an active person and the secret of a link by which they choose a new password within a day.

    Raises NotVisible, UserError: a link for somebody with more rights would give these to whoever made it.
    """
    require(viewer, "person.change")
    person = changeable(viewer, person_id)
    if not person.is_active:
        raise UserError("Only who can sign in gets a link for a new password.")
    end_links(person, Kind.PASSWORD, now)
    secret = new_link(person, Kind.PASSWORD, _who(viewer), now)
    _record(viewer, "person.link_made", person.pk, now, after={"hours": HOURS[Kind.PASSWORD]})
    return person, secret


def _invited(viewer: Viewer, person_id: UUID) -> Person:
    person = changeable(viewer, person_id)
    if not person.invited:
        raise UserError("This person has joined already.")
    return person


def _chosen(viewer: Viewer, role: str, all_clients: bool, clients: Iterable[UUID]) -> list[Client]:
    """Return the clients that rights are for; an owner and who sees all have none of their own."""
    return [] if all_clients or role == OWNER else given_clients(viewer, clients)


def _rights(role: str, all_clients: bool, chosen: list[Client]) -> Rights:
    everything = all_clients or role == OWNER
    return Rights(role, None if everything else frozenset(client.pk for client in chosen))


def _other_owners(person: Person) -> int:
    """Return how many active owners there are beside `person`, all held until the transaction ends.

    So two owners cannot demote each other in the same moment and leave none.
    """
    return sum(1 for owner in active_owners().select_for_update() if owner.pk != person.pk)


def _who(viewer: Viewer) -> Person | None:
    return Person.objects.filter(pk=viewer.person).first() if viewer.person else None


def _words(rights: Rights, chosen: list[Client]) -> dict[str, str | bool]:
    names = ", ".join(client.name for client in chosen)
    return {"role": rights.role, "all_clients": rights.clients is None, "clients": names}


def _record(
    viewer: Viewer,
    verb: str,
    person: UUID,
    now: datetime,
    before: audit.Values | None = None,
    after: audit.Values | None = None,
) -> None:
    audit.record(viewer, verb, Subject("person", str(person)), None, now, before=before, after=after)
