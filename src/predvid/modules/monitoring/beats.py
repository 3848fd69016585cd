"""Heartbeats of the gateways: only while one can take batches does an agent's silence mean anything."""

from datetime import UTC, datetime, timedelta

from predvid.modules.monitoring.models import GatewayBeat
from predvid.modules.monitoring.store import Store

EVERY = timedelta(seconds=10)
GAP = timedelta(seconds=30)  # without any gateway's beat for longer, the platform was away
COMEBACK = timedelta(seconds=300)  # the longest pause of an agent that lost its server
FORGOTTEN = timedelta(days=1)


def beat(name: str, store: Store, now: datetime) -> bool:
    """Note that the gateway `name` can take batches: the store answers and this very row can be written.

    Returns False, and writes nothing, while the store does not answer. May raise DatabaseError.
    """
    if not store.ping():
        return False
    name = name[:120]
    before = GatewayBeat.objects.filter(name=name).first()
    since = before.since if before is not None and now - before.at <= GAP else now
    GatewayBeat.objects.update_or_create(name=name, defaults={"since": since, "at": now})
    GatewayBeat.objects.filter(at__lt=now - FORGOTTEN).delete()
    return True


def counted_from(now: datetime) -> datetime:
    """Return the moment from which an agent's silence counts: never before the end of the last gap.

    While no gateway beats, that is `now`. After a gap agents get COMEBACK to return, for they try again ever
    more rarely; the moment may then lie in the future. With no gateway ever heard, silence counts always.
    """
    rows = sorted(GatewayBeat.objects.values_list("since", "at"), key=lambda row: row[1], reverse=True)
    if not rows:
        return datetime.min.replace(tzinfo=UTC)
    if now - rows[0][1] > GAP:
        return now
    unbroken = rows[0][0]
    for since, at in rows[1:]:
        if unbroken - at <= GAP:
            unbroken = min(unbroken, since)
    return unbroken + COMEBACK
