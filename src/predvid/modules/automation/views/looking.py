"""Tasks as people see them: the list, one task with its output, one request with its rings."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.queries import authority as held
from predvid.modules.automation.queries import tasks as queries
from predvid.modules.automation.rules import OPEN
from predvid.modules.monitoring.queries import devices as list_queries
from predvid.modules.monitoring.views.devices import filters_of
from predvid.modules.monitoring.views.saved import opens_with_view


@require_safe
@page("task.view")
@opens_with_view("tasks")
def tasks(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List tasks: what runs, what waits for somebody, what did not end well."""
    filters, group = filters_of(request), request.GET.get("group", "")
    found = queries.task_list(viewer, group=group, client=filters.client, q=filters.q, number=filters.page)
    return show(
        request,
        "automation/tasks.html",
        {
            "tasks": found,
            "group": group if group in queries.GROUPS else "",
            "counted": queries.counted(viewer),
            "waiting": queries.waiting_requests(viewer),
            "campaigns": queries.campaigns(viewer),
            "clients": list_queries.clients(viewer),
            "filters": filters,
            "filtered": bool(group or filters.client or filters.q),
            "founded": held.keyset() is not None,
        },
    )


@require_safe
@page("task.view")
def task(request: HttpRequest, viewer: Viewer, task_id: UUID) -> HttpResponseBase:
    """Show one task: what exactly ran, by whose word, when, and what it printed."""
    found = queries.one(viewer, task_id)
    return show(request, "automation/task.html", _shown(viewer, found))


@require_safe
@page("task.view")
def output(request: HttpRequest, viewer: Viewer, task_id: UUID) -> HttpResponseBase:
    """Answer what a task has printed so far, as a fragment."""
    return render(request, "automation/_output.html", _shown(viewer, queries.one(viewer, task_id)))


def _shown(viewer: Viewer, found: Any) -> dict[str, Any]:
    return {
        "task": found,
        "asked": found.request,
        "reason": queries.reason(viewer, found),
        "output": queries.output(viewer, found),
        "open": found.state in OPEN,
        "parameters": queries.parameters(viewer, found.request),
        "stoppable": found.state in OPEN
        and found.cancel_at is None
        and viewer.may("task.cancel", found.client_id),
        "refused_open": queries.refused_open(viewer, found.device),
    }


@require_safe
@page("task.view")
def asked(request: HttpRequest, viewer: Viewer, request_id: UUID) -> HttpResponseBase:
    """Show one request: what waits for whom, how its rings go on, why it was halted."""
    found = queries.request(viewer, request_id)
    waits = found.state == "waiting" and found.expires_at > timezone.now()
    approves = waits and found.second_person_needed and found.requested_by_id != viewer.person
    return show(
        request,
        "automation/request.html",
        {
            "asked": found,
            "rings": queries.rings(viewer, found),
            "tasks": queries.tasks_of(viewer, found, request.GET.get("page", "1")),
            "parameters": queries.parameters(viewer, found),
            "waits": waits,
            "missing": max(found.signatures_needed - len(found.signers), 0),
            "may_approve": approves and queries.may_all(viewer, "task.approve", found),
            "may_decline": waits and queries.may_all(viewer, "task.approve", found),
            "may_cancel": found.state in ("waiting", "running")
            and queries.may_all(viewer, "task.cancel", found),
        },
    )
