"""`predvid serve PART`: one process of an installation in the foreground, as systemd units run it."""

import argparse
import logging
import os
import sys
from importlib import import_module
from pathlib import Path

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server.place import Place

PARTS = {
    "store": "predvid.server.serve_store",
    "gateway": "predvid.server.serve_gateway",
    "console": "predvid.server.serve_console",
    "worker": "predvid.server.serve_worker",
    "migrate": "predvid.server.serve_migrate",
}
ABOUT = """\
store    samples, hourly roll-ups, a copy of the events (the bundled store)
gateway  the one address of people and agents
console  the pages, behind the gateway
worker   reactions, roll-ups, retention
migrate  brings the tables up to date and ends; the worker's unit does it first
"""


def serve(arguments: list[str]) -> int:
    """Run one part of an installation until it is told to stop; return the exit status.

    The part is imported by name: only the store may load its engine, and models only after Django's set-up.
    """
    parser = Options(
        prog="predvid serve",
        description=f"Run one part of an installation:\n\n{ABOUT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=tuple(PARTS))
    parser.add_argument(
        "--listen", default="127.0.0.1", help="address of the gateway (default: loopback only)"
    )
    parser.add_argument("--port", type=int, default=8700, help="port of the gateway")
    parser.add_argument(
        "--cert",
        type=Path,
        help="the gateway's certificate chain (PEM), with --key; without it, one by our own authority",
    )
    parser.add_argument("--key", type=Path, help="the gateway's private key (PEM)")
    options = parser.parse_args(arguments)
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "predvid.server.settings")
    os.environ["PREDVID_PART"] = options.part
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
