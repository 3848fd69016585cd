"""What Windows has promised of its memory, laid out as its header says."""

import ctypes

import pytest

from predvid.checks.errors import NotHere
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.windows_memory import Performance, commit, memory


def test_the_structure_has_the_size_of_the_header() -> None:
    assert ctypes.sizeof(Performance) == {8: 104, 4: 56}[ctypes.sizeof(ctypes.c_void_p)]
    assert Performance.committed.offset == ctypes.sizeof(ctypes.c_void_p)


def test_pages_become_bytes() -> None:
    told = Performance(committed=2_000_000, limit=4_000_000, page=4096)
    assert commit(told) == {"committed": 8_192_000_000, "commit_limit": 16_384_000_000}


def test_elsewhere_there_is_no_such_table() -> None:
    with pytest.raises(NotHere):
        HostSource("windows", {"memory": memory}).table("memory")
