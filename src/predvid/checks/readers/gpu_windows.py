"""Reads graphics cards of a Windows device: which there are from the registry, how busy from their counters.

Sources: the key DirectX, where Windows notes each adapter with its LUID; the counter sets "GPU Engine" and
"GPU Adapter Memory" of Windows 10 1709 and newer. Their instances are named by the LUID, and each start gives
another one: it is no label.
"""

import re
from collections import defaultdict
from typing import Any

from predvid.checks.readers import windows_asking
from predvid.checks.readers.gpu_cards import Card
from predvid.checks.readers.plain import number, text
from predvid.checks.source import Source

KEY = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/DirectX"
ENGINES = "Win32_PerfFormattedData_GPUPerformanceCounters_GPUEngine Name,UtilizationPercentage"
MEMORY = "Win32_PerfFormattedData_GPUPerformanceCounters_GPUAdapterMemory Name,DedicatedUsage"
MICROSOFT = 0x1414  # the vendor of Windows' own adapters: software and remote desktops
MOST = 8
_LUID = re.compile(r"luid_0x([0-9A-Fa-f]{8})_0x([0-9A-Fa-f]{8})")
_ENGINE = re.compile(r"_eng_(\d+)")


def adapters(source: Source) -> dict[int, tuple[str, float]]:
    """Return name and memory (bytes) of each real card by its LUID; a second one alike is numbered."""
    found: dict[int, tuple[str, float]] = {}
    names: set[str] = set()
    for key in windows_asking.sub_keys(source, KEY)[:100]:
        values = windows_asking.values(source, f"{KEY}/{key}")
        luid, name = windows_asking.number_of(values.get("AdapterLuid")), text(values.get("Description"))[:60]
        if luid is None or not name or values.get("VendorId") == MICROSOFT or len(found) == MOST:
            continue
        called = next(
            one for n in range(1, MOST + 2) if (one := f"{name} {n}" if n > 1 else name) not in names
        )
        names.add(called)
        found[luid] = (called, float(windows_asking.number_of(values.get("DedicatedVideoMemory")) or 0))
    return found


def cards(source: Source) -> list[Card]:
    """Return the cards; a card is as busy as its busiest engine, all processes together."""
    known = adapters(source)
    if not known:
        return []
    load: dict[int, dict[str, float]] = {luid: defaultdict(float) for luid in known}
    for row in windows_asking.rows(source, ENGINES):
        luid, engine = _luid(row), _ENGINE.search(text(row.get("Name")))
        if luid in load and engine:
            load[luid][engine[1]] += max(0.0, number(row.get("UtilizationPercentage")) or 0.0)
    used: dict[int, float] = defaultdict(float)
    for row in windows_asking.rows(source, MEMORY):
        if (luid := _luid(row)) in known and (held := number(row.get("DedicatedUsage"))) is not None:
            used[luid] += max(0.0, held)
    return [
        Card(name, None, max(load[luid].values(), default=None), used.get(luid), total)
        for luid, (name, total) in known.items()
    ]


def _luid(row: dict[str, Any]) -> int:
    found = _LUID.search(text(row.get("Name")))
    return int(found[1] + found[2], 16) if found else -1
