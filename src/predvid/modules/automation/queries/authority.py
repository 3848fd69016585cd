"""Reads of task authority: the key set in force, published templates, what agents hold, what waits."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Count, Q

from predvid.core.trust import digest, fingerprint
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.models import KeySetRow, Publication, TaskRequest
from predvid.modules.automation.queries.targets import Aim, aims, fits
from predvid.modules.inventory.install_steps import LINUX
from predvid.modules.inventory.models import Agent, Site
from predvid.wire.authority import KEYSET_CONTEXT, KeySet, Signed, Targets
from predvid.wire.signing import opened


def keyset() -> KeySet | None:
    """Return the newest accepted key set."""
    row = KeySetRow.objects.order_by("-version").first()
    if row is None:
        return None
    return opened(msgspec.msgpack.decode(bytes(row.signed), type=Signed), KEYSET_CONTEXT, KeySet)


@dataclass(frozen=True)
class Standing:
    """How task authority stands: the newest key set, the root's fingerprint, agents by what they hold."""

    row: KeySetRow | None
    root: str
    expired: bool
    pinned: int
    behind: int
    unpinned: int
    other_root: int

    @property
    def pin(self) -> str:
        """Return the command that pins the root on a Linux device, where the console's steps install it."""
        return f"sudo {LINUX}/bin/predvid agent trust {fingerprint(bytes(self.row.root))}" if self.row else ""


def standing(viewer: Viewer, now: datetime) -> Standing:
    """Return how task authority stands for the agents that the viewer sees."""
    row = KeySetRow.objects.order_by("-version").first()
    agents = Agent.objects.filter(state=Agent.State.APPROVED)
    if viewer.clients is not None:
        agents = agents.filter(client__in=viewer.clients)
    root = digest(bytes(row.root)) if row else b""
    counted = agents.aggregate(
        all=Count("pk"),
        pinned=Count("pk", filter=Q(trust__root=root) if root else Q(pk=None)),
        behind=Count("pk", filter=Q(trust__root=root, trust__keyset__lt=row.version) if row else Q(pk=None)),
        other=Count("pk", filter=Q(trust__root__isnull=False) & ~Q(trust__root=b"") & ~Q(trust__root=root)),
    )
    return Standing(
        row,
        root.hex(),
        bool(row and row.expires_at <= now),
        counted["pinned"],
        counted["behind"],
        counted["all"] - counted["pinned"] - counted["other"],
        counted["other"],
    )


def strays(viewer: Viewer, known: Standing, limit: int = 25) -> list[Agent]:
    """Return the first of the visible approved agents that do not follow the newest key set."""
    rows = Agent.objects.filter(state=Agent.State.APPROVED)
    if viewer.clients is not None:
        rows = rows.filter(client__in=viewer.clients)
    if known.row is not None:
        root = digest(bytes(known.row.root))
        rows = rows.exclude(trust__root=root, trust__keyset__gte=known.row.version)
    return list(rows.select_related("device__client", "trust").order_by("device__name")[:limit])


def publications(viewer: Viewer) -> list[Publication]:
    """Return the newest version of every published template that concerns the viewer's clients, by title."""
    require(viewer, "task.view")
    rows = Publication.objects.filter(newest=True).order_by("title")
    places = _places(viewer)
    return [row for row in rows if places is None or _concerns(row, places)]


def _places(viewer: Viewer) -> set[str] | None:
    """Return the ids of the viewer's clients, their sites and agents; None for all."""
    if viewer.clients is None:
        return None
    sites = Site.objects.filter(client__in=viewer.clients).values_list("pk", flat=True)
    agents = Agent.objects.filter(client__in=viewer.clients).values_list("pk", flat=True)
    return {str(key) for key in (*viewer.clients, *sites, *agents)}


def _concerns(row: Publication, places: set[str]) -> bool:
    """Tell whether a template may reach one of `places`; a tag may stand anywhere."""
    targets = msgspec.convert(row.targets, Targets)
    named = {*targets.clients, *targets.sites, *targets.agents}
    return targets.everywhere or bool(targets.tags) or not places.isdisjoint(named)


def runnable(viewer: Viewer, device_id: UUID, now: datetime) -> tuple[Aim, list[Publication]]:
    """Return a device's aim and the templates that may run on it. Raises NotVisible, Denied or UserError."""
    (aim,) = aims(viewer, [device_id])
    require(viewer, "task.request", aim.device.client_id)
    rows = Publication.objects.filter(newest=True, expires_at__gt=now).order_by("title")
    return aim, [row for row in rows if fits(row, aim)]


def one_publication(viewer: Viewer, publication_id: int) -> Publication:
    """Return a published template in its newest version. Raises NotVisible."""
    found = Publication.objects.filter(pk=publication_id, newest=True).first()
    places = _places(viewer)
    if found is None or not (places is None or _concerns(found, places)):
        raise NotVisible
    require(viewer, "task.view")
    return found


def waiting(viewer: Viewer, now: datetime) -> list[TaskRequest]:
    """Return what waits for operators' marks, oldest first; for those who see all clients."""
    require(viewer, "task.view", None)
    rows = TaskRequest.objects.filter(
        state=TaskRequest.State.WAITING, signatures_needed__gt=0, expires_at__gt=now
    )
    return list(rows.order_by("requested_at")[:200])
