"""Reads of curves for pages: what a device's key metrics did on one axis."""

from dataclasses import dataclass

from predvid.checks import registry
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring import charts
from predvid.modules.monitoring.queries.device import clamped
from predvid.modules.monitoring.store import SeriesWindow
from predvid.modules.monitoring.stores import store
from predvid.modules.monitoring.timeline import Axis, paths, scale

POINTS = 200
MOST_LINES = 4  # in one graph: more cannot be told apart


@dataclass(frozen=True)
class Line:
    """One curve as SVG path data, with its place among the colours and its figures."""

    number: int
    label: str
    line: str
    band: str
    lowest: float
    highest: float
    newest: float


@dataclass(frozen=True)
class Graph:
    """The curves of one metric on an axis whose values go from `low` to `high`."""

    metric: str
    low: float
    high: float
    lines: list[Line]
    more: int = 0


def graphs(viewer: Viewer, device: Device, axis: Axis) -> list[Graph]:
    """Return the key metrics of a visible device on an axis, without those that have no value there.

    Raises StoreUnavailable or StoreRefused.
    """
    present = [row.metric for row in store().series_of(str(device.pk))]
    offered = charts.offered(registry.checks(), present, viewer.language, {}).key
    known = clamped(viewer, device, axis.start, axis.end)
    if known >= axis.end:
        return []
    found = []
    for chart in offered:
        curves = store().window([str(device.pk)], chart.metric, known, axis.end, POINTS)
        if curves:
            found.append(graph(chart.metric, curves, axis))
    return found


def graph(metric: str, curves: list[SeriesWindow], axis: Axis) -> Graph:
    """Return curves of one metric as a graph: the highest of them, in the order of their labels."""
    ranked = sorted(curves, key=lambda curve: -max(curve.mean, default=0.0))
    shown = sorted(ranked[:MOST_LINES], key=lambda curve: sorted(curve.labels.items()))
    low, high = scale(shown, charts.unit_of(metric))
    lines = []
    for number, curve in enumerate(shown):
        line, band = paths(curve, axis, (low, high))
        label = ", ".join(curve.labels.values())
        band = band if len(shown) == 1 else ""
        lines.append(Line(number, label, line, band, min(curve.min), max(curve.max), curve.mean[-1]))
    return Graph(metric, low, high, lines, len(ranked) - len(shown))
