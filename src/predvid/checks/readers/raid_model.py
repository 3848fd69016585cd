"""What RAID controllers tell, whoever made them: controllers, volumes, disks, and their words as numbers."""

import re
from dataclasses import dataclass, field
from typing import TypeVar

from predvid.checks.readers.plain import MOST_TEXT, number

T = TypeVar("T", "Controller", "Volume", "Disk")
OK, WARNED, BAD = 0, 1, 2
MOST_ROWS = 1000  # volumes or disks

# In this order, since `Predictive Failure` is no failure yet and a degraded volume may be rebuilding already.
_DISK = (
    (WARNED, r"predict|smart-fail|rebuild|rbld|ecc-error|degraded|foreign|recover|warn"),
    (OK, r"not[- ]present|unconfigured ?\(?good"),
    (BAD, r"fail|offl|ub(?:ad|unsp)|unconfigured ?\(?bad|missing|msng|dead|removed|device-error|"
          r"inoperable|lost"),
    (OK, r"onln|online|^ok\b|optimal|ready|spare|\bdhs|\bghs|ug(?:ood|unsp)|jbod|raw|standby|verif|copyback|"
         r"cpybck|sntze|sanitiz|eras|unassigned|spun|initial"),
)  # fmt: skip
_VOLUME = (
    (WARNED, r"rebuild|recovering|pdgd|partially degraded|suboptimal|impacted|^rec\b|ready for re"),
    (BAD, r"degraded|dgrd|interim|fail|offl|ofln|inoperable|dead|missing|disabled|lost"),
    (OK, r"optl|optimal|^ok\b|online|verif|init|migrat|transform|expan|reconfig|ready"),
)
_CONTROLLER = (
    (WARNED, r"attention|ndatn|degraded|dgd|partial"),
    (BAD, r"fail|fault|lockup|not responding|offline|dead|error|safe mode"),
    (OK, r"^opt|^ok\b|normal|good|healthy|ready"),
)
# A battery that charges or learns is at work; without one (`absent`) the cache simply writes through.
_BATTERY = (
    (OK, r"charging|learn|test"),
    (WARNED, r"fail|degraded|dgd|attention|missing|replac|dead|bad|low|weak|fault|error|disabled|not ?ok"),
    (OK, r"^opt|^ok\b|good|healthy|operational|ready|zmm"),
)  # fmt: skip


def _judged(word: str, rules: tuple[tuple[int, str], ...]) -> int | None:
    return next((state for state, pattern in rules if re.search(pattern, word.lower())), None)


def disk_state(word: str) -> int | None:
    """Return 0 for a disk at work or at the ready, 1 rebuilding or in doubt, 2 failed; None: unknown word."""
    return _judged(word, _DISK)


def volume_state(word: str) -> int | None:
    """Return 0 for a whole volume, 1 being rebuilt or with some redundancy left, 2 degraded or down."""
    return _judged(word, _VOLUME)


def controller_state(word: str) -> int | None:
    """Return 0 for a controller that is well, 1 where it asks for attention, 2 where it has failed."""
    return _judged(word, _CONTROLLER)


def battery_state(word: str) -> int | None:
    """Return 0 for a battery or capacitor that protects the cache, 1 for one that does not; None: absent."""
    return _judged(word, _BATTERY)


@dataclass(slots=True)
class Controller:
    """A controller; `battery` is the state of what protects its cache; temperatures are Celsius."""

    key: str
    model: str = ""
    serial: str = ""
    firmware: str = ""
    word: str = ""
    state: int | None = None
    battery_word: str = ""
    battery: int | None = None
    temperature: float | None = None


@dataclass(slots=True)
class Volume:
    """A virtual drive (logical drive, unit); `progress` of a rebuild in percent."""

    key: str
    level: str = ""
    size: str = ""
    word: str = ""
    state: int | None = None
    progress: float | None = None


@dataclass(slots=True)
class Disk:
    """A physical drive; `predicted` counts the failures it or the controller foresees, `worn` is percent."""

    key: str
    model: str = ""
    serial: str = ""
    firmware: str = ""
    size: str = ""
    word: str = ""
    state: int | None = None
    media_errors: int | None = None
    predicted: int | None = None
    temperature: float | None = None
    worn: float | None = None
    progress: float | None = None


def _fill(rows: dict[str, T], thing: T) -> None:
    known = rows.get(thing.key)
    if known is None:
        if len(rows) < MOST_ROWS:
            rows[thing.key] = thing
        return
    for name in thing.__slots__:
        value = getattr(thing, name)
        if getattr(known, name) in (None, "") and value not in (None, ""):
            setattr(known, name, value)


@dataclass(slots=True)
class Found:
    """All that outputs told, by key; what a later one adds fills the gaps of an earlier one."""

    controllers: dict[str, Controller] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)

    def add(self, thing: Controller | Volume | Disk) -> None:
        """Take in one thing, or what is new of one that is known already."""
        match thing:
            case Controller():
                _fill(self.controllers, thing)
            case Volume():
                _fill(self.volumes, thing)
            case Disk():
                _fill(self.disks, thing)

    def merge(self, other: "Found") -> None:
        """Take in all of another output."""
        for controller in other.controllers.values():
            self.add(controller)
        for volume in other.volumes.values():
            self.add(volume)
        for disk in other.disks.values():
            self.add(disk)

    def __bool__(self) -> bool:
        return bool(self.controllers or self.volumes or self.disks)


_DEGREES = re.compile(r"^\s*(-?\d{1,3}(?:\.\d)?)\s*(?:°?\s*C\b|deg|$|C)", re.ASCII)
_FIELD = re.compile(r"^[ \t]*([^\s:][^:\n]{0,60}?)[ \t]*:(.*)$", re.MULTILINE)


def degrees(word: str) -> float | None:
    """Return the Celsius in a text like `28C (82.40 F)`, `34` or `49 C/ 120 F (Normal)`; None: no reading."""
    match = _DEGREES.match(word)
    value = number(match[1]) if match else None
    return value if value is not None and -40 < value < 150 and value != 0 else None


def fields(block: str) -> dict[str, str]:
    """Return the `Name : value` lines of a block by lower-case name; the first of a name counts."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(block[:200_000]):
        found.setdefault(" ".join(match[1].lower().split()), match[2][:MOST_TEXT].strip())
    return found


def blocks(text: str, heading: re.Pattern[str]) -> list[tuple[re.Match[str], str]]:
    """Return each heading in `text` with what follows up to the next one."""
    starts = list(heading.finditer(text))[: 4 * MOST_ROWS]
    edges = [*(match.start() for match in starts), len(text)]
    return [(match, text[match.end() : end]) for match, end in zip(starts, edges[1:], strict=True)]


def count(word: str | None) -> int | None:
    """Return a count, None for anything that is no number or below 0."""
    found = number(word)
    return None if found is None or found < 0 else int(found)
