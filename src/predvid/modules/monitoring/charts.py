"""What a chart shows: the metrics' names and units in words, and the curves as columns for the browser."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from predvid.checks import registry
from predvid.checks.v1 import Check
from predvid.core.wording import NBSP, Text, number, percent, size
from predvid.modules.monitoring.store import SeriesWindow

RANGES = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
LONGEST = timedelta(days=800)
POINTS = 320
MOST_CURVES = 12
NEAR = 1.5  # times the usual distance: buckets further apart have a gap between them

# The longest ending wins: `_bytes_per_second` before `_per_second`.
UNITS = {
    "_bits_per_second": "bit/s",
    "_bytes_per_second": "B/s",
    "_per_second": "/s",
    "_percent": "%",
    "_bytes": "B",
    "_seconds": "s",
    "_celsius": "°C",
    "_days": "d",
    "_minutes": "min",
}
NAMES = {
    "cpu_used_percent": Text("Processor used", "Zauzetost procesora"),
    "cpu_iowait_percent": Text("Processor waiting for disks", "Čekanje procesora na diskove"),
    "cpu_steal_percent": Text(
        "Processor time withheld by the host", "Procesorsko vrijeme koje uskraćuje domaćin"
    ),
    "cpu_load_per_core": Text("Load per core", "Opterećenje po jezgri"),
    "cpu_core_used_percent": Text("Each core", "Svaka jezgra"),
    "memory_used_percent": Text("Memory used", "Zauzetost memorije"),
    "memory_available_bytes": Text("Memory available", "Dostupna memorija"),
    "memory_swap_used_percent": Text("Swap used", "Zauzetost priručne memorije na disku"),
    "memory_commit_percent": Text("Memory promised to programs", "Memorija obećana programima"),
    "disk_used_percent": Text("Disk used", "Zauzetost diskova"),
    "disk_free_bytes": Text("Disk free", "Slobodno na diskovima"),
    "disk_inodes_used_percent": Text("Inodes used", "Zauzetost inodova"),
    "disk_reachable": Text("Share answers", "Mrežna mapa odgovara"),
    "disk_read_only": Text("Turned read-only", "Samo za čitanje"),
    "net_rx_bytes_per_second": Text("Network received", "Primljeno mrežom"),
    "net_tx_bytes_per_second": Text("Network sent", "Poslano mrežom"),
    "net_used_percent": Text("Network capacity used", "Iskorištenost mrežne veze"),
    "net_errors_per_second": Text("Network errors", "Mrežne pogreške"),
    "net_drops_per_second": Text("Dropped packets", "Odbačeni paketi"),
    "net_link_up": Text("Link", "Veza"),
    "services_failed": Text("Failed services", "Usluge u kvaru"),
    "services_running": Text("Running services", "Usluge koje rade"),
    "service_failed": Text("Service failed", "Usluga u kvaru"),
    "service_up": Text("Service runs", "Usluga radi"),
    "service_restarts": Text("Restarts of a service", "Ponovna pokretanja usluge"),
    "patches_held": Text("Patches held back", "Zadržane zakrpe"),
    "patches_lists_age_seconds": Text("Age of the package lists", "Starost popisa paketa"),
    "uptime_seconds": Text("Time since start", "Vrijeme od pokretanja"),
    "drive_temperature_celsius": Text("Drive temperature", "Temperatura pogona"),
    "drive_flash_temperature_celsius": Text("Flash drive temperature", "Temperatura SSD pogona"),
    "drive_wear_percent": Text("Drive wear", "Istrošenost pogona"),
    "drive_spare_percent": Text("Spare blocks left", "Preostali pričuvni blokovi"),
    "drive_spare_margin_percent": Text(
        "Spare blocks above the maker's limit", "Pričuva iznad granice proizvođača"
    ),
    "drive_reallocated": Text("Reallocated sectors", "Premješteni sektori"),
    "drive_pending": Text("Sectors waiting to be reallocated", "Sektori koji čekaju premještanje"),
    "drive_uncorrectable": Text("Uncorrectable sectors", "Neispravljivi sektori"),
    "drive_reported_uncorrected": Text("Uncorrected read errors", "Neispravljene pogreške čitanja"),
    "drive_grown_defects": Text("Grown defects", "Naknadno nastala oštećenja"),
    "drive_media_errors": Text("Media errors", "Pogreške medija"),
    "drive_transfer_errors": Text("Transfer errors", "Pogreške prijenosa"),
    "drive_failing_attributes": Text("Failing attributes", "Svojstva ispod dopuštene granice"),
    "drive_worn_attributes": Text("Worn attributes", "Istrošena svojstva"),
    "drive_critical_warning": Text("The drive's own warning", "Upozorenje samog pogona"),
    "drive_smart_failed": Text("The drive expects to fail", "Pogon predviđa kvar"),
    "drive_self_test_failed": Text("Self-test failed", "Samoprovjera nije uspjela"),
    "drive_readable": Text("Drive tells its state", "Pogon javlja svoje stanje"),
    "patches_pending": Text("Pending patches", "Zakrpe na čekanju"),
    "patches_security": Text("Pending security patches", "Sigurnosne zakrpe na čekanju"),
}


# What a device page draws first; where one is missing, the next that the device has takes its place.
KEY = ("cpu_used_percent", "memory_used_percent", "disk_used_percent", "net_rx_bytes_per_second")


@dataclass(frozen=True)
class Chart:
    """One chart that a page offers, with the check that measures it."""

    metric: str
    title: str
    unit: str
    check: str
    limit: Any = None  # the levels drawn into it


@dataclass(frozen=True)
class Curve:
    """One curve as a chart shows it: what its legend calls it, its place among the colours and dashes."""

    window: SeriesWindow
    name: str
    tone: int
    earlier: bool = False


@dataclass(frozen=True)
class Offer:
    """The charts of a device: those that it opens with, and all others under the title of their check."""

    key: list[Chart]
    others: dict[str, list[Chart]]

    @property
    def more(self) -> int:
        """Return how many charts are not shown at once."""
        return sum(map(len, self.others.values()))

    @property
    def all(self) -> list[Chart]:
        """Return every chart, those first that the device opens with."""
        return [*self.key, *(chart for group in self.others.values() for chart in group)]


def unit_of(metric: str) -> str:
    """Return the unit that a metric's name ends with; nothing for counts."""
    return next((unit for ending, unit in UNITS.items() if metric.endswith(ending)), "")


