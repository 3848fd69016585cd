"""Remembers which requests of operators were heard: once for all gateways, for the database keeps it."""

from datetime import datetime, timedelta

from predvid.modules.automation.models import OperatorNonce

APART = timedelta(hours=1)  # more than the clocks of an installation's machines differ


def first(nonce: str, until: datetime) -> bool:
    """Tell whether `nonce` (at most 32 characters) comes for the first time; keep it until `until`."""
    _, new = OperatorNonce.objects.get_or_create(nonce=nonce, defaults={"until": until})
    return new


def forget(now: datetime) -> None:
    """Forget the nonces of requests that nobody would hear any more."""
    OperatorNonce.objects.filter(until__lt=now - APART).delete()
