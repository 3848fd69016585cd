"""Reads of second factors: what a person has, what the installation asks for."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from predvid.modules.access.factor_rules import GRACE_DAYS, deadline
from predvid.modules.access.models import Authenticator, FactorRule, Passkey, Person, RecoveryCode
from predvid.modules.access.sealing import Unreadable, unseal

log = logging.getLogger(__name__)
STAFF = frozenset(str(role) for role in Person.Role.values) - {"client_contact"}
WAITS = timedelta(hours=1)  # a new secret for its first code


@dataclass(frozen=True)
class Factors:
    """What a person proves themselves with beside the password."""

    app: Authenticator | None = None
    passkeys: list[Passkey] = field(default_factory=list)
    codes_left: int = 0

    @property
    def usable(self) -> list[Passkey]:
        """The passkeys that are not refused as cloned."""
        return [passkey for passkey in self.passkeys if passkey.cloned_at is None]

    def __bool__(self) -> bool:
        return self.app is not None or bool(self.passkeys)


def factors(person: Any) -> Factors:
    """Return the second factors of a person."""
    return Factors(
        Authenticator.objects.filter(person=person).exclude(confirmed_at=None).first(),
        list(Passkey.objects.filter(person=person)),
        RecoveryCode.objects.filter(person=person, used_at=None).count(),
    )


def has_factor(person: Any) -> bool:
    """Tell whether a person's password alone does not sign them in.

    A cloned passkey still counts: whoever copied it must not get past it by using it twice.
    """
    confirmed = Authenticator.objects.filter(person=person).exclude(confirmed_at=None)
    return confirmed.exists() or Passkey.objects.filter(person=person).exists()


def app_secret(person: UUID | None, which: str = "secret") -> str | None:
    """Return the open secret of a person's app (`waiting`: the unconfirmed one), None without one.

    One that cannot be opened (another key, a damaged row) counts as none, and the log names whose it is.
    """
    row = Authenticator.objects.filter(person=person).first()
    sealed = bytes(getattr(row, which)) if row else b""
    if not sealed:
        return None
    try:
        return unseal(sealed, app_context(person, which)).decode()
    except Unreadable:
        log.error("the authenticator secret (%s) of person %s cannot be opened", which, person)
        return None


def waiting_secret(person: UUID | None, now: datetime) -> str | None:
    """Return the secret that waits for its first code, None when there is none or it waited too long."""
    row = Authenticator.objects.filter(person=person, waiting_since__gt=now - WAITS).first()
    return app_secret(person, "waiting") if row else None


def app_context(person: Any, which: str) -> str:
    """Return the place for which an app's secret is sealed: a person and a field."""
    return f"person {person} authenticator {which}"


def usable_passkey(credential: bytes) -> Passkey | None:
    """Return the passkey with this credential id if its person may sign in, None otherwise."""
    found = Passkey.objects.select_related("person").filter(credential=credential)
    return found.filter(person__is_active=True).first()


def credentials(person: Any, party: str) -> list[bytes]:
    """Return the credential ids of a person's usable passkeys at a party."""
    mine = Passkey.objects.filter(person=person, party=party, cloned_at=None)
    return [bytes(credential) for credential in mine.values_list("credential", flat=True)]


def grace_days() -> int | None:
    """Return within how many days staff must have a second factor, None for never."""
    rule = FactorRule.objects.first()
    return rule.days if rule else GRACE_DAYS


def factor_deadline(person: Any, now: datetime) -> datetime | None:
    """Return by when a person must have a second factor; None if they have one or need none."""
    if person.role not in STAFF or has_factor(person):
        return None
    return deadline(person.factor_asked_at or now, grace_days())


def person_by_id(key: str) -> Person | None:
    """Return who may sign in and has this id, None for nobody."""
    return Person.objects.filter(pk=key, is_active=True).first()
