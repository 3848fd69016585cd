"""Links by which a mail lets one person acknowledge one alert, once, after a click on the page it opens."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.queries import secret_hash, viewer_of
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import alert_deeds
from predvid.modules.monitoring.models import Alert
from predvid.modules.notifying.models import AcknowledgeLink, Delivery

LASTS = timedelta(days=2)


def offered(row: Delivery, viewer: Viewer, address: str, now: datetime) -> str:
    """Return a new link for the mail of a delivery; empty where its reader may not, or need not, use it."""
    alert = row.alert
    if row.person is None or alert is None or alert.phase != Alert.Phase.OPEN:
        return ""
    if row.event.kind == "alert.resolved" or not viewer.may("alert.acknowledge", alert.client_id):
        return ""
    secret = secrets.token_urlsafe(32)
    AcknowledgeLink.objects.create(
        client_id=alert.client_id, alert=alert, person=row.person, secret_hash=secret_hash(secret),
        expires_at=now + LASTS,
    )  # fmt: skip
    return f"{address}/acknowledge/{secret}"


def opened(secret: str, now: datetime) -> AcknowledgeLink:
    """Return the link of `secret`, unused and in time, whose person may still do it. Raises NotVisible.

    Looking changes nothing: mail scanners follow links too.
    """
    with tenancy.as_platform():
        rows = AcknowledgeLink.objects.select_related("alert__device", "alert__client", "person")
        link = rows.filter(secret_hash=secret_hash(secret), used_at=None, expires_at__gt=now).first()
        if link is None or not _may(link):
            raise NotVisible
        return link


def _may(link: AcknowledgeLink) -> bool:
    person, client = link.person, link.alert.client_id
    return person.is_active and viewer_of(person).may("alert.acknowledge", client)


@transaction.atomic
def use(secret: str, now: datetime, address: str) -> Alert:
    """Acknowledge the alert of a link as its person, and use the link up. Raises NotVisible, UserError."""
    link = opened(secret, now)
    viewer = replace(viewer_of(link.person), address=address)
    with tenancy.seen_by(viewer):
        if AcknowledgeLink.objects.filter(pk=link.pk, used_at=None).update(used_at=now) != 1:
            raise NotVisible
        return alert_deeds.acknowledge(viewer, link.alert_id, "", now)
