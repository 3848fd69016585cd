"""Licences of Windows and Office: whether they are activated, and how long an activation still holds.

Source: SoftwareLicensingProduct (learn.microsoft.com/previous-versions/windows/desktop/sppwmi); a volume
licence (KMS) must be renewed within 180 days and tries every 7, so one that runs low has lost its server.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import licences, windows_export, windows_software
from predvid.checks.readers.inventory_texts import LICENCES as FACT_TEXTS
from predvid.checks.v1 import (
    Check,
    Fact,
    Levels,
    Result,
    Said,
    Sample,
    Source,
    State,
    Text,
    say,
)

DAY = 86400


@dataclass(frozen=True)
class LicencesParams:
    """`activated` guards 1 and 0; `left` is in seconds until the activation ends."""

    activated: Levels = Levels(0, None, lower_is_worse=True)
    left: Levels = Levels(21 * DAY, 5 * DAY)


def collect(source: Source, params: LicencesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield for Windows and Office whether it is activated, and the seconds left where it is timed."""
    found = licences.parse(source.query("wmi", licences.PRODUCTS))
    for name, value in (("products", licences.table(found)), ("office", windows_software.office(source))):
        if value is not None:
            yield Fact(f"licences.{name}", value)
    for application, licence in licences.best(found).items():
        licensed = licence.state == licences.LICENSED
        yield Sample("licence_activated", float(licensed), {"product": application})
        if licence.left:
            yield Sample("licence_left_seconds", licence.left, {"product": application})


def judge(samples: list[Sample], params: LicencesParams) -> Iterator[Result]:
    """Judge each product once: by its activation, and by the time that is left where it is timed."""
    left = {sample.labels.get("product", ""): sample.value for sample in samples
            if sample.metric == "licence_left_seconds"}  # fmt: skip
    seen = set()
    for sample in samples:
        product = sample.labels.get("product", "")
        if sample.metric == "licence_activated" and product not in seen:
            seen.add(product)
            yield _judged(product, sample.value, left.get(product), params)
    for product in sorted(left.keys() - seen):
        yield _judged(product, 1.0, left[product], params)


def _judged(product: str, activated: float, left: float | None, params: LicencesParams) -> Result:
    state = params.activated.judge(activated)
    timed = params.left.judge(left) if left is not None else State.OK
    return Result(product, max(state, timed), _said(product, activated, left, timed))


def _said(product: str, activated: float, left: float | None, timed: State) -> Said:
    if left is not None and timed:
        return say("licences.ends", product=product, left=left)
    if not activated:
        return say("licences.not_activated", product=product)
    if left is None:
        return say("licences.activated", product=product)
    return say("licences.timed", product=product, left=left)


check = Check(
    name="licences",
    title=Text("Licences", "Licence"),
    group="inventory",
    collect=collect,
    judge=judge,
    params=LicencesParams(),
    platforms=("windows",),
    interval=6 * 3600,
    timeout=90,
    hold=DAY,  # Windows activates by itself after a change of hardware or a long time offline
    watches={"licence_activated": "activated", "licence_left_seconds": "left"},
    charts=("licence_left_seconds",),
    replay=windows_export.replay,
    texts={
        "metric.licence_left_seconds": Text("Activation left", "Preostala aktivacija"),
        "metric.licence_activated": Text("Activated", "Aktivirano"),
        **FACT_TEXTS,
        "licences.activated": Text("{product} is activated", "{product}: aktivirano"),
        "licences.timed": Text(
            "{product} is activated for another {left:secs}",
            "{product}: aktivirano, vrijedi još {left:secs}",
        ),
        "licences.ends": Text(
            "The activation of {product} ends in {left:secs}: its licence server was not reached for long",
            "Aktivacija za {product} istječe za {left:secs}; poslužitelj licenci već dugo nije dostupan",
        ),
        "licences.not_activated": Text(
            "{product} is not activated: enter a valid key or reach the activation server",
            "{product}: nije aktivirano; unesite valjan ključ ili omogućite vezu s poslužiteljem licenci",
        ),
    },
)
