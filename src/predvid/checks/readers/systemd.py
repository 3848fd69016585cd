"""Units as `systemctl show` tells of them (systemctl(1)): blocks of `Property=value`, one block per unit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SERVICE = "service"
# systemd.unit(5); of device, scope and slice units nobody wants that they run
TYPES = (SERVICE, "automount", "mount", "path", "socket", "swap", "target", "timer")
RUNNING = ("active", "activating", "reloading", "refreshing")
PROPERTIES = "--property=Id,Names,LoadState,ActiveState,SubState,NRestarts"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: `names` holds its aliases too; `restarts` counts automatic starts since the last by hand."""

    name: str
    names: frozenset[str]
    load: str
    active: str
    sub: str
    restarts: int = 0

    @property
    def kind(self) -> str:
        """Return the type of the unit, the ending of its name."""
        return kind(self.name)

    @property
    def failed(self) -> bool:
        """Tell whether it failed; one masked since is out of use, though systemd recalls the failure."""
        return self.active == "failed" and self.load != "masked"

    @property
    def runs(self) -> bool:
        """Tell whether it runs; between two automatic starts systemd calls a dead service `activating`."""
        return self.active in RUNNING and not self.sub.startswith("auto-restart")


def kind(name: str) -> str:
    """Return what stands behind the last dot of a unit's name."""
    return name.rpartition(".")[2]


def full_name(name: str) -> str:
    """Return the name with its type: without one it is a service (`node-v18.2` has none)."""
    return name if kind(name) in TYPES else f"{name}.{SERVICE}"


def question(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the command that asks for all services, and for other types where a full name is of one."""
    asked = {SERVICE, *map(kind, wanted)}
    patterns = (f"*.{each}" for each in TYPES if each in asked)
    return ("systemctl", "show", *patterns, "--no-pager", PROPERTIES)


def parse_show(text: str) -> Iterator[Unit]:
    """Yield each unit that has an `Id`; lines without `=` are skipped."""
    for block in text.split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        unit = {name: value for name, equals, value in pairs if equals}
        if name := unit.get("Id"):
            n = unit.get("NRestarts", "")
            yield Unit(
                name,
                frozenset((name, *unit.get("Names", "").split())),
                unit.get("LoadState", ""),
                unit.get("ActiveState", ""),
                unit.get("SubState", ""),
                int(n) if n.isdecimal() and len(n) < 10 else 0,
            )
