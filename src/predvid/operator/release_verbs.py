"""`predvid release list | publish | withdraw | refresh`: the agent's releases, signed by operators."""

import argparse
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from predvid.core.errors import UserError
from predvid.core.options import Options, sentence
from predvid.core.trust import Signer
from predvid.operator import ceremony, local, vault
from predvid.operator.folder import Folder
from predvid.operator.release_repository import KeySigner, Repository, key_of
from predvid.operator.release_texts import TEXTS
from predvid.operator.session import Session
from predvid.operator.session_options import add_session, session_of

Verb = Callable[[Session, argparse.Namespace], int]


def release(arguments: list[str]) -> int:
    """Run one `predvid release` verb; return the exit status. Raises UserError."""
    options = _parser().parse_args(arguments)
    session = session_of(options, TEXTS)
    verb: Verb = options.verb
    return verb(session, options)


def _parser() -> argparse.ArgumentParser:
    parser = Options("predvid release", description="Releases of the agent, signed for every device.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, run, what in (
        ("list", show, "what is published, and until when agents believe it"),
        ("publish", publish, "sign the wheel of a new version"),
        ("withdraw", withdraw, "take a version back: no agent installs it any more"),
        ("refresh", refresh, "sign the list anew, so that agents go on believing it"),
    ):
        one = verbs.add_parser(name, help=what, description=sentence(what))
        add_session(one)
        one.add_argument("--to", type=Path, help="another folder that gets a copy, for a server elsewhere")
        one.set_defaults(verb=run)
        if name == "publish":
            one.add_argument("wheel", type=Path, help="predvid-VERSION-py3-none-any.whl")
        if name == "withdraw":
            one.add_argument("version")
    return parser


def repository(folder: Folder) -> Repository:
    """Return the list of releases that a trust folder keeps."""
    return Repository(folder.path / "releases")


def show(session: Session, options: argparse.Namespace) -> int:
    """Show what is published; 1 where agents do not believe the list any more."""
    mine = _begun(session)
    stale = mine.expires() <= datetime.now(UTC)
    for one in mine.releases():
        session.told("release.row", version=one.version, counter=one.counter, sha256=one.sha256[:16])
    session.told("release.stale" if stale else "release.until", until=f"{mine.expires():%Y-%m-%d}")
    session.give(_public(mine))
    return int(stale)


def publish(session: Session, options: argparse.Namespace) -> int:
    """Sign a wheel; the first one begins the list, for which the root's key is needed once."""
    now, mine = datetime.now(UTC), repository(session.folder)
    _name, operator = session.operator()
    _by_whom(session, mine, operator, now)
    one = mine.publish(options.wheel, KeySigner(operator), now)
    session.told("release.published", version=one.version, counter=one.counter, sha256=one.sha256)
    return _handed_over(session, mine, options)


def withdraw(session: Session, options: argparse.Namespace) -> int:
    """Take a version out of the list."""
    now, mine = datetime.now(UTC), _begun(session)
    _name, operator = session.operator()
    _by_whom(session, mine, operator, now)
    mine.withdraw(options.version, KeySigner(operator), now)
    session.told("release.withdrawn", version=options.version)
    return _handed_over(session, mine, options)


def refresh(session: Session, options: argparse.Namespace) -> int:
    """Sign the list anew; operators who came or went since are taken over where the root's key is here."""
    now, mine = datetime.now(UTC), _begun(session)
    _name, operator = session.operator()
    _by_whom(session, mine, operator, now)
    mine.refresh(KeySigner(operator), now)
    session.told("release.refreshed")
    return _handed_over(session, mine, options)


def follow(folder: Folder, old: Signer, new: Signer, operator: Signer, now: datetime) -> None:
    """Let the list of a trust folder, if it has one, follow a root that was rotated."""
    mine = repository(folder)
    if mine.exists():
        mine.rotate(KeySigner(old), KeySigner(new), _operators(folder), KeySigner(operator), now)


def _begun(session: Session) -> Repository:
    mine = repository(session.folder)
    if not mine.exists():
        raise UserError(session.tell("refused.no_list", path=str(mine.folder)), status=1)
    return mine


def _by_whom(session: Session, mine: Repository, operator: Signer, now: datetime) -> None:
    """Begin the list, or bring its signers up to date: both are the root's deeds. Raises UserError."""
    known, operators = session.folder.known(), _operators(session.folder)
    wanted = key_of(known.root).keyid, {key_of(key).keyid for key in operators}
    if mine.exists() and mine.signed_by() == wanted:
        return
    if operator.public not in operators:
        raise UserError(session.tell("refused.no_operator"))
    if mine.exists() and not session.folder.root.exists():
        if key_of(operator.public).keyid in mine.signed_by()[1]:
            return  # others may have come or gone; the root's holder takes that over
        raise UserError(session.tell("refused.not_in_list"))
    root = KeySigner(vault.unlock(ceremony.root_key(session.folder), session.passphrase()))
    if mine.exists():
        mine.rotate(root, root, operators, KeySigner(operator), now)
    else:
        mine.create(root, operators, KeySigner(operator), now)


def _operators(folder: Folder) -> list[bytes]:
    keyset = folder.known().operators
    return [one.key for one in keyset.operators] if keyset is not None else []


def _handed_over(session: Session, mine: Repository, options: argparse.Namespace) -> int:
    """Copy the list to where the server hands it out; the file that makes it current comes last."""
    places = [session.data / "releases"] if (session.data / "run").is_dir() else []
    for place in places:
        _copied(mine.folder, place, local.as_owner_of(session.data))
    if options.to:
        _copied(mine.folder, options.to, contextlib.nullcontext())
        places.append(options.to)
    for place in places:
        session.told("release.copied", path=str(place))
    if not places:
        session.told("release.not_copied", path=str(mine.folder))
    session.give({**_public(mine), "copied": [str(place) for place in places]})
    return 0


def _copied(source: Path, to: Path, rights: contextlib.AbstractContextManager[None]) -> None:
    """Copy all files, reading them with the operator's rights and writing them with `rights`."""
    try:
        files = sorted(path for path in source.rglob("*") if path.is_file())
        contents = {path.relative_to(source): path.read_bytes() for path in files}
        with rights:
            for name in sorted(contents, key=lambda name: name.name == "timestamp.json"):
                copy = to / name
                copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                part = copy.with_name(f".{copy.name}.new")
                part.write_bytes(contents[name])
                part.replace(copy)
    except OSError as error:
        raise UserError(f"cannot copy the list to {to}: {error.strerror}", status=1) from None


def _public(mine: Repository) -> dict[str, object]:
    return {
        "expires": f"{mine.expires():%Y-%m-%dT%H:%M:%SZ}",
        "releases": [
            {"version": one.version, "counter": one.counter, "sha256": one.sha256, "size": one.size}
            for one in mine.releases()
        ],
    }
