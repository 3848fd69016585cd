"""What every deed on tasks leaves behind: an event on the timeline, an entry in the audit of each client."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from predvid.core.model import Event as Fact
from predvid.core.model import Severity, say
from predvid.modules.access import audit
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.automation.models import Task, TaskRequest
from predvid.modules.monitoring.actions import event_row
from predvid.modules.monitoring.models import Event

MAX_TOLD = 25  # devices of one request that get an event of their own


def milliseconds(moment: datetime) -> int:
    """Return a moment as the wire writes it."""
    return int(moment.timestamp() * 1000)


def told(
    viewer: Viewer, kind: str, request: TaskRequest, now: datetime, severity: Severity = Severity.INFO
) -> None:
    """Write an event of a request: on its devices, or where they are many on their clients."""
    rows = set(Task.objects.filter(request=request).values_list("client_id", "device_id"))
    places: Iterable[tuple[UUID, UUID | None]] = rows
    if len(rows) > MAX_TOLD:
        places = {(client, None) for client, _ in rows}
    said = say(kind, who=viewer.name, title=request.title, n=request.devices)
    fact = Fact(kind, said, severity, now, actor=viewer.name, source={"request": str(request.pk)})
    Event.objects.bulk_create([event_row(fact, client, device, now) for client, device in places])


def audited(viewer: Viewer, verb: str, request: TaskRequest, now: datetime, why: str = "") -> None:
    """Write a deed on a request into the chain of each client that it touches, always in one order.

    Of a script the audit keeps the title and the digest of what is signed; it may hold what is personal.
    """
    counted: dict[UUID, int] = {}
    for client in Task.objects.filter(request=request).values_list("client_id", flat=True):
        counted[client] = counted.get(client, 0) + 1
    subject = Subject("task", str(request.pk), request.title)
    for client in sorted(counted, key=str):
        after: audit.Values = {"state": str(request.state), "devices": counted[client]}
        audit.record(viewer, verb, subject, client, now, after=after, why=why or request.why)
