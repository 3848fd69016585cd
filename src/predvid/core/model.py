"""The ten words as frozen dataclasses, as far as checks, agent and judge need them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

Labels = tuple[tuple[str, str], ...]
Value = str | int | float | bool | None


class State(IntEnum):
    """The judgement of a Result; a higher number is shown first, UNKNOWN between WARNING and CRITICAL."""

    OK = 0
    WARNING = 1
    UNKNOWN = 2
    CRITICAL = 3


class Severity(IntEnum):
    """How loud an Event is; the names are those of the command-line JSON."""

    OK = 0
    INFO = 1
    NOTICE = 2
    WARNING = 3
    ERROR = 4
    CRITICAL = 5


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence by stable id and values; `core.wording` puts it into words when a person reads it."""

    id: str
    values: Mapping[str, Value] = field(default_factory=dict)


def say(id: str, /, **values: Value) -> Said:
    """Return the sentence `id` with its values; units are those that the wording's formats name."""
    return Said(id, values)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series at one moment.

    `value` is in the unit that the metric's name ends with (`_percent` 0-100, `_bytes`, `_seconds`,
    `_per_second`, `_celsius`, none for counts); counters arrive already as rates. `at` is None while
    collecting: the agent stamps the moment of the check's run.
    """

    metric: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something true of a device until it changes: `name` is dotted, `value` is JSON-like and whole.

    A list value whose rows carry a `key` is compared row by row, so that a change event names the row.
    """

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Result:
    """The judgement of one item of a check: `item` is empty where the check has one only.

    An `informational` one asks nobody to act: whatever its state, it opens no alert and stands in the
    timeline alone.
    """

    item: str
    state: State
    said: Said
    reason: Said | None = None
    informational: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An immutable fact; `kind` is one of `core.events.KINDS` or a longer name below one."""

    kind: str
    said: Said
    severity: Severity = Severity.INFO
    at: datetime | None = None
    actor: str = ""
    target: str = ""
    source: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Levels:
    """Where a value becomes a warning and where critical; its own direction and hysteresis are data.

    `critical < warning` means that lower is worse; equal means that there is only a critical level.
    Either may be None (no such level). A state is left only when the value is back by `margin` (same unit).
    """

    warning: float | None = None
    critical: float | None = None
    margin: float = 0.0
    lower_is_worse: bool = False

    def __post_init__(self) -> None:
        if self.warning is not None and self.critical is not None and self.warning != self.critical:
            object.__setattr__(self, "lower_is_worse", self.critical < self.warning)
        if self.margin < 0:
            raise ValueError("margin must not be negative")

    def judge(self, value: float, before: State = State.OK) -> State:
        """Return the state of `value`, given the state `before` it (hysteresis by `margin`)."""
        sign = -1.0 if self.lower_is_worse else 1.0
        for level, state in ((self.critical, State.CRITICAL), (self.warning, State.WARNING)):
            if level is None:
                continue
            held = self.margin > 0 and (before is state or before is State.CRITICAL)
            limit = sign * level - (self.margin if held else 0.0)
            if sign * value > limit or (sign * value == limit and not held):
                return state
        return State.OK
