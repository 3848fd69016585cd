"""The chain of the audit: whatever is changed, taken out, swapped or cut off is found and named."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from console_fixture import World
from installation import Installation, installation
from predvid.modules.access import audit, queries_audit
from predvid.modules.access.models import AuditEntry
from predvid.modules.access.rules import GENESIS, MSP, PLATFORM, Entry, Head, Subject, breaks, pseudonym, seal

ANA = replace(PLATFORM, name="Ana Anić", person=None, address="10.0.0.7")
FLIPS = 10_000


def sealed(count: int) -> list[Entry]:
    """Return a chain of `count` entries as `audit.record` would make them."""
    rows: list[Entry] = []
    for number in range(1, count + 1):
        words = (
            MSP,
            number,
            number * 10**6,
            "0f" * 16,
            "Ana",
            "ab" * 16,
            "",
            "client.added",
            "client",
            "7",
            "Žito",
        )
        last = rows[-1].hash if rows else GENESIS
        rows.append(seal(Entry(*words, "{}", '{"name":"Žito"}', "", "10.0.0.7", last)))
    return rows


def kinds(rows: list[Entry | int], *heads: Head) -> list[tuple[int, str]]:
    return [(flaw.number, flaw.kind) for flaw in breaks(MSP, rows, heads)]


def head_of(rows: list[Entry]) -> Head:
    return Head(MSP, rows[-1].number, rows[-1].hash)


def test_a_chain_as_it_was_written_is_whole() -> None:
    rows = sealed(5)
    assert kinds([*rows], head_of(rows), head_of(rows[:3])) == []
    assert kinds([]) == []


def test_one_changed_byte_of_any_column_is_found() -> None:
    rows, choose = sealed(3), random.Random(4)
    for _ in range(FLIPS):
        place = choose.randrange(3)
        column = choose.choice(
            [name for name in Entry.__slots__ if getattr(rows[place], name) not in ("", None)]
        )
        value = getattr(rows[place], column)
        if isinstance(value, int):
            changed: object = value ^ (1 << choose.randrange(40))
        else:
            raw = bytearray(value.encode())
            raw[choose.randrange(len(raw))] ^= 1 << choose.randrange(7)
            changed = raw.decode(errors="surrogateescape")
        forged = [*rows]
        forged[place] = replace(rows[place], **{column: changed})
        assert kinds([*forged], head_of(rows)), (column, value, changed)


def test_each_attack_is_named() -> None:
    rows = sealed(6)
    end, swapped = head_of(rows), [rows[0], replace(rows[2], number=2), replace(rows[1], number=3), *rows[3:]]
    assert (3, "missing") in kinds([*rows[:2], *rows[3:]], end)
    assert {2, 3} <= {number for number, _ in kinds([*swapped], end)}
    assert kinds([*rows[:4]], end) == [(5, "cut")]
    assert kinds([], end) == [(1, "cut")]
    forged = [*rows[:3], seal(replace(rows[3], verb="x"))]
    assert kinds([*forged, *rows[4:]], end) == [(5, "unlinked")]
    assert kinds([*forged], head_of(rows[:4])) == [(4, "replaced")]
    assert kinds([rows[0], 2, *rows[2:]], end) == [(2, "unreadable")]


def test_an_erased_person_leaves_a_whole_chain_and_no_other_name_passes() -> None:
    (row,) = sealed(1)
    assert kinds([replace(row, name=pseudonym(row.person), salt="")]) == []
    assert kinds([replace(row, name="Iva", salt="")]) == [(1, "altered")]


def written(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            subject = Subject("client", str(number), f"Klijent {number}")
            audit.record(ANA, "client.added", subject, None, timezone.now(), after={"name": "x\x00y"})


@contextmanager
def without_triggers() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%%'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, sql in triggers:
            cursor.execute(sql)


@pytest.mark.parametrize(
    ("attack", "number", "kind"),
    [
        ("UPDATE access_auditentry SET after = '{}' WHERE number = 2", 2, "altered"),
        ("UPDATE access_auditentry SET name = 'Iva' WHERE number = 2", 2, "altered"),
        ("UPDATE access_auditentry SET at = 'jučer' WHERE number = 3", 3, "altered"),
        ("UPDATE access_auditentry SET after = x'ff' WHERE number = 3", 3, "unreadable"),
        ("UPDATE access_auditentry SET after = CAST(x'ff' AS TEXT) WHERE number = 4", 4, "unreadable"),
        ("DELETE FROM access_auditentry WHERE number = 3", 3, "missing"),
        ("UPDATE access_auditentry SET number = 100 - number WHERE number IN (2, 3)", 2, "missing"),
        ("UPDATE access_auditentry SET chain = 'msq' WHERE number = 2", 2, "missing"),
        ("DELETE FROM access_auditentry WHERE number > 3", 4, "cut"),
        ("DELETE FROM access_auditchain", 1, "added"),
        ("UPDATE access_auditchain SET number = 3", 4, "added"),
        ("UPDATE access_auditchain SET hash = hash || 'x'", 5, "replaced"),
    ],
)
def test_what_is_done_to_the_tables_is_found(database: None, attack: str, number: int, kind: str) -> None:
    written(5)
    assert queries_audit.verify(PLATFORM, MSP) == (5, [])
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(attack)
    flaws = queries_audit.verify(PLATFORM, MSP)[1]
    assert (number, kind) in {(flaw.number, flaw.kind) for flaw in flaws}
    assert MSP in queries_audit.chains(PLATFORM)


def test_what_was_cut_off_with_its_head_is_found_by_an_exported_head(database: None) -> None:
    written(5)
    exported = queries_audit.heads(PLATFORM)
    fourth = AuditEntry.objects.get(chain=MSP, number=4)
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_auditentry WHERE number = 5")
        cursor.execute("UPDATE access_auditchain SET number = 4, hash = %s", [fourth.hash])
    assert queries_audit.verify(PLATFORM, MSP)[1] == []
    (flaw,) = queries_audit.verify(PLATFORM, MSP, exported)[1]
    assert (flaw.number, flaw.kind) == (5, "cut")


REFUSED = [
    "UPDATE access_auditentry SET why = 'x'", "DELETE FROM access_auditentry",
    "DELETE FROM access_auditchain",
    "UPDATE access_auditchain SET number = number - 1", "UPDATE access_auditchain SET hash = 'x'",
]  # fmt: skip


@pytest.mark.parametrize("statement", REFUSED)
def test_sqlite_refuses_to_change_what_is_written(database: None, statement: str) -> None:
    written(2)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_deed_that_cannot_be_written_down_is_not_done(world: World) -> None:
    owner = world.person("vlasnica@example.com", role="owner", all_clients=True)
    browser = world.signed_in(owner)
    browser.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER full BEFORE INSERT ON access_auditentry "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with transaction.atomic():
        answer = browser.post(f"/alerts/{world.alerts[0].pk}/acknowledge", {"note": "x"})
    assert answer.status_code == 500
    world.alerts[0].refresh_from_db()
    assert world.alerts[0].phase == "open"
    assert not world.alerts[0].notes.exists()


def test_no_entry_outside_a_transaction(console_tables: None) -> None:
    with pytest.raises(RuntimeError):
        audit.record(ANA, "client.added", Subject("client", "1"), None, timezone.now())


WRITER = """
from django.db import transaction
from django.utils import timezone
from predvid.modules.access import audit
from predvid.modules.access.rules import PLATFORM, Subject
for number in range(60):
    with transaction.atomic():
        audit.record(PLATFORM, "client.added", Subject("client", str(number)), None, timezone.now())
