"""Tables of channels, rotas, routes, deliveries, and of the links by which a mail lets one acknowledge."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy as pgettext

from predvid.modules.access.models import Client, Person
from predvid.modules.access.sealed_field import SealedField
from predvid.modules.inventory.models import Site
from predvid.modules.monitoring.models import Alert, Event


class Channel(models.Model):
    """A way out of the installation: its mail server, a webhook; the whole MSP's.

    `settings` is the JSON of its kind's settings (`kinds`), sealed as a whole: addresses hold secrets too.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=80, unique=True)
    settings = SealedField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(kind="email"), name="one_mail_server")
        ]

    def __str__(self) -> str:
        return self.name


class Rota(models.Model):
    """Who is on call in turn, the whole MSP's; the columns are those of `rules.Rotation`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    begins = models.DateField()
    at = models.PositiveSmallIntegerField(default=8 * 60)
    days = models.PositiveSmallIntegerField(default=7)
    timezone = models.CharField(max_length=40, default="Europe/Zagreb")

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Turn(models.Model):
    """A place in the order of a rota; a person may have several."""

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveSmallIntegerField()
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["rota", "number"], name="one_person_a_turn")]


class StandIn(models.Model):
    """Somebody on call in another's place for a while; the newest goes first."""

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="stand_ins")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]


class Route(models.Model):
    """Who is told of which alerts, and when: people by e-mail, whoever is on call, and a channel.

    Without a client it is for all clients. `floor` is the lowest `core.model.Severity` told. `days` is a set
    of weekdays (bit 0 Monday) and, with the minutes after midnight, the service hours in `timezone`; `until`
    at or before `since` ends on the next day. With `after` (minutes) it is an escalation: they are told of
    what nobody has taken on by then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    floor = models.PositiveSmallIntegerField(default=3)
    people = models.ManyToManyField(Person, blank=True, related_name="+")
    rota = models.ForeignKey(Rota, null=True, blank=True, on_delete=models.PROTECT, related_name="routes")
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.CASCADE, related_name="routes"
    )
    after = models.PositiveSmallIntegerField(default=0)
    days = models.PositiveSmallIntegerField(default=127)
    since = models.PositiveSmallIntegerField(default=0)
    until = models.PositiveSmallIntegerField(default=0)
    timezone = models.CharField(max_length=40, default="Europe/Zagreb")

    class Meta:
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One message to one recipient about one event of an alert, and how far it has come.

    `claimed_until` says that a worker has it in hand; `next_at` when it is tried next; `why` is the reason of
    a suppressed one (`rules.QUIET`), `error` (an id of `failures`, with values) why the last try failed.
    """

    class State(models.TextChoices):
        QUEUED = "queued", pgettext("delivery", "queued")
        SENT = "sent", pgettext("delivery", "sent")
        FAILED = "failed", pgettext("delivery", "failed")
        SUPPRESSED = "suppressed", pgettext("delivery", "suppressed")

    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    alert = models.ForeignKey(
        Alert, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    why = models.CharField(max_length=20, blank=True)
    escalates = models.BooleanField(default=False)  # goes out only if nobody has taken the alert on by then
    error = models.CharField(max_length=80, blank=True)
    error_values = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    next_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "next_at"], name="delivery_due"),
            models.Index(fields=["client", "-queued_at"], name="delivery_newest"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "person"], name="told_once_a_person"),
            models.UniqueConstraint(fields=["event", "channel"], name="told_once_a_channel"),
            models.UniqueConstraint(
                fields=["event"],
                condition=models.Q(person=None, channel=None),
                name="suppressed_once_an_event",
            ),
        ]


class AcknowledgeLink(models.Model):
    """Lets one person acknowledge one alert from a mail, once; kept as the SHA-256 of its secret."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
