"""Tables of task authority (what the root and operators signed) and of tasks. No key that signs lies here."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy as pgettext

from predvid.modules.access.models import Client, Person
from predvid.modules.inventory.models import Agent, Device


class KeySetRow(models.Model):
    """One key set that this installation accepted: msgpack of its Signed, and the root that it hangs on.

    `root_change` is the msgpack of the Signed RootChange by which that root came to be, empty for the first.
    """

    version = models.PositiveBigIntegerField(unique=True)
    signed = models.BinaryField()
    root = models.BinaryField(max_length=32)
    root_serial = models.PositiveBigIntegerField(default=0)
    root_change = models.BinaryField(default=b"")
    operators = models.JSONField(default=list)  # [{name, key (hex), classes}]
    revoked = models.JSONField(default=list)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField()


class OperatorNonce(models.Model):
    """What makes one request of an operator unlike all others, kept while that request could be heard."""

    nonce = models.CharField(max_length=32, primary_key=True)
    until = models.DateTimeField(db_index=True)


class Publication(models.Model):
    """One version of a published template: msgpack of its Signed, and what it says for lists and forms."""

    key = models.CharField(max_length=80)
    version = models.PositiveBigIntegerField()
    signed = models.BinaryField()
    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    language = models.CharField(max_length=12)
    content = models.TextField()
    timeout = models.PositiveIntegerField()
    parameters = models.JSONField(default=list)  # wire.authority.Parameter as plain JSON
    targets = models.JSONField(default=dict)  # wire.authority.Targets as plain JSON
    rate = models.PositiveIntegerField()
    by_server = models.BooleanField()
    minutes_by_hand = models.PositiveIntegerField(default=0)
    signers = models.JSONField(default=list)  # names of the operators
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField()
    newest = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "version"], name="publication_once_a_version")
        ]
        indexes: ClassVar = [models.Index(fields=["newest", "title"])]


class PlacementRow(models.Model):
    """Where an agent belongs by an operator's word, for agents whose place differs from what they pinned."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    agent = models.OneToOneField(Agent, on_delete=models.CASCADE)
    serial = models.PositiveBigIntegerField()
    signed = models.BinaryField()
    tags = models.JSONField(default=list)
    accepted_at = models.DateTimeField()


class AgentTrust(models.Model):
    """What an agent last said that it holds of task authority; `classes` are those that it will run."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="trust")
    root = models.BinaryField(max_length=32, default=b"")
    root_serial = models.PositiveBigIntegerField(default=0)
    keyset = models.PositiveBigIntegerField(default=0)
    placement = models.PositiveBigIntegerField(default=0)
    classes = models.JSONField(default=list)
    renews = models.BooleanField(default=False)
    told_at = models.DateTimeField()


class TaskRequest(models.Model):
    """What a person asked for: a template or an ad-hoc command on one device or many, in rings.

    `client` is None where the devices belong to several. `body` are the bytes that operators sign (an Order),
    `signed` the msgpack of the Signed with the marks so far; both are empty for a template.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext("request", "waits")
        RUNNING = "running", pgettext("request", "running")
        HALTED = "halted", pgettext("request", "halted")
        DONE = "done", pgettext("request", "finished")
        REFUSED = "refused", pgettext("request", "declined")
        EXPIRED = "expired", pgettext("request", "expired")
        CANCELLED = "cancelled", pgettext("request", "cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.PROTECT)
    title = models.CharField(max_length=160)
    publication = models.ForeignKey(Publication, null=True, blank=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=12)
    content = models.TextField()
    timeout = models.PositiveIntegerField()
    params = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    signed = models.BinaryField(default=b"")
    signers = models.JSONField(default=list)
    signatures_needed = models.PositiveSmallIntegerField(default=0)
    second_person_needed = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    devices = models.PositiveIntegerField()
    ring = models.PositiveSmallIntegerField(default=0)
    ring_since = models.DateTimeField(null=True, blank=True)
    halt_percent = models.PositiveSmallIntegerField(default=10)
    halt_reason = models.JSONField(default=dict)  # {"failed", "ended", "ring"} where it was halted
    why = models.CharField(max_length=255, blank=True)
    requested_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="task_requests"
    )
    requested_name = models.CharField(max_length=120)
    requested_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="task_approvals"
    )
    approved_name = models.CharField(max_length=120, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "requested_at"])]


