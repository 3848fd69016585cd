"""Tasks: the list, and one with what it printed. A program only looks: asking for one needs a person."""

from typing import Any, Literal
from uuid import UUID

import msgspec

from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import Moment, OnePage, Words, named, paged
from predvid.modules.api.route import Named, Paged, route
from predvid.modules.automation.queries import tasks as task_queries


class TaskQuery(OnePage, forbid_unknown_fields=True):
    """Which tasks.

    page: from 1 on; beyond the last one there are no items.
    limit: how many items on a page.
    group: open; bad (failed, refused, unknown); done; over (cancelled, expired).
    client: only those of this client.
    device: only those of this device.
    q: only those whose title or device contains this.
    """

    group: Literal["open", "bad", "done", "over"] | None = None
    client: UUID | None = None
    device: UUID | None = None
    q: Words = ""


class Task(msgspec.Struct):
    """Work on one device; `request` is what was asked for, perhaps for many devices."""

    id: UUID
    request: UUID
    title: str
    state: str
    device: Named
    client: Named
    requested_by: str
    approved_by: str
    created_at: Moment
    started_at: Moment | None
    ended_at: Moment | None
    expires_at: Moment


class WholeTask(Task):
    """A task with what exactly runs and what came of it; `reason` in the words of the token's owner."""

    language: str
    content: str
    parameters: dict[str, str]
    code: int | None
    reason: str
    output: str
    truncated: bool


@route("GET", "tasks", "task.view")
def list_tasks(viewer: Viewer, query: TaskQuery) -> Paged[Task]:
    """List tasks, newest first."""
    found = task_queries.task_list(
        viewer,
        group=query.group or "",
        client=query.client,
        device=query.device,
        q=query.q.strip(),
        number=str(query.page),
        per_page=query.limit,
    )
    return paged([Task(**_words(row)) for row in found.object_list], found, query.page)


@route("GET", "tasks/{task_id}", "task.view")
def get_task(viewer: Viewer, task_id: UUID) -> WholeTask:
    """Show one task."""
    found = task_queries.one(viewer, task_id)
    return WholeTask(
        **_words(found),
        language=found.request.language,
        content=found.request.content,
        parameters=dict(task_queries.parameters(viewer, found.request)),
        code=found.code,
        reason=task_queries.reason(viewer, found),
        output=task_queries.output(viewer, found),
        truncated=found.truncated,
    )


def _words(task: Any) -> dict[str, Any]:
    asked = task.request
    return {
        "id": task.pk,
        "request": asked.pk,
        "title": asked.title,
        "state": str(task.state),
        "device": Named(task.device.pk, task.device.name),
        "client": named(task.client),
        "requested_by": asked.requested_name,
        "approved_by": asked.approved_name,
        "created_at": task.created_at,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "expires_at": task.expires_at,
    }
