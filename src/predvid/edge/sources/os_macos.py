"""The live source of a macOS device: what psutil gives portably, and the load average."""

import os

from predvid.edge.sources.host import HostSource
from predvid.edge.sources.os_tables import PORTABLE
from predvid.edge.sources.questions import QUERIES

# What a check may run on a Mac; nothing else is started, whatever a plan or plug-in says.
PROGRAMS = (
    "/usr/libexec/ApplicationFirewall/socketfilterfw",
    "brew",
    "csrutil",
    "dscl",
    "fdesetup",
    "launchctl",
    "pfctl",
    "smartctl",
    "softwareupdate",
    "spctl",
    "sysctl",
    "system_profiler",
    "tmutil",
)


def _load() -> list[float]:
    return list(os.getloadavg())


def macos_source() -> HostSource:
    """Return the live source of this macOS device."""
    return HostSource("macos", {**PORTABLE, "load": _load}, PROGRAMS, QUERIES)