"""
REFUSE = """
from django.db import connection, transaction, DatabaseError
for statement in {statements!r}:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        assert "append-only" in str(error), error
    else:
        raise SystemExit("not refused: " + statement)
"""
WRITTEN = (
    "from predvid.modules.access.models import AuditEntry; "
    "print(AuditEntry.objects.filter(chain='msp').count())"
)


def two_writers(one: Installation) -> None:
    before = int(one.django(WRITTEN))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one.django, [WRITER, WRITER]))
    assert int(one.django(WRITTEN)) == before + 120
    assert one.predvid("audit", "verify").returncode == 0


def test_two_writers_at_once_keep_one_chain_on_postgresql(tmp_path: Path, postgres: str) -> None:
    with installation(tmp_path / "i", database_url=postgres) as one:
        two_writers(one)
        truncates = ["TRUNCATE access_auditentry", "TRUNCATE access_auditchain"]
        one.django(REFUSE.format(statements=[*REFUSED, *truncates]))


def test_the_command_line_verifies_and_exports(tmp_path: Path) -> None:
    with installation(tmp_path / "i") as one:
        two_writers(one)
        heads = tmp_path / "heads"
        for form in ([], ["--json"]):
            heads.write_text(one.predvid("audit", "head", *form).stdout)
            whole = one.predvid("audit", "verify", "--head", str(heads))
            assert "whole, 120 entries" in whole.stdout
        assert '"breaks": []' in one.predvid("audit", "verify", "--json").stdout
        one.django(
            "from django.db import connection; c = connection.cursor(); "
            "c.execute('DROP TRIGGER audit_access_auditentry_UPDATE'); "
            "c.execute(\"UPDATE access_auditentry SET verb = 'x' WHERE number = 7\")"
        )
        broken = one.predvid("audit", "verify", "--head", str(heads), check=False)
        assert broken.returncode == 1
        assert "BROKEN, entry 7 is not what was written" in broken.stdout
        heads.write_text("nonsense")
        for wrong in (["--head", str(heads)], ["--head", "/no/such/file"], ["--client", "Nitko"]):
            bad = one.predvid("audit", "verify", *wrong, check=False)
            assert (bad.returncode, bad.stdout, len(bad.stderr.splitlines())) == (2, "", 1)
