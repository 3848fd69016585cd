"""What is believed since a root was pinned: today's root, its newest KeySet, where this device belongs."""

import contextlib

import msgspec

from predvid.core.authority import TaskRefused
from predvid.core.trust import digest
from predvid.edge import durable
from predvid.edge.identity import StateFolder
from predvid.edge.pin import Pin
from predvid.wire.authority import (
    PLACEMENT_CONTEXT,
    ROOT_CONTEXT,
    KeySet,
    Leased,
    Placement,
    RootChange,
    Signed,
)
from predvid.wire.signing import UNREADABLE, opened
from predvid.wire.verifying import Here, Judge, Limits, believed, keyset, root_change


class Held(msgspec.Struct, omit_defaults=True):
    """Belongs to the act of pinning `pin`; `root` is the digest of the root of today, `serial` its number.

    `ledger` is the id of the ledger that began with it, or took its place.
    """

    pin: str
    root: bytes
    serial: int = 0
    keyset: Signed | None = None
    placement: Signed | None = None
    ledger: str = ""


def read(state: StateFolder, pin: Pin) -> Held:
    """Return what was believed under `pin`; nothing but the pin itself where that is new or unreadable."""
    with contextlib.suppress(OSError, *UNREADABLE):
        found = msgspec.msgpack.decode(state.trust.read_bytes(), type=Held)
        if found.pin == pin.id:
            return found
    return Held(pin.id, pin.root)


def write(state: StateFolder, held: Held) -> None:
    """Store what is believed durably. Raises OSError."""
    durable.write(state.trust, msgspec.msgpack.encode(held))


class Beliefs:
    """`held` opened: the operators and the placement that it stands for."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.operators: KeySet | None = None
        self.place: Placement | None = None
        with contextlib.suppress(TaskRefused):
            if held.keyset is not None:
                self.operators = believed(held.keyset, held.root)
            if held.placement is not None:
                self.place = opened(held.placement, PLACEMENT_CONTEXT, Placement)

    @property
    def version(self) -> int:
        """Return the version of the KeySet held, 0 for none."""
        return self.operators.version if self.operators else 0

    @property
    def serial(self) -> int:
        """Return the serial of the placement held, 0 for none."""
        return self.place.serial if self.place else 0

    def here(self, base: Here) -> Here:
        """Return `base` as the placement held says where it belongs."""
        if self.place is None:
            return base
        place = self.place
        tags = frozenset(place.tags)
        return Here(base.agent, base.platform, base.server_key, place.client, place.site, tags)

    def learnt(self, news: Leased, base: Here, limits: Limits, now: int) -> "Beliefs":
        """Return these beliefs with the newer ones that `news` brings; raise TaskRefused for false ones."""
        held = msgspec.structs.replace(self.held)
        for signed in [*news.roots, *([news.root] if news.root else [])]:
            if opened(signed, ROOT_CONTEXT, RootChange).serial > held.serial:
                change = root_change(signed, held.root, held.serial)
                held.root, held.serial = digest(change.new), change.serial
        operators, version = self.operators, self.version
        if news.keyset is not None:
            operators = keyset(news.keyset, held.root, version, now)
            if operators.version > version:
                held.keyset = news.keyset
        if news.placement is not None and news.placement != held.placement:
            if operators is None:
                raise TaskRefused("keyset_missing")
            Judge(operators, base, limits, now).placement(news.placement, self.serial)
            held.placement = news.placement
        return self if held == self.held else Beliefs(held)
