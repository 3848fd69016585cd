"""Random tampering with the audit in a real database file: `audit verify` finds every single change."""

import os
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from installation import installation
from predvid.modules.access import audit, queries_audit
from predvid.modules.access.models import AuditEntry
from predvid.modules.access.rules import MSP, PLATFORM, Entry, Head, Subject

ENTRIES = 40
CUT = "DELETE FROM access_auditentry WHERE number > %s; UPDATE access_auditchain SET number = %s, hash = %s"
RETELL = "UPDATE access_auditentry SET COLUMN = %s WHERE number = %s"


@dataclass
class Ledger:
    """A database file with a chain in it, its rows as they were written, and the head that a device keeps."""

    path: Path
    rows: list[tuple[object, ...]]
    head: Head

    def flaws(self) -> int:
        """Return how much is wrong by the tables, by the head kept elsewhere, by the file itself."""
        try:
            broken = len(queries_audit.verify(PLATFORM, MSP)[1])
            return broken + len(queries_audit.disputed(PLATFORM, MSP, [self.head]))
        except DatabaseError:  # the file is no database any more: the command says so and ends with 1
            return 1


@pytest.fixture
def ledger(tmp_path: Path, console_tables: None) -> Iterator[Ledger]:
    before = connections.databases["default"]["NAME"]
    with installation(tmp_path / "i") as one:
        path = Path(one.place.database()["NAME"])
        with looking_at(str(path)):
            for number in range(ENTRIES):
                with transaction.atomic():
                    subject = Subject("client", str(number), f"Klijent {number}")
                    audit.record(PLATFORM, "client.added", subject, None, timezone.now(), after={"n": number})
            (head,) = queries_audit.heads(PLATFORM)
        with sqlite3.connect(path) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        with looking_at(str(path)):
            rows = list(AuditEntry.objects.order_by("number").values_list(*Entry.__slots__))
            yield Ledger(path, rows, head)
    assert connections.databases["default"]["NAME"] == before


@contextmanager
def looking_at(name: str) -> Iterator[None]:
    before = connections.databases["default"]["NAME"]
    for now in (name, before):
        connections["default"].close()
        connections.databases["default"]["NAME"] = now
        del connections["default"]
        if now == name:
            try:
                yield
            finally:
                connections["default"].close()


def flip(ledger: Ledger, choose: random.Random) -> int:
    """Change one byte of one row where it lies in the file, and put it back."""
    row = choose.choice(ledger.rows)
    whole = ledger.path.read_bytes()
    start, size = place(whole, row)
    at, mask = start + choose.randrange(size), choose.randrange(1, 256)
    connection.close()
    handle = os.open(ledger.path, os.O_RDWR)
    try:
        os.pwrite(handle, bytes([whole[at] ^ mask]), at)
        return ledger.flaws()
    finally:
        connection.close()
        os.pwrite(handle, whole[at : at + 1], at)
        os.close(handle)
        for left in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(f"{ledger.path}{left}")


def place(whole: bytes, row: tuple[object, ...]) -> tuple[int, int]:
    """Return where the content of a row lies in the file, from its chain to its hash, and its length."""
    entry = Entry(*row)  # type: ignore[arg-type]
    words = [str(part).encode() for part in astuple(entry)]
    name_hash = words[Entry.__slots__.index("name_hash")]
    at = whole.index(name_hash)  # no index has it
    start, end = whole.rindex(words[0], 0, at), whole.index(words[-1], at) + len(words[-1])
    assert whole.count(name_hash) == 1
    return start, end - start


def changed(statement: str, ledger: Ledger, *values: object) -> int:
    """Run one statement behind the triggers' back, see what is found, and take it back."""
    with suppress(_Undo), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
            for each in statement.split("; "):
                cursor.execute(each, values[: each.count("%s")])
                values = values[each.count("%s") :]
        raise _Undo(ledger.flaws())
    return _Undo.found


class _Undo(Exception):
    found = 0

    def __init__(self, found: int) -> None:
        _Undo.found = found


def delete(ledger: Ledger, choose: random.Random) -> int:
    return changed("DELETE FROM access_auditentry WHERE number = %s", ledger, choose.randint(1, ENTRIES))


def swap(ledger: Ledger, choose: random.Random) -> int:
    one, other = choose.sample(range(1, ENTRIES + 1), 2)
    statement = "UPDATE access_auditentry SET number = %s WHERE number = %s"
    return changed("; ".join([statement] * 3), ledger, 999, one, one, other, other, 999)


def cut(ledger: Ledger, choose: random.Random) -> int:
    """Cut the newest entries off and move the head back, so that the tables agree with each other."""
    left = choose.randint(0, ENTRIES - 1)
    if left == 0:
        return changed("DELETE FROM access_auditentry; DELETE FROM access_auditchain", ledger)
    return changed(CUT, ledger, left, left, ledger.rows[left - 1][-1])


def retell(ledger: Ledger, choose: random.Random) -> int:
    """Write another value into one column of one row."""
    column = choose.choice([name for name in Entry.__slots__ if name not in ("chain", "number")])
    number, value = choose.randint(1, ENTRIES), choose.choice(["", "x", "0", -1, None, 1.5, b"\xff", "Ana"])
    old = ledger.rows[number - 1][Entry.__slots__.index(column)]
    value = f"{old}x" if value in (old, None) or str(value) == str(old) else value
    return changed(RETELL.replace("COLUMN", column), ledger, value, number)


ATTACKS: dict[Callable[[Ledger, random.Random], int], int] = {flip: 8, delete: 1, swap: 1, cut: 1, retell: 3}


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_tampering_is_found(ledger: Ledger, count: int) -> None:
    assert ledger.flaws() == 0
    choose, done, missed = random.Random(19), Counter[str](), Counter[str]()
    for number in range(count):
        (attack,) = choose.choices([*ATTACKS], [*ATTACKS.values()])
        one = random.Random(number)
        done[attack.__name__] += 1
        if not attack(ledger, one):
            missed[f"{attack.__name__} {number}"] += 1
    assert ledger.flaws() == 0  # every change was taken back: each was found for itself
    sys.stdout.write(f"{count} changes {dict(done)}: {count - missed.total()} found\n")
    assert not missed
