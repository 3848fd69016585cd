"""What the root signs: the first KeySet, later ones with other operators or revocations, its successor."""

from collections.abc import Callable

import msgspec

from predvid.core.errors import UserError
from predvid.core.trust import Signer
from predvid.operator import vault
from predvid.operator.folder import Folder, Known, following_path
from predvid.operator.vault import LockedKey
from predvid.wire.authority import (
    KEYSET_CONTEXT,
    LONGEST_PUBLICATION,
    ROOT_CONTEXT,
    KeySet,
    OperatorKey,
    RootChange,
)
from predvid.wire.signing import seal

DAY = 86_400_000  # ms
Change = Callable[[KeySet], KeySet]


def init(folder: Folder, name: str, passphrase: str, now: int, days: int) -> Known:
    """Make root and first operator key in `folder`, sign KeySet 1; return what is public."""
    if folder.root.exists():
        raise UserError(f"there is an authority in {folder.path} already; 'predvid trust status' shows it")
    until(now, days)  # before anything is made
    folder.make()
    root, operator = vault.make("root", passphrase), vault.make(name, passphrase)
    signer = vault.unlock(root, passphrase)
    keyset = KeySet(1, now, until(now, days), [OperatorKey(name, operator.public)])
    known = Known(seal(KEYSET_CONTEXT, keyset, [signer]), root.public)
    vault.store(folder.operator(name), operator)
    folder.keep(known)
    vault.store(folder.root, root)  # last: with it the authority is there
    return known


def until(now: int, days: int) -> int:
    """Return the end (ms) of a key set signed at `now` for `days`. Raises UserError where it is too far."""
    if not 0 < days * DAY <= LONGEST_PUBLICATION:
        raise UserError(f"--days must be 1 to {LONGEST_PUBLICATION // DAY}")
    return now + days * DAY


def root_key(folder: Folder) -> LockedKey:
    """Return the root key, locked. Raises UserError where this folder has none."""
    folder.settle()
    if not folder.root.exists():
        raise UserError(f"there is no root key in {folder.path}: only its holder does this, or 'trust init'")
    return vault.load(folder.root)


def resign(folder: Folder, root: Signer, change: Change, now: int, days: int) -> Known:
    """Sign the next KeySet, changed by `change`; keep it and return what is public. Raises UserError."""
    known = folder.known()
    keyset = known.operators
    if keyset is None:
        raise UserError(f"the key set in {folder.path} is missing; restore the folder from its backup")
    following = change(keyset)
    following = msgspec.structs.replace(
        following, version=keyset.version + 1, issued=now, expires=until(now, days)
    )
    known.keyset = seal(KEYSET_CONTEXT, following, [root])
    folder.keep(known)
    return known


def with_operator(name: str, key: bytes, classes: tuple[int, ...]) -> Change:
    """Return the change that adds an operator, or gives one of that name another key."""

    def change(keyset: KeySet) -> KeySet:
        if any(one.key == key and one.name != name for one in keyset.operators):
            raise UserError("this key is another operator's already")
        others = [one for one in keyset.operators if one.name != name]
        return msgspec.structs.replace(keyset, operators=[*others, OperatorKey(name, key, classes)])

    return change


def without_operator(name: str) -> Change:
    """Return the change that removes an operator."""

    def change(keyset: KeySet) -> KeySet:
        others = [one for one in keyset.operators if one.name != name]
        if len(others) == len(keyset.operators):
            raise UserError(f"there is no operator '{name}'")
        if not others:
            raise UserError("the last operator stays: add another one first")
        return msgspec.structs.replace(keyset, operators=others)

    return change


def revoking(id: str) -> Change:
    """Return the change that revokes a publication or an order for good."""
    return lambda keyset: msgspec.structs.replace(
        keyset, revoked=[*(one for one in keyset.revoked if one != id), id]
    )


def rotate(
    folder: Folder, passphrase: str, now: int, days: int, follow: Callable[[Signer, Signer], None]
) -> Known:
    """Make a new root, signed by the old and by itself, and new keys for the operators that lie here.

    `follow` is given old and new root while both can still sign.
    """
    old = vault.unlock(root_key(folder), passphrase)
    known, fresh = folder.known(), vault.make("root", passphrase)
    new = vault.unlock(fresh, passphrase)
    change = RootChange(old.public, new.public, known.serial + 1, now)
    keys = {name: vault.make(name, passphrase) for name in folder.keys()}  # noqa: SIM118 - a Folder is no dict
    keyset = known.operators
    if keyset is None:
        raise UserError(f"the key set in {folder.path} is missing; restore the folder from its backup")
    operators = [
        msgspec.structs.replace(one, key=keys[one.name].public) if one.name in keys else one
        for one in keyset.operators
    ]
    following = msgspec.structs.replace(
        keyset, operators=operators, version=keyset.version + 1, issued=now, expires=until(now, days)
    )
    known.roots = [*known.roots, seal(ROOT_CONTEXT, change, [old, new])]
    known.keyset, known.root, known.serial = seal(KEYSET_CONTEXT, following, [new]), new.public, change.serial
    vault.store(following_path(folder.root), fresh)
    for name, key in keys.items():
        vault.store(following_path(folder.operator(name)), key)
    folder.keep(known)  # from here on the new ones count
    folder.settle()
    follow(old, new)
    return known
