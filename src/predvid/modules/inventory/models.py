"""Tables of sites and devices, and of what people write down about a client beside them.

A device is not its agent: it has identity claims, merges and moves.
"""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.models import Client, Person, Secret


class Site(models.Model):
    """A place of a client."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=40, default="Europe/Zagreb")

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "name"], name="site_name_in_client")
        ]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """One machine; `client` and `site` are where it belongs now, Tenure says since when and before."""

    class Type(models.TextChoices):
        SERVER = "server", _("server")
        WORKSTATION = "workstation", _("workstation")
        LAPTOP = "laptop", _("laptop")
        NETWORK = "network", _("network device")
        OTHER = "other", _("other device")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="devices")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=16, choices=Type.choices, default=Type.SERVER)
    platform = models.CharField(max_length=16, blank=True)
    os = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )
    judging_version = models.PositiveBigIntegerField(default=0)
    plan_version = models.PositiveBigIntegerField(default=1)
    roles = models.JSONField(default=list)  # what it is (`role_rules.roles_of`), the weakest template first
    roles_at = models.DateTimeField(null=True, blank=True)  # when that was last worked out
    note = models.CharField(max_length=255, blank=True)  # what a list that it was imported from said of it

    class Meta:
        ordering: ClassVar = ["name"]
        indexes: ClassVar = [models.Index(fields=["client", "name"])]

    def __str__(self) -> str:
        return self.name


class Tenure(models.Model):
    """From `since` on the device belonged to `client` at `site`, until its next tenure."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tenures")
    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    since = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["since"]


class DeviceClaim(models.Model):
    """One thing by which a device is known: serial, machine_id, mac, hostname."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="claims")
    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    kind = models.CharField(max_length=16)
    value = models.CharField(max_length=255)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "kind", "value"], name="claim_once_a_device")
        ]
        indexes: ClassVar = [models.Index(fields=["client", "kind", "value"])]


class Agent(models.Model):
    """A program with its own key that reports for a device."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending approval")
        APPROVED = "approved", _("approved")
        REVOKED = "revoked", _("revoked")
        LOCKED = "locked", _("locked")

    class Role(models.TextChoices):
        DEVICE = "device", _("device agent")
        PROBE = "probe", _("site probe")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="agents")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.DEVICE)
    sign_key = models.BinaryField(max_length=32, unique=True)
    seal_key = models.BinaryField(max_length=32)
    generation = models.PositiveBigIntegerField(default=0)
    boot = models.CharField(max_length=32, blank=True)
    started_ms = models.PositiveBigIntegerField(default=0)
    version = models.CharField(max_length=32, blank=True)
    update_to = models.CharField(max_length=32, blank=True)  # the release that its plan names; empty: stay
    lock_reason = models.CharField(max_length=32, blank=True)
    enrolled_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)


class EnrolmentToken(models.Model):
    """Lets agents enrol at one site: one use for a day, or a deployment token with a number of uses."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    site = models.ForeignKey(Site, on_delete=models.CASCADE)
    secret_hash = models.BinaryField(max_length=32, unique=True)
    uses_left = models.PositiveIntegerField(default=1)
    approves = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    expires_at = models.DateTimeField()


class Fact(models.Model):
    """Something true of a device since `since`."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="facts")
    check_name = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    value = models.JSONField()
    size = models.PositiveIntegerField(default=0)  # bytes of the value as JSON
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "name"], name="fact_once_a_device")
        ]


class SecretBinding(models.Model):
    """Hands a secret to one check: on a device (to each of its agents), or to one agent alone (a site probe).

    `target` names what the secret is for where the check looks at several things; empty: at anything.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    secret = models.ForeignKey(Secret, on_delete=models.CASCADE, related_name="bindings")
    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="secret_bindings"
    )
    agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="secret_bindings"
    )
    check_name = models.CharField(max_length=60)
    target = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(device=None) ^ models.Q(agent=None), name="secret_to_device_or_agent"
            ),
            models.UniqueConstraint(
                fields=["secret", "device", "check_name", "target"],
                condition=models.Q(agent=None),
                name="secret_once_a_device",
            ),
            models.UniqueConstraint(
                fields=["secret", "agent", "check_name", "target"],
                condition=models.Q(device=None),
                name="secret_once_an_agent",
            ),
        ]


class DeviceTag(models.Model):
    """A word that people put on a device, to find it and to group by."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["device", "name"], name="tag_once_a_device")]
        indexes: ClassVar = [models.Index(fields=["client", "name"])]


class DeviceGroup(models.Model):
    """Devices that belong together across sites or, without a client, across clients.

    Whoever `filter` (the JSON of `group_rules.Filter`) describes is in it by itself, others by GroupMember.
    Of several groups of a device that set one field, the one with the highest `priority` wins.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    priority = models.PositiveSmallIntegerField(default=100)
    filter = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-priority", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "name"], name="group_name_in_client"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(client=None), name="group_name_of_the_msp"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """A device that a person put into a group, whatever the group's filter says."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    group = models.ForeignKey(DeviceGroup, on_delete=models.CASCADE, related_name="members")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "device"], name="member_once_a_group")
        ]


class Contact(models.Model):
    """Somebody at a client to talk to; `main` is the one to begin with."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=80, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    main = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-main", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client"], condition=models.Q(main=True), name="one_main_contact_of_a_client"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ClientNote(models.Model):
    """A short text about a client for the staff; `author_name` outlives the author's account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    author_name = models.CharField(max_length=120)
    text = models.TextField()
    pinned = models.BooleanField(default=False)
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pinned", "-at"]


class CustomField(models.Model):
    """A field that the MSP defined once for every client, site or device; FieldValue holds what is in it."""

    class Subject(models.TextChoices):
        CLIENT = "client", _("client")
        SITE = "site", _("site")
        DEVICE = "device", _("device")

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        CHOICE = "choice", _("choice from a list")
        LINK = "link", _("link")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=8, choices=Subject.choices)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    choices = models.JSONField(default=list)  # of a choice: its words, in their order
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["subject", "position", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "name"], name="field_name_of_a_subject")
        ]

    def __str__(self) -> str:
        return self.name


class FieldValue(models.Model):
    """What one custom field holds (see `record_rules.clean_value`) for a client, its site or its device."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    field = models.ForeignKey(CustomField, on_delete=models.CASCADE, related_name="values")
    site = models.ForeignKey(
        Site, null=True, blank=True, on_delete=models.CASCADE, related_name="field_values"
    )
    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="field_values"
    )
    value = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(site=None) | models.Q(device=None), name="value_of_one_subject"
            ),
            models.UniqueConstraint(
                fields=["field", "client"],
                condition=models.Q(site=None, device=None),
                name="value_once_a_client",
            ),
            models.UniqueConstraint(fields=["field", "site"], name="value_once_a_site"),
            models.UniqueConstraint(fields=["field", "device"], name="value_once_a_device"),
        ]


class Document(models.Model):
    """A paper of a client: an address where it lies (`url`), or a file that is kept here (DocumentFile)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=120)
    url = models.CharField(max_length=500, blank=True)
    file_name = models.CharField(max_length=120, blank=True)
    content_type = models.CharField(max_length=100, blank=True)  # by its first bytes, never by what was said
    size = models.PositiveIntegerField(default=0)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    added_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    added_name = models.CharField(max_length=120)
    added_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["title", "added_at"]

    def __str__(self) -> str:
        return self.title


class DocumentFile(models.Model):
    """The bytes of a document, behind the same wall between clients and in the same backup as all rows."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()
