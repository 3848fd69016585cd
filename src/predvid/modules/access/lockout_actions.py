"""The lock-out: counts failures of a subject in a while, and refuses even the right answer after too many."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from predvid.core.errors import UserError
from predvid.modules.access.models import Attempt
from predvid.modules.access.queries import failures

WINDOW = timedelta(minutes=15)
DAY = timedelta(days=1)  # failures are kept for so long


class LockedOut(UserError):
    """Too many failures: even the right password is refused until the window has passed."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many failures of one subject (its words are kept as a hash) within a while."""

    subject: str
    most: int
    within: timedelta = WINDOW

    @property
    def hashed(self) -> bytes:
        """The SHA-256 under which failures of the subject are kept."""
        return hashlib.sha256(self.subject.encode()).digest()


def refuse_locked(limits: Iterable[Limit], now: datetime) -> None:
    """Return if no limit is reached. Raises LockedOut."""
    if any(failures(limit.hashed, now, limit.within) >= limit.most for limit in limits):
        raise LockedOut("Too many failed attempts. Wait 15 minutes, then try again.")


def note_failure(limits: Iterable[Limit], now: datetime) -> None:
    """Count one failure for each subject; must run in the transaction that writes it into the audit."""
    Attempt.objects.filter(at__lt=now - DAY).delete()
    subjects = dict.fromkeys(limit.hashed for limit in limits)
    Attempt.objects.bulk_create([Attempt(subject_hash=subject, at=now) for subject in subjects])


def forgive(limit: Limit) -> None:
    """Forget the failures of one subject, after it gave the right answer."""
    Attempt.objects.filter(subject_hash=limit.hashed).delete()