def name_of(metric: str, language: str) -> str:
    """Return the metric's name in words; a check may bring it as its text `metric.<name>`.

    One that nobody named loses its unit and its underscores.
    """
    if text := NAMES.get(metric) or registry.texts().get(f"metric.{metric}"):
        return text.pattern(language)
    ending = next((ending for ending in UNITS if metric.endswith(ending)), "")
    return metric.removesuffix(ending).replace("_", " ").capitalize()


def value_in_words(value: float, metric: str, language: str) -> str:
    """Return a value with its unit as people write it: `90 %`, `50 GB`, `15 d`."""
    unit = unit_of(metric)
    if unit in ("B", "B/s"):
        return size(value, language) + unit.removeprefix("B")
    if unit == "%":
        return percent(value, language)
    return f"{number(value, language)}{NBSP}{unit}".rstrip()


def offered(
    checks: Mapping[str, Check], present: Iterable[str], language: str, limits: Mapping[str, Any]
) -> Offer:
    """Return the charts of the checks, of metrics that the device has `present`; `limits` by metric."""
    known = set(present)
    of_check = {
        metric: check for check in checks.values() for metric in reversed(check.charts) if metric in known
    }
    ordered = [m for check in checks.values() for m in check.charts if of_check.get(m) is check]
    keys = sorted(ordered, key=lambda metric: KEY.index(metric) if metric in KEY else len(KEY))[: len(KEY)]
    charts = {
        metric: Chart(
            metric,
            name_of(metric, language),
            unit_of(metric),
            of_check[metric].title.pattern(language),
            limits.get(metric),
        )
        for metric in ordered
    }
    others: dict[str, list[Chart]] = {}
    for metric, chart in charts.items():
        if metric not in keys:
            others.setdefault(chart.check, []).append(chart)
    return Offer([charts[metric] for metric in keys], others)


