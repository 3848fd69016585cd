"""Verbs on saved views: save a list's filter under a name, rename or remove it, let the list open with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied, require
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.monitoring.models import SavedView, ViewDefault
from predvid.modules.monitoring.queries import saved

MOST = 40  # of one person on one list
LONGEST = 60  # characters of a name


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be saved: `query` as an address has it, of the list `room`."""

    room: str
    name: str
    query: str
    shared: bool = False
    default: bool = False


@transaction.atomic
def keep(viewer: Viewer, wanted: Wanted, now: datetime) -> SavedView:
    """Save a filter under a name, shared only by whoever may. Raises Denied or UserError."""
    require(viewer, "view.save")
    if wanted.shared:
        require(viewer, "view.share", None)
    if viewer.person is None or wanted.room not in saved.WORDS:
        raise NotVisible
    query, name = saved.kept_text(wanted.room, wanted.query), _fit(wanted.name)
    if not query:
        raise UserError("Filter the list first, then save the filter under a name.")
    if SavedView.objects.filter(person=viewer.person, room=wanted.room).count() >= MOST:
        raise UserError("You have %(most)s views of this list already. Remove one first.", most=MOST)
    with _named_once(name):
        row = SavedView.objects.create(
            person_id=viewer.person, room=wanted.room, name=name, query=query, shared=wanted.shared
        )
    if wanted.default:
        _open_with(viewer.person, row)
    told: audit.Values = {"room": row.room, "shared": row.shared, "default": wanted.default}
    audit.record(viewer, "view.saved", _subject(row), None, now, after=told)
    return row


@transaction.atomic
def rename(viewer: Viewer, view_id: int, name: str, now: datetime) -> SavedView:
    """Give a view another name. Raises NotVisible, Denied or UserError."""
    row = _held(viewer, view_id)
    before, row.name = _subject(row), _fit(name)
    if before.name != row.name or not row.shared:
        with _named_once(row.name):
            row.save(update_fields=["name"])
        audit.record(viewer, "view.changed", _subject(row), None, now, after={"changed": "name"})
    return row


@transaction.atomic
def remove(viewer: Viewer, view_id: int, now: datetime) -> SavedView:
    """Remove a view; lists that opened with it show everything again. Raises NotVisible or Denied."""
    row = _held(viewer, view_id)
    SavedView.objects.filter(pk=row.pk).delete()
    audit.record(viewer, "view.removed", _subject(row), None, now, before={"room": row.room})
    return row


@transaction.atomic
def open_with(viewer: Viewer, view_id: int, chosen: bool, now: datetime) -> SavedView:
    """Let the view's list open with it for this person, or no longer. Raises NotVisible."""
    require(viewer, "view.save")
    row = saved.one(viewer, view_id)
    if viewer.person is None:
        raise NotVisible
    if chosen:
        _open_with(viewer.person, row)
    else:
        ViewDefault.objects.filter(person=viewer.person, view=row).delete()
    told: audit.Values = {"changed": "default", "default": chosen}
    audit.record(viewer, "view.changed", _subject(row), None, now, after=told)
    return row


def _open_with(person: UUID, row: SavedView) -> None:
    ViewDefault.objects.update_or_create(person_id=person, room=row.room, defaults={"view": row})


def _held(viewer: Viewer, view_id: int) -> SavedView:
    require(viewer, "view.save")
    row = saved.one(viewer, view_id)
    if not saved.may_change(viewer, row):
        raise Denied("Your role does not allow this; ask an owner or a manager.")
    return row


def _fit(name: str) -> str:
    wanted = " ".join(name.replace("\x00", "").split())[:LONGEST]
    if not wanted:
        raise UserError("Give the view a name.")
    return wanted


@contextmanager
def _named_once(name: str) -> Iterator[None]:
    """Tell whoever saves a second view of one name so."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise UserError("You already have a view called %(name)s here.", name=name) from None


def _subject(row: SavedView) -> Subject:
    """Return a view as the audit names it: the name of one's own view is personal and stays out of it."""
    return Subject("view", str(row.pk), row.name if row.shared else "")
