"""Runs reactions to events: claimed a batch at a time, retried with growing pauses, never lost."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.store import EventRow, Store, StoreUnavailable

log = logging.getLogger(__name__)
Reaction = Callable[[Sequence[Event], Store], None]
CLAIM = timedelta(minutes=2)  # a worker that died in between gives its events free after this
AWAY = timedelta(seconds=15)  # between two tries while the store is away
AT_ONCE = 200
MAX_ATTEMPTS = 12
NOBODY = UUID(int=0)  # the store's client of events that belong to the whole MSP


def react_to_pending(reactions_to: Callable[[str], tuple[Reaction, ...]], store: Store, now: datetime) -> int:
    """Claim and run what is due, oldest first; return how many events were worked on.

    A reaction gets all claimed events that it is for at once, and does all or nothing; where it fails, each
    event is tried alone. Raises StoreUnavailable at the first sign that the store is away: then the events
    wait, and have lost no attempt.
    """
    events = _claim(now)
    failures: dict[int, list[str]] = defaultdict(list)
    try:
        for reaction, mine in _work(events, reactions_to):
            _react(reaction, mine, store, failures)
    except StoreUnavailable as error:
        _give_back(events, str(error), now)
        raise
    _finish(events, failures, now)
    return len(events)


def _claim(now: datetime) -> list[Event]:
    due = Q(reaction=Event.Reaction.PENDING) & (Q(retry_at=None) | Q(retry_at__lte=now))
    lost = Q(reaction=Event.Reaction.CLAIMED, retry_at__lte=now)
    rows = Event.objects.filter(due | lost)
    if not rows.exists():  # looking takes no lock
        return []
    with transaction.atomic():
        events = list(rows.select_for_update(skip_locked=True).order_by("pk")[:AT_ONCE])
        mine = rows.filter(pk__in=[event.pk for event in events])
        mine.update(reaction=Event.Reaction.CLAIMED, retry_at=now + CLAIM)
    return events


def _work(
    events: Sequence[Event], reactions_to: Callable[[str], tuple[Reaction, ...]]
) -> list[tuple[Reaction, list[Event]]]:
    """Return each reaction with the events that it has not yet reacted to."""
    work: dict[Reaction, list[Event]] = {}
    for event in events:
        for reaction in reactions_to(event.kind):
            if reaction.__name__ not in event.reacted:
                work.setdefault(reaction, []).append(event)
    return list(work.items())


def _react(reaction: Reaction, events: Sequence[Event], store: Store, failures: dict[int, list[str]]) -> None:
    name = reaction.__name__
    try:
        reaction(events, store)
    except StoreUnavailable:
        raise
    except Exception as error:
        if len(events) > 1:
            for event in events:
                _react(reaction, [event], store, failures)
            return
        failures[events[0].pk].append(f"{name}: {error}"[:500])
        return
    for event in events:
        event.reacted.append(name)


def _give_back(events: Sequence[Event], why: str, now: datetime) -> None:
    """Let claimed events wait a little without counting an attempt; what was done stays done."""
    for names, keys in _by_reacted(events).items():
        Event.objects.filter(pk__in=keys).update(
            reaction=Event.Reaction.PENDING, reacted=list(names), error=why[:500], retry_at=now + AWAY
        )


def _finish(events: Sequence[Event], failures: dict[int, list[str]], now: datetime) -> None:
    for names, keys in _by_reacted([event for event in events if event.pk not in failures]).items():
        Event.objects.filter(pk__in=keys).update(
            reaction=Event.Reaction.DONE,
            reacted=list(names),
            attempts=F("attempts") + 1,
            error="",
            retry_at=None,
        )
    for event in events:
        if event.pk in failures:
            _fail(event, "\n".join(failures[event.pk]), now)


def _fail(event: Event, why: str, now: datetime) -> None:
    attempts = event.attempts + 1
    log.warning("event %d: %s", event.pk, why)
    Event.objects.filter(pk=event.pk).update(
        reaction=Event.Reaction.FAILED if attempts >= MAX_ATTEMPTS else Event.Reaction.PENDING,
        reacted=event.reacted,
        attempts=attempts,
        error=why,
        retry_at=now + timedelta(seconds=min(2**attempts, 3600)),
    )


def _by_reacted(events: Sequence[Event]) -> dict[tuple[str, ...], list[int]]:
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for event in events:
        groups[tuple(event.reacted)].append(event.pk)
    return groups


def copy_to_store(events: Sequence[Event], store: Store) -> None:
    """Copy events to the store, where they can be searched over months."""
    store.insert_events(
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
        for event in events
    )
