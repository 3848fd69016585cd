"""What a change of policies would do: the newest known samples judged under both. Writes nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from predvid.checks.history import NO_HISTORY, History
from predvid.checks.v1 import Check, Result, Sample, State
from predvid.core.alerting import Phase
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.histories import past
from predvid.modules.monitoring.intake import states_of
from predvid.modules.monitoring.reaching import Reach
from predvid.modules.monitoring.rules import DeviceState, Standing, judgements, stands_open
from predvid.modules.monitoring.store import Store, StoreRefused, StoreUnavailable

LEAST_BACK = timedelta(hours=1)  # how far back a newest sample may lie, or three runs if that is longer


@dataclass(frozen=True, slots=True)
class Effect:
    """One alert that would open or close: on which device, of which check and item."""

    device: Device
    check: str
    item: str


@dataclass(slots=True)
class Forecast:
    """The devices on which something would hold otherwise, and the alerts that would open or close.

    `unclear` counts items of which the newest samples do not tell; their next run does. `store_away`: the
    samples could not be read, so nothing is told of alerts.
    """

    devices: list[Device] = field(default_factory=list)
    opens: list[Effect] = field(default_factory=list)
    closes: list[Effect] = field(default_factory=list)
    unclear: int = 0
    store_away: bool = False


@dataclass(frozen=True, slots=True)
class _Case:
    """One check on one device that would run or be judged otherwise."""

    device: Device
    check: Check
    now: DeviceState
    then: DeviceState

    @property
    def standings(self) -> Iterator[tuple[str, Standing]]:
        return ((item, one) for (name, item), one in self.now.standings.items() if name == self.check.name)


def foretell(
    devices: Collection[Device],
    before: Reach,
    after: Reach,
    checks: Mapping[str, Check],
    store: Store,
    now: datetime,
) -> Forecast:
    """Return what would become of `devices` if the settings of `after` held instead of those of `before`."""
    forecast = Forecast()
    moved = [device for device in devices if before.settings(device) != after.settings(device)]
    states, others = states_of(moved, before), states_of(moved, after)
    cases: list[_Case] = []
    for device in moved:
        mine = list(_differing(device, states[device.pk], others[device.pk], checks))
        if mine:
            forecast.devices.append(device)
        cases += mine
    try:
        samples, history = _known(cases, store, checks, now)
    except (StoreUnavailable, StoreRefused):
        forecast.store_away = True
        samples, history = {}, {}
    for case in cases:
        key = case.check.name, case.device.pk
        _tell(case, samples.get(key, []), history.get(key, NO_HISTORY), forecast, now)
    return forecast


def _differing(
    device: Device, now: DeviceState, then: DeviceState, checks: Mapping[str, Check]
) -> Iterator[_Case]:
    """Yield the checks that a device can run and that would run or be judged otherwise on it."""
    for name in sorted({one.check for one in (*now.settings, *then.settings)}):
        check = checks.get(name)
        if check is None or device.platform not in ("", *check.platforms):
            continue
        same = now.params(check) == then.params(check) and now.running(check) == then.running(check)
        if not same:
            yield _Case(device, check, now, then)


def _known(
    cases: Iterable[_Case], store: Store, checks: Mapping[str, Check], now: datetime
) -> tuple[dict[tuple[str, UUID], list[Sample]], dict[tuple[str, UUID], History]]:
    """Return the samples of the newest run of each case, and what its check compares them with."""
    asked: dict[str, set[UUID]] = {}
    for case in cases:
        asked.setdefault(case.check.name, set()).add(case.device.pk)
    found: dict[tuple[str, UUID], list[Sample]] = {}
    for name, devices in asked.items():
        check = checks[name]
        back = max(LEAST_BACK, timedelta(seconds=3 * check.interval))
        metrics = {*check.watches, *check.charts}
        rows = store.latest([str(device) for device in devices], metrics, now - back)
        newest: dict[str, datetime] = {}
        for row in rows:
            newest[row.device] = max(row.ts, newest.get(row.device, row.ts))
        for row in rows:
            if row.ts == newest[row.device]:
                one = Sample(row.metric, row.value, row.labels)
                found.setdefault((name, UUID(row.device)), []).append(one)
    compared = {name: devices for name, devices in asked.items() if checks[name].history}
    return found, past(store, compared, checks, now)


def _tell(case: _Case, samples: list[Sample], history: History, told: Forecast, now: datetime) -> None:
    """Add to `told` what becomes of each item of one case."""
    if not case.then.running(case.check).enabled:
        gone = (item for item, one in case.standings if stands_open(one.condition))
        told.closes += [Effect(case.device, case.check.name, item) for item in gone]
        return
    before, after = _judged(case, case.now, samples, history), _judged(case, case.then, samples, history)
    for item, standing in case.standings:
        if item.startswith("!"):
            continue  # silence and failure do not follow from levels
        if item not in before or item not in after or before[item] is not standing.state:
            told.unclear += 1  # measured otherwise than by what is stored, or not lately
        elif stands_open(standing.condition):
            if after[item] is State.OK:
                told.closes.append(Effect(case.device, case.check.name, item))
        elif after[item] is not State.OK and _opens(case, standing, before[item], now):
            told.opens.append(Effect(case.device, case.check.name, item))


def _judged(case: _Case, state: DeviceState, samples: list[Sample], history: History) -> dict[str, State]:
    try:
        found: list[Result] = judgements(state, case.check, samples, history) if samples else []
    except Exception:  # a judge from outside may raise anything; its next run will say so
        found = []
    return {result.item: result.state for result in found}


def _opens(case: _Case, standing: Standing, before: State, now: datetime) -> bool:
    """Tell whether it is the change that opens an alert: newly bad, or no longer held back for a while."""
    if before is State.OK or standing.condition.phase is not Phase.PENDING:
        return True
    waited = now - (standing.condition.since or now)
    held, hold = (timedelta(seconds=one.running(case.check).hold) for one in (case.now, case.then))
    return hold <= waited < held
