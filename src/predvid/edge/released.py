"""A verified release, or why there is none: what installing needs to know of what `edge.release` verifies."""

from dataclasses import dataclass
from pathlib import Path


class ReleaseRefused(Exception):
    """No release to be installed; `code` is stable, the text says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Release:
    """One release, verified and on this disk: `counter` grows with each one that operators publish."""

    version: str
    counter: int
    wheel: Path
