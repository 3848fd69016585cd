"""Finds over what a window shall be, by the names that people type."""

from typing import TypeVar

from predvid.core.errors import UserError
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device, Site
from predvid.modules.monitoring.queries.standing import narrowed
from predvid.modules.monitoring.window_deeds import Where

T = TypeVar("T")


def named(viewer: Viewer, client: str, site: str = "", device: str = "") -> Where:
    """Return the place of these names (none: all clients). Raises UserError where it is not exactly one."""
    if not client:
        return Where()
    mine = _only(list(narrowed(viewer, Client.objects.filter(name=client), "pk")[:2]), client)
    if site:
        return Where(site=_only(list(Site.objects.filter(client=mine, name=site)[:2]), site).pk)
    if device:
        rows = Device.objects.filter(client=mine, name=device, merged_into=None)[:2]
        return Where(device=_only(list(rows), device).pk)
    return Where(client=mine.pk)


def _only(rows: list[T], name: str) -> T:
    if len(rows) != 1:
        raise UserError("There is not exactly one “%(name)s”.", name=name)
    return rows[0]
