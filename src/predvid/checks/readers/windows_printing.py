"""Print queues and jobs of Windows from Win32_Printer, Win32_PrintJob and the spooler's keys.

Sources: learn.microsoft.com/windows/win32/cimwin32prov/win32-printer and win32-printjob; the bits are those
of PRINTER_INFO_2 `Status` and JOB_INFO_1 `Status` (learn.microsoft.com/windows/win32/printdocs). Texts of
states are translated by Windows, so only numbers are read.
"""

from datetime import UTC, datetime
from typing import Any

from predvid.checks.readers.cups import Job, Queue
from predvid.checks.readers.plain import records, text, whole

PRINTERS = "Win32_Printer Name,PrinterStatus,PrinterState,PortName"
JOBS = "Win32_PrintJob Name,JobId,StatusMask,TimeSubmitted"
KEYS = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Control/Print/Printers"
SPOOLER = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/Spooler"
DISABLED = 4  # SERVICE_DISABLED
STOPPED_PRINTING = 6  # PrinterStatus
_PAUSED, _ERROR = 0x1, 0x2  # PRINTER_STATUS_PAUSED, _ERROR
_DONE = 0x1 | 0x4 | 0x80 | 0x100 | 0x1000 | 0x2000  # paused, deleting, printed, deleted, complete, retained
# Ports of printers that print to a file: nothing can be stuck there for want of paper.
_FILE_PORTS = ("PORTPROMPT:", "FILE:", "NUL:", "SHRFAX:", "XPSPORT:", "MICROSOFT.OFFICE.ONENOTE")
_FILE_NAMES = ("fax", "microsoft print to pdf", "microsoft xps document writer", "onenote")


def is_virtual(name: str, port: str = "") -> bool:
    """Tell whether a printer prints to a file."""
    return name.lower().startswith(_FILE_NAMES) or port.upper().startswith(_FILE_PORTS)


def queues(rows: Any) -> list[Queue]:
    """Return the queues in the rows of Win32_Printer, each name once, without those that print to a file."""
    found = {}
    for row in records(rows):
        name, state = text(row.get("Name")), whole(row.get("PrinterState")) or 0
        if not name or is_virtual(name, text(row.get("PortName"))):
            continue
        stopped = bool(state & (_PAUSED | _ERROR)) or row.get("PrinterStatus") == STOPPED_PRINTING
        found[name] = Queue(name, stopped, False, "paused" if state & _PAUSED else "")
    return list(found.values())


def jobs(rows: Any) -> list[Job]:
    """Return the jobs in the rows of Win32_PrintJob that wait; `Name` is "PRINTER, NUMBER"."""
    return [
        Job(text(row.get("Name")).rpartition(",")[0], whole(row.get("JobId")) or 0, _moment(row))
        for row in records(rows)
        if not (whole(row.get("StatusMask")) or 0) & _DONE
    ]


def _moment(row: dict[str, Any]) -> float | None:
    try:
        moment = datetime.fromisoformat(str(row.get("TimeSubmitted")))
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
