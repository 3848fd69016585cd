"""Points this process, whose Django was set up once, at another installation for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.conf import settings
from django.db import connections

from predvid.server.place import Place


@contextmanager
def looking_at(place: Place, *, all_clients: bool = True) -> Iterator[None]:
    """Point this process's tables, keys and store at `place` for a while, on either kind of database."""
    stores = import_module("predvid.modules.monitoring.stores")
    before = settings.PLACE, connections.databases["default"]
    there = {**before[1], **place.database(all_clients=all_clients)}
    for now, database in ((place, there), before):
        connections["default"].close()
        settings.PLACE, connections.databases["default"] = now, database
        del connections["default"]
        stores.store.cache_clear()
        if now is place:
            try:
                yield
            finally:
                stores.store().close()
