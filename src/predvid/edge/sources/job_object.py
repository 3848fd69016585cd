"""Ties a child process to this one on Windows: a job object ends it when the agent ends, however it ends."""

import ctypes
import subprocess
import sys
from typing import Any

# JOBOBJECT_EXTENDED_LIMIT_INFORMATION and JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE (Win32 API, winnt.h).
_EXTENDED_LIMITS = 9
_KILL_ON_JOB_CLOSE = 0x2000
_ACTIVE_PROCESSES = 0x8
_job: list[Any] = []


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


def tie_to_me(process: subprocess.Popen[bytes]) -> bool:
    """Put `process` into this process's job; return whether that worked. Elsewhere than on Windows: False.

    The only handle of the job is never closed: Windows closes it when this process ends, and ends the child.
    """
    if sys.platform != "win32":
        return False
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    if not _job:
        job = kernel.CreateJobObjectW(None, None)
        limits = _ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = _KILL_ON_JOB_CLOSE
        given = (ctypes.c_void_p(job), _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        if not job or not kernel.SetInformationJobObject(*given):
            return False
        _job.append(job)
    handle = ctypes.c_void_p(int(process._handle))
    return bool(kernel.AssignProcessToJobObject(ctypes.c_void_p(_job[0]), handle))


class Job:
    """A job of one child: everything that came of it ends together."""

    def __init__(self, kernel: Any, handle: Any) -> None:
        self._kernel, self._handle = kernel, handle

    def end(self) -> None:
        """End every process of the job at once."""
        self._kernel.TerminateJobObject(self._handle, 1)
        self._kernel.CloseHandle(self._handle)


def own_job(process: subprocess.Popen[bytes], most: int) -> Job | None:
    """Put `process` into a job of its own with at most `most` processes; None elsewhere than on Windows.

    Its handle closes with this process, and Windows then ends the job.
    """
    if sys.platform != "win32":
        return None
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))
    limits = _ExtendedLimits()
    limits.BasicLimitInformation.LimitFlags = _KILL_ON_JOB_CLOSE | _ACTIVE_PROCESSES
    limits.BasicLimitInformation.ActiveProcessLimit = most
    given = (handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
    if not handle or not kernel.SetInformationJobObject(*given):
        return None
    if not kernel.AssignProcessToJobObject(handle, ctypes.c_void_p(int(process._handle))):
        return None
    return Job(kernel, handle)
