"""Gives the process its one connection to the store of samples."""

from functools import cache

from django.conf import settings

from predvid.modules.monitoring.store import Store


@cache
def store() -> Store:
    """Return the process's Store, as `settings.PLACE` names it; it connects on first use."""
    place = settings.PLACE
    return Store(place.store_host, place.store_port, place.store_token)
