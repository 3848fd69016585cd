"""Sessions in the database under a hash of their key: who reads the table cannot use what it holds."""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone


def stored_key(key: str) -> str:
    """Return the name under which the session of a cookie's `key` is kept: SHA-256, its first 160 bits."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


class SessionStore(db.SessionStore):
    """Django's own, which asks the table for the hash; the key itself is in the person's cookie alone."""

    def _get_session_from_db(self) -> Any:
        kept = stored_key(self.session_key or "")
        row = self.model.objects.filter(session_key=kept, expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a session of this key."""
        return bool(self.model.objects.filter(session_key=stored_key(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row of this session, under the hash of its key."""
        row = super().create_model_instance(data)
        row.session_key = stored_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        """End a session, this one if none is named."""
        key = session_key or self.session_key
        if key:
            self.model.objects.filter(session_key=stored_key(key)).delete()
