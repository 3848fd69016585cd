"""Pure judging of one device: what a check's run does to the standing of each of its items."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from predvid.checks.collecting import verdicts
from predvid.checks.history import NO_HISTORY, History
from predvid.checks.v1 import Check, Levels, Result, Said, Sample, State, say
from predvid.core.alerting import Condition, Phase, Step, transition
from predvid.core.policy import RESERVED, Running, Setting, effective, running

RUN_ITEM = "!run"  # the item under which a check's own failure stands
# What the device's owner, or an agent older than the server, does not run: shown, but no alert.
DENIED = ("check.not_allowed", "check.not_installed", "check.not_a_probe", "check.target_not_allowed",
          "check.too_many")  # fmt: skip
MANY_ITEM = "!many"  # the item under which a check stands that names more than MAX_ITEMS
MAX_ITEMS = 500
DATA_ITEM = "!data"  # the item under which a check's silence stands
AGENT_CHECK = "agent"  # the built-in check of the agent itself: offline, clock
MAX_ITEM = 255  # characters of an item's name
FRESH = timedelta(minutes=10)  # older deliveries enter history and never notify
UNSEEN = timedelta(hours=24)  # an alert on an item that nobody sees any more is closed after this
GONE = "check.gone"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one item stands: its state, sentence, since when, and its alert's condition."""

    state: State
    said: Said
    since: datetime
    reason: Said | None = None
    condition: Condition = Condition()


@dataclass(slots=True)
class DeviceState:
    """Everything that judging one device needs: identity, policy and the standing of each item."""

    device: UUID
    client: UUID
    type: str
    version: int
    plan_version: int
    settings: tuple[Setting, ...] = ()
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    platform: str = ""
    _params: dict[str, Any] = field(default_factory=dict)
    _running: dict[str, Running] = field(default_factory=dict)
    _off: set[str] | None = None
    _quiet: set[str] | None = None

    def params(self, check: Check) -> Any:
        """Return the effective params of `check` on this device (worked out once).

        A setting that no longer fits the check is left out: pages name it.
        """
        if check.name not in self._params:
            by_type = check.defaults.get(self.type, {})
            found = effective(check.name, check.params, by_type, self.settings, strict=False)
            self._params[check.name] = found.params
        return self._params[check.name]

    def running(self, check: Check) -> Running:
        """Return how `check` runs on this device (worked out once)."""
        if check.name not in self._running:
            builtin = runs_by_default(check, self.platform)
            found: Running = running(check.name, builtin, self.settings, strict=False).params
            self._running[check.name] = found
        return self._running[check.name]

    @property
    def off(self) -> set[str]:
        """Return the checks that policies switch off on this device."""
        if self._off is None:
            self._off = self._without("enabled")
        return self._off

    @property
    def quiet(self) -> set[str]:
        """Return the checks of whose alerts nobody is notified."""
        if self._quiet is None:
            self._quiet = self._without("notify")
        return self._quiet

    def _without(self, flag: str) -> set[str]:
        named = {one.check for one in self.settings if one.field == RESERVED + flag}
        found = {name: running(name, Running(), self.settings, strict=False).params for name in named}
        return {name for name, runs in found.items() if not getattr(runs, flag)}

    def note(self, check: str, item: str, standing: Standing | None) -> None:
        """Take over a new standing (None: the item is gone) and keep `bad` true."""
        if standing is None:
            self.standings.pop((check, item), None)
        else:
            self.standings[check, item] = standing
        if standing is not None and standing.state is not State.OK:
            self.bad.add(check)
        else:
            self._heal(check)

    def _heal(self, check: str) -> None:
        if check in self.bad and not any(
            name == check and standing.state is not State.OK for (name, _), standing in self.standings.items()
        ):
            self.bad.discard(check)


@dataclass(frozen=True, slots=True)
class Change:
    """A standing to write: `after` None removes the row; `step` says what became of the alert."""

    device: UUID
    client: UUID
    check: str
    item: str
    after: Standing | None
    step: Step
    at: datetime
    opened: bool = False  # an alert stands open after this change
    notify: bool = True  # without it (by policy) the alert is shown and nobody is told
    late: bool = False  # rests on a backlog: history, of which nobody is told


def runs_by_default(check: Check, platform: str) -> Running:
    """Return how `check` runs where no policy says otherwise."""
    return Running(interval=check.every(platform), hold=check.hold)


