"""Everything that a check may import. Stable: names are added, never changed or removed within v1.

A check is one file with one `check = Check(...)`:

- `applies(source)` tells on the device whether it makes sense there; it may return a `Said`: why not.
- `collect(source, params, state)` reads the source and yields Samples, Facts and Events. `state` is a
  dict of the check's own that lives as long as the agent (counters of the last run, for rates).
- `judge(samples, params)` is pure and runs on the server: it yields one Result per item.
- `judge(samples, params, history)` is that of a check that names metrics in `history`.
- `watches` names, for each metric that a level guards, the params field with its `Levels`: the server
  tests whole columns of samples against them and calls `judge` only where a level is crossed, where the
  last result was not OK, or where the check watches nothing (then `judge` sees every run).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.history import NO_HISTORY, History
from predvid.checks.source import Source
from predvid.core.model import Event, Fact, Levels, Result, Said, Sample, Severity, State, say
from predvid.core.wording import Text

__all__ = [
    "NO_HISTORY",
    "CannotRead",
    "Check",
    "Event",
    "Fact",
    "History",
    "Levels",
    "NotHere",
    "Result",
    "Said",
    "Sample",
    "Severity",
    "Source",
    "State",
    "Text",
    "say",
]

Platform = Literal["linux", "windows", "macos"]
Group = Literal["performance", "storage", "services", "patches", "protection", "system", "inventory", "other"]
Yielded = Sample | Fact | Event


@dataclass(frozen=True)
class Check:
    """What to measure and how to judge it.

    `interval` is the default pause between runs in seconds, `intervals` another one for a platform where the
    reading costs more; `hold` is the default minimum duration in
    seconds before a bad result opens an alert; `defaults` overrides params fields per device type
    (`{"workstation": {"used": Levels(90, 97)}}`); `texts` words every id that the check says, in both
    languages, and `title` its name.
    `group` is the heading under which lists for people show it; it changes nothing else.
    `evidence` names facts that are copied into an alert when it opens, as they stand then.
    `history` names metrics of its own whose last `history_days` the judge is given as a third argument, a
    `History` (with a default, for the store may know nothing); such a check is judged at every run.
    `replay` turns a file that the device's own tool wrote (raw `smartctl` output) into a recording
    (`{"platform", "at", "answers"}`), None where it is no such file: `check run --replay` takes both.
    `secrets` names the kinds of secret that it takes (`snmp_v2c`, ...: docs/secrets.md). Those that a
    person bound to it are the answer to `source.query("secret", target)`: a list of mappings, `kind` and
    the fields of that kind. They live in memory alone; nothing that a check says may hold them.
    `runbook` is what a technician does when it alerts: what it means, likely causes, steps in order.
    `words` names each params field for people: a short label, and a sentence about it in `explained`.
    These three may stand in `manuals/NAME.toml` instead, which the agent never loads; `checks/manual.py`
    knows both.
    `summary` tells flat what the command line's JSON promises of a run, beside the facts by name.
    """

    name: str
    title: Text
    collect: Callable[[Source, Any, dict[str, Any]], Iterable[Yielded]]
    params: Any = None
    judge: Callable[..., Iterable[Result]] | None = None
    applies: Callable[[Source], bool | Said] = lambda source: True
    platforms: tuple[Platform, ...] = ("linux", "windows", "macos")
    interval: int = 60
    timeout: int = 20
    hold: int = 0
    watches: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    texts: Mapping[str, Text] = field(default_factory=dict)
    charts: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    history_days: int = 7
    replay: Callable[[str], Mapping[str, Any] | None] | None = None
    summary: Callable[[list[Fact], list[Sample]], Mapping[str, Any]] | None = None
    group: Group = "other"
    secrets: tuple[str, ...] = ()
    intervals: Mapping[Platform, int] = field(default_factory=dict)
    runbook: Text | None = None
    words: Mapping[str, Text] = field(default_factory=dict)
    explained: Mapping[str, Text] = field(default_factory=dict)

    def every(self, platform: str) -> int:
        """Return the default pause between runs on `platform`, in seconds."""
        return next((every for name, every in self.intervals.items() if name == platform), self.interval)
