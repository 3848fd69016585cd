"""Tables of results, alerts and events, and of what each agent has delivered."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.models import Client, Person
from predvid.modules.inventory.models import Agent, Device, DeviceGroup, Site


class Result(models.Model):
    """The standing of one item of one check on one device; written only when it changes.

    `phase` and `bad_since` are the `core.alerting.Condition` of the item, so that any gateway can judge on.
    """

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="results")
    check_name = models.CharField(max_length=60)
    item = models.CharField(max_length=255, blank=True)
    state = models.PositiveSmallIntegerField()
    said_id = models.CharField(max_length=80)
    said_values = models.JSONField(default=dict)
    reason_id = models.CharField(max_length=80, blank=True)
    reason_values = models.JSONField(default=dict)
    since = models.DateTimeField()
    phase = models.CharField(max_length=12, default="none")
    bad_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "check_name", "item"], name="result_once_an_item")
        ]
        indexes: ClassVar = [models.Index(fields=["client", "state"])]


class Alert(models.Model):
    """An open problem: opened, acknowledged, resolved."""

    class Phase(models.TextChoices):
        OPEN = "open", _("open")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        RESOLVED = "resolved", _("resolved")

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="alerts")
    check_name = models.CharField(max_length=60)
    item = models.CharField(max_length=255, blank=True)
    state = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=12, choices=Phase.choices, default=Phase.OPEN)
    said_id = models.CharField(max_length=80)
    said_values = models.JSONField(default=dict)
    since = models.DateTimeField()
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    resolved_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=list)  # [{name, value, since}]: facts as they stood when it opened
    notify = models.BooleanField(default=True)  # by policy; without it the alert is shown, nobody is told
    acknowledged_until = models.DateTimeField(null=True, blank=True)  # then it is open again
    cause = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="followers"
    )
    site_wide = models.BooleanField(default=False)  # leads the silent devices of its whole site
    assigned_to = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="assigned_alerts"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    flapping = models.BooleanField(default=False)
    quiet = models.CharField(max_length=13, blank=True)  # why nobody was told of its last event; "": told
    told = models.JSONField(default=list)  # when people were told of its item lately, seconds since 1970

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["client", "phase", "opened_at"]),
            models.Index(fields=["phase", "state"]),
            models.Index(fields=["check_name", "resolved_at"]),  # similar ones in the past
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device", "check_name", "item"],
                name="one_open_alert_an_item",
                condition=~models.Q(phase="resolved"),
            )
        ]


class AlertNote(models.Model):
    """What a person wrote to an alert."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notes")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()
    text = models.TextField()
    solution = models.BooleanField(default=False)  # tells what solved it


class MaintenanceWindow(models.Model):
    """When alerts of a client (None: of all), or of one of its sites or devices, notify nobody.

    The columns are those of `core.maintenance.Window`; `days` is a list of numbers.
    """

    class Repeat(models.TextChoices):
        ONCE = "once", _("once")
        WEEKLY = "weekly", _("every week")
        MONTHLY = "monthly", _("every month")

    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.CASCADE)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE)
    device = models.ForeignKey(Device, null=True, blank=True, on_delete=models.CASCADE)
    reason = models.CharField(max_length=200)
    zone = models.CharField(max_length=60)
    first = models.DateField()
    at = models.TimeField()
    minutes = models.PositiveIntegerField()
    repeat = models.CharField(max_length=8, choices=Repeat.choices, default=Repeat.ONCE)
    days = models.JSONField(default=list)
    last = models.DateField(null=True, blank=True)
    cut = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(site=None, device=None) | models.Q(client__isnull=False),
                name="window_of_a_client",
            ),
            models.CheckConstraint(
                condition=models.Q(site=None) | models.Q(device=None), name="window_at_one_place"
            ),
        ]


class Event(models.Model):
    """An immutable fact, and how far the worker's reactions to it have come."""

    class Reaction(models.TextChoices):
        PENDING = "pending", _("pending")
        CLAIMED = "claimed", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.PROTECT)
    device = models.ForeignKey(Device, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    alert = models.ForeignKey(Alert, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=60)
    severity = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    said_id = models.CharField(max_length=80)
    said_values = models.JSONField(default=dict)
    actor = models.CharField(max_length=255, blank=True)
    target = models.CharField(max_length=255, blank=True)
    source = models.JSONField(default=dict)
    reaction = models.CharField(max_length=8, choices=Reaction.choices, default=Reaction.PENDING)
    reacted = models.JSONField(default=list)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["client", "at"]),
            models.Index(fields=["device", "at"]),
            models.Index(fields=["reaction", "retry_at"]),
        ]


