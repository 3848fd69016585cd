"""The state of an installation in numbers, for `predvid status` and the doctor."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from predvid.core.model import State
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring.models import Alert, Event, Result, Stream
from predvid.modules.monitoring.rules import AGENT_CHECK


@dataclass(frozen=True, slots=True)
class Numbers:
    """Devices by state, agents by state, events whose reactions wait or failed.

    `alerts`: the open ones by state, and apart from them how many someone has acknowledged.
    """

    devices: dict[str, int]
    agents: dict[str, int]
    alerts: dict[str, int]
    reactions: dict[str, int]
    last_batch: datetime | None


def numbers(viewer: Viewer, now: datetime) -> Numbers:
    """Return the numbers that `viewer` may see. Raises Denied for who may not see devices at all."""
    require(viewer, "device.view")
    mine = {} if viewer.clients is None else {"client__in": viewer.clients}
    total = Device.objects.filter(merged_into=None, **mine).count()
    offline = Result.objects.filter(check_name=AGENT_CHECK, item="offline", **mine).count()
    reporting = Stream.objects.filter(
        seen_at__gte=now - timedelta(minutes=2), agent__state=Agent.State.APPROVED
    )
    if viewer.clients is not None:
        reporting = reporting.filter(agent__client__in=viewer.clients)
    online = reporting.values("agent__device").distinct().count()
    open_alerts = Alert.objects.filter(phase=Alert.Phase.OPEN, **mine)
    by_state = Counter(State(state).name.lower() for state in open_alerts.values_list("state", flat=True))
    by_state["acknowledged"] = Alert.objects.filter(phase=Alert.Phase.ACKNOWLEDGED, **mine).count()
    streams = Stream.objects.all()
    if viewer.clients is not None:
        streams = streams.filter(agent__client__in=viewer.clients)
    last = streams.order_by("-seen_at").values_list("seen_at", flat=True).first()
    return Numbers(
        {"total": total, "online": online, "offline": offline},
        dict(Counter(Agent.objects.filter(**mine).values_list("state", flat=True))),
        {name: by_state.get(name, 0) for name in ("critical", "warning", "unknown", "acknowledged")},
        {state: Event.objects.filter(reaction=state, **mine).count() for state in ("pending", "failed")},
        last,
    )
