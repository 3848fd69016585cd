"""Reads of tasks: the list, one task with its output, one request with its rings, the tasks of a device."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Q, QuerySet, When

from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.automation import rules
from predvid.modules.automation.models import Task, TaskRequest
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring.models import Result
from predvid.modules.monitoring.queries.standing import narrowed
from predvid.modules.monitoring.rules import AGENT_CHECK
from predvid.modules.monitoring.words import sentence

PER_PAGE = 50
REFUSED_ITEM = "task"  # as `actions.outcomes` names it
# Chips of the list: their names in the address, and the states that each shows.
GROUPS: dict[str, tuple[str, ...]] = {
    "open": rules.OPEN,
    "bad": rules.BAD,
    "done": ("done",),
    "over": ("cancelled", "expired"),
}


@dataclass(frozen=True)
class Ring:
    """How one ring of a request stands, by number."""

    number: int
    size: int
    done: int
    bad: int
    flying: int
    left: int
    over: int
    here: bool

    @property
    def parts(self) -> list[tuple[str, int]]:
        """Return (tone, count) for the bar, empty ones left out."""
        tones = (("ok", self.done), ("critical", self.bad), ("info", self.flying), ("offline", self.over))
        return [(tone, n) for tone, n in (*tones, ("waiting", self.left)) if n]


def task_list(
    viewer: Viewer,
    *,
    group: str,
    client: UUID | None,
    q: str,
    number: str,
    device: UUID | None = None,
    per_page: int = PER_PAGE,
) -> Page[Any]:
    """Return one page of visible tasks, newest first; `q` looks into titles and devices."""
    require(viewer, "task.view")
    rows = narrowed(viewer, Task.objects.all())
    if group in GROUPS:
        rows = rows.filter(state__in=GROUPS[group])
    if client is not None:
        rows = rows.filter(client=client)
    if device is not None:
        rows = rows.filter(Q(device=device) | Q(device__merged_into=device))
    if q:
        rows = rows.filter(Q(request__title__icontains=q) | Q(device__name__icontains=q))
    loaded = rows.select_related("request", "device", "client").defer("request__content", "start")
    return Paginator(loaded.order_by("-created_at", "place", "pk"), per_page).get_page(number)


def counted(viewer: Viewer) -> dict[str, int]:
    """Return how many visible tasks each group holds."""
    rows = narrowed(viewer, Task.objects.all()).order_by().values_list("state").annotate(n=Count("pk"))
    by_state = dict(rows)
    return {name: sum(by_state.get(state, 0) for state in states) for name, states in GROUPS.items()}


def waiting_requests(viewer: Viewer) -> list[TaskRequest]:
    """Return the visible requests that wait for somebody, oldest first."""
    require(viewer, "task.view")
    return list(
        _visible(viewer)
        .filter(state=TaskRequest.State.WAITING)
        .select_related("client")
        .order_by("requested_at")[:20]
    )


def campaigns(viewer: Viewer) -> list[TaskRequest]:
    """Return the visible requests on several devices that run or were halted, newest first."""
    going = (TaskRequest.State.RUNNING, TaskRequest.State.HALTED)
    rows = _visible(viewer).filter(state__in=going, devices__gt=1).select_related("client")
    return list(rows.order_by("-requested_at")[:10])


def _visible(viewer: Viewer) -> QuerySet[TaskRequest]:
    rows = TaskRequest.objects.all()
    if viewer.clients is None:
        return rows
    mine = Task.objects.filter(client__in=viewer.clients).values("request")
    return rows.filter(pk__in=mine)


def one(viewer: Viewer, task_id: UUID) -> Task:
    """Return a visible task with request, device and client. Raises NotVisible."""
    loaded = Task.objects.select_related("request__publication", "device__site", "client", "agent")
    task = loaded.filter(pk=task_id).first()
    if task is None:
        raise NotVisible
    require(viewer, "task.view", task.client_id)
    return task


def output(viewer: Viewer, task: Task) -> str:
    """Return what a visible task has printed so far."""
    require(viewer, "task.view", task.client_id)
    return "".join(task.output.order_by("part").values_list("text", flat=True))


def reason(viewer: Viewer, task: Task) -> str:
    """Return in the viewer's words why a task did not end well; empty where there is nothing to say."""
    return sentence(task.reason_id, task.reason_values, viewer.language) if task.reason_id else ""


