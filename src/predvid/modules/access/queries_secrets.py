"""Reads of secrets: what there is, since when and by whom; never what it holds."""

from uuid import UUID

from django.db.models import QuerySet

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Client, Secret
from predvid.modules.access.rules import Viewer

__all__ = ["NotVisible", "client", "every", "of_client", "one"]


def _open(viewer: Viewer) -> QuerySet[Secret]:
    """Return the visible secrets without what is sealed in them. Raises NotVisible for other roles."""
    if not viewer.may("secret.view"):
        raise NotVisible
    rows = Secret.objects.defer("value").select_related("client", "created_by", "changed_by")
    return rows if viewer.clients is None else rows.filter(client__in=viewer.clients)


def client(viewer: Viewer, client_id: UUID) -> Client:
    """Return a client whose secrets the viewer may see listed; raise NotVisible."""
    found = Client.objects.filter(pk=client_id).first()
    if found is None or not viewer.may("secret.view", client_id):
        raise NotVisible
    return found


def of_client(viewer: Viewer, client_id: UUID) -> list[Secret]:
    """Return a client's secrets by name."""
    return list(_open(viewer).filter(client=client_id))


def one(viewer: Viewer, secret_id: UUID) -> Secret:
    """Return one visible secret; raise NotVisible."""
    found = _open(viewer).filter(pk=secret_id).first()
    if found is None:
        raise NotVisible
    return found


def every(viewer: Viewer) -> list[Secret]:
    """Return all visible secrets by client and name."""
    return list(_open(viewer).order_by("client__name", "name"))
