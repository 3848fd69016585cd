"""Verbs of second factors: set up and remove an app, passkeys and recovery codes; what staff must have."""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

import pyotp
from django.db import transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.factor_rules import ALPHABET, CODE_LENGTH, CODES, Party, matching_step, plain_code
from predvid.modules.access.guard import Denied, require
from predvid.modules.access.mail_actions import queue_notice
from predvid.modules.access.mail_words import FACTORS_REMOVED
from predvid.modules.access.models import Authenticator, FactorRule, Passkey, Person, RecoveryCode
from predvid.modules.access.passkeys import NewPasskey
from predvid.modules.access.proof_actions import code_hash
from predvid.modules.access.queries_factors import app_context, grace_days, has_factor, waiting_secret
from predvid.modules.access.queries_people import changeable
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.access.sealing import seal
from predvid.modules.access.session_actions import drop_sessions

MOST_PASSKEYS = 20
MOST_DAYS = 365


def ask_for_factor(person: Person, now: datetime) -> None:
    """Remember when a person was first asked for a second factor: the days of grace begin."""
    if Person.objects.filter(pk=person.pk, factor_asked_at=None).update(factor_asked_at=now):
        person.factor_asked_at = now


@transaction.atomic
def begin_app(viewer: Viewer, now: datetime) -> None:
    """Make a new secret that waits for its first code; the app in use stays in use until then."""
    me = _me(viewer)
    sealed = seal(pyotp.random_base32().encode(), app_context(me, "waiting"))
    Authenticator.objects.update_or_create(person_id=me, defaults={"waiting": sealed, "waiting_since": now})


@transaction.atomic
def confirm_app(viewer: Viewer, code: str, now: datetime) -> list[str]:
    """Take the waiting secret into use by its first code; return new recovery codes if there were none.

    Raises UserError if the code does not fit.
    """
    require(viewer, "factor.change")
    secret = waiting_secret(viewer.person, now)
    step = matching_step(secret, plain_code(code), now) if secret else None
    if secret is None or step is None:
        raise UserError(
            "The code does not fit. Is the clock of your phone right? Give the code that it shows now."
        )
    Authenticator.objects.filter(person=viewer.person).update(
        secret=seal(secret.encode(), app_context(viewer.person, "secret")),
        waiting=b"",
        waiting_since=None,
        step=step,
        confirmed_at=now,
    )
    codes = _first_codes(viewer)
    audit.record(viewer, "person.app_added", _self(viewer), None, now)
    return codes


@transaction.atomic
def remove_app(viewer: Viewer, now: datetime) -> None:
    """Take the authenticator app out of use."""
    require(viewer, "factor.change")
    if not Authenticator.objects.filter(person=viewer.person).delete()[0]:
        raise NotVisible
    _without_factor_no_codes(viewer.person)
    audit.record(viewer, "person.app_removed", _self(viewer), None, now)


@transaction.atomic
def add_passkey(viewer: Viewer, made: NewPasskey, at: Party, name: str, now: datetime) -> list[str]:
    """Keep a passkey that the browser has made; return new recovery codes if there were none."""
    me = _me(viewer)
    mine = Passkey.objects.filter(person=me)
    if mine.count() >= MOST_PASSKEYS:
        raise UserError("You have very many passkeys; remove one that you no longer use.")
    if Passkey.objects.filter(credential=made.credential).exists():
        raise UserError("This passkey was not accepted.")
    passkey = Passkey.objects.create(
        person_id=me,
        credential=made.credential,
        public_key=made.public_key,
        sign_count=made.sign_count,
        party=at.id,
        name=name.strip()[:60] or at.id,
        created_at=now,
    )
    codes = _first_codes(viewer)
    audit.record(viewer, "person.passkey_added", _self(viewer), None, now, after={"passkey": passkey.pk})
    return codes


