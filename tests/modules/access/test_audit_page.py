"""The page of the audit: who may see what, filters, exports that no spreadsheet takes for formulas."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console_fixture import World
from predvid.modules.access import audit
from predvid.modules.access.audit_words import ENROLMENT
from predvid.modules.access.models import Person
from predvid.modules.access.rules import (
    MSP,
    Entry,
    Head,
    Subject,
    Viewer,
    breaks,
)

ATTACK = "<script>alert(1)</script>"
QUERIES = 10


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True)


def note(
    world: World, number: int | None, name: str, verb: str = "site.added", days: int = 0, **words: Any
) -> None:
    client = None if number is None else world.clients[number].pk
    viewer = Viewer("Ana Anić", "owner", None, person=words.get("person"), address="10.0.0.7")
    with transaction.atomic():
        at = timezone.now() - timedelta(days=days)
        audit.record(viewer, verb, Subject("site", "7", name), client, at, after={"name": name})


def text(browser: Browser, query: str = "", path: str = "/audit/") -> str:
    answer = browser.get(path + query)
    assert answer.status_code == 200
    return b"".join(answer).decode()


def test_roles_that_do_not_audit_are_refused(world: World) -> None:
    for role in ("technician", "account_manager", "client_contact"):
        browser = world.signed_in(world.person(f"{role}@example.com", role=role, all_clients=True))
        assert "/audit/" not in browser.get("/").content.decode()
        assert browser.get("/audit/").status_code == 403
        assert browser.get("/audit/export.csv").status_code == 403


def test_who_sees_some_clients_sees_their_entries_alone(world: World) -> None:
    manager = world.person("voditelj@example.com", role="manager")
    manager.clients.add(world.clients[0])
    note(world, 0, "Kuhinja")
    note(world, 1, "Zbornica")
    note(world, None, "Uprava")
    browser = world.signed_in(manager)
    foreign = f"?client={world.clients[1].pk}"
    for page in (
        text(browser),
        text(browser, path="/audit/export.csv"),
        text(browser, path="/audit/export.jsonl"),
    ):
        assert "Kuhinja" in page
        assert "Zbornica" not in page
        assert "Uprava" not in page
        assert "Gimnazija" not in page
    assert "Zbornica" not in text(browser, foreign)
    assert "Uprava" not in text(browser, f"?client={MSP}")


def test_the_address_filters_by_person_verb_client_and_days(world: World, owner: Person) -> None:
    note(world, 0, "Kuhinja", person=owner.pk)
    note(world, 1, "Zbornica", verb="client.added")
    note(world, None, "Uprava", days=40)
    browser, today = world.signed_in(owner), timezone.localdate()
    found = {
        f"?person={owner.pk}": "Kuhinja",
        "?verb=client.added": "Zbornica",
        f"?client={world.clients[0].pk}": "Kuhinja",
        f"?client={MSP}": "Uprava",
        f"?to={today - timedelta(days=30)}": "Uprava",
        f"?from={today}&to={today}&verb=client.added": "Zbornica",
    }
    for query, name in found.items():
        page = text(browser, query)
        assert [each for each in ("Kuhinja", "Zbornica", "Uprava") if each in page] == [name], query
        assert name in text(browser, query, "/audit/export.csv")
    for odd in (
        "?from=x&to=99999-1-1",
        "?client=%00&person=" + "x" * 999,
        "?page=-3",
        "?from=0001-01-01&to=9999-12-31",
    ):
        text(browser, odd)


def test_names_stay_text_and_a_deed_is_worded(world: World, owner: Person) -> None:
    note(world, 0, ATTACK)
    page = text(world.signed_in(owner))
    assert ATTACK not in page
    for words in ("Dodana lokacija", "Ana Anić", "10.0.0.7", "Revizijski trag"):
        assert words in page


def test_the_page_needs_the_same_queries_however_much_it_shows(world: World, owner: Person) -> None:
    browser, seen = world.signed_in(owner), []
    for count in (2, 120):
        for number in range(count):
            note(world, number % 2, f"Lokacija {number}", person=owner.pk)
        with CaptureQueriesContext(connection) as queries:
            text(browser)
        seen.append(len(queries))
    assert seen == [QUERIES] * 2
    assert "?page=2" in text(browser)


def test_no_cell_of_the_export_is_a_formula(world: World, owner: Person) -> None:
    for lead in ("=", "+", "-", "@", " =", "\t="):
        note(world, 0, f'{lead}HYPERLINK("x")')
    rows = list(
        csv.DictReader(io.StringIO(text(world.signed_in(owner), path="/audit/export.csv").lstrip("\ufeff")))
    )
    assert len(rows) == 6
    assert all(row["object_name"].startswith("'") for row in rows)
    assert rows[0]["client"] == world.clients[0].name


def test_lines_of_json_verify_again_elsewhere(world: World, owner: Person) -> None:
    for name in ("Kuhinja", "Praona", "Skladište"):
        note(world, 0, name)
    chain = str(world.clients[0].pk)
    lines = text(world.signed_in(owner), f"?client={chain}", "/audit/export.jsonl").splitlines()
    entries = sorted((Entry(**json.loads(line)) for line in lines), key=lambda entry: entry.number)
    assert len(entries) == 3
    assert not list(breaks(chain, entries, [Head(chain, 3, entries[-1].hash)]))


def test_what_was_tampered_with_is_shown_as_it_stands(world: World, owner: Person) -> None:
    note(world, 0, "Kuhinja")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_access_auditentry_UPDATE")
        cursor.execute("UPDATE access_auditentry SET after = '[[', at = 9223372036854775807")
    assert "[[" in text(world.signed_in(owner))


def test_codes_are_shown_in_the_readers_words(world: World) -> None:
    reader = world.person("citateljica@example.com", role="owner", all_clients=True, language="hr")
    viewer = Viewer("Ana Anić", "owner", None, address="10.0.0.7")
    after: audit.Values = {"state": "halted", "role": "auditor", "agents": 3}
    with transaction.atomic():
        audit.record(
            viewer, "release.stopped", Subject("release", "1", "0.1.7"), None, timezone.now(), after=after
        )
    shown = text(world.signed_in(reader))
    for words in ("stanje: zaustavljeno", "uloga: revizor", "agenti: 3"):
        assert words in shown
    assert "halted" not in shown


def test_codes_of_an_entry_are_words_in_the_readers_language(world: World, owner: Person) -> None:
    viewer, client = Viewer("Ana Anić", "owner", None), world.clients[0].pk
    entries: list[tuple[str, audit.Values, str]] = [
        ("api_token.made", {"verbs": "device.view alert.acknowledge"}, ""),
        ("agent.enrolled", {"state": "pending"}, f"{ENROLMENT}7a1c"),
        ("person.changed", {"language": "en"}, ""),
        ("secret.added", {"kind": "ssh_key"}, ""),
        ("policy.changed", {"check": "disk_space"}, ""),
    ]
    for verb, after, why in entries:
        audit.record(viewer, verb, Subject("device", "7", "X"), client, timezone.now(), after=after, why=why)
    page = text(world.signed_in(owner))
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    for words in (
        "vidjeti uređaje i njihovo stanje, preuzimati upozorenja",
        "žetonom za prijavu 7a1c",
        "English",
        "SSH ključ",
        "Prostor na diskovima",
    ):
        assert words in table, words
    for code in ("device.view", "enrolment token", ">en<", "ssh_key", "disk_space"):
        assert code not in table, code
