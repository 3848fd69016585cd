"""Verbs of sessions: note their use, end one, end the others, end all of another person."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from predvid.modules.access import audit
from predvid.modules.access.agent_words import LONGEST
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Person, Session
from predvid.modules.access.queries_people import changeable
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.access.session_store import stored_key


def note_use(session: Session, address: str, agent: str, now: datetime) -> None:
    """Write down that a session was used just now, from where and by which browser."""
    session.seen_at, session.address = now, address[:64]
    session.agent = agent.replace("\x00", "")[:LONGEST] or "-"
    # Only these, and only if it still stands: one that was ended meanwhile must not come back.
    noted = {"seen_at": now, "address": session.address, "agent": session.agent}
    Session.objects.filter(pk=session.pk).update(**noted)


@transaction.atomic
def end_session(viewer: Viewer, session: UUID, now: datetime) -> None:
    """End one of the viewer's own sessions. Raises NotVisible."""
    require(viewer, "profile.change")
    if not Session.objects.filter(pk=session, person=viewer.person).delete()[0]:
        raise NotVisible
    _record(viewer, viewer.person, 1, now)


@transaction.atomic
def end_other_sessions(viewer: Viewer, key: str, now: datetime) -> int:
    """End all sessions of the viewer but that of `key` (a cookie's); return how many they were."""
    require(viewer, "profile.change")
    mine = Session.objects.filter(person=viewer.person).exclude(key_hash=stored_key(key))
    ended, _ = mine.delete()
    _record(viewer, viewer.person, ended, now)
    return ended


@transaction.atomic
def end_all_sessions(viewer: Viewer, person: UUID, now: datetime) -> int:
    """End every session of another person; return how many they were. Raises NotVisible, UserError."""
    require(viewer, "session.end")
    ended = drop_sessions(changeable(viewer, person))
    _record(viewer, person, ended, now)
    return ended


def drop_sessions(person: Person, but: str = "") -> int:
    """End the sessions of a person but that of the key `but`; a part of verbs that write the entry."""
    return Session.objects.filter(person=person).exclude(key_hash=stored_key(but)).delete()[0]


def _record(viewer: Viewer, person: UUID | None, ended: int, now: datetime) -> None:
    audit.record(
        viewer, "session.ended", Subject("person", str(person or "")), None, now, after={"sessions": ended}
    )
