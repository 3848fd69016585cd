"""The record of starts in every form: by the system's own program, by other machines, by its successor."""

import sqlite3
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers.wtmp import unexpected_in, unexpected_starts
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.questions import QUERIES

# What happened: a clean stop, then a start out of the blue; times beyond 2038 where the form can tell them.
BOOT, RUN, USER = 2, 1, 7
DAY = 86_400
LIVES = [
    (BOOT, "~", "reboot", 0),
    (USER, "tty1", "ana", 600),
    (RUN, "~", "shutdown", DAY),
    (BOOT, "~", "reboot", 2 * DAY),
    (BOOT, "~", "reboot", 3 * DAY),
]
DUMP = "[{kind}] [00000] [~~  ] [{user:<8}] [{line:<12}] [6.1.0-44-amd64      ] [0.0.0.0        ] [{time}]\n"
# Fields of struct utmp one by one: (offset of session, its width and that of each part of the time).
FORMS = {"32-bit times": (336, 4), "64-bit times": (336, 8)}


def entry(form: str, order: str, row: tuple[int, str, str, int], begin: int) -> bytes:
    """Return one entry laid out by hand: type, pid, line, id, user, host, exit, session, time, address."""
    kind, line, user, after = row
    at, width = FORMS[form]
    record = bytearray({4: 384, 8: 400}[width])
    record[0:2] = struct.pack(order + "h", kind)
    record[8 : 8 + len(line)] = line.encode()
    record[44 : 44 + len(user)] = user.encode()
    record[76:83] = b"6.1.0-1"
    integer = {4: "I", 8: "Q"}[width]
    record[at + width : at + 2 * width] = struct.pack(order + integer, begin + after)
    return bytes(record)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("begin", [1_790_000_000, 2_300_000_000])
def test_starts_are_found_in_the_records_of_every_machine_before_and_after_2038(
    form: str, order: str, begin: int
) -> None:
    record = b"".join(entry(form, order, row, begin) for row in LIVES)
    assert unexpected_starts(record) == [begin + 3 * DAY]
    assert unexpected_starts(record + b"torn off") == [begin + 3 * DAY]


def test_what_the_systems_own_program_writes_is_read(tmp_path: Path) -> None:
    lines = [
        DUMP.format(
            kind=kind, user=user, line=line, time=f"2026-09-2{1 + after // DAY}T14:13:20,000000+00:00"
        )
        for kind, line, user, after in LIVES
    ]
    written = subprocess.run(
        ["utmpdump", "-r"], input="".join(lines).encode(), capture_output=True, timeout=20, check=True
    )
    assert len(written.stdout) % len(LIVES) == 0
    assert unexpected_starts(written.stdout) == [1_790_000_000 + 3 * DAY]


def database(path: Path, rows: list[tuple[int, str, int, int | None]]) -> None:
    """Write a database as wtmpdb makes it (its table, moments in microseconds)."""
    with sqlite3.connect(path) as made:
        made.execute(
            "CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, "
            "Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT"
        )
        made.executemany("INSERT INTO wtmp(Type, User, Login, Logout, TTY) VALUES(?, ?, ?, ?, '~')", rows)
    made.close()


def test_the_database_of_newer_systems_is_read(tmp_path: Path) -> None:
    begin, micro = 2_300_000_000, 1_000_000
    rows = [
        (1, "reboot", begin * micro, (begin + DAY) * micro),
        (3, "ana", (begin + 60) * micro, None),
        (1, "reboot", (begin + 2 * DAY) * micro, None),
        (1, "reboot", (begin + 3 * DAY) * micro, None),
    ]
    database(tmp_path / "wtmp.db", rows)
    asked = HostSource("linux", {}, queries=QUERIES).query("wtmpdb", str(tmp_path / "wtmp.db"))
    assert len(asked) == 3
    assert unexpected_in(asked) == [begin + 3 * DAY]


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + bytes(200), b"no database"])
def test_what_is_no_such_database_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    source = HostSource("linux", {}, queries=QUERIES)
    with pytest.raises(NotHere):
        source.query("wtmpdb", str(tmp_path / "none.db"))
    (tmp_path / "wtmp.db").write_bytes(content)
    with pytest.raises(CannotRead):
        source.query("wtmpdb", str(tmp_path / "wtmp.db"))


@given(st.binary(max_size=2000))
def test_noise_is_no_crash(noise: bytes) -> None:
    assert isinstance(unexpected_starts(noise), list)
