"""`predvid serve store|gateway|console|worker`: one process in the foreground, as systemd units run it."""

import argparse
import logging
import os
import sys
from importlib import import_module
from pathlib import Path

from predvid.core.errors import UserError
from predvid.server.place import Place

PARTS = {
    "store": "predvid.server.serve_store",
    "gateway": "predvid.server.serve_gateway",
    "console": "predvid.server.serve_console",
    "worker": "predvid.server.serve_worker",
}


def serve(arguments: list[str]) -> int:
    """Run one part of an installation until it is told to stop; return the exit status.

    The part is imported by name: only the store may load its engine, and models only after Django's set-up.
    """
    parser = argparse.ArgumentParser(prog="predvid serve", description="Run one part of an installation.")
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument(
        "--listen", default="127.0.0.1", help="address of the gateway (default: loopback only)"
    )
    parser.add_argument("--port", type=int, default=8700, help="port of the gateway")
    parser.add_argument("--cert", type=Path, help="the gateway's certificate chain (PEM); with --key")
    parser.add_argument("--key", type=Path, help="the gateway's private key (PEM)")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "predvid.server.settings")
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format=f"%(asctime)s %(levelname)s {options.part}: %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    place = Place.from_environment(os.environ)
    if not (place.store_port and place.store_token):
        raise UserError(
            "PREDVID_STORE_PORT and PREDVID_STORE_TOKEN are not set; docs/operations.md shows the "
            "environment file of a server. On one machine, `predvid up` does it all."
        )
    import_module(PARTS[options.part]).run(place, options)
    return 0
