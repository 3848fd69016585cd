"""Takes over the facts that agents send: only what changed is written, and each change is an event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Count, JSONField, Sum, Value

from predvid.core.model import Event as SentEvent
from predvid.core.model import Severity, say
from predvid.modules.inventory.models import Device, Fact
from predvid.modules.inventory.rules import differences
from predvid.modules.monitoring.actions import event_row
from predvid.modules.monitoring.delivery import Delivery
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.plain import text, tree
from predvid.wire.v1 import FactRow

MAX_FACTS = 500  # of one device
MAX_BYTES = 8 << 20  # of all of them, as JSON
ENCODE = msgspec.json.encode
QUIET = ("top.", "state.", "device.boot_id")  # facts that change by nature: kept, but no change events


def store_facts(rows: Sequence[FactRow], delivery: Delivery, now: datetime) -> Iterable[Event]:
    """Write the facts of a delivery that differ from what is stored and yield an event row per difference.

    The first value of a fact makes no events; one beyond the device's budget (MAX_FACTS, MAX_BYTES) is left
    out and told as an event. Must run inside the group's transaction.
    """
    values = {text(row.name, 80): tree(row.value) for row in rows}
    checks = {text(row.name, 80): text(row.check, 60) for row in rows}
    stored = {fact.name: fact for fact in Fact.objects.filter(device_id=delivery.device, name__in=values)}
    changed = [name for name, value in values.items() if name not in stored or stored[name].value != value]
    if not changed:
        return
    budget = _Budget.of(delivery.device)
    for name in changed:
        value, before = values[name], stored.get(name)
        size = len(ENCODE(value))
        if not budget.takes(size, before):
            yield event_row(_refused(name, size), delivery.client, delivery.device, now)
            continue
        Fact.objects.update_or_create(
            device_id=delivery.device,
            name=name,
            defaults={
                "client_id": delivery.client,
                "check_name": checks[name],
                "value": Value(None, JSONField()) if value is None else value,
                "size": size,
                "since": now,
            },
        )
        if name == "os.release" and isinstance(value, dict):
            Device.objects.filter(pk=delivery.device).update(os=text(value.get("name", ""), 120))
        if before is not None and not name.startswith(QUIET):
            for event in differences(name, before.value, value):
                yield event_row(event, delivery.client, delivery.device, now)


@dataclass(slots=True)
class _Budget:
    """How many facts a device has, and how many bytes they take."""

    facts: int
    bytes: int

    @classmethod
    def of(cls, device: UUID) -> "_Budget":
        told = Fact.objects.filter(device_id=device).aggregate(n=Count("pk"), size=Sum("size"))
        return cls(told["n"], told["size"] or 0)

    def takes(self, size: int, before: Fact | None) -> bool:
        """Count a value of `size` bytes in place of `before`, if it fits."""
        facts = self.facts + (before is None)
        total = self.bytes + size - (before.size if before else 0)
        if facts > MAX_FACTS or (total > MAX_BYTES and total > self.bytes):
            return False
        self.facts, self.bytes = facts, total
        return True


def _refused(name: str, size: int) -> SentEvent:
    said = say("agent.fact_refused", fact=name, size=size, most=MAX_BYTES)
    return SentEvent("agent.fact_refused", said, Severity.WARNING, target=name)
