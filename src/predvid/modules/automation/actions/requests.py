"""What people ask for: a published template or an ad-hoc command on devices; approve, decline, cancel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec
from django.db import transaction

from predvid.core.authority import TaskRefused
from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.automation import rules
from predvid.modules.automation.actions import telling
from predvid.modules.automation.actions.running import queue, start_of
from predvid.modules.automation.models import Publication, Task, TaskRequest
from predvid.modules.automation.queries import authority as held_authority
from predvid.modules.automation.queries import targets as aiming
from predvid.modules.automation.queries import tasks as asked
from predvid.modules.automation.queries.targets import Aim
from predvid.wire.authority import LANGUAGES, LONGEST_ORDER, MAX_CONTENT, ORDER_CONTEXT, Content, Order
from predvid.wire.verifying import allowed_values

AT_ONCE = timedelta(hours=1)  # how long a click on one device may wait for it
MAX_TIMEOUT = 6 * 3600
_ENCODE = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Command:
    """An ad-hoc command as a person writes it; `hours` from now until it expires, `timeout` in seconds."""

    title: str
    language: str
    body: str
    timeout: int = 300
    hours: int = 24
    widens: bool = False
    why: str = ""


@transaction.atomic
def request_template(
    viewer: Viewer,
    publication_id: int,
    devices: Sequence[UUID],
    params: dict[str, str],
    now: datetime,
    *,
    hours: int = 24,
    why: str = "",
) -> TaskRequest:
    """Ask for a published template on `devices`; on one, or a few, it is released at once.

    For more than ALONE devices a second person must approve; a template that the server may not start by
    itself waits for an operator's signature. Raises NotVisible, Denied, or UserError naming the device or
    parameter that does not fit.
    """
    publication = held_authority.one_publication(viewer, publication_id)
    aims = _aims(viewer, devices)
    if not publication.by_server and len(aims) > 1:
        raise UserError("This template runs on one device at a time: an operator signs each start.")
    filled = _filled(publication, params)
    aiming.refuse_unfit(publication, aims, now)
    single = len(aims) == 1
    expires = min(now + (AT_ONCE if single else timedelta(hours=hours)), publication.expires_at)
    request = TaskRequest(
        title=publication.title,
        publication=publication,
        language=publication.language,
        content=publication.content,
        timeout=publication.timeout,
        params=filled,
        second_person_needed=rules.second_person_needed(len(aims)),
        why=why.strip()[:255],
        expires_at=expires,
    )
    if not publication.by_server:
        _await_signature(request, publication, aims[0], now)
    return _made(viewer, request, aims, now)


def _await_signature(request: TaskRequest, publication: Publication, aim: Aim, now: datetime) -> None:
    """Let an operator sign the very start of a template that the server may not start by itself."""
    request.body = start_of(publication, request, aim.agent, request.pk.hex, now)
    request.signatures_needed = 1


@transaction.atomic
def request_command(viewer: Viewer, command: Command, devices: Sequence[UUID], now: datetime) -> TaskRequest:
    """Write down an ad-hoc command for exactly these devices; it waits for the operators' signatures.

    Raises NotVisible, Denied, or UserError where the command or a device does not fit.
    """
    _refuse_wrong(command)
    aims = _aims(viewer, devices)
    for aim in aims:
        aiming.refuse_without_class(aim, 2)
    request = TaskRequest(
        title=command.title.strip(),
        language=command.language,
        content=command.body.replace("\r\n", "\n"),
        timeout=command.timeout,
        signatures_needed=rules.signatures_needed(len(aims), widens=command.widens),
        why=command.why.strip()[:255],
        expires_at=now + timedelta(hours=command.hours),
    )
    order = Order(
        str(request.pk),
        request.title,
        Content(command.language, request.content, command.timeout),  # type: ignore[arg-type]  # checked above
        [str(aim.agent.pk) for aim in aims],
        telling.milliseconds(now),
        telling.milliseconds(request.expires_at),
        widens=command.widens,
    )
    request.body = ORDER_CONTEXT + _ENCODE(order)
    return _made(viewer, request, aims, now)


def _refuse_wrong(command: Command) -> None:
    if not command.title.strip() or not command.body.strip():
        raise UserError("Give the command a title and say what it runs.")
    if command.language not in LANGUAGES or "\x00" in command.body + command.title:
        raise UserError("Choose one from the list.")
    if len(command.body.encode("utf-8", "surrogatepass")) > MAX_CONTENT:
        raise UserError("The command is longer than 256 KiB.")
    longest = LONGEST_ORDER // 3_600_000
    if not (1 <= command.timeout <= MAX_TIMEOUT and 1 <= command.hours <= longest):
        raise UserError("The time limit is at most 6 hours, and a command expires within 7 days.")


def _aims(viewer: Viewer, devices: Sequence[UUID]) -> list[Aim]:
    """Return device and agent of each; raise NotVisible, Denied or UserError."""
    if not devices:
        raise UserError("Choose at least one device.")
    aims = aiming.aims(viewer, list(dict.fromkeys(devices)))
    for aim in aims:
        require(viewer, "task.request", aim.device.client_id)
    return aims


def _filled(publication: Publication, params: dict[str, str]) -> dict[str, str]:
    """Return the parameters that a start names; raise UserError for a value that was not published."""
    given = {name: value for name, value in params.items() if value != ""}
    try:
        allowed_values(aiming.parameters(publication), given)
    except TaskRefused as refused:
        name = str(refused.said.values.get("name", ""))
        raise UserError("The value of %(name)s is not one that was published.", name=name) from None
    return given


def _made(viewer: Viewer, request: TaskRequest, aims: Sequence[Aim], now: datetime) -> TaskRequest:
    """Write the request with its tasks, and release it where nobody else must agree."""
    clients = {aim.device.client_id for aim in aims}
    request.client_id = clients.pop() if len(clients) == 1 else None
    request.devices = len(aims)
    request.requested_by_id, request.requested_name, request.requested_at = viewer.person, viewer.name, now
    request.save(force_insert=True)
    order = bool(request.signatures_needed) and request.publication_id is None
    rows = [
        _task(request, aim, ring, place, order)
        for place, (aim, ring) in enumerate(zip(aims, rules.rings(len(aims)), strict=True))
    ]
    Task.objects.bulk_create(rows, batch_size=500)
    telling.told(viewer, "task.requested", request, now)
    if not (request.signatures_needed or request.second_person_needed):
        release(request, now)
    telling.audited(viewer, "task.requested", request, now)
    return request


def _task(request: TaskRequest, aim: Aim, ring: int, place: int, order: bool) -> Task:
    own = request.pk if request.body and not order else uuid4()
    return Task(
        id=own,
        client_id=aim.device.client_id,
        device=aim.device,
        agent=aim.agent,
        request=request,
        wire=str(request.pk) if order else own.hex,
        ring=ring,
        place=place,
        created_at=request.requested_at,
        expires_at=request.expires_at,
    )


def release(request: TaskRequest, now: datetime) -> None:
    """Let a request run: its first ring is queued at once, the worker goes on with the others."""
    request.state, request.ring, request.ring_since = TaskRequest.State.RUNNING, 0, now
    request.save(update_fields=["state", "ring", "ring_since"])
    first = Task.objects.filter(request=request, ring=0, state=Task.State.WAITING)
    queue(request, list(first.order_by("place")[: rules.FIRST_FLIGHT]), now)


def held(viewer: Viewer, verb: str, request_id: UUID) -> TaskRequest:
    """Return a request, locked for this transaction, if `verb` is the viewer's for all of its clients."""
    request = TaskRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise NotVisible
    clients = asked.clients_of(request)
    if not any(viewer.sees(client) for client in clients):
        raise NotVisible
    for client in clients:
        require(viewer, verb, client)
    return request


