"""Tells the world outside that all is well, every minute, and says nothing while something is not."""

import logging
from datetime import datetime

from predvid.modules.access.envelope import Damaged
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.monitoring.beats import GAP
from predvid.modules.monitoring.models import GatewayBeat
from predvid.modules.monitoring.store import Store
from predvid.modules.notifying import queries
from predvid.modules.notifying.failures import NotSent
from predvid.modules.notifying.kinds import Fetch, kinds
from predvid.modules.notifying.messages import Message

log = logging.getLogger(__name__)


def beat(store: Store, fetch: Fetch, now: datetime) -> int:
    """Call every heartbeat address if a gateway takes batches and the store answers; return how many heard.

    That the database works, its own reads have shown; that the worker does, whoever calls this knows.
    """
    rows = queries.heartbeats()
    if not rows or not GatewayBeat.objects.filter(at__gt=now - GAP).exists() or not store.ping():
        return 0
    heard, message = 0, Message("beat", "", "", int(now.timestamp()))
    for row in rows:
        try:
            kinds()[row.kind].send(queries.settings_of(row), message, fetch)
            heard += 1
        except (NotSent, Damaged, KeyUnusable) as failed:
            log.warning("the heartbeat %s was not heard: %s", row.name, failed)
    return heard
