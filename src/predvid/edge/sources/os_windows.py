"""The live source of a Windows device: what psutil gives portably; services and updates are not read yet."""

from predvid.edge.sources.host import HostSource
from predvid.edge.sources.os_tables import PORTABLE
from predvid.edge.sources.questions import QUERIES


def windows_source() -> HostSource:
    """Return the live source of this Windows device; it runs no programs."""
    return HostSource("windows", PORTABLE, queries=QUERIES)