def range_of(text: str) -> str:
    """Return the range that an address asks for, a day where it asks for none that there is."""
    return text if text in RANGES else "24h"


def span(words: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of what an address asks for: `from` and `to` (seconds since 1970), or `range`."""
    try:
        first, last = float(words["from"]), float(words["to"])
        start, end = datetime.fromtimestamp(first, now.tzinfo), datetime.fromtimestamp(last, now.tzinfo)
    except (KeyError, ValueError, OverflowError, OSError):
        return now - RANGES[range_of(words.get("range", ""))], now
    end = max(min(end, now), now - LONGEST)
    start = max(start, now - LONGEST)
    return (start, end) if end - start >= timedelta(minutes=1) else (end - timedelta(minutes=1), end)


def of_item(curves: Sequence[SeriesWindow], item: str) -> Sequence[SeriesWindow]:
    """Return the curves whose label names `item` (`/var` for `/var inodes`), or all where none does."""
    mine = [
        curve
        for curve in curves
        if any(item in (v, f"{v} {item[len(v) + 1 :]}") for v in curve.labels.values())
    ]
    return mine if item and mine else curves


def columns(found: Sequence[Curve], metric: str, language: str) -> dict[str, Any]:
    """Return curves on one common time axis (`ts` in seconds); None where a curve has no bucket.

    At most MOST_CURVES of them, those with the highest mean first; `more` counts the rest. `tone` is the
    place of a curve's colour and dash, which one of some time `earlier` shares.
    """
    ranked = sorted(found, key=lambda curve: -max(curve.window.mean, default=0.0))
    kept = {id(curve) for curve in ranked[:MOST_CURVES]}
    shown = [curve for curve in found if id(curve) in kept]
    moments = sorted({moment for curve in shown for moment in curve.window.ts})
    return {
        "title": name_of(metric, language),
        "unit": unit_of(metric),
        "ts": [moment / 1000 for moment in moments],
        "curves": [_column(curve, moments) for curve in shown],
        "more": len(ranked) - len(shown),
    }


def _column(curve: Curve, moments: Sequence[int]) -> dict[str, Any]:
    window = curve.window
    parts = {"min": window.min, "mean": window.mean, "max": window.max}
    spread = {part: _spread(window.ts, values, moments) for part, values in parts.items()}
    return {"label": curve.name, "tone": curve.tone, "earlier": curve.earlier, **spread}


def _spread(ts: Sequence[int], values: Sequence[float], moments: Sequence[int]) -> list[float | None]:
    """Return the values at `moments`: between two buckets that follow each other what lies between them.

    Curves of another time or another history have buckets of their own; what they lack stays a gap.
    """
    usual = median(after - before for before, after in pairwise(ts)) if len(ts) > 1 else 0
    found: list[float | None] = []
    at = 0
    for moment in moments:
        while at < len(ts) and ts[at] < moment:
            at += 1
        if at < len(ts) and ts[at] == moment:
            found.append(_short(values[at]))
        elif 0 < at < len(ts) and ts[at] - ts[at - 1] <= NEAR * usual:
            share = (moment - ts[at - 1]) / (ts[at] - ts[at - 1])
            found.append(_short(values[at - 1] + share * (values[at] - values[at - 1])))
        else:
            found.append(None)
    return found


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def spark(values: Sequence[float], width: float = 96, height: float = 26) -> str:
    """Return the points of a sparkline in an SVG of this size (pixels); empty without two values."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    across, up = width / (len(values) - 1), (height - 6) / ((high - low) or 1)
    flat = (height - 3) if high == low else None
    return " ".join(
        f"{at * across:.1f},{flat if flat is not None else height - 3 - (value - low) * up:.1f}"
        for at, value in enumerate(values)
    )
