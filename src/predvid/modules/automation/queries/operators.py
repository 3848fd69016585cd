"""What an operator's machine reads: the authority that is known here, and what waits for a signature."""

from datetime import datetime

import msgspec
from django.db.models import Prefetch, prefetch_related_objects

from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions.telling import milliseconds
from predvid.modules.automation.models import KeySetRow, Task, TaskRequest
from predvid.modules.automation.queries.authority import waiting
from predvid.wire.authority import Signed
from predvid.wire.operator import Aimed, Asked, Known, Waiting


def known(now: datetime) -> Known:
    """Return the newest KeySet and all root changes up to it, oldest first."""
    rows = list(KeySetRow.objects.order_by("version"))
    changes = {row.root_serial: _signed(row.root_change) for row in rows if row.root_serial}
    newest = _signed(rows[-1].signed) if rows else None
    return Known(newest, [changes[serial] for serial in sorted(changes)], milliseconds(now))


def asked(viewer: Viewer, now: datetime) -> Waiting:
    """Return what waits for operators' signatures, with the devices in this installation's words."""
    requests = waiting(viewer, now)
    tasks = Task.objects.select_related("device__client").order_by("place").defer("start")
    prefetch_related_objects(requests, "publication", Prefetch("tasks", tasks))
    return Waiting([_asked(request) for request in requests])


def _asked(request: TaskRequest) -> Asked:
    marks = _signed(request.signed).marks if request.signed else []
    publication = _signed(request.publication.signed) if request.publication else None
    return Asked(
        str(request.pk),
        bytes(request.body),
        marks,
        [
            Aimed(str(task.agent_id), task.device.name, task.device.client.name)
            for task in request.tasks.all()
        ],
        publication,
        request.signatures_needed,
        request.requested_name,
        milliseconds(request.requested_at),
        request.why,
    )


def _signed(blob: bytes | memoryview) -> Signed:
    return msgspec.msgpack.decode(bytes(blob), type=Signed)
