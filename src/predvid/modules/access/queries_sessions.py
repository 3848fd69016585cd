"""Reads of sessions: one's own, another person's, and which of many still stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from predvid.modules.access.agent_words import browser_and_system
from predvid.modules.access.guard import require
from predvid.modules.access.queries_people import visible
from predvid.modules.access.rules import Viewer
from predvid.modules.access.session_store import living, stored_key


@dataclass(frozen=True)
class Seen:
    """One session as its person recognises it; `browser` and `system` are empty where nobody can tell."""

    id: UUID
    browser: str
    system: str
    address: str
    since: datetime
    seen_at: datetime
    this: bool


def own(viewer: Viewer, key: str, now: datetime) -> list[Seen]:
    """Return the viewer's own sessions, that of `key` (a cookie's) first, then the newest."""
    require(viewer, "profile.change")
    return _sessions(viewer.person, now, stored_key(key))


def of_person(viewer: Viewer, person: UUID, now: datetime) -> list[Seen]:
    """Return the sessions of a visible person. Raises NotVisible, or Denied for who may not end them."""
    require(viewer, "session.end")
    return _sessions(visible(viewer, person).pk, now)


def _sessions(person: UUID | None, now: datetime, this: str = "") -> list[Seen]:
    rows = living(now).filter(person=person).order_by("-seen_at")
    found = [
        Seen(
            row.pk,
            *browser_and_system(row.agent),
            row.address,
            row.created_at,
            row.seen_at,
            row.key_hash == this,
        )
        for row in rows
    ]
    return sorted(found, key=lambda seen: not seen.this)


def standing(hashes: Iterable[str], now: datetime) -> dict[str, int]:
    """Return, by the hash of its key, the version of its person's rights for each session that still stands.

    This is no look at what a viewer may see: it tells whether there is a viewer at all.
    """
    rows = living(now).filter(key_hash__in=set(hashes), person__is_active=True)
    return dict(rows.values_list("key_hash", "person__rights"))
