"""Graphics cards: temperature, load and memory, where a driver tells."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import gpu_windows
from predvid.checks.readers.gpu_cards import QUERY, Card, amd_cards, parse_nvidia
from predvid.checks.v1 import CannotRead, Check, Levels, NotHere, Result, Sample, Source, Text, say

NVIDIA = "/proc/driver/nvidia/version"


@dataclass(frozen=True)
class GpuParams:
    """Celsius, and percent of the card's memory (judged only where asked for)."""

    temperature: Levels = Levels(88, 95, margin=3)
    memory: Levels = Levels()


def _has_nvidia(source: Source) -> bool:
    try:
        return bool(source.text(NVIDIA))
    except CannotRead:
        return False


def _cards(source: Source) -> list[Card]:
    if source.platform == "windows":
        return gpu_windows.cards(source)
    if _has_nvidia(source):
        return parse_nvidia(source.run("nvidia-smi", *QUERY))
    try:
        return amd_cards(source)
    except NotHere:
        return []


def applies(source: Source) -> bool:
    """Tell whether a card's driver tells its figures."""
    if source.platform == "windows":
        found = bool(gpu_windows.adapters(source))
    else:
        found = _has_nvidia(source) or bool(_cards(source))
    if not found:
        raise NotHere(say("gpu.none"))
    return True


def collect(source: Source, params: GpuParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield what each card tells."""
    cards = {card.name: card for card in _cards(source)}
    if not cards:
        raise NotHere(say("gpu.none"))
    for card in cards.values():
        labels = {"card": card.name}
        if card.temperature is not None:
            yield Sample("gpu_temperature_celsius", card.temperature, labels)
        if card.load is not None:
            yield Sample("gpu_used_percent", min(100.0, card.load), labels)
        if card.used is not None and card.total:
            yield Sample("gpu_memory_percent", round(min(100.0, 100 * card.used / card.total), 1), labels)


def judge(samples: list[Sample], params: GpuParams) -> Iterator[Result]:
    """Judge temperature and memory of each card."""
    for sample in samples:
        card, value = sample.labels["card"], sample.value
        if sample.metric == "gpu_temperature_celsius":
            said = say("gpu.temperature", card=card, now=value)
            yield Result(card, params.temperature.judge(value), said)
        elif sample.metric == "gpu_memory_percent":
            said = say("gpu.memory", card=card, used=value)
            yield Result(f"{card} memory", params.memory.judge(value), said)


check = Check(
    name="gpu",
    title=Text("Graphics cards", "Grafičke kartice"),
    group="performance",
    collect=collect,
    judge=judge,
    params=GpuParams(),
    platforms=("linux", "windows"),
    applies=applies,
    interval=900,  # nvidia-smi is a program to start, the counters of Windows are PowerShell's
    timeout=60,
    hold=900,
    watches={"gpu_temperature_celsius": "temperature", "gpu_memory_percent": "memory"},
    charts=("gpu_used_percent", "gpu_temperature_celsius", "gpu_memory_percent"),
    texts={
        "metric.gpu_used_percent": Text("Graphics card used", "Zauzetost grafičke kartice"),
        "metric.gpu_temperature_celsius": Text("Graphics card temperature", "Temperatura grafičke kartice"),
        "metric.gpu_memory_percent": Text("Graphics memory used", "Zauzetost grafičke memorije"),
        "gpu.none": Text(
            "No graphics card here tells its figures (drivers of NVIDIA and AMD do, and Windows itself)",
            "Nijedna grafička kartica ovdje ne daje podatke (daju ih NVIDIA, AMD i sâm Windows)",
        ),
        "gpu.temperature": Text("{card}: {now} °C", "{card}: {now} °C"),
        "gpu.memory": Text("{card}: {used:pct} of its memory in use", "{card}: zauzeto {used:pct} memorije"),
    },
)
