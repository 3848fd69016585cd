"""`predvid owner link`: a one-time link for someone who cannot sign in, or for the first owner."""

import os
import sys
from pathlib import Path

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server.loading import after_setup
from predvid.server.place import Place


def owner(arguments: list[str]) -> int:
    """Print a one-time sign-in link; whoever can run this on the server owns the installation anyway."""
    parser = Options(prog="predvid owner", description="Access for owners, by command line only.")
    parser.add_argument("verb", choices=("link",), help="print a one-time sign-in link, good for 24 hours")
    parser.add_argument("--email", help="whose link; not needed for the first or only owner")
    parser.add_argument("--data", default=os.environ.get("PREDVID_DATA", "~/.local/share/predvid"))
    options = parser.parse_args(arguments)
    place = existing(options.data)
    os.umask(0o077)
    os.environ.update(place.environment())
    sys.stdout.write(after_setup("predvid.server.setting_up").owner_link(place, options.email) + "\n")
    return 0


def existing(data: str) -> Place:
    """Return the installation in `data` as `predvid up` last described it. Raises UserError without one."""
    if os.environ.get("PREDVID_STORE_PORT"):  # a server's environment file describes it
        return Place.from_environment(os.environ)
    place = Place.described(Path(data).expanduser().absolute())
    if place is None:
        raise UserError(
            f"There is no installation in {data}. Start one with predvid up, or name it with --data."
        )
    return place
