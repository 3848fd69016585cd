"""Reads what `apt-get -s dist-upgrade` would do (apt-get(8), simulation; LC_ALL=C)."""

import re
from dataclasses import dataclass

_INSTALL = re.compile(r"^Inst (\S+) (?:\[([^\]]*)\] )?\((\S+) ?([^)]*)\)")
_KEPT = "The following packages have been kept back:"


@dataclass(frozen=True, slots=True)
class Pending:
    """One package that would be upgraded, or installed anew (`before` is empty); `origin` as apt names it."""

    name: str
    before: str
    after: str
    origin: str

    @property
    def security(self) -> bool:
        """Tell whether a security archive offers it (Debian-Security:12/..., Ubuntu:22.04/jammy-security)."""
        return "security" in self.origin.lower()


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would be upgraded or installed, and which packages are kept back."""

    pending: tuple[Pending, ...]
    kept: tuple[str, ...]


def parse_simulation(text: str) -> Simulation:
    """Return the upgrade that apt simulated; lines of no known form are skipped."""
    pending = tuple(
        Pending(match[1], match[2] or "", match[3], match[4])
        for line in text.splitlines()
        if (match := _INSTALL.match(line))
    )
    return Simulation(pending, tuple(_kept(text)))


def _kept(text: str) -> list[str]:
    _, found, rest = text.partition(f"{_KEPT}\n")
    names: list[str] = []
    for line in rest.splitlines() if found else ():
        if not line.startswith("  "):
            break
        names += line.split()
    return names
