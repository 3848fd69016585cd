"""Takes over the facts that agents send: only what changed is written, and each change is an event."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from predvid.modules.inventory.models import Device, Fact
from predvid.modules.inventory.rules import differences
from predvid.modules.monitoring.actions import event_row
from predvid.modules.monitoring.delivery import Delivery
from predvid.modules.monitoring.models import Event
from predvid.wire.v1 import FactRow

MAX_FACTS = 200
QUIET = ("top.", "state.")  # facts that change by nature: kept, but no change events


def store_facts(rows: Sequence[FactRow], delivery: Delivery, now: datetime) -> Iterable[Event]:
    """Write the facts of a delivery that differ from what is stored and yield an event row per difference.

    The first value of a fact makes no events. Must run inside the group's transaction.
    """
    names = {row.name[:80]: row for row in rows[:MAX_FACTS]}
    stored = {fact.name: fact for fact in Fact.objects.filter(device_id=delivery.device, name__in=names)}
    for name, row in names.items():
        fact = stored.get(name)
        if fact is not None and fact.value == row.value:
            continue
        Fact.objects.update_or_create(
            device_id=delivery.device,
            name=name,
            defaults={
                "client_id": delivery.client,
                "check_name": row.check[:60],
                "value": row.value,
                "since": now,
            },
        )
        if name == "system.os" and isinstance(row.value, dict):
            Device.objects.filter(pk=delivery.device).update(os=str(row.value.get("name", ""))[:120])
        if fact is not None and not name.startswith(QUIET):
            for event in differences(name, fact.value, row.value):
                yield event_row(event, delivery.client, delivery.device, now)