class Stream(models.Model):
    """What one agent has delivered since one of its starts: the last sequence and the recent digests.

    `recent` holds the last batches as 8-byte sequence and 8-byte digest prefix each; `ran` is msgpack of
    check name -> moment (ms, server clock) of its last delivered run.
    """

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="streams")
    boot = models.CharField(max_length=32)
    seq = models.PositiveBigIntegerField()
    recent = models.BinaryField()
    seen_at = models.DateTimeField()
    ran = models.BinaryField(default=b"\x80")
    skew_ms = models.BigIntegerField(default=0)
    dropped = models.PositiveBigIntegerField(default=0)
    quarantined = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agent", "boot"], name="stream_once_a_boot")]
        indexes: ClassVar = [models.Index(fields=["seen_at"])]


class PolicySetting(models.Model):
    """One explicit setting of a check, given to a client or, with `site`, `group` or `device`, to that alone.

    Only a group of the whole MSP has no client. `field` is one of the check's params (or `levels.part`), or
    a reserved one (`core.policy.Running`).
    """

    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.CASCADE)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE)
    group = models.ForeignKey(
        DeviceGroup, null=True, blank=True, on_delete=models.CASCADE, related_name="settings"
    )
    device = models.ForeignKey(Device, null=True, blank=True, on_delete=models.CASCADE)
    check_name = models.CharField(max_length=60)
    field = models.CharField(max_length=60)
    value = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(client__isnull=False) | models.Q(group__isnull=False),
                name="setting_has_a_place",
            ),
            models.CheckConstraint(
                condition=models.Q(site=None, group=None)
                | models.Q(site=None, device=None)
                | models.Q(group=None, device=None),
                name="setting_at_one_place",
            ),
            models.UniqueConstraint(
                fields=["client", "check_name", "field"],
                condition=models.Q(site=None, group=None, device=None),
                name="setting_once_a_client",
            ),
            models.UniqueConstraint(fields=["site", "check_name", "field"], name="setting_once_a_site"),
            models.UniqueConstraint(fields=["group", "check_name", "field"], name="setting_once_a_group"),
            models.UniqueConstraint(fields=["device", "check_name", "field"], name="setting_once_a_device"),
        ]
        indexes: ClassVar = [models.Index(fields=["check_name"])]


class TemplateSetting(models.Model):
    """What the MSP sets for every device of a role, over what the ready template says."""

    role = models.CharField(max_length=40)
    check_name = models.CharField(max_length=60)
    field = models.CharField(max_length=60)
    value = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "check_name", "field"], name="setting_once_a_template")
        ]


class LateHour(models.Model):
    """An hour whose roll-ups must be computed again because samples arrived late."""

    hour = models.DateTimeField(unique=True)
    marker = models.BigIntegerField(default=0)  # another one each time that samples came


class GatewayBeat(models.Model):
    """One gateway process that can take batches: unbroken from `since` to `at`."""

    name = models.CharField(max_length=120, unique=True)
    since = models.DateTimeField()
    at = models.DateTimeField()


class Pin(models.Model):
    """A chart that a person keeps on their board: what `queries.compared.Asked` says, and its range.

    `others` are the ids of the devices beside the first; whoever looks is asked about each of them anew.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="pins")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    others = models.JSONField(default=list)
    metric = models.CharField(max_length=120)
    range = models.CharField(max_length=12)
    shift = models.CharField(max_length=12, blank=True)
    title = models.CharField(max_length=80, blank=True)  # the person's own name for it
    place = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["place", "pk"]
        indexes: ClassVar = [models.Index(fields=["person", "place"])]


class SavedView(models.Model):
    """The filter of a list under a name: a person's own, or `shared` with everyone who sees all clients.

    `query` holds only words that the list knows (`queries.saved.WORDS`), encoded as an address has them.
    """

    class Room(models.TextChoices):
        DEVICES = "devices", _("devices")
        ALERTS = "alerts", _("alerts")
        TASKS = "tasks", _("tasks")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="saved_views")
    room = models.CharField(max_length=8, choices=Room.choices)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=600)
    shared = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "room", "name"], name="view_name_once_a_person")
        ]
        indexes: ClassVar = [models.Index(fields=["room", "shared"])]


class ViewDefault(models.Model):
    """The view with which a list opens for a person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    room = models.CharField(max_length=8, choices=SavedView.Room.choices)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="defaults")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "room"], name="view_default_once_a_list")
        ]
