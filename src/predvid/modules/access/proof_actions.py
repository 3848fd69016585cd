"""Proofs of a person: a code, a recovery code, a passkey, the password; each counted, audited, used once."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit, passkeys
from predvid.modules.access.factor_rules import Party, counts_back, is_app_code, matching_step, plain_code
from predvid.modules.access.lockout_actions import DAY, Limit, forgive, note_failure, refuse_locked
from predvid.modules.access.mail_actions import queue_notice
from predvid.modules.access.mail_words import PASSKEY_CLONED
from predvid.modules.access.models import Authenticator, Passkey, Person, RecoveryCode
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.queries_factors import app_secret, usable_passkey
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.access.sealing import keyed_hash

PAIR_LIMIT = 8  # failures of one address or person from one caller
ADDRESS_LIMIT = 60  # failures of one address from anywhere: slows a guess that is spread over many callers
CODE_LIMIT = 20  # wrong codes of one person from anywhere in 15 minutes, by callers who know the password
CODE_LIMIT_OF_A_DAY = 50  # three of a million codes fit at a time: one day's guesses find one in 1 of 6,700
PASSKEY_LIMIT = (
    20  # bad answers from one caller: nobody guesses a signature, but nobody fills the audit either
)
SIGNED_IN, PROVED = "person.signed_in", "person.proved"
FAILED = {SIGNED_IN: "person.sign_in_failed", PROVED: "person.proof_failed"}


class SignInRefused(UserError):
    """The proof is wrong: one answer whatever was wrong with it, so that nothing can be probed."""


def password_limits(address: str, caller: str) -> list[Limit]:
    """Return the limits of password guesses, the one for this caller first."""
    return [Limit(f"{address}|{caller}", PAIR_LIMIT), Limit(address, ADDRESS_LIMIT)]


def prove_by_password(person: Person, password: str, caller: str, now: datetime) -> None:
    """Return if the password of somebody who is signed in fits. Raises SignInRefused or LockedOut."""
    limits = password_limits(person.email.lower(), caller)
    refuse_locked(limits, now)
    if not person.check_password(password):
        _count(person, PROVED, limits, caller, now)
        raise SignInRefused("The password is wrong.")
    with transaction.atomic():
        forgive(limits[0])
        _write(person, PROVED, "password", caller, now)


def prove_by_code(person: Person, code: str, verb: str, caller: str, now: datetime) -> None:
    """Return if a code is right, and use it up. Raises SignInRefused or LockedOut.

    For a sign-in it may be a recovery code; a dangerous deed (`PROVED`) takes the app's codes alone.
    """
    limits = _code_limits(person, caller)
    refuse_locked(limits, now)
    plain = plain_code(code)
    with transaction.atomic():
        if is_app_code(plain):
            how = "password and code" if _use_app_code(person, plain, now) else ""
        else:
            how = "recovery code" if verb == SIGNED_IN and _use_recovery_code(person, plain, now) else ""
        if how:
            forgive(limits[0])
            _write(person, verb, how if verb == SIGNED_IN else "code", caller, now)
            return
    _count(person, verb, limits, caller, now)
    raise SignInRefused("The code is wrong, or it has been used.")


def _code_limits(person: Person, caller: str) -> list[Limit]:
    whose = f"code|{person.pk}"
    return [
        Limit(f"{whose}|{caller}", PAIR_LIMIT),
        Limit(whose, CODE_LIMIT),
        Limit(whose, CODE_LIMIT_OF_A_DAY, DAY),
    ]


def _use_app_code(person: Person, code: str, now: datetime) -> bool:
    """Tell whether the code is of a step that was not used yet; of two who give it at once, one is right."""
    secret = app_secret(person.pk)
    step = matching_step(secret, code, now) if secret else None
    if step is None:
        return False
    mine = Authenticator.objects.filter(person=person, step__lt=step).exclude(confirmed_at=None)
    return mine.update(step=step) == 1


def _use_recovery_code(person: Person, code: str, now: datetime) -> bool:
    mine = RecoveryCode.objects.filter(person=person, code_hash=code_hash(person.pk, code), used_at=None)
    return mine.update(used_at=now) == 1


def code_hash(person: Any, code: str) -> bytes:
    """Return what is kept of a person's recovery code."""
    return keyed_hash(code, f"person {person} recovery code")


def prove_by_passkey(
    answer: str, challenge: bytes, at: Party, verb: str, caller: str, now: datetime, *, only: Any = None
) -> Person:
    """Return whose passkey answered the challenge (`only`: must be this person). Raises SignInRefused.

    A passkey whose counter went back exists twice: it is refused now and later, and the audit says so.
    """
    limits = [Limit(f"passkey|{caller}", PASSKEY_LIMIT)]
    refuse_locked(limits, now)
    try:
        credential, handle = passkeys.credential_of(answer)
        passkey = usable_passkey(credential)
        if passkey is None or passkey.cloned_at or (only and passkey.person_id != only.pk):
            raise passkeys.NotGenuine("unknown")
        if handle and handle != passkey.person_id.bytes:
            raise passkeys.NotGenuine("of somebody else")
        count = passkeys.used(answer, challenge, at, bytes(passkey.public_key))
    except passkeys.NotGenuine:
        _count(only, verb, limits, caller, now)
        raise SignInRefused("This passkey was not accepted.") from None
    if counts_back(passkey.sign_count, count):
        _refuse_cloned(passkey, caller, now)
    with transaction.atomic():
        same = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count, cloned_at=None)
        if same.update(sign_count=count, used_at=now) == 1:
            _write(passkey.person, verb, "passkey", caller, now)
            return passkey.person
    raise SignInRefused("This passkey was not accepted.")


def _refuse_cloned(passkey: Passkey, caller: str, now: datetime) -> None:
    who = replace(viewer_of(passkey.person), address=caller)
    with transaction.atomic():
        if Passkey.objects.filter(pk=passkey.pk, cloned_at=None).update(cloned_at=now):
            what = Subject("person", str(passkey.person_id))
            queue_notice(passkey.person, PASSKEY_CLONED, passkey.name, now)
            audit.record(who, "person.passkey_cloned", what, None, now, after={"passkey": passkey.pk})
    raise SignInRefused("This passkey was not accepted.")


def _write(person: Person, verb: str, how: str, caller: str, now: datetime) -> None:
    who = replace(viewer_of(person), address=caller)
    audit.record(who, verb, Subject("person", str(person.pk)), None, now, why=how)


def _count(person: Person | None, verb: str, limits: list[Limit], caller: str, now: datetime) -> None:
    """Count a failed proof and write it down, as the person's deed only where they are signed in already."""
    stranger = Viewer("", "stranger", frozenset(), address=caller)
    who = replace(viewer_of(person), address=caller) if person and verb == PROVED else stranger
    whose = Subject("person", str(person.pk) if person else "")
    with transaction.atomic():
        note_failure(limits, now)
        audit.record(who, FAILED[verb], whose, None, now)
