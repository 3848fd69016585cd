"""Verbs of people: sign in with lock-out, one-time links, the first owner, the own profile."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.lockout_actions import forgive, note_failure, refuse_locked
from predvid.modules.access.models import Person, SignInLink
from predvid.modules.access.proof_actions import FAILED, PROVED, SignInRefused, password_limits
from predvid.modules.access.queries import open_link, secret_hash, viewer_of
from predvid.modules.access.queries_factors import has_factor
from predvid.modules.access.rules import PLATFORM, Subject, Viewer
from predvid.modules.access.session_actions import drop_sessions

WITHHELD = "…"  # stands in the audit for the value of a personal field


@transaction.atomic
def make_sign_in_link(person: Person | None, now: datetime, hours: int = 24) -> str:
    """Return the secret of a new one-time link for `person`, or (None) for making the first owner."""
    require(PLATFORM, "person.invite", None)
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        person=person, secret_hash=secret_hash(secret), expires_at=now + timedelta(hours=hours)
    )
    subject, lasts = _subject(person), {"hours": hours}
    audit.record(PLATFORM, "person.link_made", subject, None, now, after=lasts, why="command line")
    return secret


def _subject(person: Person | None) -> Subject:
    """Return a person as the audit names one: by id alone."""
    return Subject("person", str(person.pk) if person else "")


def _self(person: Person, address: str) -> Viewer:
    """Return the viewer that a person is who asks from `address`."""
    return replace(viewer_of(person), address=address)


def sign_in(email: str, password: str, caller: str, now: datetime) -> Person:
    """Return the person of `email` if the password fits. Raises SignInRefused or LockedOut.

    Whoever has a second factor is not signed in by that yet. `caller` is the network address of whoever asks.
    """
    address = email.strip().lower()
    limits = password_limits(address, caller)
    refuse_locked(limits, now)
    person = Person.objects.filter(email__iexact=address, is_active=True).first()
    if person is None:
        make_password(password)  # takes as long as a real comparison, so that timing tells nothing
    elif person.check_password(password):
        verb = "person.password_accepted" if has_factor(person) else "person.signed_in"
        with transaction.atomic():
            forgive(limits[0])
            audit.record(_self(person, caller), verb, _subject(person), None, now)
        return person
    stranger = Viewer("", "stranger", frozenset(), address=caller)
    with transaction.atomic():
        note_failure(limits, now)
        audit.record(stranger, "person.sign_in_failed", _subject(person), None, now)
    raise SignInRefused("The e-mail address or the password is wrong.")


@transaction.atomic
def sign_out(viewer: Viewer, now: datetime) -> None:
    """Write down that `viewer` signs out; the caller ends the session in the same transaction."""
    audit.record(viewer, "person.signed_out", Subject("person", str(viewer.person or "")), None, now)


@transaction.atomic
def use_link(secret: str, now: datetime, address: str = "") -> Person:
    """Return the person that a one-time link signs in, and use it up. Raises NotVisible."""
    link = open_link(secret, now)
    if link.person is None or link.kind != SignInLink.Kind.SIGN_IN:
        raise NotVisible
    _use_up(link, now)
    who, why = _self(link.person, address), "one-time link"
    audit.record(who, "person.signed_in", _subject(link.person), None, now, why=why)
    return link.person


@transaction.atomic
def make_first_owner(
    secret: str, *, name: str, email: str, password: str, language: str, now: datetime, address: str = ""
) -> Person:
    """Return the first owner, made by the link that names nobody, and use the link up. Raises NotVisible."""
    link = open_link(secret, now)
    if link.person is not None:
        raise NotVisible
    _use_up(link, now)
    owner = Person(
        name=name.strip(),
        email=email.strip().lower(),
        language=language,
        role=Person.Role.OWNER,
        all_clients=True,
    )
    owner.set_password(password)
    owner.save()
    who, words = _self(owner, address), {"role": str(owner.role), "language": language}
    audit.record(who, "person.added", _subject(owner), None, now, after=words, why="one-time link")
    return owner


def _use_up(link: SignInLink, now: datetime) -> None:
    if SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=now) != 1:
        raise NotVisible


@transaction.atomic
def set_preferences(
    person: Person, *, name: str, language: str, theme: str, now: datetime, address: str = ""
) -> None:
    """Write how the console greets and shows itself to a person."""
    who, new = _self(person, address), {"language": language, "theme": theme}
    old = {field: str(getattr(person, field)) for field in new}
    if name.strip() != person.name:
        old["name"] = new["name"] = WITHHELD
    person.name, person.language, person.theme = name.strip(), language, theme
    person.save(update_fields=["name", "language", "theme"])
    audit.record(who, "person.changed", _subject(person), None, now, before=old, after=new)


def set_password(
    person: Person, current: str, new: str, now: datetime, address: str = "", key: str = ""
) -> None:
    """Change the own password; all sessions but that of `key` end.

    Raises UserError if `current` is wrong, LockedOut after too many guesses: a session is not its person.
    """
    if person.has_usable_password():
        _refuse_wrong(person, current, address, now)
    with transaction.atomic():
        person.set_password(new)
        person.save(update_fields=["password"])
        drop_sessions(person, but=key)
        audit.record(_self(person, address), "person.password_changed", _subject(person), None, now)


def _refuse_wrong(person: Person, current: str, address: str, now: datetime) -> None:
    limits = password_limits(person.email.lower(), address)
    refuse_locked(limits, now)
    if person.check_password(current):
        return
    with transaction.atomic():
        note_failure(limits, now)
        audit.record(_self(person, address), FAILED[PROVED], _subject(person), None, now)
    raise UserError("The current password is wrong.")
