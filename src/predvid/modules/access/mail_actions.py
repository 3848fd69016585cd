"""Verbs of mails: queue an invitation, hand the next letter to its sender, note what became of it.

A letter in hand is nobody else's for a while; it leaves the queue when it was sent, and goes back when it was
not. So none is lost, and one whose sender dies between sending and saying so may go out twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from predvid.core.model import Said
from predvid.core.wording import word
from predvid.modules.access import audit
from predvid.modules.access.link_actions import HOURS, LASTS, Kind, new_link
from predvid.modules.access.mail_words import FACTORS_REMOVED, INVITATION, PASSKEY_CLONED, PASSWORD, TEXTS
from predvid.modules.access.models import Mail, Person
from predvid.modules.access.rules import PLATFORM, Subject

LINKS = {INVITATION: Kind.INVITATION, PASSWORD: Kind.PASSWORD}
NOTICES = (FACTORS_REMOVED, PASSKEY_CLONED)  # tell of something and hold no link
# What waits longer is not sent any more.
KEPT = {said: LASTS[kind] for said, kind in LINKS.items()} | dict.fromkeys(NOTICES, timedelta(days=7))


IN_HAND = timedelta(minutes=2)  # longer than a sender may need; after that it is another's to take
PAUSES = (1, 2, 4, 8, 15, 30)  # minutes until the next try, the last one again and again


@dataclass(frozen=True)
class Letter:
    """A mail in words, its one-time link in it; `mail` is the row that it was made of."""

    mail: int
    recipient: str
    subject: str
    body: str


def queue_invitation(person: Person, by: Person | None, now: datetime) -> None:
    """Queue the mail that invites a person, in place of one that still waits; a part of verbs that say so."""
    Mail.objects.filter(person=person, said_id=INVITATION, sent_at=None).delete()
    Mail.objects.create(
        recipient=person.email,
        language=person.language,
        said_id=INVITATION,
        said_values={"by": by.name if by else PLATFORM.name},
        person=person,
        queued_by=by,
        queued_at=now,
    )


def queue_notice(person: Person, said_id: str, what: str, now: datetime) -> None:
    """Queue a mail that tells a person of something; a part of verbs that write the entry."""
    Mail.objects.create(
        recipient=person.email,
        language=person.language,
        said_id=said_id,
        said_values={"what": what},
        person=person,
        queued_at=now,
    )


@transaction.atomic
def take_letter(address: str, now: datetime) -> Letter | None:
    """Return the next letter to send, its link (if it has one) made this moment; None when nothing waits.

    `address` is the console's. Mails that came too late, or are for nobody who may use the link, are dropped.
    """
    waiting = letters(now).select_for_update(of=("self",), skip_locked=True)
    for mail in waiting.select_related("person", "queued_by"):
        person = _meant(mail, now)
        if person is None:
            mail.delete()
            continue
        Mail.objects.filter(pk=mail.pk).update(not_before=now + IN_HAND)
        if mail.said_id in NOTICES:
            return _worded(mail, person, "")
        secret = new_link(person, LINKS[mail.said_id], mail.queued_by, now)
        lasts, subject = {"hours": HOURS[LINKS[mail.said_id]]}, Subject("person", str(person.pk))
        audit.record(PLATFORM, "person.link_made", subject, None, now, after=lasts, why="mail")
        return _worded(mail, person, f"{address}/welcome/{secret}")
    return None


def letters(now: datetime) -> QuerySet[Mail]:
    """Return the letters that may be taken now, oldest first."""
    due = Q(not_before=None) | Q(not_before__lte=now)
    return Mail.objects.filter(due, sent_at=None).order_by("queued_at", "pk")


def letter_sent(letter: Letter, now: datetime) -> None:
    """Take a letter off the queue: the mail server has it."""
    Mail.objects.filter(pk=letter.mail, sent_at=None).update(sent_at=now, error="")


def letter_failed(letter: Letter, why: Said, now: datetime) -> None:
    """Put a letter back, to be tried again later, with a new link then; that in this letter expires."""
    rows = Mail.objects.filter(pk=letter.mail, sent_at=None)
    mail = rows.first()
    if mail is None:
        return
    pause = timedelta(minutes=PAUSES[min(mail.attempts, len(PAUSES) - 1)])
    rows.update(
        not_before=now + pause, attempts=mail.attempts + 1, error=why.id, error_values=dict(why.values)
    )


def _meant(mail: Mail, now: datetime) -> Person | None:
    """Return whom a waiting mail is for; None if it came too late or its address is nobody's."""
    if now - mail.queued_at > KEPT[mail.said_id]:
        return None
    if mail.said_id == INVITATION:
        return mail.person if mail.person and mail.person.invited else None
    return Person.objects.filter(email__iexact=mail.recipient, is_active=True).first()


def _worded(mail: Mail, person: Person, link: str) -> Letter:
    values = {**mail.said_values, "name": person.name, "link": link}
    language = person.language if mail.said_id == PASSWORD else mail.language
    subject, body = (
        word(Said(f"{mail.said_id}.{part}", values), language, TEXTS) for part in ("subject", "body")
    )
    return Letter(mail.pk, person.email, " ".join(subject.split()), body)
