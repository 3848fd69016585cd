"""The service control manager's answer, laid out as its header says, becomes the rows of Win32_Service."""

import ctypes

import pytest

from predvid.checks.errors import NotHere
from predvid.checks.readers.windows_services import services as read
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.windows_services import Entry, Status, rows, services

TEXTS: list[ctypes.Array[ctypes.c_wchar]] = []


def kept(text: str) -> ctypes.Array[ctypes.c_wchar]:
    """Return `text` in memory that stays where it is, as the texts behind the entries do."""
    TEXTS.append(ctypes.create_unicode_buffer(text))
    return TEXTS[-1]


def buffer_with(*entries: tuple[str, str, int, int, int]) -> ctypes.Array[ctypes.c_char]:
    """Return a buffer as EnumServicesStatusExW fills it: name, title, state, exit code, own exit code."""
    buffer = ctypes.create_string_buffer(ctypes.sizeof(Entry) * len(entries) + 64)
    for entry, (name, title, state, code, own) in zip(
        (Entry * len(entries)).from_buffer(buffer), entries, strict=True
    ):
        entry.name, entry.title = (ctypes.cast(kept(text), ctypes.c_wchar_p) for text in (name, title))
        entry.status = Status(0x10, state, 0, code, own, 0, 0, 0, 0)
    return buffer


def test_the_structures_have_the_sizes_of_the_header() -> None:
    pointer = ctypes.sizeof(ctypes.c_void_p)
    assert ctypes.sizeof(Status) == 36
    assert ctypes.sizeof(Entry) == {8: 56, 4: 44}[pointer]


def test_every_service_becomes_a_row_that_the_check_reads() -> None:
    buffer = buffer_with(
        ("Spooler", "Print Spooler", 4, 0, 0),
        ("Račun", "Obračun plaća", 1, 1066, 7),
        ("W32Time", "Windows Time", 1, 1077, 0),
        ("Odd", "", 99, 0, 0),
    )
    starts = {"Spooler": 2, "Račun": 2, "W32Time": 3}
    found = list(rows(buffer, 4, starts.get))
    assert [row["State"] for row in found] == ["Running", "Stopped", "Stopped", "Unknown"]
    assert [row["StartMode"] for row in found] == ["Auto", "Auto", "Manual", "Unknown"]
    seen = {service.name: service for service in read(found)}
    assert (seen["Račun"].failed, seen["Račun"].code, seen["Račun"].title) == (True, 7, "Obračun plaća")
    assert (seen["W32Time"].failed, seen["Spooler"].running, seen["Odd"].running) == (False, True, False)


def test_elsewhere_there_is_no_such_table() -> None:
    with pytest.raises(NotHere):
        HostSource("windows", {"services": services}).table("services")
