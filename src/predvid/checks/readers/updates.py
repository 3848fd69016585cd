"""What a package manager would upgrade, in one shape for all of them; and how old its lists are."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers import plain
from predvid.checks.source import Source
from predvid.core.model import say

MOST_FOLDERS, MOST_FILES = 60, 30


@dataclass(frozen=True, slots=True)
class Update:
    """One package that would be upgraded, or installed anew (`before` is empty); `security` None: unknown."""

    name: str
    before: str
    after: str
    security: bool | None


@dataclass(frozen=True, slots=True)
class Updates:
    """What waits: packages, the number of security patches, packages held back, seconds since the epoch.

    `withheld` is what the marked ones among those held back would become; None: the tool does not tell.
    """

    pending: tuple[Update, ...]
    security: int
    held: tuple[str, ...] = ()
    fetched_at: float | None = None
    withheld: tuple[Update, ...] | None = None


def fetched_at(source: Source, folders: Iterable[str], tool: str) -> float:
    """Return when the newest file below `FOLDER/*/repodata` was written, seconds since the epoch.

    Raises CannotRead where there is none: the tool has never fetched lists and would say that all is well.
    """
    times = [_newest(source, folder) for parent in folders for folder in _repositories(source, parent)]
    if not any(times):
        raise CannotRead(say("patches.no_lists", tool=tool))
    return max(times)


def _repositories(source: Source, parent: str) -> list[str]:
    try:
        return [posixpath.join(parent, name, "repodata") for name in source.listing(parent)[:MOST_FOLDERS]]
    except NotHere:
        return []


def _newest(source: Source, folder: str) -> float:
    try:
        names = [name for name in source.listing(folder)[:MOST_FILES] if "/" not in name]
    except NotHere:
        return 0.0
    found = [source.query("status", posixpath.join(folder, name)) for name in names]
    return max((plain.number(plain.within(row, "modified")) or 0.0 for row in found), default=0.0)
