"""Takes over the events that agents send, cut to size; a kind not theirs is kept as `agent.unknown`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from predvid.core.events import from_agents
from predvid.core.model import Event as Fact
from predvid.core.model import Severity
from predvid.modules.monitoring.actions import event_row
from predvid.modules.monitoring.columns import said
from predvid.modules.monitoring.delivery import Delivery, moment
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.plain import scalar, text
from predvid.wire.v1 import EventRow

MAX_VALUES = 20  # of an event's source


def sent_events(rows: Sequence[EventRow], delivery: Delivery, now: datetime) -> Iterable[Event]:
    """Yield an unsaved row for each event of a delivery; a moment in the future becomes `now`."""
    for row in rows:
        severity = Severity.__members__.get(row.severity.upper(), Severity.INFO)
        kind = row.kind if from_agents(row.kind) else "agent.unknown"
        source = {text(k, 60): scalar(v) for k, v in list(row.source.items())[:MAX_VALUES]}
        actor, target = text(row.actor), text(row.target)
        fact = Fact(kind, said(row.said), severity, min(moment(row.at), now), actor, target, source)
        yield event_row(fact, delivery.client, delivery.device, now)
