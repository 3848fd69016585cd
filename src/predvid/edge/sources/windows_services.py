"""The table `services` of a Windows device: every service, by one call to its service control manager.

Rows {Name, DisplayName, State, StartMode, ExitCode, ServiceSpecificExitCode} in the words of Win32_Service
(learn.microsoft.com/windows/win32/cimwin32prov/win32-service), without waking PowerShell for them.
Sources: EnumServicesStatusExW, SERVICE_STATUS_PROCESS (winsvc.h), the value Start of a service's key.
"""

import ctypes
import sys
from collections.abc import Callable, Iterator
from ctypes import wintypes
from typing import Any

from predvid.edge.sources import windows_registry

KEYS = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/"
STATES = {
    1: "Stopped",
    2: "Start Pending",
    3: "Stop Pending",
    4: "Running",
    5: "Continue Pending",
    6: "Pause Pending",
    7: "Paused",
}
START_MODES = {0: "Boot", 1: "System", 2: "Auto", 3: "Manual", 4: "Disabled"}
ENUMERATE, WIN32, ALL, AS_PROCESS = 0x0004, 0x30, 3, 0  # SC_MANAGER_ENUMERATE_SERVICE, SERVICE_WIN32, ...
MORE_DATA = 234  # ERROR_MORE_DATA: the buffer was too small, which tells the size
MOST_BYTES = 4 << 20


class Status(ctypes.Structure):
    """SERVICE_STATUS_PROCESS."""

    _fields_ = [
        (name, ctypes.c_uint32)
        for name in ("type", "state", "accepts", "exit", "own_exit", "checkpoint", "wait", "pid", "flags")
    ]


class Entry(ctypes.Structure):
    """ENUM_SERVICE_STATUS_PROCESSW: two texts in the same buffer, then the status."""

    _fields_ = [("name", wintypes.LPWSTR), ("title", wintypes.LPWSTR), ("status", Status)]


def rows(buffer: Any, count: int, start_of: Callable[[str], int | None]) -> Iterator[dict[str, Any]]:
    """Yield the rows of `count` entries in `buffer`; `start_of` tells the value Start of a service's key."""
    for entry in (Entry * count).from_buffer(buffer):
        name, status = str(entry.name or ""), entry.status
        yield {
            "Name": name,
            "DisplayName": str(entry.title or ""),
            "State": STATES.get(status.state, "Unknown"),
            "StartMode": START_MODES.get(-1 if (start := start_of(name)) is None else start, "Unknown"),
            "ExitCode": status.exit,
            "ServiceSpecificExitCode": status.own_exit,
        }


def start_of(name: str) -> int | None:
    """Return how a service starts, as its key says; None where it cannot be read."""
    try:
        value = windows_registry.read(KEYS + name)["values"].get("Start")
    except (OSError, ValueError):
        return None
    return value if isinstance(value, int) else None


def services() -> list[dict[str, Any]]:
    """Return every Win32 service. Raises OSError as Windows words it."""
    if sys.platform != "win32":
        raise FileNotFoundError("services")
    api = ctypes.WinDLL("advapi32", use_last_error=True)
    api.OpenSCManagerW.argtypes = (wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD)
    api.OpenSCManagerW.restype = wintypes.SC_HANDLE
    api.CloseServiceHandle.argtypes = (wintypes.SC_HANDLE,)
    api.EnumServicesStatusExW.argtypes = (
        wintypes.SC_HANDLE, ctypes.c_int, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD,
        wintypes.LPDWORD, wintypes.LPDWORD, wintypes.LPDWORD, wintypes.LPCWSTR,
    )  # fmt: skip
    manager = api.OpenSCManagerW(None, None, ENUMERATE)
    if not manager:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        buffer, count = _enumerated(api, manager)
    finally:
        api.CloseServiceHandle(manager)
    return list(rows(buffer, count, start_of))


def _enumerated(api: Any, manager: Any) -> tuple[Any, int]:
    """Return a buffer with all entries and their number; services may be added between two calls."""
    if sys.platform != "win32":
        raise FileNotFoundError("services")
    size = 256 << 10
    while size <= MOST_BYTES:
        buffer = ctypes.create_string_buffer(size)
        need, count, resume = wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
        if api.EnumServicesStatusExW(
            manager, AS_PROCESS, WIN32, ALL, buffer, size,
            ctypes.byref(need), ctypes.byref(count), ctypes.byref(resume), None,
        ):  # fmt: skip
            return buffer, count.value
        if (error := ctypes.get_last_error()) != MORE_DATA:
            raise ctypes.WinError(error)
        size += need.value + (64 << 10)
    raise OSError("there are too many services")
