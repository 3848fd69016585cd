"""Tells whether a newer kernel is installed than the one that runs, by release names of uname(2)."""

import re
from collections.abc import Iterable

_TOKENS = re.compile(r"\d+|[a-z]+", re.IGNORECASE)


def _parts(release: str) -> tuple[list[str], list[str]]:
    """Return the parts between hyphens of the version (6.1.0-18) and of the flavour (cloud-amd64, v7l+)."""
    version, flavour = list[str](), list[str]()
    for part in release.split("-"):
        (flavour if flavour or not part[:1].isdigit() else version).append(part)
    return version, flavour


def _version(release: str) -> list[tuple[int, int, str]]:
    """Return a key that orders as rpmvercmp does: a number is newer than a word (362.8.el9 than 362.el9)."""
    tokens = _TOKENS.findall("-".join(_parts(release)[0]))
    return [(1, int(token), "") if token.isdigit() else (0, 0, token) for token in tokens]


def newer_kernel(running: str, installed: Iterable[str]) -> str | None:
    """Return the newest installed release of the running kernel's flavour, or None if none is newer.

    None too where the running one is not installed at all: a container sees its host's kernel.
    """
    releases = set(installed)
    if running not in releases:
        return None
    flavour = _parts(running)[1]
    newest = max((r for r in releases if _parts(r)[1] == flavour), key=_version)
    return newest if _version(newest) > _version(running) else None
