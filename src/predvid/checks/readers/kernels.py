"""Tells whether a newer kernel is installed than the one that runs, by release names of uname(2)."""

import re
from collections.abc import Iterable

_NUMBERS = re.compile(r"\d+")


def _version(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBERS.findall(release))


def _flavour(release: str) -> str:
    return re.sub(r"[\d.]+", "", release)


def newer_kernel(running: str, installed: Iterable[str]) -> str | None:
    """Return the newest installed release of the running kernel's flavour, or None if none is newer.

    None too where the running one is not installed at all: a container sees its host's kernel.
    """
    releases = set(installed)
    if running not in releases:
        return None
    newest = max((r for r in releases if _flavour(r) == _flavour(running)), key=_version)
    return newest if _version(newest) > _version(running) else None
