"""Takes over the facts that agents send: only what changed is written, and each change is an event."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import JSONField, Value

from predvid.modules.inventory.models import Device, Fact
from predvid.modules.inventory.rules import differences
from predvid.modules.monitoring.actions import event_row
from predvid.modules.monitoring.delivery import Delivery
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.plain import text, tree
from predvid.wire.v1 import FactRow

MAX_FACTS = 500  # of one device
QUIET = ("top.", "state.", "device.boot_id")  # facts that change by nature: kept, but no change events


def store_facts(rows: Sequence[FactRow], delivery: Delivery, now: datetime) -> Iterable[Event]:
    """Write the facts of a delivery that differ from what is stored and yield an event row per difference.

    The first value of a fact makes no events. Must run inside the group's transaction.
    """
    values = {text(row.name, 80): tree(row.value) for row in rows}
    checks = {text(row.name, 80): text(row.check, 60) for row in rows}
    stored = {fact.name: fact for fact in Fact.objects.filter(device_id=delivery.device, name__in=values)}
    room = (
        MAX_FACTS - Fact.objects.filter(device_id=delivery.device).count()
        if values.keys() - stored.keys()
        else 0
    )
    for name, value in values.items():
        fact = stored.get(name)
        room -= fact is None
        if fact is None and room < 0:
            continue
        if fact is not None and fact.value == value:
            continue
        Fact.objects.update_or_create(
            device_id=delivery.device,
            name=name,
            defaults={
                "client_id": delivery.client,
                "check_name": checks[name],
                "value": Value(None, JSONField()) if value is None else value,
                "since": now,
            },
        )
        if name == "os.release" and isinstance(value, dict):
            Device.objects.filter(pk=delivery.device).update(os=text(value.get("name", ""), 120))
        if fact is not None and not name.startswith(QUIET):
            for event in differences(name, fact.value, value):
                yield event_row(event, delivery.client, delivery.device, now)
