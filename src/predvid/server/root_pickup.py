"""Takes over the public half of the authority: left in the data directory, or handed in by an operator."""

import contextlib
import logging
from datetime import datetime
from pathlib import Path

import msgspec

from predvid.core.authority import TaskRefused
from predvid.core.trust import digest
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.automation.actions import authority
from predvid.wire.operator import Offered
from predvid.wire.signing import UNREADABLE

log = logging.getLogger(__name__)
FOLDER = "trust"  # in the data directory
ROOT = "root"  # in that folder: the SHA-256 of today's root, for enrolment tokens


def pick_up(data: Path, now: datetime) -> int:
    """Take over what `predvid trust` left in `data`, oldest first, and return how many."""
    taken = 0
    for path in sorted((data / FOLDER).glob("keyset-*[0-9]")):
        try:
            offered = msgspec.msgpack.decode(path.read_bytes(), type=Offered)
            accept(data, PLATFORM, offered, now)
        except (TaskRefused, *UNREADABLE) as error:
            log.warning("%s is not taken over: %s", path.name, error)
            path.replace(path.with_name(f"{path.name}.refused"))
            continue
        path.unlink()
        taken += 1
    return taken


def accept(data: Path, viewer: Viewer, offered: Offered, now: datetime) -> int:
    """Accept a KeySet, note the root that tokens name from now on; return its version. Raises TaskRefused."""
    if len(offered.keyset.marks) != 1:
        raise TaskRefused("keyset")
    root = offered.keyset.marks[0].key
    row = authority.accept_keyset(viewer, offered.keyset, root, offered.root, now)
    folder = data / FOLDER
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    fresh = folder / f"{ROOT}.new"
    fresh.write_text(f"{digest(root).hex()}\n")
    fresh.replace(folder / ROOT)
    return int(row.version)
