"""Verifies on the server what operators hand in, so that a mistake shows at once and not on the devices.

No agent believes the server: each verifies everything again for itself.
"""

from collections.abc import Mapping

from predvid.core.authority import TaskRefused, check_times
from predvid.core.trust import digest
from predvid.wire import verifying
from predvid.wire.authority import (
    LANGUAGES,
    LONGEST_PUBLICATION,
    PLACEMENT_CONTEXT,
    PUBLICATION_CONTEXT,
    KeySet,
    Placement,
    Publication,
    Signed,
)
from predvid.wire.signing import opened, signers_of

ANYTHING = verifying.Limits(languages=LANGUAGES)


def names_of(signed: Signed, keyset: KeySet, cls: int) -> tuple[str, ...]:
    """Return the names of the operators of `cls` whose mark on `signed` is good."""
    keys: Mapping[bytes, str] = {one.key: one.name for one in keyset.operators if cls in one.classes}
    return tuple(sorted({keys[key] for key in signers_of(signed, keys.keys())}))


def keyset(signed: Signed, root: bytes, version: int, now: int) -> KeySet:
    """Return the key set that the 32-byte `root` signed, newer than `version`. Raises TaskRefused."""
    return verifying.keyset(signed, digest(root), version + 1, now)


def publication(signed: Signed, operators: KeySet, now: int) -> tuple[Publication, tuple[str, ...]]:
    """Return what an operator published, and the names of those who signed it. Raises TaskRefused."""
    names = names_of(signed, operators, verifying.PUBLICATIONS)
    if not names:
        raise TaskRefused("signature")
    found = opened(signed, PUBLICATION_CONTEXT, Publication)
    check_times(found.issued, found.expires, now, LONGEST_PUBLICATION)
    verifying.check_id(found.id)
    verifying.check_content(found.content, ANYTHING)
    if found.id in operators.revoked:
        raise TaskRefused("revoked")
    return found, names


def placement(signed: Signed, operators: KeySet) -> Placement:
    """Return where an operator of class 2 puts an agent. Raises TaskRefused."""
    if not names_of(signed, operators, verifying.ORDERS):
        raise TaskRefused("signature")
    return opened(signed, PLACEMENT_CONTEXT, Placement)
