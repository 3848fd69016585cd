"""Judging in columns: whole groups of batches are tested against their levels at once.

Only where a level is crossed, where a check's last result was bad, or where a check was not judged yet on
this device does its own `judge` run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from predvid.checks.history import NO_HISTORY, History
from predvid.checks.v1 import Check, Said, Sample
from predvid.modules.monitoring.delivery import Delivery, Refused
from predvid.modules.monitoring.plain import scalar, text
from predvid.modules.monitoring.rules import (
    DENIED,
    RUN_ITEM,
    Change,
    DeviceState,
    failed_run,
    judge_run,
    limits,
    not_here,
    spoke,
)
from predvid.modules.monitoring.store import SeriesRow, series_id
from predvid.wire.v1 import MAX_SAMPLES, Ran, Sentence, Series

MAX_NAME = 120
MAX_LABEL = 480
MAX_LABELS = 16
NOT_HERE = ("check.not_here", "check.platform")  # no fault: the check does not apply to the device
_LAYOUT = msgspec.msgpack.Decoder(list[Series])


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A batch layout made ready for one device: per place its series id, metric, check and OK limits.

    `metric` indexes `names`, the process-wide list of metric names; `check` indexes `checks`.
    """

    series: NDArray[np.uint64]
    metric: NDArray[np.uint32]
    check: NDArray[np.uint16]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    checks: tuple[str, ...]
    rows: tuple[SeriesRow, ...]


class MetricNames:
    """Numbers the metric names that this process has met, so that columns can carry small integers."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """Return the number of `name`, giving it the next one on first sight."""
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


def read_layout(blob: bytes) -> list[Series]:
    """Return the series that a layout names. Raises Refused (422) if it is malformed."""
    try:
        rows = _LAYOUT.decode(blob)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Refused(422, "undecodable", f"The layout does not decode: {error}") from None
    if len(rows) > MAX_SAMPLES:
        raise Refused(422, "undecodable", "The layout is too long.")
    for row in rows:
        long = len(row.metric) > MAX_NAME or len(row.check) > MAX_NAME or len(row.labels) > MAX_LABELS
        if long or any(_unfit(k, MAX_NAME) or _unfit(v, MAX_LABEL) for k, v in row.labels.items()):
            raise Refused(
                422, "undecodable", f"The series {row.metric[:40]!r} has a name or label that is too long."
            )
    return rows


def _unfit(word: str, length: int) -> bool:
    return len(word) > length or "\x00" in word


def compile_layout(
    rows: Sequence[Series], state: DeviceState, checks: Mapping[str, Check], names: MetricNames
) -> Layout:
    """Return `rows` made ready for the device of `state`, under its effective policy."""
    device = str(state.device)
    order = {name: n for n, name in enumerate(dict.fromkeys(row.check for row in rows))}
    table = tuple(
        SeriesRow(series_id(device, row.metric, row.labels), device, row.metric, row.labels) for row in rows
    )
    bounds = [
        limits(check, state.params(check), row.metric)
        if (check := checks.get(row.check))
        else (float("-inf"), float("inf"))
        for row in rows
    ]
    low, high = np.array(bounds, "f8").reshape(-1, 2).T
    return Layout(
        np.array([row.series for row in table], "u8"),
        np.array([names.number(row.metric) for row in rows], "u4"),
        np.array([order[row.check] for row in rows], "u2"),
        np.ascontiguousarray(low),
        np.ascontiguousarray(high),
        tuple(order),
        table,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One delivery of a group with its device's state and compiled layout."""

    delivery: Delivery
    state: DeviceState
    layout: Layout


Past = Mapping[tuple[str, UUID], History]  # by check and device


def judge_group(items: Sequence[Item], checks: Mapping[str, Check], past: Past | None = None) -> list[Change]:
    """Judge every fresh delivery of a group, in order, and return the standings that changed.

    `past` is what the store holds for the checks that ask for it, see `asking`.
    """
    fresh = [item for item in items if item.delivery.fresh]
    crossed = _crossed(fresh)
    changes: list[Change] = []
    for item, places in zip(fresh, crossed, strict=True):
        changes.extend(_judge_item(item, places, checks, past or {}))
    return changes


