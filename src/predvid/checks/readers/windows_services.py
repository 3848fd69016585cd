"""Windows services: which of those that start by themselves should be running and are not.

Sources: the table `services` in the words of Win32_Service
(learn.microsoft.com/windows/win32/cimwin32prov/win32-service: `State` and `StartMode` are never
translated), the key TriggerInfo of a service that is started on an event
(learn.microsoft.com/windows/win32/services/service-trigger-events), system error codes 1066 and 1077.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

KEYS = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/"
RUNNING = ("Running", "Start Pending", "Continue Pending")
NEVER_STARTED = 1077  # ERROR_SERVICE_NEVER_STARTED: not since the last start of Windows
OWN_CODE = 1066  # ERROR_SERVICE_SPECIFIC_ERROR: the service has a code of its own
PER_USER = re.compile(r"_[0-9a-f]{4,9}$")  # an instance for one session (CDPUserSvc_3f1a2), gone with it
MOST_STOPPED = 200

# Services that start with Windows, do their work and end; that they are stopped says nothing.
IDLE = (
    "aspnet_state", "brave*", "cdpsvc", "clr_optimization*", "dbupdate*", "dmwappushservice", "edgeupdate*",
    "gamingservices*", "googleupdater*", "gupdate*", "mapsbroker", "microsoftedgeelevationservice",
    "mozillamaintenance", "onesyncsvc", "remoteregistry", "sgrmbroker", "shellhwdetection", "sppsvc",
    "sysmain", "tbs", "tiledatamodelsvc", "trustedinstaller", "uosvc", "usosvc", "wbiosrvc", "wlms",
    "wmiapsrv", "wsearch",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """One service: `code` is its exit code, its own where it has one; `auto` that Windows starts it."""

    name: str
    title: str
    running: bool
    stopped: bool
    auto: bool
    code: int

    @property
    def failed(self) -> bool:
        """Tell whether it ended with an error."""
        return self.code not in (0, NEVER_STARTED)


def services(rows: Any) -> list[Service]:
    """Return the services in the rows of the table by name; those of one user's session are left out."""
    found = {}
    for row in rows if isinstance(rows, list) else ():
        name = row.get("Name") if isinstance(row, dict) else None
        if isinstance(name, str) and name and not PER_USER.search(name):
            found[name] = _service(name, row)
    return [found[name] for name in sorted(found)]


def _service(name: str, row: dict[str, Any]) -> Service:
    state, code = row.get("State"), _code(row.get("ExitCode"))
    if code == OWN_CODE:
        code = _code(row.get("ServiceSpecificExitCode")) or OWN_CODE
    title = str(row.get("DisplayName") or name)[:120]
    return Service(name, title, state in RUNNING, state == "Stopped", row.get("StartMode") == "Auto", code)


def _code(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 32 else 0


def down(source: Source, rows: Iterable[Service], skip: Iterable[str]) -> Iterator[Service]:
    """Yield the automatic services that are stopped and ought not to be.

    One that an event starts (a trigger) is at rest, and so is one that starts late and ended well; `skip`
    and IDLE take patterns of names that do not matter.
    """
    patterns = [pattern.lower() for pattern in (*IDLE, *skip)]
    stopped = [service for service in rows if service.auto and service.stopped]
    for service in stopped[:MOST_STOPPED]:
        if any(fnmatchcase(service.name.lower(), pattern) for pattern in patterns):
            continue
        triggered, delayed = _start(source, service.name)
        if not triggered and (service.failed or not delayed):
            yield service


def _start(source: Source, name: str) -> tuple[bool, bool]:
    """Tell from the registry whether an event starts the service, and whether it starts late."""
    try:
        key = source.query("registry", KEYS + name)
    except CannotRead:
        return False, False
    if not isinstance(key, dict):
        return False, False
    keys, values = key.get("keys"), key.get("values")
    triggered = isinstance(keys, list) and "TriggerInfo" in keys
    return triggered, isinstance(values, dict) and values.get("DelayedAutostart") == 1
