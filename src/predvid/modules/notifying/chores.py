"""What is swept away of notifications: old deliveries and links that have ended."""

from datetime import datetime, timedelta

from predvid.modules.notifying.models import AcknowledgeLink, Delivery

KEPT = timedelta(days=90)


def forget(now: datetime) -> None:
    """Drop deliveries older than KEPT that are over, and links past their time."""
    over = Delivery.objects.exclude(state=Delivery.State.QUEUED)
    over.filter(queued_at__lt=now - KEPT).delete()
    AcknowledgeLink.objects.filter(expires_at__lt=now - timedelta(days=30)).delete()
