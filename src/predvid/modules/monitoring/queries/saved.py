"""Reads of saved views: the filters of a list that a person named, and those that the MSP shares."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.models import SavedView, ViewDefault

# What a view of each list keeps, in the order in which an address has it: never the page.
WORDS = {
    "devices": ("state", "client", "site", "type", "q", "sort"),
    "alerts": ("phase", "state", "client", "q"),
    "tasks": ("group", "client", "q"),
}
LONGEST = 600  # characters of a query


def kept(room: str, words: Mapping[str, Any]) -> str:
    """Return what a view of `room` keeps of an address's words, encoded; empty for nothing, or too much."""
    found = [(name, str(words[name]).replace("\x00", "")) for name in WORDS[room] if words.get(name)]
    query = urlencode(found)
    return query if len(query) <= LONGEST else ""


def kept_text(room: str, query: str) -> str:
    """Return what a view keeps of an encoded query, which a form may have brought from anywhere."""
    return kept(room, dict(parse_qsl(query[: 2 * LONGEST], max_num_fields=None)))


def visible(viewer: Viewer) -> QuerySet[SavedView]:
    """Return the views of the person who looks, and the shared ones for those who see all clients.

    A shared one is the whole MSP's: its name may tell of clients that others know nothing of.
    """
    mine = Q(person=viewer.person)
    return SavedView.objects.filter(mine | Q(shared=True) if viewer.sees(None) else mine)


def of_room(viewer: Viewer, room: str) -> list[Any]:
    """Return the visible views of one list by name, each with `is_default` and `changes`; one query."""
    chosen = ViewDefault.objects.filter(person=viewer.person, view=OuterRef("pk"))
    rows: list[Any] = list(visible(viewer).filter(room=room).annotate(is_default=Exists(chosen)))
    for row in rows:
        row.changes = may_change(viewer, row)
    return rows


def may_change(viewer: Viewer, row: SavedView) -> bool:
    """Tell whether the viewer may rename or remove a visible view: their own, or a shared one by its verb."""
    if row.shared:
        return viewer.may("view.share", None)
    return row.person_id == viewer.person and viewer.may("view.save")


def one(viewer: Viewer, view_id: int) -> SavedView:
    """Return a visible view; raise NotVisible for any other."""
    found = visible(viewer).filter(pk=view_id).first()
    if found is None:
        raise NotVisible
    return found
