"""Verbs of people: sign in with lock-out, one-time links, the first owner, the own profile."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Attempt, Person, SignInLink
from predvid.modules.access.queries import failures, open_link, secret_hash, viewer_of
from predvid.modules.access.rules import PLATFORM, Subject, Viewer
from predvid.modules.access.session_actions import drop_sessions

WINDOW = timedelta(minutes=15)
PAIR_LIMIT = 8  # failures of one address from one caller
ADDRESS_LIMIT = 60  # failures of one address from anywhere: slows a guess that is spread over many callers
WITHHELD = "…"  # stands in the audit for the value of a personal field


class SignInRefused(UserError):
    """The address or password is wrong: one answer for both, so that no address can be probed."""


class LockedOut(UserError):
    """Too many failures: even the right password is refused until the window has passed."""


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

    `caller` is the network address of whoever asks.
    """
    address = email.strip().lower()
    pair, alone = (hashlib.sha256(text.encode()).digest() for text in (f"{address}|{caller}", address))
    if failures(pair, now, WINDOW) >= PAIR_LIMIT or failures(alone, now, WINDOW) >= ADDRESS_LIMIT:
        raise LockedOut("Too many failed attempts. Wait 15 minutes, then try again.")
    person = Person.objects.filter(email__iexact=address, is_active=True).first()
    if person is None:
        make_password(password)  # takes as long as a real comparison, so that timing tells nothing
    elif person.check_password(password):
        with transaction.atomic():
            Attempt.objects.filter(subject_hash=pair).delete()
            audit.record(_self(person, caller), "person.signed_in", _subject(person), None, now)
        return person
    stranger = Viewer("", "stranger", frozenset(), address=caller)
    with transaction.atomic():
        Attempt.objects.filter(at__lt=now - timedelta(days=1)).delete()
        Attempt.objects.bulk_create([Attempt(subject_hash=subject, at=now) for subject in (pair, alone)])
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


@transaction.atomic
def set_password(
    person: Person, current: str, new: str, now: datetime, address: str = "", key: str = ""
) -> None:
    """Change the own password; all sessions but that of `key` end. Raises UserError if `current` is wrong."""
    if person.has_usable_password() and not person.check_password(current):
        raise UserError("The current password is wrong.")
    person.set_password(new)
    person.save(update_fields=["password"])
    drop_sessions(person, but=key)
    audit.record(_self(person, address), "person.password_changed", _subject(person), None, now)
