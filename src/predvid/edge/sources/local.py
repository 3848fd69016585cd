"""Chooses the live source of the device that this process runs on."""

import sys

from predvid.core.errors import UserError
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.os_linux import linux_source
from predvid.edge.sources.os_macos import macos_source
from predvid.edge.sources.os_windows import windows_source

_SOURCES = {"linux": linux_source, "win32": windows_source, "darwin": macos_source}


def local_source() -> HostSource:
    """Return the live source of this device; raise UserError where Predvid has none for its system."""
    make = _SOURCES.get(sys.platform)
    if make is None:
        raise UserError(f"no live source for the operating system {sys.platform}")
    return make()