@transaction.atomic
def rename_passkey(viewer: Viewer, key: int, name: str, now: datetime) -> None:
    """Give a passkey another name. Raises NotVisible, UserError without a name."""
    require(viewer, "factor.change")
    if not name.strip():
        raise UserError("Give the passkey a name.")
    if not Passkey.objects.filter(person=viewer.person, pk=key).update(name=name.strip()[:60]):
        raise NotVisible
    audit.record(viewer, "person.passkey_renamed", _self(viewer), None, now, after={"passkey": key})


@transaction.atomic
def remove_passkey(viewer: Viewer, key: int, now: datetime) -> None:
    """Forget a passkey. Raises NotVisible."""
    require(viewer, "factor.change")
    if not Passkey.objects.filter(person=viewer.person, pk=key).delete()[0]:
        raise NotVisible
    _without_factor_no_codes(viewer.person)
    audit.record(viewer, "person.passkey_removed", _self(viewer), None, now, before={"passkey": key})


@transaction.atomic
def renew_codes(viewer: Viewer, now: datetime) -> list[str]:
    """Return ten new recovery codes; those from before no longer work. Raises UserError without a factor."""
    require(viewer, "factor.change")
    if not has_factor(viewer.person):
        raise UserError("Set up a passkey or an authenticator app first; recovery codes stand in for them.")
    codes = _new_codes(viewer.person)
    audit.record(viewer, "person.codes_made", _self(viewer), None, now, after={"codes": len(codes)})
    return codes


@transaction.atomic
def set_factor_rule(viewer: Viewer, days: int | None, now: datetime) -> None:
    """Within how many days staff must have a second factor (0: at their next sign-in, None: never)."""
    require(viewer, "settings.change")
    if days is not None and not 0 <= days <= MOST_DAYS:
        raise UserError("Choose one from the list.")
    before = {"factor_days": grace_days()}
    FactorRule.objects.update_or_create(pk=1, defaults={"days": days})
    subject = Subject("settings", "")
    audit.record(viewer, "settings.changed", subject, None, now, before=before, after={"factor_days": days})


@transaction.atomic
def remove_factors(viewer: Viewer, person_id: UUID, now: datetime) -> Person:
    """Take all second factors from somebody who has lost them. Raises NotVisible, UserError.

    They sign in by password alone then, are asked for a new factor, and told of it by mail; whoever sits in
    one of their sessions is signed out. Nobody does this to themselves (`remove_app`).
    """
    require(viewer, "factor.remove")
    person = changeable(viewer, person_id)
    before = {
        "app": Authenticator.objects.filter(person=person).exclude(confirmed_at=None).exists(),
        "passkeys": Passkey.objects.filter(person=person).count(),
    }
    for table in (Authenticator, Passkey, RecoveryCode):
        table.objects.filter(person=person).delete()
    drop_sessions(person)
    queue_notice(person, FACTORS_REMOVED, viewer.name, now)
    subject = Subject("person", str(person.pk))
    audit.record(viewer, "person.factors_removed", subject, None, now, before=before)
    return person


def _me(viewer: Viewer) -> UUID:
    """Return who changes their own factors. Raises Denied, ProofNeeded."""
    require(viewer, "factor.change")
    if viewer.person is None:
        raise Denied("Your role does not allow this; ask an owner or a manager.")
    return viewer.person


def _self(viewer: Viewer) -> Subject:
    return Subject("person", str(viewer.person))


def _first_codes(viewer: Viewer) -> list[str]:
    """Return new codes for the first factor; none where a person has some left."""
    if RecoveryCode.objects.filter(person=viewer.person, used_at=None).exists():
        return []
    return _new_codes(viewer.person)


def _new_codes(person: Any) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    RecoveryCode.objects.filter(person=person).delete()
    RecoveryCode.objects.bulk_create(
        [RecoveryCode(person_id=person, code_hash=code_hash(person, code)) for code in codes]
    )
    return codes


def _without_factor_no_codes(person: Any) -> None:
    if not has_factor(person):
        RecoveryCode.objects.filter(person=person).delete()
