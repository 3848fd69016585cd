"""Runs reactions to events: claimed by a conditional UPDATE, retried with growing pauses, never lost."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.store import EventRow, Store

log = logging.getLogger(__name__)
Reaction = Callable[[Event, Store], None]
CLAIM = timedelta(minutes=2)  # a worker that died in between gives its event free after this
AT_ONCE = 200
MAX_ATTEMPTS = 12
NOBODY = UUID(int=0)  # the store's client of events that belong to the whole MSP


def react_to_pending(reactions_to: Callable[[str], tuple[Reaction, ...]], store: Store, now: datetime) -> int:
    """Claim and run what is due, oldest first; return how many events were worked on."""
    due = Q(reaction=Event.Reaction.PENDING) & (Q(retry_at=None) | Q(retry_at__lte=now))
    lost = Q(reaction=Event.Reaction.CLAIMED, retry_at__lte=now)
    events = list(Event.objects.filter(due | lost).order_by("pk")[:AT_ONCE])
    for event in events:
        claim = Event.objects.filter(pk=event.pk, reaction=event.reaction, retry_at=event.retry_at)
        if claim.update(reaction=Event.Reaction.CLAIMED, retry_at=now + CLAIM):
            _react(event, reactions_to(event.kind), store, now)
    return len(events)


def _react(event: Event, reactions: tuple[Reaction, ...], store: Store, now: datetime) -> None:
    done, failures = list(event.reacted), []
    for reaction in reactions:
        name = reaction.__name__
        if name in done:
            continue
        try:
            reaction(event, store)
            done.append(name)
        except Exception as error:
            failures.append(f"{name}: {error}"[:500])
    attempts = event.attempts + 1
    state = Event.Reaction.DONE
    if failures:
        state = Event.Reaction.FAILED if attempts >= MAX_ATTEMPTS else Event.Reaction.PENDING
        log.warning("event %d: %s", event.pk, "; ".join(failures))
    Event.objects.filter(pk=event.pk).update(
        reaction=state,
        reacted=done,
        attempts=attempts,
        error="\n".join(failures),
        retry_at=now + timedelta(seconds=min(2**attempts, 3600)) if failures else None,
    )


def copy_to_store(event: Event, store: Store) -> None:
    """Copy an event to the store, where it can be searched over months."""
    store.insert_events(
        [
            EventRow(
                id=event.pk,
                client=str(event.client_id or NOBODY),
                device=str(event.device_id) if event.device_id else None,
                at=event.at,
                kind=event.kind,
                severity=event.severity,
                said_id=event.said_id,
                values=event.said_values,
                actor=event.actor,
                target=event.target,
            )
        ]
    )