@transaction.atomic
def approve(viewer: Viewer, request_id: UUID, now: datetime) -> TaskRequest:
    """Agree, as a second person, that a template runs on many devices. Raises NotVisible or UserError."""
    request = held(viewer, "task.approve", request_id)
    _refuse_unless_waiting(request, now)
    if not request.second_person_needed:
        raise UserError("This waits for the operators' signatures, not for an approval here.")
    if viewer.person is None or viewer.person == request.requested_by_id:
        raise UserError("Somebody else must approve this: you asked for it yourself.")
    request.approved_by_id, request.approved_name, request.approved_at = viewer.person, viewer.name, now
    request.save(update_fields=["approved_by", "approved_name", "approved_at"])
    release(request, now)
    telling.told(viewer, "task.approved", request, now)
    telling.audited(viewer, "task.approved", request, now)
    return request


@transaction.atomic
def decline(viewer: Viewer, request_id: UUID, why: str, now: datetime) -> TaskRequest:
    """Say no to a request that waits. Raises NotVisible or UserError."""
    request = held(viewer, "task.approve", request_id)
    _refuse_unless_waiting(request, now)
    _end(request, TaskRequest.State.REFUSED, now)
    telling.told(viewer, "task.declined", request, now)
    telling.audited(viewer, "task.declined", request, now, why=why)
    return request


