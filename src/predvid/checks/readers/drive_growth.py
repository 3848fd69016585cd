"""Judges what drives count for life by what was added within a week: an old fault at rest is no new one."""

from collections.abc import Iterator

from predvid.checks.history import History
from predvid.core.model import Levels, Result, Sample, say

COUNTERS = (
    "drive_pending",
    "drive_uncorrectable",
    "drive_reallocated",
    "drive_grown_defects",
    "drive_media_errors",
    "drive_reported_uncorrected",
)


def growth(drive: str, found: dict[str, Sample], levels: Levels, history: History) -> Iterator[Result]:
    """Yield the one result `DRIVE growth` where the store knows any counter of it: the fastest of them."""
    grown = [
        (more, metric)
        for metric in COUNTERS
        if metric in found
        if (more := _more(found[metric], history)) is not None
    ]
    if grown:
        more, metric = max(grown)
        named = f"{found[metric].labels.get('model', '')} {drive}".strip()
        said = say("disk_health.growth" if more > 0 else "disk_health.steady", drive=named, value=more)
        yield Result(f"{drive} growth", levels.judge(more), said)


def _more(sample: Sample, history: History) -> float | None:
    more = history.growth(sample)
    return None if more is None else round(more)
