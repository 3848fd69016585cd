"""Points this process, whose Django was set up once, at another installation for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connections

from predvid.server.place import Place


@contextmanager
def looking_at(place: Place, *, all_clients: bool = True) -> Iterator[None]:
    """Point this process's tables, keys and store at `place` for a while, on either kind of database."""
    stores = import_module("predvid.modules.monitoring.stores")
    before = settings.PLACE, connections.databases["default"]
    _point(place, {**before[1], **place.database(all_clients=all_clients)})
    try:
        yield
    finally:
        stores.store().close()
        _point(*before)


def _point(place: Place, database: dict[str, Any]) -> None:
    connections["default"].close()
    settings.PLACE, connections.databases["default"] = place, database
    del connections["default"]
    import_module("predvid.modules.monitoring.stores").store.cache_clear()
