"""The worker part."""

import argparse

from predvid.core.errors import UserError
from predvid.modules.monitoring.store import StoreUnavailable
from predvid.server.loading import after_setup
from predvid.server.place import Place


def run(place: Place, options: argparse.Namespace) -> None:
    """Give changed checks to the devices, then work until SIGTERM or SIGINT.

    Raises UserError while the store does not answer: whoever started this starts it again.
    """
    store = after_setup("predvid.modules.monitoring.stores").store()
    try:
        store.prepare()  # not asked first whether it answers: before this it has no database to answer from
    except StoreUnavailable:
        raise UserError(f"The store at {place.store_host}:{place.store_port} does not answer.", 1) from None
    after_setup("predvid.server.setting_up").note_checks(place)
    after_setup("predvid.server.worker").run_worker(store)
