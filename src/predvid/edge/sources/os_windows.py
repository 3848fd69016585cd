"""The live source of a Windows device: psutil's tables, WMI and scripts by one PowerShell, the registry.

What is asked every minute or two (services, load, gateways) is asked in this process: PowerShell sleeps.
"""

import psutil

from predvid.edge.sources import windows_registry
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.os_tables import PORTABLE
from predvid.edge.sources.powershell_host import SLOW_IDLE, PowerShellHost, TwoLanes, powershell_command
from predvid.edge.sources.questions import QUERIES
from predvid.edge.sources.windows_memory import memory
from predvid.edge.sources.windows_services import services


def load() -> list[float]:
    """Return how many threads waited for a processor: means of 1, 5 and 15 minutes.

    psutil reads the counter in the background from the first question on, every five seconds.
    """
    return [float(mean) for mean in psutil.getloadavg()]


TABLES = {**PORTABLE, "memory": memory, "load": load, "services": services}


def windows_source() -> HostSource:
    """Return the live source of this Windows device; it runs no programs but PowerShell."""
    quick = PowerShellHost(powershell_command())
    lanes = TwoLanes(quick, PowerShellHost(powershell_command(), idle=SLOW_IDLE))
    queries = {**QUERIES, "wmi": quick.wmi, "powershell": lanes.script, "registry": windows_registry.read}
    return HostSource("windows", TABLES, queries=queries)
