"""One time axis: where moments, spans and curves stand on it, in percent of its width."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import median

from predvid.modules.monitoring.store import SeriesWindow

STEPS = [timedelta(minutes=n) for n in (1, 5, 10, 15, 30)]
STEPS += [timedelta(hours=n) for n in (1, 2, 3, 6, 12)] + [timedelta(days=n) for n in (1, 2, 5, 10, 30)]
MOST_TICKS = 7
# What a finger hits is 24 px wide (WCAG 2.2, 2.5.8) on the narrowest axis, of 640 px.
LEAST = 3.85
READABLE = 9.0  # percent of the axis, below which a bar has no room for a word
ROWS = 6  # of spans that overlap; what does not fit stands in the list
WIDTH, HEIGHT = 1000.0, 100.0  # of the box that curves are drawn in
GAP = 3  # intervals without a value, and the line is broken


@dataclass(frozen=True)
class Axis:
    """The time from `start` to `end`; both are aware moments."""

    start: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        """Return where a moment stands, 0 to 100; what lies outside stands at the edge."""
        return min(max(100 * ((moment - self.start) / (self.end - self.start)), 0.0), 100.0)

    @property
    def step(self) -> timedelta:
        """Return how far apart the ticks are."""
        return next((step for step in STEPS if (self.end - self.start) / step <= MOST_TICKS), STEPS[-1])


@dataclass(frozen=True)
class Tick:
    """One moment that the axis names."""

    at: datetime
    x: float


@dataclass(frozen=True)
class Entry:
    """Something that happened: `until` is `start` for a moment, None for what goes on."""

    key: str
    start: datetime
    until: datetime | None
    tone: str
    icon: str
    text: str
    kind: str = "change"
    name: str = ""  # of the page that tells more, with its key
    about: str = ""
    by: str = ""


@dataclass(frozen=True)
class Bar:
    """A span on the axis: it takes `width` percent from `x` on in row `row`, of which it fills `share`."""

    entry: Entry
    x: float
    width: float
    share: float
    row: int

    @property
    def worded(self) -> bool:
        """Tell whether words have room in it."""
        return self.width >= READABLE


@dataclass(frozen=True)
class Mark:
    """One or more moments that lie too close to be told apart, the newest first."""

    x: float
    entries: Sequence[Entry]

    @property
    def tone(self) -> str:
        """Return the worst tone of what it stands for."""
        return max((entry.tone for entry in self.entries), key=TONES.index)


TONES = ("waiting", "ok", "info", "unknown", "warning", "critical")


def ticks(axis: Axis, zone: tzinfo) -> list[Tick]:
    """Return the ticks of an axis: multiples of its step since a local midnight."""
    step = axis.step
    local = axis.start.astimezone(zone)
    moment = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    found = []
    while (at := moment.replace(tzinfo=zone)) < axis.end:  # wall time, so that a night of change shifts none
        if at > axis.start:
            found.append(Tick(at, axis.at(at)))
        moment += step
    return found


def bars(axis: Axis, entries: Iterable[Entry]) -> tuple[list[Bar], int]:
    """Return spans packed into as few rows as they fit in, and how many found no place."""
    ends: list[float] = [0.0] * ROWS
    placed: list[Bar] = []
    left = 0
    for entry in sorted(entries, key=lambda entry: entry.start):
        x = axis.at(entry.start)
        width = axis.at(entry.until or axis.end) - x
        room = max(width, LEAST)
        x = min(x, 100 - room)
        row = next((number for number, end in enumerate(ends) if end <= x), None)
        if row is None:
            left += 1
            continue
        ends[row] = x + room
        placed.append(Bar(entry, x, room, max(100 * width / room, 12.0), row))
    return placed, left


def marks(axis: Axis, entries: Iterable[Entry]) -> list[Mark]:
    """Return moments in order, those together that are closer than a finger is wide."""
    found: list[Mark] = []
    for entry in sorted(entries, key=lambda entry: entry.start):
        x = axis.at(entry.start)
        if found and x - found[-1].x < LEAST:
            found[-1] = replace(found[-1], entries=(entry, *found[-1].entries))
        else:
            found.append(Mark(x, (entry,)))
    return found


def scale(curves: Iterable[SeriesWindow], unit: str) -> tuple[float, float]:
    """Return (lowest, highest) value of the axis of some curves: 0 to 100 for shares, else from 0 up."""
    if unit == "%":
        return 0.0, 100.0
    values = [value for curve in curves for value in (*curve.min, *curve.max)]
    low, high = min(values, default=0.0), max(values, default=0.0)
    return min(low, 0.0), high * 1.08 if high > 0 else min(low, 0.0) + 1.0


def paths(curve: SeriesWindow, axis: Axis, bounds: tuple[float, float]) -> tuple[str, str]:
    """Return the line of a curve's means and the band of its lowest and highest values, as SVG path data."""
    low, high = bounds
    first, whole = axis.start.timestamp() * 1000, (axis.end - axis.start).total_seconds() * 1000

    def point(moment: int, value: float) -> str:
        return f"{WIDTH * (moment - first) / whole:.1f} {HEIGHT * (1 - (value - low) / (high - low)):.1f}"

    line, band = [], []
    for part in _unbroken(curve.ts):
        points = [point(curve.ts[n], curve.mean[n]) for n in part]
        line.append(f"M{points[0]}" + ("L" + " ".join(points[1:]) if len(points) > 1 else "h0"))
        if len(points) > 1:
            around = [point(curve.ts[n], curve.max[n]) for n in part]
            around += [point(curve.ts[n], curve.min[n]) for n in reversed(part)]
            band.append(f"M{around[0]}L{' '.join(around[1:])}Z")
    return "".join(line), "".join(band)


def _unbroken(ts: Sequence[int]) -> Iterator[range]:
    """Yield the places of values that follow each other without a gap."""
    if not ts:
        return
    usual = median(after - before for before, after in pairwise(ts)) if len(ts) > 1 else 0
    start = 0
    for place in range(1, len(ts)):
        if ts[place] - ts[place - 1] > GAP * usual:
            yield range(start, place)
            start = place
    yield range(start, len(ts))
