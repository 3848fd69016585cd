"""The worker's chores on the store: hourly roll-ups, hours that got late samples, retention."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from predvid.modules.monitoring.models import Event, LateHour, Stream
from predvid.modules.monitoring.store import Store

RAW_DAYS = 90
STREAM_DAYS = timedelta(days=60)  # far longer than an outbox can hold a start's batches
STARTS = 64  # of one agent; each has a row
HOUR = timedelta(hours=1)
HANDLED = timedelta(days=400)  # how long events stay in the relational database


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def roll_up(store: Store, now: datetime) -> None:
    """Compute the roll-ups from the newest one on, which may have been unfinished, to the running hour.

    Whatever time no worker ran is caught up with, the oldest day first, at most RAW_DAYS.
    """
    last, first = _hour(now), _hour(now) - timedelta(days=RAW_DAYS)
    newest = store.newest_hour()
    start = max(first, min(newest, last - HOUR)) if newest else first
    store.recompute_hours(start + n * HOUR for n in range((last - start) // HOUR + 1))


def note_late(hours: Collection[datetime], now: datetime) -> None:
    """Note that samples came into `hours` (before that of `now`); for the transaction that takes them in.

    The samples must be in the store already. A new marker tells a chore that is just computing such an hour
    to compute it again. Sorted, so that two gateways cannot wait for each other.
    """
    LateHour.objects.bulk_create(
        [LateHour(hour=hour, marker=secrets.randbits(62)) for hour in sorted(hours) if hour < _hour(now)],
        update_conflicts=True,
        unique_fields=["hour"],
        update_fields=["marker"],
    )


def late_hours(store: Store, now: datetime) -> int:
    """Compute again the hours that late samples came into; return how many.

    An hour is forgotten only after it was computed, and only if nothing came into it meanwhile. Hours that
    `roll_up` has not reached yet are left to it, lest it believe that it had.
    """
    newest = store.newest_hour()
    if newest is None:
        return 0
    rows = list(LateHour.objects.filter(hour__lt=_hour(now), hour__lte=newest).order_by("hour")[:48])
    if rows:
        store.recompute_hours([row.hour for row in rows])
        done = Q()
        for row in rows:
            done |= Q(pk=row.pk, marker=row.marker)
        LateHour.objects.filter(done).delete()
    return len(rows)


def retention(store: Store, now: datetime) -> None:
    """Drop raw samples after RAW_DAYS (whole days), handled events after HANDLED, and old streams."""
    _forget_streams(now)
    store.drop_before((now - timedelta(days=RAW_DAYS)).date())
    Event.objects.filter(recorded_at__lt=now - HANDLED, alert=None, reaction=Event.Reaction.DONE).delete()


def _forget_streams(now: datetime) -> None:
    """Delete the streams of an agent's earlier starts: those long silent, and all but its latest STARTS."""
    latest = Stream.objects.values("agent").annotate(last=Max("seen_at"), starts=Count("pk"))
    for agent, last, starts in latest.values_list("agent", "last", "starts"):
        mine = Stream.objects.filter(agent=agent, seen_at__lt=last)
        mine.filter(seen_at__lt=now - STREAM_DAYS).delete()
        if starts > STARTS:
            kept = (
                Stream.objects.filter(agent=agent).order_by("-seen_at").values_list("pk", flat=True)[:STARTS]
            )
            Stream.objects.filter(agent=agent).exclude(pk__in=list(kept)).delete()
