"""What every page shows around its content: the rooms with their counts, the person, the theme."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.queries.standing import Counts, counts

OFFICE = {"board", "policies", "notifications", "people", "audit"}
ALSO = {
    "tasks": ("authority", "releases"),
    "policies": ("group-add",),
    "clients": ("custom-fields", "import"),
}  # pages of a room that lie at addresses of their own


@dataclass(frozen=True)
class Room:
    """One entry of the navigation; `office`: on a phone, where room is short, in the person's own menu."""

    title: str
    icon: str
    address: str
    count: int | None
    here: bool
    office: bool


def rooms(request: HttpRequest, known: Counts, viewer: Viewer) -> list[Room]:
    """Return the rooms that stand today, in the order of the navigation."""
    entries = [
        (_("Overview"), "layout-dashboard", "overview", None),
        (_("Alerts"), "bell", "alerts", known.open_alerts),
        (_("Clients"), "building", "clients", None),
        (_("Devices"), "device-desktop", "devices", known.devices),
    ]
    if viewer.may("board.change"):
        entries.append((_("Board"), "pin", "board", None))
    if viewer.may("task.view"):
        entries.append((_("Tasks"), "player-play", "tasks", None))
    if viewer.may("policy.view"):
        entries.append((_("Policies"), "settings", "policies", None))
    if viewer.may("device.enrol"):
        entries.append((_("Enrol"), "plus", "enrol", known.pending or None))
    if viewer.may("delivery.view"):
        entries.append((_("Notifications"), "send", "notifications", None))
    if viewer.may("person.view"):
        entries.append((_("People"), "users", "people", None))
    if viewer.may("audit.view"):
        entries.append((_("Audit"), "list-check", "audit", None))
    return [
        Room(title, icon, reverse(name), count, _here(request.path, name), name in OFFICE)
        for title, icon, name, count in entries
    ]


def _here(path: str, name: str) -> bool:
    if name == "overview":
        return path == reverse(name)
    return path.startswith(tuple(reverse(each) for each in (name, *ALSO.get(name, ()))))


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: nonce and theme for any page, rooms and person where someone is signed in."""
    context: dict[str, Any] = {"nonce": getattr(request, "csp_nonce", ""), "theme": "auto"}
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return context
    viewer = viewer_of(person)
    known: Any = SimpleLazyObject(lambda: counts(viewer))
    return context | {
        "theme": person.theme,
        "person": person,
        "viewer": viewer,
        "counts": known,
        "rooms": SimpleLazyObject(lambda: rooms(request, known, viewer)),
    }
