"""Verbs of one-time links: accept an invitation, set a forgotten password, ask for a link to do so."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from predvid.modules.access import audit
from predvid.modules.access.actions import LockedOut
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.mail_words import PASSWORD
from predvid.modules.access.models import Attempt, Mail, Person, SignInLink
from predvid.modules.access.queries import failures, open_link, secret_hash, viewer_of
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.access.session_actions import drop_sessions

Kind = SignInLink.Kind
LASTS = {Kind.INVITATION: timedelta(days=7), Kind.PASSWORD: timedelta(days=1)}
HOURS = {kind: int(lasts / timedelta(hours=1)) for kind, lasts in LASTS.items()}
WINDOW = timedelta(minutes=15)
CALLER_LIMIT = 10  # questions for a new password of one caller within the window
ADDRESS_LIMIT = 3  # for one address from anywhere: nobody fills another's mailbox
EVERYBODY_LIMIT = 200  # of all callers: nobody fills the queue


def new_link(person: Person, kind: str, made_by: Person | None, now: datetime) -> str:
    """Return the secret of a new link; a part of verbs that write the entry."""
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        person=person,
        kind=kind,
        made_by=made_by,
        secret_hash=secret_hash(secret),
        expires_at=now + LASTS[Kind(kind)],
    )
    return secret


def end_links(person: Person, kind: str, now: datetime) -> None:
    """End the open links of one kind; a part of verbs that write the entry."""
    SignInLink.objects.filter(person=person, kind=kind, used_at=None).update(used_at=now)


@transaction.atomic
def accept_invitation(
    secret: str, *, name: str, password: str, language: str, now: datetime, address: str = ""
) -> Person:
    """Return the person who joins by their invitation, and use it up. Raises NotVisible."""
    person = _used(secret, Kind.INVITATION, now)
    person.name, person.language = name.strip(), language
    person.invited, person.is_active = False, True
    person.set_password(password)
    person.save(update_fields=["name", "language", "invited", "is_active", "password"])
    Mail.objects.filter(person=person).delete()
    who, words = replace(viewer_of(person), address=address), {"role": str(person.role), "language": language}
    audit.record(who, "person.joined", Subject("person", str(person.pk)), None, now, after=words)
    return person


@transaction.atomic
def set_forgotten_password(secret: str, new: str, now: datetime, address: str = "") -> Person:
    """Give the person of a link a new password; all their sessions end. Raises NotVisible.

    It signs nobody in: whoever holds a second factor proves it at the sign-in that follows.
    """
    person = _used(secret, Kind.PASSWORD, now)
    person.set_password(new)
    person.save(update_fields=["password"])
    drop_sessions(person)
    who, why = replace(viewer_of(person), address=address), "one-time link"
    audit.record(who, "person.password_changed", Subject("person", str(person.pk)), None, now, why=why)
    return person


def _used(secret: str, kind: str, now: datetime) -> Person:
    link = open_link(secret, now)
    if link.kind != kind or link.person is None:
        raise NotVisible
    if SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=now) != 1:
        raise NotVisible
    end_links(link.person, kind, now)
    return link.person


@transaction.atomic
def ask_new_password(email: str, caller: str, language: str, now: datetime) -> None:
    """Queue a mail with a link for a new password. Raises LockedOut after too many questions.

    Whether anybody signs in with the address is looked up when the mail is sent, never here: so neither the
    answer nor its time tells anything.
    """
    address = email.strip().lower()
    limits = {f"new password|{address}": ADDRESS_LIMIT, f"new password from|{caller}": CALLER_LIMIT}
    limits["new password"] = EVERYBODY_LIMIT
    hashed = {hashlib.sha256(words.encode()).digest(): most for words, most in limits.items()}
    if any(failures(subject, now, WINDOW) >= most for subject, most in hashed.items()):
        raise LockedOut("Too many failed attempts. Wait 15 minutes, then try again.")
    Attempt.objects.bulk_create([Attempt(subject_hash=subject, at=now) for subject in hashed])
    Mail.objects.create(recipient=address, language=language, said_id=PASSWORD, queued_at=now)
    stranger = Viewer("", "stranger", frozenset(), address=caller)
    audit.record(stranger, "person.reset_asked", Subject("person", ""), None, now)
