"""Hardware errors: memory that corrects itself more and more, errors on the bus, machine checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.edac import memory_errors, pci_errors
from predvid.checks.v1 import Check, Levels, NotHere, Result, Sample, Source, Text, say

DAY = 86400
# Microsoft-Windows-WHEA-Logger: 1, 18, 20 and 46 are fatal, 19 and 47 were corrected, 16 is fatal on the bus.
# 17, corrected there, is not asked for: many a healthy board writes thousands a day and hides the rest.
WHEA = f"{DAY} Microsoft-Windows-WHEA-Logger"
FATAL, FATAL_BUS, CORRECTED = (1, 18, 20, 46), (16,), (19, 47)
EVENTS = (f"events System 1,16,18,20,46 {WHEA}", f"events System 19,47 {WHEA}")
BUS = "WHEA: PCI Express"


@dataclass(frozen=True)
class HardwareErrorsParams:
    """Corrected errors a day, uncorrected ones since the start (Windows: within a day), on the bus lately.

    A bus corrects itself all the time on many a board: only `bus_uncorrected` is judged there.
    """

    corrected: Levels = Levels(24, 1000, margin=4)
    uncorrected: Levels = Levels(None, 1)
    bus_uncorrected: Levels = Levels(1, None)


def _windows(source: Source) -> Iterator[Sample]:
    ids: list[Any] = []
    for question in EVENTS:
        rows = source.query("powershell", question)
        ids += [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    yield from _samples("WHEA", float(sum(n in CORRECTED for n in ids)), sum(n in FATAL for n in ids))
    yield Sample("hardware_errors_bus_uncorrected", float(sum(n in FATAL_BUS for n in ids)), {"part": BUS})


def _linux(source: Source) -> dict[str, tuple[int, int]]:
    found = memory_errors(source) | pci_errors(source)
    if not found:
        raise NotHere(say("hardware_errors.none"))
    return found


def applies(source: Source) -> bool:
    """Tell whether the system counts hardware errors: virtual machines and simple boards do not."""
    return source.platform == "windows" or bool(_linux(source))


def collect(source: Source, params: HardwareErrorsParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield for each part the uncorrected errors and the corrected ones by day; nothing on the first run."""
    if source.platform == "windows":
        yield from _windows(source)
        return
    counts, now = _linux(source), source.table("boot")["uptime"]
    first = state.setdefault("first", {"at": now, "counts": {k: list(v) for k, v in counts.items()}})
    if now - first["at"] > DAY:  # a window of one to two days
        state["first"], state["older"] = {"at": now, "counts": {k: list(v) for k, v in counts.items()}}, first
    since = state.get("older", first)
    days = max(1.0, (now - since["at"]) / DAY)
    if now < since["at"]:
        state.clear()
        return
    for part, (corrected, uncorrected) in counts.items():
        before, old = since["counts"].get(part, [0, 0])
        # A device on the bus may be refused something at its start, for good: only what came later counts.
        late = uncorrected - old if ":" in part else uncorrected
        yield from _samples(part, max(0, corrected - before) / days, max(0, late))


def _samples(part: str, corrected: float, uncorrected: int) -> Iterator[Sample]:
    bus = "_bus" if ":" in part else ""
    yield Sample(f"hardware_errors{bus}_corrected_per_day", round(corrected, 2), {"part": part})
    yield Sample(f"hardware_errors{bus}_uncorrected", float(uncorrected), {"part": part})


def judge(samples: list[Sample], params: HardwareErrorsParams) -> Iterator[Result]:
    """Judge each part: `mc0 corrected`, `mc0 uncorrected`."""
    for sample in samples:
        part, n = sample.labels["part"], sample.value
        if sample.metric == "hardware_errors_corrected_per_day":
            said = say("hardware_errors.corrected", part=part, n=round(n))
            yield Result(f"{part} corrected", params.corrected.judge(n), said)
        elif sample.metric.endswith("_uncorrected"):
            levels = params.bus_uncorrected if "_bus_" in sample.metric else params.uncorrected
            said = say("hardware_errors.uncorrected", part=part, n=round(n))
            yield Result(f"{part} uncorrected", levels.judge(n), said)


check = Check(
    name="hardware_errors",
    title=Text("Hardware errors", "Pogreške sklopovlja"),
    group="system",
    collect=collect,
    judge=judge,
    params=HardwareErrorsParams(),
    platforms=("linux", "windows"),
    applies=applies,
    interval=900,
    timeout=130,
    # A dock that is pulled out is an error of the bus.
    defaults={"laptop": {"bus_uncorrected": Levels()}},
    watches={
        "hardware_errors_corrected_per_day": "corrected",
        "hardware_errors_uncorrected": "uncorrected",
        "hardware_errors_bus_uncorrected": "bus_uncorrected",
    },
    charts=("hardware_errors_corrected_per_day", "hardware_errors_bus_corrected_per_day"),
    texts={
        "metric.hardware_errors_corrected_per_day": Text(
            "Corrected memory errors a day", "Ispravljene pogreške memorije na dan"
        ),
        "metric.hardware_errors_bus_corrected_per_day": Text(
            "Corrected bus errors a day", "Ispravljene pogreške sabirnice na dan"
        ),
        "metric.hardware_errors_uncorrected": Text(
            "Uncorrected memory errors", "Neispravljene pogreške memorije"
        ),
        "metric.hardware_errors_bus_uncorrected": Text(
            "Uncorrected bus errors", "Neispravljene pogreške sabirnice"
        ),
        "hardware_errors.none": Text(
            "This device's system counts no hardware errors (no ECC memory or no driver for it)",
            "Sustav ovog uređaja ne broji pogreške sklopovlja (nema ECC memorije ili upravljačkog programa)",
        ),
        "hardware_errors.corrected": Text(
            "{part}: {n:int} corrected {n|error|errors} a day",
            "{part}: ispravljenih pogrešaka na dan: {n:int}",
        ),
        "hardware_errors.uncorrected": Text(
            "{part}: {n:int} uncorrected {n|error|errors}", "{part}: neispravljenih pogrešaka: {n:int}"
        ),
    },
)
