"""Releases tasks: signs the start of a template with the plan key and moves campaigns through their rings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Count, Q

from predvid.core.model import Event as Fact
from predvid.core.model import Severity, say
from predvid.core.trust import Signer
from predvid.modules.automation import rules
from predvid.modules.automation.actions.telling import milliseconds
from predvid.modules.automation.models import Publication, Task, TaskRequest
from predvid.modules.inventory.enrolment import plan_seed
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring.actions import event_row
from predvid.modules.monitoring.models import Event
from predvid.wire.authority import START_CONTEXT, Mark, Signed, Start

_ENCODE = msgspec.msgpack.Encoder().encode


def start_of(publication: Publication, request: TaskRequest, agent: Agent, task: str, now: datetime) -> bytes:
    """Return the bytes of a Start that are signed: START_CONTEXT and msgpack."""
    start = Start(
        task,
        str(agent.pk),
        publication.key,
        publication.version,
        milliseconds(now),
        milliseconds(request.expires_at),
        dict(request.params),
    )
    return START_CONTEXT + _ENCODE(start)


def queue(request: TaskRequest, tasks: Sequence[Task], now: datetime) -> None:
    """Make waiting tasks ready to be handed over. The plan key attributes a start; it gives no authority."""
    signer = Signer(plan_seed())
    publication = request.publication
    for task in tasks:
        task.state, task.queued_at = Task.State.QUEUED, now
        if publication is not None:
            body = bytes(request.body) or start_of(publication, request, task.agent, task.wire, now)
            marks = [Mark(signer.public, signer.sign(body))]
            if request.signed:
                marks += msgspec.msgpack.decode(bytes(request.signed), type=Signed).marks
            task.start = _ENCODE(Signed(body, marks))
    Task.objects.bulk_update(tasks, ["state", "queued_at", "start"], batch_size=200)


def advance_all(now: datetime) -> int:
    """Move every running request on by one step; return how many moved."""
    running = TaskRequest.objects.filter(state=TaskRequest.State.RUNNING)
    return sum(_advance(pk, now) for pk in running.values_list("pk", flat=True))


@transaction.atomic
def _advance(request_id: UUID, now: datetime) -> int:
    request = (
        TaskRequest.objects.select_for_update(of=("self",))
        .filter(pk=request_id, state=TaskRequest.State.RUNNING)
        .select_related("publication")
        .first()
    )
    if request is None:
        return 0
    counted = ring_counts(request)
    since = request.ring_since or request.requested_at
    step = rules.advance(counted, request.ring, request.halt_percent, since, now)
    if step.halt:
        _halt(request, counted, now)
    elif step.finished:
        request.state, request.ended_at = TaskRequest.State.DONE, now
        request.save(update_fields=["state", "ended_at"])
    elif step.next_ring:
        request.ring, request.ring_since = request.ring + 1, now
        request.save(update_fields=["ring", "ring_since"])
    elif step.release:
        mine = Task.objects.filter(request=request, ring__lte=request.ring, state=Task.State.WAITING)
        queue(request, list(mine.select_related("agent").order_by("place")[: step.release]), now)
    return int(step != rules.Step())


def ring_counts(request: TaskRequest) -> list[rules.RingCount]:
    """Return how the tasks of each ring stand."""
    flying = (Task.State.QUEUED, Task.State.LEASED, Task.State.STARTED)
    rows = (
        Task.objects.filter(request=request)
        .values("ring")
        .order_by("ring")
        .annotate(
            size=Count("pk"),
            waiting=Count("pk", filter=Q(state=Task.State.WAITING)),
            flying=Count("pk", filter=Q(state__in=flying)),
            done=Count("pk", filter=Q(state=Task.State.DONE)),
            bad=Count("pk", filter=Q(state__in=rules.BAD)),
        )
    )
    return [
        rules.RingCount(row["size"], row["waiting"], row["flying"], row["done"], row["bad"]) for row in rows
    ]


def _halt(request: TaskRequest, counted: Sequence[rules.RingCount], now: datetime) -> None:
    """Stop a campaign that fails too often: what nobody has begun is not begun, what runs may end."""
    here = next(one for one in counted if rules.halts(one, request.halt_percent))
    ring = counted.index(here)
    many = request.devices > 1
    request.state = TaskRequest.State.HALTED if many else TaskRequest.State.DONE
    request.ended_at = now
    request.halt_reason = {"ring": ring + 1, "bad": here.bad, "ended": here.ended}
    request.save(update_fields=["state", "ended_at", "halt_reason"])
    left = Task.objects.filter(request=request, state__in=(Task.State.WAITING, Task.State.QUEUED))
    left.update(state=Task.State.CANCELLED, ended_at=now)
    handed = Task.objects.filter(request=request, state=Task.State.LEASED, cancel_at=None)
    handed.update(cancel_at=now)  # it waits on the device, or the lease was lost: it must not begin later
    if many:
        said = say("campaign.halted", title=request.title, bad=here.bad, ended=here.ended, ring=ring + 1)
        fact = Fact("campaign.halted", said, Severity.ERROR, now, source={"request": str(request.pk)})
        clients = set(Task.objects.filter(request=request).values_list("client_id", flat=True))
        Event.objects.bulk_create([event_row(fact, client, None, now) for client in clients])
