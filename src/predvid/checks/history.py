"""What the store holds of a check's own series, for judges that compare today with the days before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from predvid.core.model import Labels, Sample

Curve = tuple[tuple[float, float], ...]  # moment (seconds since the epoch) and mean of a bucket, oldest first


def series_key(metric: str, labels: Mapping[str, str]) -> tuple[str, Labels]:
    """Return what a series is found by."""
    return metric, tuple(sorted(labels.items()))


@dataclass(frozen=True, slots=True)
class History:
    """The last days of the series that a check named in `history`; empty where nothing is known."""

    curves: Mapping[tuple[str, Labels], Curve] = field(default_factory=dict)

    def of(self, sample: Sample) -> Curve:
        """Return the curve of the series that `sample` belongs to."""
        return self.curves.get(series_key(sample.metric, sample.labels), ())

    def growth(self, sample: Sample) -> float | None:
        """Return by how much `sample` is above the lowest value of the window, None without one."""
        curve = self.of(sample)
        return sample.value - min(value for _, value in curve) if curve else None


NO_HISTORY = History()


def history_of(rows: Iterable[tuple[str, Mapping[str, str], Iterable[tuple[float, float]]]]) -> History:
    """Return the history of rows (metric, labels, points); of a series that comes twice the longer curve."""
    curves: dict[tuple[str, Labels], Curve] = {}
    for metric, labels, points in rows:
        curve, key = tuple(points), series_key(metric, labels)
        if len(curve) > len(curves.get(key, ())):
            curves[key] = curve
    return History(curves)
