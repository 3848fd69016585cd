"""Takes over what root and operators signed: key sets, publications, placements, marks on what waits.

The server keeps and passes on; it holds no key for any of it. Refusals carry a sentence of `core.authority`.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from django.db import transaction

from predvid.core.authority import TaskRefused
from predvid.core.errors import UserError
from predvid.core.model import Event as Fact
from predvid.core.model import Severity, say
from predvid.core.trust import digest
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.automation import early
from predvid.modules.automation.actions import telling
from predvid.modules.automation.actions.requests import release
from predvid.modules.automation.models import KeySetRow, PlacementRow, Publication, TaskRequest
from predvid.modules.automation.queries import authority as held
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring.actions import event_row
from predvid.wire import verifying
from predvid.wire.authority import KeySet, Signed
from predvid.wire.signing import MAX_MARKS

_ENCODE = msgspec.msgpack.Encoder().encode


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


@transaction.atomic
def accept_keyset(
    viewer: Viewer, signed: Signed, root: bytes, change: Signed | None, now: datetime
) -> KeySetRow:
    """Keep a newer key set, signed by `root` (32 bytes): the one known, or its successor by `change`.

    The first one founds the authority of this installation. Raises Denied, or TaskRefused with the reason.
    """
    require(viewer, "trust.change")
    newest = KeySetRow.objects.select_for_update().order_by("-version").first()
    serial, kept = (newest.root_serial, bytes(newest.root_change)) if newest else (0, b"")
    if newest is not None and bytes(newest.root) != root:
        if change is None:
            raise TaskRefused("root")
        changed = verifying.root_change(change, digest(bytes(newest.root)), serial)
        if changed.new != root:
            raise TaskRefused("root")
        serial, kept = changed.serial, _ENCODE(change)
    found = early.keyset(signed, root, newest.version if newest else 0, telling.milliseconds(now))
    row = KeySetRow.objects.create(
        version=found.version,
        signed=_ENCODE(signed),
        root=root,
        root_serial=serial,
        root_change=kept,
        operators=[
            {"name": one.name, "key": one.key.hex(), "classes": list(one.classes)} for one in found.operators
        ],
        revoked=found.revoked,
        issued_at=_moment(found.issued),
        expires_at=_moment(found.expires),
        accepted_at=now,
    )
    Publication.objects.filter(key__in=found.revoked, newest=True).update(newest=False)
    _told(viewer, "trust.keyset", now, version=found.version, n=len(found.operators))
    subject = Subject("keyset", str(found.version))
    names = {"operators": ", ".join(one.name for one in found.operators), "root": digest(root).hex()[:16]}
    audit.record(viewer, "trust.keyset_accepted", subject, None, now, after=names)
    return row


def operators(now: datetime) -> KeySet:
    """Return the key set in force. Raises UserError where there is none or it has expired."""
    found = held.keyset()
    if found is None:
        raise UserError("There is no task authority yet: run 'predvid trust init' first.")
    if found.expires <= telling.milliseconds(now):
        raise UserError("The set of operators has expired; the root must sign a new one.")
    return found


@transaction.atomic
def accept_publication(viewer: Viewer, signed: Signed, now: datetime) -> Publication:
    """Keep a published template, newer than the one known by its id. Raises TaskRefused or UserError."""
    require(viewer, "trust.change")
    found, names = early.publication(signed, operators(now), telling.milliseconds(now))
    before = Publication.objects.filter(key=found.id).order_by("-version").first()
    if before is not None and found.version <= before.version:
        raise TaskRefused("version", version=found.version, known=before.version)
    Publication.objects.filter(key=found.id).update(newest=False)
    content = found.content
    row = Publication.objects.create(
        key=found.id,
        version=found.version,
        signed=_ENCODE(signed),
        title=found.title[:160],
        description=found.description,
        language=content.language,
        content=content.body,
        timeout=content.timeout,
        parameters=msgspec.to_builtins(found.parameters),
        targets=msgspec.to_builtins(found.targets),
        rate=max(found.rate, 0),
        by_server=found.by_server,
        minutes_by_hand=max(found.minutes_by_hand, 0),
        signers=list(names),
        issued_at=_moment(found.issued),
        expires_at=_moment(found.expires),
        accepted_at=now,
    )
    _told(viewer, "trust.published", now, title=row.title, version=row.version)
    after: audit.Values = {"version": row.version, "signers": ", ".join(names)}
    audit.record(
        viewer, "trust.published", Subject("publication", found.id[:36], row.title), None, now, after=after
    )
    return row


@transaction.atomic
def accept_placement(viewer: Viewer, signed: Signed, now: datetime) -> PlacementRow:
    """Keep where an operator puts an agent, newer than what is known. Raises TaskRefused or NotVisible."""
    require(viewer, "trust.change")
    found = early.placement(signed, operators(now))
    try:
        agent = Agent.objects.select_related("device").filter(pk=UUID(found.agent)).first()
    except ValueError:
        agent = None
    if agent is None:
        raise NotVisible
    before = PlacementRow.objects.filter(agent=agent).first()
    if before is not None and found.serial <= before.serial:
        raise TaskRefused("placement")
    row, _made = PlacementRow.objects.update_or_create(
        agent=agent,
        defaults={
            "client_id": agent.client_id,
            "serial": found.serial,
            "signed": _ENCODE(signed),
            "tags": found.tags,
            "accepted_at": now,
        },
    )
    subject = Subject("agent", str(agent.pk), agent.device.name)
    after = {"tags": ", ".join(found.tags)}
    audit.record(viewer, "trust.placed", subject, agent.client_id, now, after=after)
    return row


@transaction.atomic
def attach(viewer: Viewer, request_id: UUID, signed: Signed, now: datetime) -> TaskRequest:
    """Add operators' marks to a request that waits for them, and release it once there are enough.

    `signed` must carry the very bytes that wait. Raises NotVisible, TaskRefused or UserError.
    """
    request = TaskRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None or not request.signatures_needed:
        raise NotVisible
    if request.state != TaskRequest.State.WAITING or request.expires_at <= now:
        raise UserError("This request does not wait any more.")
    if bytes(request.body) != signed.body:
        raise TaskRefused("signature")
    keyset = operators(now)
    kept = msgspec.msgpack.decode(bytes(request.signed), type=Signed).marks if request.signed else []
    marks = {mark.key: mark for mark in (*kept, *signed.marks[:MAX_MARKS])}
    cls = verifying.ORDERS if request.publication_id is None else verifying.PUBLICATIONS
    known = {one.key for one in keyset.operators}
    whole = Signed(signed.body, [mark for key, mark in marks.items() if key in known])
    names = early.names_of(whole, keyset, cls)
    if not set(names) - set(request.signers):
        raise TaskRefused("signature")
    request.signed, request.signers = _ENCODE(whole), list(names)
    request.save(update_fields=["signed", "signers"])
    if len(names) >= request.signatures_needed:
        request.approved_name, request.approved_at = ", ".join(names), now
        request.save(update_fields=["approved_name", "approved_at"])
        release(request, now)
    telling.told(viewer, "task.signed", request, now)
    telling.audited(viewer, "task.signed", request, now)
    return request


def _told(viewer: Viewer, kind: str, now: datetime, **values: str | int) -> None:
    said = say(kind, who=viewer.name, **values)
    event_row(Fact(kind, said, Severity.NOTICE, now, actor=viewer.name), None, None, now).save()
