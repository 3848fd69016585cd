"""The root's deeds: `predvid trust init | operator add | operator remove | revoke | rotate`, and `status`."""

import argparse
import getpass
from datetime import UTC, datetime
from typing import Any

from predvid.core.errors import UserError
from predvid.core.trust import KEY_BYTES, Signer, fingerprint
from predvid.operator import ceremony, local, release_verbs, vault
from predvid.operator.folder import Known, usable_name
from predvid.operator.session import Session
from predvid.operator.show import message_of, moment, visible
from predvid.wire.authority import KeySet
from predvid.wire.operator import Known as ServerKnows


def init(session: Session, options: argparse.Namespace) -> int:
    """Make the authority: root, first operator, KeySet 1; pin this machine's agent where there is one."""
    name = usable_name(options.name or getpass.getuser())
    session.told("init.what")
    passphrase = session.passphrase(new=True)
    known = ceremony.init(session.folder, name, passphrase, session.now(), options.days)
    left = local.leave(session.data, known)
    pinned = left and local.pin_agent(session.data, known)
    session.told("init.done", path=str(session.folder.path), name=name)
    session.told("init.fingerprint", fingerprint=fingerprint(known.root))
    session.told("init.left" if left else "init.not_left", data=str(session.data))
    if pinned:
        session.told("init.pinned")
    session.told("init.devices", fingerprint=fingerprint(known.root))
    session.told("init.backup", path=str(session.folder.path))
    session.give({**_public(session, known), "operator": name, "left": left, "pinned": pinned})
    return 0


def operator_add(session: Session, options: argparse.Namespace) -> int:
    """Add an operator: with the public key given, or with a new one made here."""
    name = usable_name(options.name)
    key = _given_key(options.key) if options.key else None
    if not session.folder.root.exists() and key is None:
        return _own_key(session, name)
    root = _root(session)
    signer = _own_signer(session)
    if key is None:
        made = vault.make(name, session.passphrase())
        vault.store(session.folder.operator(name), made)
        key = made.public
    classes = tuple(sorted(set(options.classes)))
    change = ceremony.with_operator(name, key, classes)
    return _changed(
        session, ceremony.resign(session.folder, root, change, session.now(), options.days), signer
    )


def _own_key(session: Session, name: str) -> int:
    """Make an operator's key on the operator's own machine; the root's holder takes the public half."""
    session.folder.make()
    path = session.folder.operator(name)
    if path.exists():
        raise UserError(session.tell("refused.key_there", name=name))
    made = vault.make(name, session.passphrase(new=True))
    vault.store(path, made)
    session.told("operator.own", name=name, key=made.public.hex())
    session.give({"operator": name, "key": made.public.hex(), "fingerprint": fingerprint(made.public)})
    return 0


def operator_remove(session: Session, options: argparse.Namespace) -> int:
    """Remove an operator: from the next KeySet on, nothing that only they signed runs."""
    root = _root(session)
    signer = _own_signer(session, but=options.name)
    change = ceremony.without_operator(options.name)
    known = ceremony.resign(session.folder, root, change, session.now(), options.days)
    session.folder.operator(options.name).unlink(missing_ok=True)
    return _changed(session, known, signer)


def revoke(session: Session, options: argparse.Namespace) -> int:
    """Revoke a publication or an order by its id, for good."""
    root = _root(session)
    change = ceremony.revoking(options.id)
    known = ceremony.resign(session.folder, root, change, session.now(), options.days)
    return _changed(session, known, _own_signer(session))


def rotate(session: Session, options: argparse.Namespace) -> int:
    """Make a new root, signed by the old one, and new keys for the operators of this folder."""
    ceremony.root_key(session.folder)
    signer = _own_signer(session)  # the server still knows the old key

    def releases(old: Signer, new: Signer) -> None:
        _name, operator = session.operator()
        release_verbs.follow(session.folder, old, new, operator, datetime.now(UTC))

    known = ceremony.rotate(session.folder, session.passphrase(), session.now(), options.days, releases)
    session.told("rotate.done", fingerprint=fingerprint(known.root))
    return _changed(session, known, signer)


def _root(session: Session) -> Signer:
    return vault.unlock(ceremony.root_key(session.folder), session.passphrase())


def _own_signer(session: Session, but: str = "") -> Signer | None:
    """Return the signer that speaks to a server elsewhere; None where no operator works in this folder."""
    keys = {name: key for name, key in session.folder.keys().items() if name != but}
    if not keys:
        return None
    name = session.as_operator if session.as_operator in keys else next(iter(keys))
    return vault.unlock(keys[name], session.passphrase())


def _changed(session: Session, known: Known, signer: Signer | None) -> int:
    given = session.hand_over(known, signer)
    keyset = known.operators
    if keyset is not None:
        session.told("keyset.signed", version=keyset.version, until=moment(keyset.expires))
    session.told("keyset.left" if given else "keyset.not_left")
    session.give({**_public(session, known), "left": given})
    return 0


def status(session: Session, options: argparse.Namespace) -> int:
    """Show what this folder holds and, where it is reached, what the server has; 1 where they differ."""
    known = session.folder.known()
    if known.keyset is None and not session.folder.keys():
        raise UserError(session.tell("status.none", path=str(session.folder.path)), status=1)
    public = _public(session, known)
    _tell_status(session, known)
    if options.online:
        _name, signer = session.operator()
        theirs = session.door(signer).get("keyset", ServerKnows)
        version = _version(theirs)
        session.told("status.server", version=version)
        public["server_keyset"] = version
    session.give(public)
    return 1 if public.get("server_keyset", public["keyset"]) != public["keyset"] else 0


def _version(theirs: ServerKnows) -> int:
    found = message_of(theirs.keyset) if theirs.keyset else None
    return found.version if isinstance(found, KeySet) else 0


def _tell_status(session: Session, known: Known) -> None:
    session.told("status.folder", path=str(session.folder.path))
    if known.root:
        session.told("init.fingerprint", fingerprint=fingerprint(known.root))
    keyset = known.operators
    if keyset is None:
        return
    session.told("show.keyset", version=keyset.version, until=moment(keyset.expires))
    here = session.folder.keys()
    for one in keyset.operators:
        mine = session.tell("status.here") if one.name in here else ""
        if not session.json:
            session.show([f"  {visible(one.name)}  {fingerprint(one.key)}  {mine}".rstrip()])


def _public(session: Session, known: Known) -> dict[str, Any]:
    keyset = known.operators
    return {
        "folder": str(session.folder.path),
        "root": fingerprint(known.root) if known.root else None,
        "serial": known.serial,
        "keyset": keyset.version if keyset else 0,
        "expires": moment(keyset.expires) if keyset else None,
        "operators": [one.name for one in keyset.operators] if keyset else [],
        "revoked": list(keyset.revoked) if keyset else [],
    }


def _given_key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(
            "--key: give the 64 digits that 'predvid trust operator add' printed on their machine"
        )
    return key
