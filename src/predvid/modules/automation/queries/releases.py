"""Reads of releases: what operators published here, which version runs where, how rollouts go."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Snapshot, Targets, Timestamp

from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.models import Renewal, Rollout
from predvid.modules.inventory.models import Agent

SHOWN = 20  # rollouts on the page


@dataclass(frozen=True)
class Release:
    """One release of the list that lies here; agents verify it, the server only shows it."""

    version: str
    counter: int
    sha256: str
    size: int


@dataclass(frozen=True)
class Version:
    """How many of the visible agents run a version."""

    version: str
    agents: int


def published() -> list[Release]:
    """Return what the list of releases names, newest first; nothing where there is none that can be read."""
    folder = settings.PLACE.data / "releases" / "metadata"
    try:
        stamp = _signed(folder / "timestamp.json", Timestamp)
        snapshot = _signed(folder / f"{stamp.snapshot_meta.version}.snapshot.json", Snapshot)
        targets = _signed(folder / f"{snapshot.meta['targets.json'].version}.targets.json", Targets)
        found = [
            Release(
                str(one.custom["version"]), int(one.custom["counter"]), str(one.hashes["sha256"]), one.length
            )
            for one in targets.targets.values()
        ]
    except (OSError, RepositoryError, KeyError, TypeError, ValueError):
        return []
    return sorted(found, key=lambda one: one.counter, reverse=True)


def believed_until() -> datetime | None:
    """Return until when agents believe the list without news; None where there is none."""
    try:
        path = settings.PLACE.data / "releases" / "metadata" / "timestamp.json"
        until: datetime = _signed(path, Timestamp).expires
    except (OSError, RepositoryError, ValueError):
        return None
    return until


def _signed(path: Path, kind: type[Any]) -> Any:
    found = Metadata[Any].from_bytes(path.read_bytes()).signed
    if not isinstance(found, kind):
        raise ValueError(path.name)
    return found


def renewable() -> QuerySet[Agent]:
    """Return the agents of the whole MSP that can install releases; only actions take them."""
    approved = Agent.objects.filter(state=Agent.State.APPROVED, trust__renews=True)
    return approved.exclude(trust__root=b"")


def able(viewer: Viewer) -> int:
    """Return how many of the visible agents can install releases."""
    rows = renewable()
    return (rows if viewer.clients is None else rows.filter(client__in=viewer.clients)).count()


def versions(viewer: Viewer) -> list[Version]:
    """Return which versions the visible agents run, the most frequent first."""
    rows = Agent.objects.filter(state=Agent.State.APPROVED)
    if viewer.clients is not None:
        rows = rows.filter(client__in=viewer.clients)
    counted = rows.values("version").annotate(agents=Count("pk")).order_by("-agents", "version")
    return [Version(row["version"], row["agents"]) for row in counted]


@dataclass(frozen=True)
class Progress:
    """A rollout and how many of its agents stand in each state."""

    rollout: Rollout
    done: int
    failed: int
    under_way: int
    waiting: int
    left: int

    @property
    def parts(self) -> list[tuple[str, int]]:
        """Return (tone, number) for a bar of these, empty ones left out."""
        tones = (
            ("ok", self.done),
            ("critical", self.failed),
            ("info", self.under_way),
            ("offline", self.left),
        )
        return [(tone, n) for tone, n in (*tones, ("waiting", self.waiting)) if n]


def rollouts(viewer: Viewer) -> list[Progress]:
    """Return the newest rollouts. Raises NotVisible or Denied for those who do not see all clients."""
    require(viewer, "release.view", None)
    return [_progress(rollout) for rollout in Rollout.objects.order_by("-requested_at")[:SHOWN]]


def _progress(rollout: Rollout) -> Progress:
    rows = Renewal.objects.filter(rollout=rollout).values_list("state").annotate(n=Count("pk"))
    n = dict(rows.order_by())
    state = Renewal.State
    names = (state.DONE, state.FAILED, state.UNDER_WAY, state.WAITING, state.LEFT)
    return Progress(rollout, *(n.get(name, 0) for name in names))


def failures(viewer: Viewer, rollout: Rollout) -> list[Renewal]:
    """Return the agents of a rollout that did not take it, with their devices."""
    require(viewer, "release.view", None)
    rows = Renewal.objects.filter(rollout=rollout, state=Renewal.State.FAILED)
    return list(rows.select_related("agent__device__client").order_by("ended_at")[:50])