class Task(models.Model):
    """Work for one agent. `wire` names it to the agent; `start` is the msgpack Signed by the plan key."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext("task", "waits")
        QUEUED = "queued", pgettext("task", "ready")
        LEASED = "leased", pgettext("task", "handed over")
        STARTED = "started", pgettext("task", "running")
        DONE = "done", pgettext("task", "done")
        FAILED = "failed", pgettext("task", "failed")
        REFUSED = "refused", pgettext("task", "refused by the device")
        UNKNOWN = "unknown", pgettext("task", "unknown")
        CANCELLED = "cancelled", pgettext("task", "cancelled")
        EXPIRED = "expired", pgettext("task", "expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tasks")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="tasks")
    request = models.ForeignKey(TaskRequest, on_delete=models.CASCADE, related_name="tasks")
    wire = models.CharField(max_length=64)
    ring = models.PositiveSmallIntegerField(default=0)
    place = models.PositiveIntegerField(default=0)  # order within the request
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    start = models.BinaryField(default=b"")
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, blank=True)
    leased_at = models.DateTimeField(null=True, blank=True)
    leased_boot = models.CharField(max_length=32, blank=True)
    handed = models.PositiveSmallIntegerField(default=0)  # how often it was handed over
    repeats = models.PositiveSmallIntegerField(default=0)  # how often the agent refused it as begun before
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    cancel_at = models.DateTimeField(null=True, blank=True)  # when a person asked to stop it
    code = models.IntegerField(null=True, blank=True)
    reason_id = models.CharField(max_length=80, blank=True)
    reason_values = models.JSONField(default=dict)
    output_bytes = models.PositiveIntegerField(default=0)
    truncated = models.BooleanField(default=False)
    minutes_saved = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agent", "wire"], name="task_once_an_agent")]
        indexes: ClassVar = [
            models.Index(fields=["client", "created_at"]),
            models.Index(fields=["device", "created_at"]),
            models.Index(
                fields=["agent"],
                name="task_to_hand_over",
                condition=models.Q(state__in=("queued", "leased", "started")),
            ),
            models.Index(fields=["request", "state"]),
        ]


class TaskOutput(models.Model):
    """One numbered part of what a task has printed."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="output")
    part = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["task", "part"], name="output_once_a_part")]


class Rollout(models.Model):
    """One release on its way to the agents that can install it, in rings; it belongs to the whole MSP."""

    class State(models.TextChoices):
        RUNNING = "running", pgettext("rollout", "running")
        HALTED = "halted", pgettext("rollout", "halted")
        DONE = "done", pgettext("rollout", "finished")
        CANCELLED = "cancelled", pgettext("rollout", "cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.CharField(max_length=32)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    agents = models.PositiveIntegerField()
    ring = models.PositiveSmallIntegerField(default=0)
    ring_since = models.DateTimeField()
    halt_percent = models.PositiveSmallIntegerField(default=5)
    halt_reason = models.JSONField(default=dict)  # {"bad", "ended", "ring"} where it was halted
    requested_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    requested_name = models.CharField(max_length=120)
    requested_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="running"), name="one_rollout_at_a_time"
            )
        ]


class Renewal(models.Model):
    """One agent of a rollout and how far it is: its plan names the release from `began_at` on."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext("renewal", "waits")
        UNDER_WAY = "under_way", pgettext("renewal", "under way")
        DONE = "done", pgettext("renewal", "renewed")
        FAILED = "failed", pgettext("renewal", "failed")
        LEFT = "left", pgettext("renewal", "left as it was")

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="renewals")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="renewals")
    ring = models.PositiveSmallIntegerField()
    place = models.PositiveIntegerField()  # order within the rollout
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rollout", "agent"], name="renewal_once_a_rollout")
        ]
        indexes: ClassVar = [models.Index(fields=["rollout", "state"])]
