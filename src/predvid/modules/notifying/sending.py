"""Sends what is due: letters of access, then deliveries; each claimed by one worker, none lost.

A worker that dies between sending and saying so sends that one message again, under the same Message-ID.
Each claim is of the moment it is made: a round over a slow server lasts longer than one.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from predvid.core.model import Severity
from predvid.modules.access import mail_actions
from predvid.modules.access.envelope import Damaged
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.monitoring.actions import note_event
from predvid.modules.notifying import links, queries
from predvid.modules.notifying.failures import NotSent
from predvid.modules.notifying.kinds import Fetch, email, kinds
from predvid.modules.notifying.messages import Message
from predvid.modules.notifying.models import Channel, Delivery
from predvid.modules.notifying.rules import given_up, pause
from predvid.modules.notifying.wording import compose

log = logging.getLogger(__name__)
CLAIM = timedelta(minutes=2)  # longer than any kind's `send` may take
AT_ONCE = 50
Clock = Callable[[], datetime]


def send_letters(address: str, clock: Clock) -> int:
    """Send the letters that wait; return how many. While the server is away no letter is taken."""
    server = queries.mail_server()
    if server is None or not mail_actions.letters(clock()).exists():
        return 0
    sent = 0
    try:
        settings = queries.settings_of(server)
        with email.line(settings) as line:
            while sent < AT_ONCE and (letter := mail_actions.take_letter(address, clock())) is not None:
                message = Message(
                    f"letter-{letter.mail}",
                    letter.subject,
                    letter.body,
                    int(clock().timestamp()),
                    to=letter.recipient,
                )
                try:
                    email.post(line, settings, message)
                except NotSent as failed:
                    mail_actions.letter_failed(letter, failed.said, clock())
                    if failed.away:
                        raise
                    continue
                mail_actions.letter_sent(letter, clock())
                sent += 1
    except (NotSent, Damaged, KeyUnusable) as failed:
        log.warning("letters wait: %s", failed)
    return sent


def send_due(address: str, fetch: Fetch, clock: Clock) -> int:
    """Send the deliveries that are due; return how many went out.

    Where one side does not answer at all, the rest for it waits for the next round.
    """
    sent, away = 0, set()
    loaded = ("event", "alert__device", "person", "channel")
    for row in queries.due(clock()).select_related(*loaded)[:AT_ONCE]:
        if row.channel_id in away or not _claimed(row, clock()):
            continue
        try:
            sent += _sent(row, address, fetch, clock)
        except NotSent as failed:
            _failed(row, failed, clock())
            if failed.away:
                away.add(row.channel_id)
    return sent


def _claimed(row: Delivery, now: datetime) -> bool:
    """Tell whether this worker has the delivery now: of any number of them one writes its claim."""
    row.claimed_until = now + CLAIM
    return queries.due(now).filter(pk=row.pk).update(claimed_until=row.claimed_until) == 1


def _sent(row: Delivery, address: str, fetch: Fetch, clock: Clock) -> int:
    """Send one delivery; 0 where it is not to be told any more. Raises NotSent."""
    now = clock()
    viewer = _viewer(row)
    if viewer is None:
        _end(row, state=Delivery.State.SUPPRESSED, why="gone")
        return 0
    if row.escalates and not queries.nobody_took(row, now):
        _end(row, state=Delivery.State.SUPPRESSED, why="taken")
        return 0
    channel = row.channel or queries.mail_server()
    if channel is None:
        raise NotSent("no_server", away=True)
    link = links.offered(row, viewer, address, now)
    _out(channel, compose(row, viewer, address, link, now), fetch)
    _end(row, state=Delivery.State.SENT, sent_at=clock(), error="")
    return 1


def _viewer(row: Delivery) -> Viewer | None:
    """Return who reads a delivery; None for a person who has left or sees its client no more."""
    if row.person is None:
        return PLATFORM
    viewer = viewer_of(row.person)
    return viewer if row.person.is_active and viewer.may("alert.view", row.client_id) else None


def _out(channel: Channel, message: Message, fetch: Fetch) -> None:
    kind = kinds().get(channel.kind)
    if kind is None:
        raise NotSent("no_kind", kind=channel.kind, final=True)
    try:
        settings = queries.settings_of(channel)
    except (Damaged, KeyUnusable):
        raise NotSent("sealed") from None
    kind.send(settings, message, fetch)


def send_test(channel: Channel, to: str, words: tuple[str, str], fetch: Fetch, now: datetime) -> None:
    """Send a test message (subject, text) by a channel, to an address where it is e-mail. Raises NotSent."""
    moment = int(now.timestamp())
    _out(channel, Message(f"test-{moment}", *words, moment, to=to, data={"event": "test"}), fetch)


def _failed(row: Delivery, failed: NotSent, now: datetime) -> None:
    attempts = row.attempts + 1
    words: dict[str, Any] = {
        "attempts": attempts,
        "error": failed.said.id,
        "error_values": dict(failed.said.values),
    }
    if not failed.final and not given_up(row.queued_at, now):
        _end(row, next_at=now + pause(attempts), **words)
        return
    _end(row, state=Delivery.State.FAILED, **words)
    who = row.person.name if row.person else str(row.channel)
    device = row.alert.device_id if row.alert else None
    note_event("notification.failed", row.client_id, device, now, Severity.WARNING, who=who)


def _end(row: Delivery, **words: Any) -> None:
    """Write what became of a delivery, unless its claim ran out and another worker has it now."""
    Delivery.objects.filter(pk=row.pk, claimed_until=row.claimed_until).update(claimed_until=None, **words)
