"""The store part: the embedded engine of samples behind its HTTP door. Nothing else loads the engine."""

import argparse

from predvid.server.chdb_http import serve_store
from predvid.server.place import Place


def run(place: Place, options: argparse.Namespace) -> None:
    """Serve the store of `place` until SIGTERM or SIGINT."""
    serve_store(place.data / "store", place.store_port, place.store_token)
