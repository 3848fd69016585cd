"""Verbs of the inventory: clients' sites, devices, their moves and merges. Each owns its transaction."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import (
    Agent,
    Device,
    DeviceClaim,
    DeviceTag,
    Fact,
    FieldValue,
    GroupMember,
    Site,
    Tenure,
)
from predvid.modules.inventory.rules import next_plan_version
from predvid.modules.inventory.secret_bindings import drop_foreign


@transaction.atomic
def add_client(viewer: Viewer, name: str, sector: str, now: datetime) -> Client:
    """Create a client with its first site; raise UserError if the name is empty or taken."""
    require(viewer, "client.add")
    name = name.strip()
    if not name:
        raise UserError("Give the client a name.")
    try:
        with transaction.atomic():
            client = Client.objects.create(name=name, sector=sector.strip(), created_at=now)
            first = "Sjedište" if viewer.language == "hr" else "Head office"
            site = Site.objects.create(client=client, name=first)
    except IntegrityError:
        raise UserError("There is already a client called %(name)s.", name=name) from None
    words = {"name": name, "sector": client.sector, "site": site.name}
    audit.record(viewer, "client.added", Subject("client", str(client.pk), name), client.pk, now, after=words)
    return client


@transaction.atomic
def add_site(
    viewer: Viewer, client_id: UUID, name: str, now: datetime, timezone: str = "Europe/Zagreb"
) -> Site:
    """Create a site of a visible client; raise UserError if the name is empty or taken there."""
    require(viewer, "site.add", client_id)
    if not Client.objects.filter(pk=client_id).exists():
        raise NotVisible
    if not name.strip():
        raise UserError("Give the site a name.")
    try:
        with transaction.atomic():
            site = Site.objects.create(client_id=client_id, name=name.strip(), timezone=timezone)
    except IntegrityError:
        raise UserError("This client already has a site called %(name)s.", name=name.strip()) from None
    subject = Subject("site", str(site.pk), site.name)
    audit.record(viewer, "site.added", subject, client_id, now, after={"timezone": timezone})
    return site


def held_device(viewer: Viewer, verb: str, device_id: UUID) -> Device:
    """Return the device, locked for this transaction; raise NotVisible, or Denied without `verb`."""
    device = Device.objects.select_for_update().filter(pk=device_id, merged_into=None).first()
    if device is None:
        raise NotVisible
    require(viewer, verb, device.client_id)
    return device


@transaction.atomic
def move(viewer: Viewer, device_id: UUID, site_id: UUID, since: datetime, now: datetime) -> Device:
    """Move a device to another site, perhaps of another client, from `since` (not in the future).

    Samples and events before `since` stay with the former client; what the device has open goes along, but
    no secret and no group of where it was.
    Raises UserError (future date, before its last move) or NotVisible.
    """
    device = held_device(viewer, "device.move", device_id)
    site = Site.objects.filter(pk=site_id).select_related("client").first()
    if site is None:
        raise NotVisible
    require(viewer, "device.move", site.client_id)
    last = device.tenures.order_by("-since").first()
    if since > now:
        raise UserError("A device cannot move on a future date; choose today or earlier.")
    if last is not None and since <= last.since:
        raise UserError("The device had already moved after that date; choose a later one.")
    Tenure.objects.create(device=device, client=site.client, site=site, since=since)
    device.client, device.site = site.client, site
    device.judging_version += 1
    device.plan_version = next_plan_version(now, device.plan_version)
    device.save(update_fields=["client", "site", "judging_version", "plan_version"])
    for table in (Agent, DeviceClaim, Fact, DeviceTag, FieldValue):
        table._default_manager.filter(device=device).update(client=site.client)
    GroupMember.objects.filter(device=device).exclude(group__client=None).exclude(
        group__client=site.client
    ).delete()
    GroupMember.objects.filter(device=device).update(client=site.client)
    drop_foreign(device)
    return device


@transaction.atomic
def merge(viewer: Viewer, keep_id: UUID, other_id: UUID, now: datetime) -> Device:
    """Fold `other` into `keep`: agents, claims and history follow; `other` stays as a pointer.

    Secrets bound to `other` itself are bound no more: a person decides anew for the device that stays.
    Both must be visible and of one client. Raises UserError or NotVisible.
    """
    if keep_id == other_id:
        raise UserError("Choose two different devices to merge.")
    keep, other = (held_device(viewer, "device.merge", one) for one in (keep_id, other_id))
    if keep.client_id != other.client_id:
        raise UserError("The devices belong to different clients; move one of them first.")
    other.agents.update(device=keep)
    mine = set(keep.claims.values_list("kind", "value"))
    for claim in other.claims.all():
        if (claim.kind, claim.value) not in mine:
            DeviceClaim.objects.create(device=keep, client=keep.client, kind=claim.kind, value=claim.value)
    other.claims.all().delete()
    other.facts.all().delete()
    other.secret_bindings.all().delete()
    tagged = set(keep.tags.values_list("name", flat=True))
    other.tags.exclude(name__in=tagged).update(device=keep)
    grouped = set(keep.memberships.values_list("group_id", flat=True))
    other.memberships.exclude(group_id__in=grouped).update(device=keep)
    filled = set(keep.field_values.values_list("field_id", flat=True))
    other.field_values.exclude(field_id__in=filled).update(device=keep)
    other.field_values.all().delete()
    other.tags.all().delete()
    other.memberships.all().delete()
    Device.objects.filter(pk=other.pk).update(merged_into=keep, judging_version=F("judging_version") + 1)
    Device.objects.filter(pk=keep.pk).update(
        judging_version=F("judging_version") + 1,
        plan_version=next_plan_version(now, keep.plan_version, other.plan_version),
    )
    return keep
