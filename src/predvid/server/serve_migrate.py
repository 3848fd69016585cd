"""The part that ends: it brings the relational tables up to date, before an upgraded installation starts."""

import argparse

from predvid.server.loading import after_setup
from predvid.server.place import Place


def run(place: Place, options: argparse.Namespace) -> None:
    """Bring the tables up to date. Raises UserError where the database is out of reach."""
    after_setup("predvid.server.setting_up").migrate()
