"""What the worker sweeps away of people: sessions, links and mails that have ended, old failures."""

from datetime import datetime, timedelta

from predvid.modules.access.mail_actions import KEPT
from predvid.modules.access.models import Attempt, Mail, SignInLink
from predvid.modules.access.session_store import SessionStore

FAILURES_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=30)  # after they ended: which link was whose may still be asked


def sweep(now: datetime) -> None:
    """Drop what is past its time. An address that somebody typed as forgotten goes within a day."""
    SessionStore.clear_expired()
    Attempt.objects.filter(at__lt=now - FAILURES_KEPT).delete()
    SignInLink.objects.filter(expires_at__lt=now - LINKS_KEPT).delete()
    for said, kept in KEPT.items():
        Mail.objects.filter(said_id=said, queued_at__lt=now - kept).delete()