def judge_run(
    state: DeviceState, check: Check, samples: list[Sample], now: datetime, history: History = NO_HISTORY
) -> list[Change]:
    """Judge one fresh run of `check` and return the standings that changed; `state` is brought up to date.

    A judge that raises makes the run's item UNKNOWN with its error, and the items keep their standing.
    """
    if check.judge is None:
        return []
    try:
        results = judgements(state, check, samples, history)
    except Exception as error:
        said = say("check.raised", check=check.name, error=f"{type(error).__name__}: {error}"[:300])
        return failed_run(state, check.name, said, now, timedelta(seconds=2 * state.running(check).interval))
    return apply_results(state, check.name, results, now, timedelta(seconds=state.running(check).hold))


def judgements(
    state: DeviceState, check: Check, samples: list[Sample], history: History = NO_HISTORY
) -> list[Result]:
    """Return how a run is judged, given how its items stand; raises whatever the check's judge raises."""
    return _held(state, check, samples, _judged(check, samples, state.params(check), history), history)


def _judged(check: Check, samples: list[Sample], params: Any, history: History) -> list[Result]:
    """Return what the check's own judge says, the items' names cut to size: they come from labels."""
    results = list(verdicts(check, samples, params, history))
    cut = [
        result if len(result.item) <= MAX_ITEM else replace(result, item=result.item[:MAX_ITEM])
        for result in results[:MAX_ITEMS]
    ]
    if len(results) > MAX_ITEMS:
        more = say("check.too_many_items", n=len(results), most=MAX_ITEMS)
        cut.append(Result(MANY_ITEM, State.UNKNOWN, more))
    return cut


def _held(
    state: DeviceState, check: Check, samples: list[Sample], results: list[Result], history: History
) -> list[Result]:
    """Apply hysteresis: an item leaves a state only when its value is back by the margin of its levels."""
    better = {
        result.item: before.state
        for result in results
        if (before := state.standings.get((check.name, result.item))) and result.state < before.state
    }
    better = {item: before for item, before in better.items() if before is not State.UNKNOWN}
    lenient = state.params(check)
    strict = stricter(lenient)
    if not better or strict is lenient:
        return results
    held = {result.item: result.state for result in _judged(check, samples, strict, history)}
    return [
        replace(
            result, state=max(result.state, min(better[result.item], held.get(result.item, result.state)))
        )
        if result.item in better
        else result
        for result in results
    ]


def stricter(params: Any) -> Any:
    """Return `params` with each level moved by its margin towards OK (`params` itself without margins)."""
    if not is_dataclass(params) or isinstance(params, type):
        return params
    moved = {}
    for part in fields(params):
        levels = getattr(params, part.name)
        if isinstance(levels, Levels) and levels.margin:
            by = levels.margin if levels.lower_is_worse else -levels.margin
            marks = {
                name: mark + by
                for name in ("warning", "critical")
                if (mark := getattr(levels, name)) is not None
            }
            moved[part.name] = replace(levels, **marks)
    return replace(params, **moved) if moved else params


def failed_run(state: DeviceState, check: str, said: Said, now: datetime, hold: timedelta) -> list[Change]:
    """Return the changes when a run of `check` failed: UNKNOWN at its own item, nothing resolved."""
    change = _step(state, check, Result(RUN_ITEM, State.UNKNOWN, said), now, hold, sample=False)
    return [change] if change else []


def apply_results(
    state: DeviceState, check: str, results: Iterable[Result], now: datetime, hold: timedelta
) -> list[Change]:
    """Return the changes that a whole good run of `check` brings.

    An item that it no longer names is removed; if its alert stands open, it is lost from sight, not healed (a
    dead disk is no longer full): see `_lost`. The check's own failure is over with a good run.
    """
    changes, named = [], set()
    for result in results:
        named.add(result.item)
        change = _step(state, check, result, now, hold, sample=True)
        if change is not None:
            changes.append(change)
    gone = [key for key in state.standings if key[0] == check and key[1] not in named and key[1] != DATA_ITEM]
    for _, item in gone:
        before = state.standings[check, item]
        if item.startswith("!") or not stands_open(before.condition) or _closed_unseen(before, now):
            changes += spoke(state, check, item, now)
        elif before.said.id != GONE:
            changes.append(_lost(state, check, item, before, now))
    return changes


