"""Verbs of mails: queue an invitation, take the next letter off the queue for its sender."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from predvid.core.model import Said
from predvid.core.wording import word
from predvid.modules.access import audit
from predvid.modules.access.link_actions import HOURS, LASTS, Kind, new_link
from predvid.modules.access.mail_words import INVITATION, PASSWORD, TEXTS
from predvid.modules.access.models import Mail, Person
from predvid.modules.access.rules import PLATFORM, Subject

LINKS = {INVITATION: Kind.INVITATION, PASSWORD: Kind.PASSWORD}
KEPT = {said: LASTS[kind] for said, kind in LINKS.items()}  # what waits longer is not sent any more


@dataclass(frozen=True)
class Letter:
    """A mail in words, its one-time link in it."""

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


@transaction.atomic
def take_letter(address: str, now: datetime) -> Letter | None:
    """Return the next letter to send, its link made this moment; None when nothing waits.

    `address` is the console's. Mails that came too late, or are for nobody who may use the link, are dropped.
    """
    waiting = Mail.objects.select_for_update(of=("self",)).filter(sent_at=None).order_by("queued_at", "pk")
    for mail in waiting.select_related("person", "queued_by"):
        person = _meant(mail, now)
        if person is None:
            mail.delete()
            continue
        secret = new_link(person, LINKS[mail.said_id], mail.queued_by, now)
        Mail.objects.filter(pk=mail.pk).update(sent_at=now)
        lasts, subject = {"hours": HOURS[LINKS[mail.said_id]]}, Subject("person", str(person.pk))
        audit.record(PLATFORM, "person.link_made", subject, None, now, after=lasts, why="mail")
        return _worded(mail, person, f"{address}/welcome/{secret}")
    return None


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
    return Letter(person.email, " ".join(subject.split()), body)
