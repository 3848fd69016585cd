"""Verbs on a person's own board: pin a chart, rename it, move it, take it off."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Person
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.models import Pin
from predvid.modules.monitoring.queries import board, compared
from predvid.modules.monitoring.queries.standing import devices

MOST = 24  # charts on one board: they all are drawn
LONGEST = 80  # characters of a title


@transaction.atomic
def pin(viewer: Viewer, device_id: UUID, wanted: compared.Asked, span: str, now: datetime) -> Pin:
    """Put a chart at the end of the board; `span` is a key of `charts.RANGES`.

    Raises NotVisible or Denied for any device of it, UserError for a chart of nothing or a full board.
    """
    require(viewer, "board.change")
    person = _hold(viewer)
    first = devices(viewer).filter(pk=device_id).first()
    if first is None:
        raise NotVisible
    found = compared.shown(viewer, first, wanted.others)
    mine = Pin.objects.filter(person=person).order_by("-place").values_list("place", flat=True)
    if not wanted.metric:
        raise UserError("Choose a measurement.")
    if len(mine) >= MOST:
        raise UserError("Your board is full: it holds %(most)s charts. Take one off first.", most=MOST)
    row = Pin.objects.create(
        person_id=person,
        device=first,
        others=[str(device.pk) for device in found[1:]],
        metric=wanted.metric,
        range=span,
        shift=wanted.shift,
        place=1 + (mine[0] if mine else 0),
    )
    told: audit.Values = {"metric": row.metric, "range": span, "devices": len(found)}
    audit.record(viewer, "board.pinned", _subject(first), first.client_id, now, after=told)
    return row


@transaction.atomic
def rename(viewer: Viewer, pin_id: int, title: str, now: datetime) -> Pin:
    """Give a pin the person's own title, or with an empty one its first name back. Raises NotVisible."""
    row = _held(viewer, pin_id)
    wanted = title.replace("\x00", "").strip()[:LONGEST]
    if wanted != row.title:
        Pin.objects.filter(pk=row.pk).update(title=wanted)
        _changed(viewer, row, "title", now)
    return row


@transaction.atomic
def move(viewer: Viewer, pin_id: int, earlier: bool, now: datetime) -> Pin:
    """Let a pin change places with the one before it (`earlier`) or after it. Raises NotVisible."""
    row = _held(viewer, pin_id)
    order = [each.pk for each in board.visible_pins(viewer)]
    here = order.index(row.pk)
    there = here + (-1 if earlier else 1)
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
        for place, key in enumerate(order, 1):
            Pin.objects.filter(pk=key).update(place=place)
        _changed(viewer, row, "place", now)
    return row


@transaction.atomic
def remove(viewer: Viewer, pin_id: int, now: datetime) -> None:
    """Take a pin off the board. Raises NotVisible."""
    row = _held(viewer, pin_id)
    Pin.objects.filter(pk=row.pk).delete()
    audit.record(
        viewer,
        "board.unpinned",
        _subject(row.device),
        row.device.client_id,
        now,
        before={"metric": row.metric},
    )


def _held(viewer: Viewer, pin_id: int) -> Pin:
    require(viewer, "board.change")
    _hold(viewer)
    row = board.one(viewer, pin_id)
    require(viewer, "board.change", row.device.client_id)
    return row


def _hold(viewer: Viewer) -> UUID:
    """Hold the person's row, so that of two deeds on one board the second sees what the first did."""
    person = viewer.person
    if person is None or not Person.objects.select_for_update().filter(pk=person).exists():
        raise NotVisible  # the platform itself has no board
    return person


def _changed(viewer: Viewer, row: Pin, what: str, now: datetime) -> None:
    """Write that a pin changed; a title is the person's own and stays out of the audit."""
    told: audit.Values = {"metric": row.metric, "changed": what}
    audit.record(viewer, "board.changed", _subject(row.device), row.device.client_id, now, after=told)


def _subject(device: Device) -> Subject:
    return Subject("device", str(device.pk), device.name)