def _refuse_unless_waiting(request: TaskRequest, now: datetime) -> None:
    if request.state != TaskRequest.State.WAITING or request.expires_at <= now:
        raise UserError("This request does not wait any more.")


@transaction.atomic
def cancel(viewer: Viewer, request_id: UUID, now: datetime) -> TaskRequest:
    """Stop a request: what has not begun never does, what runs is told to end. Raises as `approve`."""
    request = held(viewer, "task.cancel", request_id)
    going = (TaskRequest.State.WAITING, TaskRequest.State.RUNNING, TaskRequest.State.HALTED)
    if request.state not in going:
        raise UserError("This request has ended already.")
    _end(request, TaskRequest.State.CANCELLED, now)
    telling.told(viewer, "task.cancelled", request, now)
    telling.audited(viewer, "task.cancelled", request, now)
    return request


@transaction.atomic
def cancel_task(viewer: Viewer, task_id: UUID, now: datetime) -> Task:
    """Stop one task. Raises NotVisible, Denied, or UserError where it has ended."""
    task = Task.objects.select_for_update(of=("self",)).filter(pk=task_id).select_related("request").first()
    if task is None:
        raise NotVisible
    require(viewer, "task.cancel", task.client_id)
    if task.state not in rules.OPEN:
        raise UserError("This task has ended already.")
    if task.state in (Task.State.WAITING, Task.State.QUEUED):
        task.state, task.ended_at = Task.State.CANCELLED, now
    task.cancel_at = now
    task.save(update_fields=["state", "ended_at", "cancel_at"])
    subject = Subject("task", str(task.pk), task.request.title)
    audit.record(viewer, "task.cancelled", subject, task.client_id, now, after={"state": str(task.state)})
    return task


def _end(request: TaskRequest, state: str, now: datetime) -> None:
    request.state, request.ended_at = state, now
    request.save(update_fields=["state", "ended_at"])
    stop_tasks(request, now)


def stop_tasks(request: TaskRequest, now: datetime, *, running: bool = True) -> None:
    """Cancel the tasks of a request that no agent has, and (`running`) ask agents to end the others."""
    mine = Task.objects.filter(request=request)
    mine.filter(state__in=(Task.State.WAITING, Task.State.QUEUED)).update(
        state=Task.State.CANCELLED, ended_at=now
    )
    if running:
        mine.filter(state__in=(Task.State.LEASED, Task.State.STARTED), cancel_at=None).update(cancel_at=now)
