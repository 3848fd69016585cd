"""Counts hardware errors that a Linux kernel noted: memory (EDAC) and PCI Express (AER)."""

import re

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

MEMORY = "/sys/devices/system/edac/mc"
PCI = "/sys/bus/pci/devices"
MOST = 256
_CONTROLLER = re.compile(r"mc\d+")


def memory_errors(source: Source) -> dict[str, tuple[int, int]]:
    """Return {controller: (corrected, uncorrected)} since boot (kernel documentation, admin-guide/ras)."""
    found = {}
    for name in filter(_CONTROLLER.fullmatch, _listing(source, MEMORY)):
        counts = [_number(_text(source, f"{MEMORY}/{name}/{kind}_count")) for kind in ("ce", "ue")]
        if counts[0] is not None and counts[1] is not None:
            found[name] = (counts[0], counts[1])
    return found


def pci_errors(source: Source) -> dict[str, tuple[int, int]]:
    """Return {device: (corrected, uncorrected)} since boot of devices that tell (ABI sysfs-bus-pci, AER)."""
    found = {}
    for name in _listing(source, PCI)[:MOST]:
        corrected = _total(_text(source, f"{PCI}/{name}/aer_dev_correctable"), "TOTAL_ERR_COR")
        if corrected is None:
            continue
        fatal = _total(_text(source, f"{PCI}/{name}/aer_dev_fatal"), "TOTAL_ERR_FATAL") or 0
        nonfatal = _total(_text(source, f"{PCI}/{name}/aer_dev_nonfatal"), "TOTAL_ERR_NONFATAL") or 0
        found[name] = (corrected, fatal + nonfatal)
    return found


def _listing(source: Source, path: str) -> list[str]:
    try:
        return source.listing(path)
    except CannotRead:
        return []


def _text(source: Source, path: str) -> str:
    try:
        return source.text(path)
    except CannotRead:
        return ""


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _total(text: str, name: str) -> int | None:
    words = [line.split() for line in text.splitlines()[:40]]
    return next((_number(word[1]) for word in words if len(word) == 2 and word[0] == name), None)
