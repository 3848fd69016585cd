"""The worker's chores on the store: hourly roll-ups, hours that got late samples, retention."""

from datetime import datetime, timedelta

from django.db.models import Count, Max

from predvid.modules.monitoring.models import Event, LateHour, Stream
from predvid.modules.monitoring.store import Store

RAW_DAYS = 90
STREAM_DAYS = timedelta(days=60)  # far longer than an outbox can hold a start's batches
STARTS = 64  # of one agent; each has a row
HANDLED = timedelta(days=400)  # how long events stay in the relational database


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def roll_up(store: Store, now: datetime) -> None:
    """Compute the roll-ups of the running hour and the one before."""
    store.recompute_hours([_hour(now) - timedelta(hours=1), _hour(now)])


def late_hours(store: Store, now: datetime) -> int:
    """Compute again the hours that late samples came into; return how many."""
    rows = list(LateHour.objects.filter(hour__lt=_hour(now)).order_by("hour")[:48])
    if rows:
        LateHour.objects.filter(pk__in=[row.pk for row in rows]).delete()
        try:
            store.recompute_hours([row.hour for row in rows])
        except Exception:
            LateHour.objects.bulk_create([LateHour(hour=row.hour) for row in rows], ignore_conflicts=True)
            raise
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
