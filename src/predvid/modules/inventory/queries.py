"""Reads of the inventory: sites, enrolment tokens and the agents that came by them."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Client
from predvid.modules.access.queries import secret_hash
from predvid.modules.access.rules import MSP, Head, Viewer
from predvid.modules.inventory.models import Agent, EnrolmentToken, Fact, Site


def visible_clients(viewer: Viewer) -> list[Client]:
    """Return the visible clients by name, each with its sites loaded."""
    rows = Client.objects.all() if viewer.clients is None else Client.objects.filter(pk__in=viewer.clients)
    return list(rows.prefetch_related("sites"))


def sites_with_devices(viewer: Viewer, client_id: UUID) -> list[Site]:
    """Return the sites of a visible client, each with `device_count`; raise NotVisible."""
    if not viewer.sees(client_id):
        raise NotVisible
    living = Count("devices", filter=Q(devices__merged_into=None))
    return list(Site.objects.filter(client=client_id).annotate(device_count=living).order_by("name"))


def token(viewer: Viewer, token_id: UUID) -> EnrolmentToken:
    """Return an enrolment token of a visible client, with its site; raise NotVisible."""
    found = EnrolmentToken.objects.select_related("client", "site").filter(pk=token_id).first()
    if found is None or not viewer.sees(found.client_id):
        raise NotVisible
    return found


def token_of_secret(viewer: Viewer, secret: str) -> EnrolmentToken:
    """Return the visible token that a secret belongs to; raise NotVisible."""
    found = EnrolmentToken.objects.filter(secret_hash=secret_hash(secret)).first()
    if found is None or not viewer.sees(found.client_id):
        raise NotVisible
    return found


def arrivals(viewer: Viewer, found: EnrolmentToken) -> list[Agent]:
    """Return the agents that enrolled at the token's site since it was made, newest first."""
    if not viewer.sees(found.client_id):
        raise NotVisible
    rows = Agent.objects.filter(device__site=found.site_id, enrolled_at__gte=found.created_at)
    return list(rows.select_related("device").order_by("-enrolled_at")[:50])


def pending(viewer: Viewer) -> list[Agent]:
    """Return the visible agents that wait for approval, oldest first."""
    rows = Agent.objects.filter(state=Agent.State.PENDING)
    if viewer.clients is not None:
        rows = rows.filter(client__in=viewer.clients)
    return list(rows.select_related("device__client", "device__site").order_by("enrolled_at")[:100])


def running_tokens(viewer: Viewer, now: datetime) -> list[EnrolmentToken]:
    """Return the visible tokens that can still be used, newest first."""
    rows = EnrolmentToken.objects.filter(expires_at__gt=now, uses_left__gt=0)
    if viewer.clients is not None:
        rows = rows.filter(client__in=viewer.clients)
    return list(rows.select_related("client", "site").order_by("-created_at")[:20])


AUDIT_HEADS = "state.audit_heads"  # the fact in which an agent tells the heads that it keeps
LARGEST = 1 << 62


def witnesses(viewer: Viewer) -> list[tuple[str, Head]]:
    """Return the heads of the audit that the visible devices keep, each with its device's name.

    A device speaks for its own client's chain and for the whole MSP's, whatever else it says.
    """
    facts = Fact.objects.select_related("device").filter(name=AUDIT_HEADS).order_by("device__name", "pk")
    if viewer.clients is not None:
        facts = facts.filter(client__in=viewer.clients)
    return [
        (fact.device.name, head)
        for fact in facts
        for chain in (str(fact.client_id), MSP)
        for head in _heads(chain, fact.value)
    ]


def _heads(chain: str, told: object) -> list[Head]:
    """Return the heads of one chain in what a device told; what is none is passed over."""
    rows = told.get(chain) if isinstance(told, dict) else None
    return [Head(chain, row[0], row[1]) for row in rows if _is_head(row)] if isinstance(rows, list) else []


def _is_head(row: object) -> bool:
    if not isinstance(row, list) or len(row) != 2:
        return False
    number, digest = row
    return type(number) is int and 0 < number < LARGEST and isinstance(digest, str) and len(digest) == 64