def asking(items: Sequence[Item], checks: Mapping[str, Check]) -> dict[str, set[UUID]]:
    """Return the checks that need their history to judge these deliveries, and on which devices."""
    found: dict[str, set[UUID]] = {}
    for item in items:
        for ran in item.delivery.batch.ran if item.delivery.fresh else ():
            check = checks.get(ran.check)
            if check is not None and check.history and ran.error is None:
                found.setdefault(check.name, set()).add(item.state.device)
    return found


def _crossed(items: Sequence[Item]) -> list[NDArray[np.uint16] | None]:
    """Return, per item, the places whose samples are not surely OK (None: all are)."""
    out: list[NDArray[np.uint16] | None] = [None] * len(items)
    if not items:
        return out
    values = np.concatenate([item.delivery.values for item in items])
    low = np.concatenate([item.layout.low[item.delivery.place] for item in items])
    high = np.concatenate([item.layout.high[item.delivery.place] for item in items])
    hits = np.flatnonzero(~((values > low) & (values < high)))
    if not hits.size:
        return out
    ends = np.cumsum([item.delivery.values.size for item in items])
    owners = np.searchsorted(ends, hits, side="right")
    for owner in np.unique(owners):
        start = int(ends[owner]) - items[owner].delivery.values.size
        out[owner] = items[owner].delivery.place[hits[owners == owner] - start]
    return out


def _judge_item(
    item: Item, places: NDArray[np.uint16] | None, checks: Mapping[str, Check], past: Past
) -> list[Change]:
    state, layout = item.state, item.layout
    touched = {layout.checks[n] for n in np.unique(layout.check[places])} if places is not None else set()
    changes: list[Change] = []
    for ran in item.delivery.batch.ran:
        check = checks.get(ran.check)
        if check is None:
            continue
        if check.name in state.off or (ran.error is not None and ran.error.id in NOT_HERE):
            changes += not_here(state, check.name, item.delivery.at)
        elif ran.error is not None:
            hold = (
                timedelta.max
                if ran.error.id in DENIED
                else timedelta(seconds=2 * state.running(check).interval)
            )
            changes += failed_run(state, check.name, said(ran.error), item.delivery.at, hold)
        elif _wants_judging(state, check, touched):
            samples, at = _samples(item, check.name, ran), _run_at(item, ran)
            if samples and check.judge is not None:
                history = past.get((check.name, state.device), NO_HISTORY)
                changes += judge_run(state, check, samples, at, history)
                state.seen.add(check.name)
            else:  # a run without samples (the first of a rate) says that it ran, nothing of the items
                changes += spoke(state, check.name, RUN_ITEM, at)
    return changes


def _wants_judging(state: DeviceState, check: Check, touched: set[str]) -> bool:
    steady = bool(check.watches) and not check.history  # its levels alone tell that all is well
    return not steady or check.name in touched or check.name in state.bad or check.name not in state.seen


def _samples(item: Item, check: str, ran: Ran) -> list[Sample]:
    """Return the samples of one run of `check`: those of its moment."""
    layout, delivery = item.layout, item.delivery
    if check not in layout.checks:
        return []
    mine = (layout.check[delivery.place] == layout.checks.index(check)) & (delivery.ts == ran.at)
    return [
        Sample(layout.rows[p].metric, float(v), layout.rows[p].labels)
        for p, v in zip(delivery.place[mine], delivery.values[mine], strict=True)
    ]


def _run_at(item: Item, ran: Ran) -> datetime:
    """Return when the run was, by the server's clock: within the ten minutes before the sealing."""
    before = min(max(item.delivery.batch.sealed - ran.at, 0), 600_000)
    return item.delivery.at - timedelta(milliseconds=before)


def said(sentence: Sentence) -> Said:
    """Return a sentence from the wire with its values cut to size."""
    values = {text(k, 60): scalar(v) for k, v in list(sentence.values.items())[:20]}
    return Said(text(sentence.id, 80), values)
