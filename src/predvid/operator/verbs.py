"""`predvid trust`: keys of root and operators, and what they sign; runs on the operator's own machine."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from predvid.core.errors import UserError
from predvid.core.options import Options, sentence
from predvid.operator import authority_verbs, local, signing_verbs
from predvid.operator.folder import Known
from predvid.operator.session import Session
from predvid.operator.session_options import add_session, session_of
from predvid.operator.texts import TEXTS
from predvid.wire.signing import UNREADABLE

Verb = Callable[[Session, argparse.Namespace], int]


def trust(arguments: list[str]) -> int:
    """Run one `predvid trust` verb; return the exit status. Raises UserError."""
    options = _parser().parse_args(arguments)
    session = session_of(options, TEXTS)
    session.url, session.ca = options.server, options.ca
    verb: Verb = options.verb
    return verb(session, options)


def offer(session: Session, options: argparse.Namespace) -> int:
    """Give the server of this machine the public half that was made on another one."""
    try:
        known = msgspec.msgpack.decode(options.file.read_bytes(), type=Known)
    except OSError as error:
        raise UserError(f"cannot read {options.file}: {error.strerror}") from None
    except UNREADABLE:
        raise UserError(f"{options.file} is not the file 'public' of a trust folder") from None
    if not local.leave(session.data, known):
        raise UserError(f"there is no installation in {session.data}: give --data")
    session.told("offer.done")
    session.give({"left": True})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Options("predvid trust", description="Keys of root and operators, and what they sign.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    one = _verb(
        verbs, "init", authority_verbs.init, "make the root and the first operator: unlocks automation"
    )
    one.add_argument("--name", help="the first operator's name (this user's)")
    _days(one)
    _operator(verbs)
    one = _verb(verbs, "publish", signing_verbs.publish, "sign a template that the server may then schedule")
    one.add_argument("file", type=Path, help="TOML; docs/trust.md shows the form")
    _signing(one)
    one = _verb(verbs, "sign", signing_verbs.sign, "show what waits for a signature; sign what is confirmed")
    one.add_argument(
        "--file", type=Path, help="sign offline: a file of waiting requests instead of the server"
    )
    one.add_argument("--out", type=Path, help="where the answers go with --file (FILE.signed)")
    one.add_argument(
        "--confirm", action="append", default=[], metavar="SHA256", help="sign exactly these bytes"
    )
    one = _verb(verbs, "fetch", signing_verbs.fetch, "write what waits into a file, to be signed offline")
    one.add_argument("file", type=Path)
    one = _verb(verbs, "carry", signing_verbs.carry, "hand over answers that were signed offline")
    one.add_argument("file", type=Path)
    one = _verb(verbs, "place", signing_verbs.place, "sign where an agent belongs: client, site, tags")
    one.add_argument("agent", help="the agent's id")
    one.add_argument("--client", required=True, help="the client's id")
    one.add_argument("--site", required=True, help="the site's id")
    one.add_argument("--tag", action="append", default=[])
    _signing(one)
    one = _verb(verbs, "verify", signing_verbs.verify, "show what a file holds and who signed it")
    one.add_argument("file", type=Path)
    one = _verb(verbs, "revoke", authority_verbs.revoke, "revoke a publication or an order for good")
    one.add_argument("id")
    _days(one)
    _days(_verb(verbs, "rotate", authority_verbs.rotate, "a new root, signed by the old one, and new keys"))
    one = _verb(verbs, "offer", offer, "give the server of this machine a public half made elsewhere")
    one.add_argument("file", type=Path, help="the file 'public' of the trust folder")
    one = _verb(
        verbs, "status", authority_verbs.status, "what this folder holds, and whether the server has it"
    )
    one.add_argument("--online", action="store_true", help="ask the server too")
    return parser


def _operator(verbs: Any) -> None:
    group = verbs.add_parser("operator", help="add or remove operators")
    deeds = group.add_subparsers(required=True, metavar="add|remove")
    one = _verb(deeds, "add", authority_verbs.operator_add, "add an operator, by a public key or a new one")
    one.add_argument("name")
    one.add_argument("--key", help="the operator's public key, made on their own machine")
    one.add_argument(
        "--classes", type=int, nargs="+", choices=(1, 2), default=[1, 2], help="what they may sign"
    )
    _days(one)
    one = _verb(deeds, "remove", authority_verbs.operator_remove, "remove an operator")
    one.add_argument("name")
    _days(one)


def _verb(verbs: Any, name: str, run: Verb, what: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=what, description=sentence(what))
    add_session(parser)
    parser.add_argument("--server", default="", help="the server's address, https://HOST[:PORT]")
    parser.add_argument(
        "--ca", type=Path, help="CA certificate (PEM) that the server's certificate comes from"
    )
    parser.set_defaults(verb=run)
    return parser


def _signing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="write what was signed to a file instead of the server")
    parser.add_argument("--yes", action="store_true", help="do not ask: it was shown, or written by yourself")


def _days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=365, help="how long the key set holds (365)")
