"""The installation of `predvid up` on this machine: where it is, its agent, and where it picks up keys."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from predvid.core.errors import UserError
from predvid.core.trust import digest
from predvid.edge import durable, pin
from predvid.edge.identity import StateFolder
from predvid.operator.folder import Known, Server
from predvid.server.place import Place
from predvid.wire.operator import Offered


def server(data: Path) -> Server | None:
    """Return how the installation in `data` is reached from here, None where there is none."""
    place = Place.described(data)
    if place is None:
        return None
    ca = place.ca_pem()
    return Server(place.local, ca.decode() if ca else "")


def leave(data: Path, known: Known) -> bool:
    """Leave the public half where the server picks it up; tell whether there is an installation in `data`."""
    keyset = known.operators
    if known.keyset is None or keyset is None or not (data / "run").is_dir():
        return False
    folder = data / "trust"
    root = known.roots[-1] if known.roots else None
    try:
        with as_owner_of(data):
            folder.mkdir(mode=0o700, exist_ok=True)
            path = folder / f"keyset-{keyset.version:09d}"
            durable.write(path, msgspec.msgpack.encode(Offered(known.keyset, root)))
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}", status=1) from None
    return True


def pin_agent(data: Path, known: Known) -> bool:
    """Pin the root on this machine's agent, by whoever owns its state; tell whether there is one."""
    state = StateFolder(data / "agent")
    if not state.membership.exists():
        return False
    try:
        with as_owner_of(data):
            pin.write(state, digest(known.root), int(time.time() * 1000))
    except OSError as error:
        raise UserError(f"cannot write {state.pin}: {error.strerror}", status=1) from None
    return True


@contextlib.contextmanager
def as_owner_of(data: Path) -> Iterator[None]:
    """Write into a data directory with the rights of its owner alone, also where root does it.

    What lies there is a server's, and may be a hijacked one's: a link that it set leads root nowhere.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        yield
        return
    owner, groups, group = data.stat(), os.getgroups(), os.getegid()
    os.setgroups([owner.st_gid])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