def stands_open(condition: Condition) -> bool:
    """Tell whether an alert is open, acknowledged or not."""
    return condition.phase in (Phase.OPEN, Phase.ACKNOWLEDGED)


def _closed_unseen(standing: Standing, now: datetime) -> bool:
    """Tell whether a lost item's alert may be closed: a person took note of the loss, or it is long ago."""
    acknowledged = standing.condition.phase is Phase.ACKNOWLEDGED
    return standing.said.id == GONE and (acknowledged or now - standing.since >= UNSEEN)


def _lost(state: DeviceState, check: str, item: str, before: Standing, now: datetime) -> Change:
    """Return the change when an item with an open alert is no longer seen: UNKNOWN, its alert open again."""
    condition = replace(before.condition, phase=Phase.OPEN, state=State.UNKNOWN)
    after = Standing(State.UNKNOWN, say(GONE, item=item), now, before.said, condition)
    state.note(check, item, after)
    return _change(state, check, item, after, Step.CHANGED, now, opened=True)


def not_here(state: DeviceState, check: str, now: datetime) -> list[Change]:
    """Return the changes when `check` turned out not to apply: nothing of it stands any more."""
    changes = []
    for name, item in [key for key in state.standings if key[0] == check]:
        _, step = transition(state.standings[name, item].condition, State.OK, now, timedelta(0))
        state.note(check, item, None)
        changes.append(_change(state, check, item, None, step, now))
    return changes


def silent(state: DeviceState, check: str, result: Result, now: datetime) -> list[Change]:
    """Return the change when `check` fell silent: its own item turns bad, no other item is touched."""
    change = _step(state, check, result, now, timedelta(0), sample=False)
    return [change] if change else []


def spoke(state: DeviceState, check: str, item: str, now: datetime) -> list[Change]:
    """Return the change when the silence or failure that stands under `item` is over."""
    before = state.standings.get((check, item))
    if before is None:
        return []
    _, step = transition(before.condition, State.OK, now, timedelta(0))
    state.note(check, item, None)
    return [_change(state, check, item, None, step, now)]


def _step(
    state: DeviceState, check: str, result: Result, now: datetime, hold: timedelta, *, sample: bool
) -> Change | None:
    before = state.standings.get((check, result.item))
    if result.informational:
        result = replace(result, state=State.OK)
    condition, step = transition(
        before.condition if before else Condition(), result.state, now, hold, sample=sample
    )
    if result.informational and step is Step.NOTHING and (before is None or before.said.id != result.said.id):
        step = Step.NOTED
    same = before is not None and before.state is result.state
    new_reason = before is not None and not sample and before.said.id != result.said.id
    anew = new_reason or step is Step.NOTED
    if before is not None and same and before.condition == condition and not anew:
        return None
    since = before.since if before is not None and same else now
    after = Standing(result.state, result.said, since, result.reason, condition)
    state.note(check, result.item, after)
    opened = stands_open(condition)
    return _change(state, check, result.item, after, step, now, opened=opened)


def _change(
    state: DeviceState,
    check: str,
    item: str,
    after: Standing | None,
    step: Step,
    now: datetime,
    *,
    opened: bool = False,
) -> Change:
    notify = check not in state.quiet
    return Change(state.device, state.client, check, item, after, step, now, opened, notify)


def acknowledged(standing: Standing) -> Standing:
    """Return the standing after a person acknowledged its alert."""
    return replace(standing, condition=replace(standing.condition, phase=Phase.ACKNOWLEDGED))


def limits(check: Check, params: Any, metric: str) -> tuple[float, float]:
    """Return (low, high): a value strictly between them is OK by the level that guards `metric`.

    An unguarded metric is never crossed: (-inf, inf).
    """
    low, high = float("-inf"), float("inf")
    name = check.watches.get(metric)
    levels = getattr(params, name) if name else None
    if levels is None:
        return low, high
    marks = [mark for mark in (levels.warning, levels.critical) if mark is not None]
    if not marks:
        return low, high
    return (max(marks), high) if levels.lower_is_worse else (low, min(marks))


def overdue(ran: Mapping[str, int], intervals: Mapping[str, int], now_ms: int) -> list[str]:
    """Return the checks of a reporting agent whose last run is over three intervals (and 5 minutes) old.

    `ran` maps check names to ms, `intervals` to seconds.
    """
    return [
        check
        for check, at in ran.items()
        if check in intervals and now_ms - at > max(3 * intervals[check], 300) * 1000
    ]
