"""What an operator signs: `predvid trust publish | sign | place`, and `verify` for what somebody signed."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from predvid.core.authority import TEXTS as REFUSALS
from predvid.core.authority import TaskRefused
from predvid.core.errors import UserError
from predvid.core.trust import Signer, digest
from predvid.core.wording import word
from predvid.edge import durable
from predvid.operator import show, template
from predvid.operator.session import Session
from predvid.wire.authority import (
    PLACEMENT_CONTEXT,
    PUBLICATION_CONTEXT,
    Order,
    Placement,
    Publication,
    Signed,
    Start,
)
from predvid.wire.operator import Answered, Asked, Waiting
from predvid.wire.signing import UNREADABLE, marked, seal, signers_of
from predvid.wire.verifying import check_id


def publish(session: Session, options: argparse.Namespace) -> int:
    """Publish a template: show exactly what will be signed, ask, sign, hand it to the server."""
    publication = template.read(options.file, session.now())
    session.show(show.lines(publication, session.tell))
    if not options.yes and not session.agreed("ask.publish"):
        session.told("nothing")
        return 1
    _name, signer = session.operator()
    return _hand(session, "publications", seal(PUBLICATION_CONTEXT, publication, [signer]), signer, options)


def place(session: Session, options: argparse.Namespace) -> int:
    """Say where an agent belongs, for targets by client, site and tag; agents believe nobody else."""
    now = session.now()
    check_id(options.agent)
    placement = Placement(options.agent, options.client, options.site, now, now, sorted(set(options.tag)))
    session.show(show.lines(placement, session.tell))
    if not options.yes and not session.agreed("ask.place"):
        session.told("nothing")
        return 1
    _name, signer = session.operator()
    return _hand(session, "placements", seal(PLACEMENT_CONTEXT, placement, [signer]), signer, options)


def _hand(session: Session, where: str, signed: Signed, signer: Signer, options: argparse.Namespace) -> int:
    if options.out:
        _write(options.out, signed)
    else:
        session.door(signer).post(where, signed)
    session.told("signed.written" if options.out else "signed.sent")
    session.give({"digest": digest(signed.body).hex(), "out": str(options.out) if options.out else None})
    return 0


def sign(session: Session, options: argparse.Namespace) -> int:
    """List what waits, show each task exactly, sign those that are confirmed."""
    name, signer = session.operator()
    if options.file:
        requests = _from_file(options.file)
    else:
        requests = session.door(signer).get("waiting", Waiting).requests
    if not requests:
        session.told("sign.none")
    rows, answers = [], []
    for asked in requests:
        row, answer = _one(session, asked, name, signer, options)
        rows.append(row)
        if answer is not None:
            answers.append(answer)
            if not options.file:
                done = session.door(signer).post("signed", answer)
                session.told("sign.missing" if done.missing else "sign.released", n=done.missing)
    if options.file and answers:
        _write(options.out or options.file.with_name(f"{options.file.name}.signed"), answers)
        session.told("signed.written")
    session.give({"requests": rows, "signed": len(answers)})
    return 0


def fetch(session: Session, options: argparse.Namespace) -> int:
    """Write what waits into a file, for a machine without a network to sign."""
    _name, signer = session.operator()
    waiting = session.door(signer).get("waiting", Waiting)
    _write(options.file, waiting)
    session.told("fetch.done", n=len(waiting.requests))
    session.give({"requests": len(waiting.requests)})
    return 0


def carry(session: Session, options: argparse.Namespace) -> int:
    """Hand over the answers that a machine without a network signed, whoever's they are."""
    answers: list[Answered] = _decoded(options.file, list[Answered])
    _name, signer = session.operator()
    door = session.door(signer)
    for answer in answers:
        done = door.post("signed", answer)
        session.told("sign.missing" if done.missing else "sign.released", n=done.missing)
    session.give({"carried": len(answers)})
    return 0


