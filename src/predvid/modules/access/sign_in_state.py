"""What a session knows of a sign-in: half of one, challenges, the last proof, by when a factor is due.

All of it lies in the session on the server; nothing of it is in the address or in a cookie.
"""

import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from predvid.modules.access.factor_actions import ask_for_factor
from predvid.modules.access.factor_rules import PENDING, fresh
from predvid.modules.access.models import Person
from predvid.modules.access.queries_factors import STAFF, factor_deadline, has_factor, person_by_id

BACKEND = "django.contrib.auth.backends.ModelBackend"
HALF, CHALLENGE, PROOF, DUE, AFTER = "half", "challenge", "proof", "factor_due", "after"


def begin_half(request: HttpRequest, person: Person, after: str, now: datetime) -> None:
    """Remember that the password was right: a session that is good for the second factor alone."""
    request.session.flush()
    request.session[HALF] = {
        "person": str(person.pk),
        "at": now.timestamp(),
        "is": person.get_session_auth_hash(),  # another password ends it
    }
    request.session[AFTER] = after


def half_signed_in(request: HttpRequest, now: datetime) -> Person | None:
    """Return whose password was right within the last minutes, None if nobody's."""
    half: dict[str, Any] | None = request.session.get(HALF)
    if half is None or not 0 <= now.timestamp() - half["at"] < PENDING.total_seconds():
        return None
    person = person_by_id(half["person"])
    same = person is not None and secrets.compare_digest(person.get_session_auth_hash(), half["is"])
    return person if same else None


def open_session(request: HttpRequest, person: Person, now: datetime) -> None:
    """Sign a person in who has proved that it is they; the session gets a new key and their proof."""
    after = request.session.get(AFTER)
    request.session.flush()
    login(request, person, BACKEND)
    request.session[AFTER] = after or "/"
    note_proof(request, now)
    if person.role in STAFF and not has_factor(person):
        ask_for_factor(person, now)
    note_due(request, person, now)


def note_due(request: HttpRequest, person: Person, now: datetime) -> None:
    """Write into the session by when a factor is due, after whatever may have changed it."""
    due = factor_deadline(person, now)
    request.session[DUE] = due.timestamp() if due else None


def factor_overdue(session: Any, now: datetime) -> bool:
    """Tell whether this session is good for nothing but setting up a second factor."""
    due = session.get(DUE)
    return due is not None and now.timestamp() >= due


def note_proof(request: HttpRequest, now: datetime) -> None:
    """Remember in this session that the person has just proved that it is they."""
    request.session[PROOF] = now.timestamp()


def proved(request: HttpRequest, now: datetime) -> bool:
    """Tell whether the person has proved in this session, within the last minutes, that it is they."""
    return fresh(request.session.get(PROOF), now)


def new_challenge(request: HttpRequest, purpose: str, now: datetime) -> bytes:
    """Return a new challenge for a passkey; it takes the place of any before, and serves one purpose."""
    challenge = secrets.token_bytes(32)
    words = {"is": bytes_to_base64url(challenge), "for": purpose, "at": now.timestamp()}
    request.session[CHALLENGE] = words
    return challenge


def take_challenge(request: HttpRequest, purpose: str, now: datetime) -> bytes:
    """Return the challenge and forget it: no answer counts twice. One that fits nothing if there is none."""
    words: dict[str, Any] | None = request.session.pop(CHALLENGE, None)
    valid = words is not None and 0 <= now.timestamp() - words["at"] < PENDING.total_seconds()
    if words is None or not valid or words["for"] != purpose:
        return secrets.token_bytes(32)
    return base64url_to_bytes(words["is"])
