"""The table `memory` of a Windows device: what psutil tells, and how much of the commit limit is promised.

Windows refuses memory where the limit (memory and page files) is reached, however much is free.
Source: GetPerformanceInfo, PERFORMANCE_INFORMATION (psapi.h), in pages.
"""

import ctypes
import sys
from typing import Any

from predvid.edge.sources.os_tables import memory as portable


class Performance(ctypes.Structure):
    """PERFORMANCE_INFORMATION."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        *(
            (name, ctypes.c_size_t)
            for name in (
                "committed", "limit", "peak", "physical", "available", "cache", "kernel", "paged", "nonpaged",
                "page",
            )
        ),
        *((name, ctypes.c_uint32) for name in ("handles", "processes", "threads")),
    )  # fmt: skip


def commit(told: Performance) -> dict[str, int]:
    """Return {committed, commit_limit} in bytes."""
    return {"committed": told.committed * told.page, "commit_limit": told.limit * told.page}


def memory() -> dict[str, Any]:
    """Return memory and swap in bytes, and what is promised of how much; raise OSError."""
    if sys.platform != "win32":
        raise FileNotFoundError("memory")
    told = Performance(size=ctypes.sizeof(Performance))
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    if not kernel.K32GetPerformanceInfo(ctypes.byref(told), told.size):
        raise ctypes.WinError(ctypes.get_last_error())
    return {**portable(), **commit(told)}
