"""The worker part."""

import argparse

from predvid.server.loading import after_setup
from predvid.server.place import Place


def run(place: Place, options: argparse.Namespace) -> None:
    """Work until SIGTERM or SIGINT."""
    after_setup("predvid.modules.monitoring.stores").store().prepare()
    after_setup("predvid.server.worker").run_worker(after_setup("predvid.modules.monitoring.stores").store())
