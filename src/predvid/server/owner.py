"""`predvid owner link`: a one-time link for someone who cannot sign in, or for the first owner."""

import os
import sys
from pathlib import Path

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server import command_line
from predvid.server.loading import after_setup
from predvid.server.owner_texts import TEXTS
from predvid.server.place import Place
from predvid.server.speech import Speech, add_language


def owner(arguments: list[str]) -> int:
    """Print a one-time sign-in link; whoever can run this on the server owns the installation anyway."""
    parser = Options(prog="predvid owner", description="Access for owners, by command line only.")
    parser.add_argument("verb", choices=("link",), help="print a one-time sign-in link, good for 24 hours")
    parser.add_argument("--email", help="whose link; not needed for the first or only owner")
    parser.add_argument("--data", default=command_line.data_of(os.environ))
    add_language(parser)
    options = parser.parse_args(arguments)
    place = existing(options.data, options.lang)
    os.umask(0o077)
    os.environ.update(place.environment())
    tell = Speech(options.lang, TEXTS)
    sys.stdout.write(after_setup("predvid.server.setting_up").owner_link(place, options.email, tell) + "\n")
    return 0


def existing(data: str, language: str = "en") -> Place:
    """Return the installation in `data` as `predvid up` last described it.

    Raises UserError (in `language`) without one.
    """
    place = Place.looked_at(Path(data).expanduser().absolute())
    if place is None:
        raise UserError(Speech(language, TEXTS)("none", data=data))
    return place
