"""The options that all verbs of a trust folder take, and the session that they make."""

import argparse

from predvid.core.wording import Texts
from predvid.operator.folder import default
from predvid.operator.session import Session, data_directory, trust_folder
from predvid.server.speech import Speech, add_language


def add_session(parser: argparse.ArgumentParser) -> None:
    """Give a verb the options of its session."""
    parser.add_argument("--folder", help=f"trust folder ({default()})")
    parser.add_argument("--data", help="data directory of an installation on this machine")
    parser.add_argument("--as", dest="as_operator", default="", metavar="NAME", help="the operator who works")
    parser.add_argument(
        "--passphrase-file", default="", metavar="FILE", help="instead of a prompt; - is stdin"
    )
    parser.add_argument("--json", action="store_true")
    add_language(parser)


def session_of(options: argparse.Namespace, texts: Texts) -> Session:
    """Return the session that `options` ask for, speaking by `texts`. Raises UserError."""
    data = data_directory(options.data)
    return Session(
        folder=trust_folder(options.folder, data),
        data=data,
        tell=Speech(options.lang, texts),
        json=options.json,
        passphrase_file=options.passphrase_file,
        as_operator=options.as_operator,
    )
