"""Reads graphics cards: nvidia-smi's CSV, and the files of the kernel's amdgpu and i915 drivers."""

import re
from dataclasses import dataclass

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

DRM = "/sys/class/drm"
QUERY = (
    "--query-gpu=index,name,temperature.gpu,utilization.gpu,memory.used,memory.total",
    "--format=csv,noheader,nounits",
)
MIB = 1 << 20
_CARD = re.compile(r"card\d+")


@dataclass(frozen=True, slots=True)
class Card:
    """One card: temperature in Celsius, load in percent, memory in bytes; None where it does not tell."""

    name: str
    temperature: float | None
    load: float | None
    used: float | None
    total: float | None


def parse_nvidia(text: str) -> list[Card]:
    """Return the cards in what `nvidia-smi` prints for QUERY; a figure it does not have reads `[N/A]`."""
    found = []
    for line in text.splitlines()[:32]:
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 6 and parts[0].isascii() and parts[0].isdigit():
            figures = [_number(part) for part in parts[2:]]
            used, total = (None if n is None else n * MIB for n in figures[2:])
            found.append(Card(f"{parts[0][:4]} {parts[1][:60]}", figures[0], figures[1], used, total))
    return found


def amd_cards(source: Source) -> list[Card]:
    """Return the cards of amdgpu (kernel documentation, gpu/amdgpu): load and memory."""
    found = []
    for name in [name for name in source.listing(DRM) if _CARD.fullmatch(name)][:16]:
        folder = f"{DRM}/{name}/device"
        values = [
            _file(source, f"{folder}/{part}")
            for part in ("gpu_busy_percent", "mem_info_vram_used", "mem_info_vram_total")
        ]
        if values[0] is not None or values[2]:
            found.append(Card(name, None, *values))  # temperatures are the sensors' part
    return found


def _file(source: Source, path: str) -> float | None:
    try:
        return _number(source.text(path))
    except CannotRead:
        return None


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