def _one(
    session: Session, asked: Asked, name: str, signer: Signer, options: argparse.Namespace
) -> tuple[dict[str, Any], Answered | None]:
    """Show one request and sign its bytes if that is confirmed; return its row of JSON, and the answer."""
    signed = Signed(asked.body, list(asked.marks))
    sha = digest(asked.body).hex()
    row: dict[str, Any] = {"id": asked.id, "digest": sha, "signed": False}
    try:
        message = show.message_of(signed)
        lines = list(_shown(session, asked, message))
    except TaskRefused as refused:
        session.show([session.tell("sign.unreadable", request=show.visible(asked.id))])
        return {**row, "refused": refused.code}, None
    row |= {"kind": type(message).__name__.lower(), "message": _plain(message)}
    session.show([*lines, f"  sha256 {sha}"])
    if signer.public in {mark.key for mark in asked.marks}:
        session.told("sign.already", name=name)
        return row, None
    if not _confirmed(session, sha, options):
        return row, None
    _remember(session, asked)
    row["signed"] = True
    return row, Answered(asked.id, marked(signed, signer))


def _confirmed(session: Session, sha: str, options: argparse.Namespace) -> bool:
    """Tell whether exactly these bytes are confirmed: by their digest as an option, or by a plain yes."""
    if options.confirm or session.json:
        return sha in options.confirm
    return session.agreed("ask.sign")


def _shown(session: Session, asked: Asked, message: show.Message) -> Iterator[str]:
    if not isinstance(message, Order | Start):
        raise TaskRefused("unreadable")  # nothing else is signed at a server's request
    at = show.moment(asked.at)
    yield ""
    yield session.tell(
        "sign.asked", by=show.visible(asked.by) or "?", at=at, why=show.visible(asked.why) or "-"
    )
    agents = message.agents if isinstance(message, Order) else [message.agent]
    rows = list(show.devices(agents, asked.aimed, session.folder.book(), session.tell))
    yield from show.lines(message, session.tell, rows)
    if isinstance(message, Start):
        yield from _started(session, asked, message)


def _started(session: Session, asked: Asked, start: Start) -> Iterator[str]:
    """Show the publication that a start runs: only one that operators of the known KeySet signed."""
    keyset = session.folder.known().operators
    publication = show.message_of(asked.publication) if asked.publication else None
    keys = {one.key for one in keyset.operators} if keyset else set()
    if not isinstance(publication, Publication) or asked.publication is None:
        raise TaskRefused("mismatch")
    if (publication.id, publication.version) != (start.publication, start.version):
        raise TaskRefused("mismatch")
    if not signers_of(asked.publication, keys):
        raise TaskRefused("signature")
    yield from show.lines(publication, session.tell)


def _remember(session: Session, asked: Asked) -> None:
    book = session.folder.book()
    book.update({one.agent: f"{one.device} / {one.client}" for one in asked.aimed})
    session.folder.keep_book(book)


def _plain(message: show.Message) -> Any:
    return msgspec.to_builtins(message)


def verify(session: Session, options: argparse.Namespace) -> int:
    """Show what a file holds and who of the known KeySet signed it; 1 where nobody did."""
    signed = _decoded(options.file, Signed)
    try:
        message = show.message_of(signed)
        names = _signers(session, signed)
    except TaskRefused as refused:
        raise UserError(word(refused.said, session.tell.language, REFUSALS), status=1) from None
    session.show([] if session.json else show.lines(message, session.tell))
    session.told("verify.good" if names else "verify.bad", names=", ".join(names))
    kind = type(message).__name__.lower()
    session.give({"kind": kind, "digest": digest(signed.body).hex(), "signers": names, "good": bool(names)})
    return 0 if names else 1


def _signers(session: Session, signed: Signed) -> list[str]:
    known = session.folder.known()
    keyset = known.operators
    names = {one.key: one.name for one in keyset.operators} if keyset else {}
    if known.root:
        names[known.root] = "root"
    return sorted(show.visible(names[key]) for key in signers_of(signed, names))


def _from_file(path: Path) -> Iterable[Asked]:
    waiting: Waiting = _decoded(path, Waiting)
    return waiting.requests


def _decoded(path: Path, kind: Any) -> Any:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except UNREADABLE:
        raise UserError(f"{path} holds nothing that can be signed or verified, or is damaged") from None


def _write(path: Path, content: object) -> None:
    try:
        durable.write(path, msgspec.msgpack.encode(content))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", status=1) from None