def request(viewer: Viewer, request_id: UUID) -> TaskRequest:
    """Return a request of which the viewer sees a device at least. Raises NotVisible."""
    require(viewer, "task.view")
    found = _visible(viewer).filter(pk=request_id).select_related("publication", "client").first()
    if found is None:
        raise NotVisible
    return found


def may_all(viewer: Viewer, verb: str, found: TaskRequest) -> bool:
    """Tell whether `verb` is the viewer's for every client that a request touches."""
    return all(viewer.may(verb, client) for client in clients_of(found))


def clients_of(found: TaskRequest) -> set[UUID]:
    """Return every client that a request touches, those too that a viewer does not see: who may, asks all."""
    with tenancy.as_platform():
        return set(Task.objects.filter(request=found).values_list("client_id", flat=True))


def tasks_of(viewer: Viewer, found: TaskRequest, number: str) -> Page[Any]:
    """Return one page of the visible tasks of a request, those that need eyes first."""
    rows = narrowed(viewer, Task.objects.filter(request=found)).select_related("device", "client", "request")
    bad_first = Case(When(state__in=rules.BAD, then=0), default=1)
    ordered = rows.order_by(bad_first, "ring", "place", "pk")
    return Paginator(ordered, PER_PAGE).get_page(number)


def rings(viewer: Viewer, found: TaskRequest) -> list[Ring]:
    """Return how the rings of a request stand, over all of its devices."""
    require(viewer, "task.view")
    flying = Q(state__in=("queued", "leased", "started"))
    counted = Task.objects.filter(request=found).values("ring").order_by("ring")
    counted = counted.annotate(
        size=Count("pk"),
        done=Count("pk", filter=Q(state="done")),
        bad=Count("pk", filter=Q(state__in=rules.BAD)),
        flying=Count("pk", filter=flying),
        left=Count("pk", filter=Q(state="waiting")),
        over=Count("pk", filter=Q(state__in=("cancelled", "expired"))),
    )
    with tenancy.as_platform():  # devices of other clients count, too; nothing names them
        rows = list(counted)
    return [
        Ring(
            row["ring"] + 1,
            row["size"],
            row["done"],
            row["bad"],
            row["flying"],
            row["left"],
            row["over"],
            row["ring"] == found.ring,
        )
        for row in rows
    ]


def of_device(viewer: Viewer, device: Device, limit: int = 6) -> list[Task]:
    """Return the newest tasks of a visible device and of what was merged into it.

    What ran while it was another client's stays with that client.
    """
    require(viewer, "task.view", device.client_id)
    mine = Q(device=device) | Q(device__merged_into=device)
    rows = narrowed(viewer, Task.objects.filter(mine)).select_related("request")
    rows = rows.defer("request__content", "start")
    return list(rows.order_by("-created_at", "-pk")[:limit])


def refused_open(viewer: Viewer, device: Device) -> bool:
    """Tell whether the alert of refused tasks stands open on a visible device."""
    require(viewer, "task.view", device.client_id)
    return Result.objects.filter(device=device, check_name=AGENT_CHECK, item=REFUSED_ITEM).exists()


def choosable(viewer: Viewer) -> list[Device]:
    """Return the visible devices with an approved agent, by client and name."""
    require(viewer, "task.request")
    heard = Agent.objects.filter(state=Agent.State.APPROVED).values("device")
    rows = narrowed(viewer, Device.objects.filter(merged_into=None, pk__in=heard))
    return list(rows.select_related("client", "site").order_by("client__name", "name")[:5000])


def parameters(viewer: Viewer, found: TaskRequest) -> list[tuple[str, str]]:
    """Return (name, value) of what a request runs with, defaults of its template filled in."""
    require(viewer, "task.view")
    given = dict(found.params)
    if found.publication is None:
        return sorted(given.items())
    known = msgspec.convert(found.publication.parameters, list[dict[str, Any]])
    return [(row["name"], str(given.get(row["name"], row.get("default") or ""))) for row in known]
