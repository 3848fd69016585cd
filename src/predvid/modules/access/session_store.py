"""Sessions on the server, under a hash of their key: who reads the table cannot use what it holds.

A session ends 12 hours after its person last did something, and 7 days after they signed in at the latest
(`settings.SESSION_IDLE`, `SESSION_LONGEST`); whichever is the case, the table decides, never the cookie.
"""

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.db.models import Q, QuerySet
from django.utils import timezone

from predvid.modules.access.models import Session


def stored_key(key: str) -> str:
    """Return the name under which the session of a cookie's `key` is kept: its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def living(now: datetime) -> QuerySet[Session]:
    """Return the sessions that neither idleness nor age has ended."""
    return Session.objects.filter(
        seen_at__gt=now - settings.SESSION_IDLE, created_at__gt=now - settings.SESSION_LONGEST
    )


class SessionStore(db.SessionStore):
    """Django's own over the table `Session`; `row` is what it holds of this session, once it was read."""

    row: Session | None = None

    @classmethod
    def get_model_class(cls) -> Any:
        """Return the table; its last column, the expiry, is worked out from the others."""
        return Session

    def _get_session_from_db(self) -> Any:
        self.row = living(timezone.now()).filter(key_hash=stored_key(self.session_key or "")).first()
        if self.row is None:
            self._session_key = None
        return self.row

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a session of this key."""
        return Session.objects.filter(key_hash=stored_key(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row of this session with its new content, under the hash of its key."""
        hashed, now = stored_key(self.session_key or ""), timezone.now()
        if self.row is None or self.row.key_hash != hashed:
            known = Session.objects.filter(key_hash=hashed).first()
            self.row = known or Session(key_hash=hashed, created_at=now, seen_at=now)
        self.row.session_data, self.row.person_id = self.encode(data), data.get("_auth_user_id")
        return self.row

    def delete(self, session_key: str | None = None) -> None:
        """End a session, this one if none is named."""
        if key := session_key or self.session_key:
            Session.objects.filter(key_hash=stored_key(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        """Drop what has ended."""
        now = timezone.now()
        idle = Q(seen_at__lte=now - settings.SESSION_IDLE)
        Session.objects.filter(idle | Q(created_at__lte=now - settings.SESSION_LONGEST)).delete()
