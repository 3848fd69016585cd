"""The live source of a macOS device: what psutil gives portably, and the load average."""

import os

from predvid.edge.sources.host import HostSource
from predvid.edge.sources.os_tables import PORTABLE


def _load() -> list[float]:
    return list(os.getloadavg())


def macos_source() -> HostSource:
    """Return the live source of this macOS device; it runs no programs."""
    return HostSource("macos", {**PORTABLE, "load": _load})
