"""The store part: the embedded engine of samples behind its HTTP door. Nothing else loads the engine."""

import argparse

from predvid.core.errors import UserError
from predvid.server.chdb_engine import Refused
from predvid.server.chdb_http import serve_store
from predvid.server.place import Place


def run(place: Place, options: argparse.Namespace) -> None:
    """Serve the store of `place` until SIGTERM or SIGINT. Raises UserError where it cannot."""
    folder = place.data / "store"
    try:
        serve_store(folder, place.store_port, place.store_token)
    except (Refused, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"The store cannot serve {folder} on port {place.store_port}: {reason}", 1) from None
