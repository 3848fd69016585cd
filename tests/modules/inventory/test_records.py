"""What is written down about a client: read and written by the right people, harmless whatever it holds."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from console_fixture import World
from predvid.core.errors import UserError
from predvid.modules.access.models import AuditEntry
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory import actions, field_actions, record_actions, record_rules
from predvid.modules.inventory.field_actions import Holder, Wanted
from predvid.modules.inventory.models import (
    ClientNote,
    Contact,
    CustomField,
    Document,
    DocumentFile,
    FieldValue,
)
from predvid.modules.inventory.record_actions import Person

BYTES = record_rules.BYTES
HTML = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def owner(world: World) -> Browser:
    person = world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")
    return world.signed_in(person)


def home(world: World) -> str:
    return f"/clients/{world.clients[0].pk}/"


def upload(world: World, browser: Browser, name: str, content: bytes, **words: Any) -> Any:
    return browser.post(f"{home(world)}documents/add", {"file": SimpleUploadedFile(name, content), **words})


def test_the_client_page_says_in_one_sentence_how_it_stands(world: World, owner: Browser) -> None:
    page = owner.get(home(world)).content.decode()
    assert "1 critical alert is open, 1 device is silent. 1 of 3 devices are all right." in page
    world.client("Prazni obrt")
    page = owner.get(f"/clients/{world.clients[-1].pk}/").content.decode()
    assert "Nothing is watched yet" in page
    world.device(world.sites[-1], "PRA-WS-01")
    assert "All is well" in owner.get(f"/clients/{world.clients[-1].pk}/").content.decode()


def test_a_client_has_one_main_contact(world: World, owner: Browser) -> None:
    for name in ("Ana", "Boris"):
        owner.post(f"{home(world)}contacts/add", {"name": name, "main": "on", "email": f"{name}@example.com"})
    assert list(Contact.objects.values_list("name", "main")) == [("Boris", True), ("Ana", False)]
    page = owner.get(home(world)).content.decode()
    assert 'href="mailto:Ana@example.com"' in page
    wrong = owner.post(f"{home(world)}contacts/add", {"name": "", "email": "nije adresa"})
    assert wrong.status_code == 422
    assert Contact.objects.count() == 2


def test_a_clients_contact_reads_contacts_and_nothing_of_the_staff(world: World) -> None:
    first, second = (client.pk for client in world.clients)
    record_actions.add_contact(PLATFORM, first, Person("Naša Ana"), world.now)
    record_actions.add_contact(PLATFORM, second, Person("Tuđi Boris"), world.now)
    record_actions.add_note(PLATFORM, first, "Kasne s plaćanjem", world.now)
    paper = record_actions.add_file(PLATFORM, first, "Marža", "marza.txt", b"30 %", world.now)
    guest = world.person("gost@example.com", role="client_contact")
    guest.clients.add(first)
    browser = world.signed_in(guest)
    page = browser.get(home(world)).content.decode()
    assert "Naša Ana" in page
    for hidden in ("Kasne", "Marža", "Tuđi", "contacts/add"):
        assert hidden not in page
    assert browser.get(f"/clients/documents/{paper.pk}/").status_code == 403
    assert browser.get(f"/clients/{second}/").status_code == 404
    browser.post(f"{home(world)}notes/add", {"text": "x"})
    assert ClientNote.objects.count() == 1


def test_notes_keep_their_author_their_order_and_their_end(world: World, owner: Browser) -> None:
    for text in ("prva", "druga", "<script>alert(1)</script>"):
        owner.post(f"{home(world)}notes/add", {"text": text})
    first = ClientNote.objects.get(text="prva")
    owner.post(f"/clients/notes/{first.pk}/pin", {"pinned": "on"})
    owner.post(f"/clients/notes/{first.pk}/", {"text": "prva, ispravljena"})
    page = owner.get(home(world)).content.decode()
    assert page.index("prva, ispravljena") < page.index("druga")
    assert "<script>alert(1)" not in page
    assert "Vlasnica" in page
    assert "edited" in page
    long = "ž" * record_rules.LONGEST_NOTE
    assert record_actions.add_note(PLATFORM, world.clients[0].pk, long, world.now).text == long
    with pytest.raises(UserError, match="10000"):
        record_actions.add_note(PLATFORM, world.clients[0].pk, long + "ž", world.now)
    assert not AuditEntry.objects.filter(after__contains="prva").exists()


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [("text", " a  b ", "a b"), ("number", "1250,5", "1250.5"), ("date", "31. 12. 2026.", "2026-12-31"),
     ("date", "2026-02-28", "2026-02-28"), ("choice", "zlatni", "zlatni"), ("number", "", ""),
     ("link", "https://example.com/a?b=č", "https://example.com/a?b=č")],
)  # fmt: skip
def test_a_value_is_kept_in_one_form(kind: str, text: str, kept: str) -> None:
    assert record_rules.clean_value(kind, ["zlatni", "srebrni"], text) == kept


@pytest.mark.parametrize(
    ("kind", "text"),
    [("number", "puno"), ("number", "1e9"), ("number", "nan"), ("date", "31.2.2026."), ("date", "sutra"),
     ("choice", "brončani"), ("link", "javascript:alert(1)"), ("link", "data:text/html,x"),
     ("link", "https://"), ("link", "https://[x"), ("text", "x" * 501)],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(kind: str, text: str) -> None:
    with pytest.raises(UserError):
        record_rules.clean_value(kind, ["zlatni"], text)


def test_fields_are_defined_once_and_filled_in_everywhere(world: World, owner: Browser) -> None:
    device = world.devices[0]
    places = {
        "client": home(world),
        "site": f"/sites/{world.sites[0].pk}/",
        "device": f"/devices/{device.pk}/",
    }
    for number, (subject, page) in enumerate(places.items(), 1):
        words = {"subject": subject, "kind": "number", "name": f"Polje {subject}", "position": "0"}
        assert owner.post("/fields/", words).status_code == 302
        field = CustomField.objects.get(subject=subject)
        form = page if subject == "site" else f"{page}fields/"
        wrong = owner.post(form, {f"field-{field.pk}": "puno"})
        assert wrong.status_code == 422
        assert "Write a number" in wrong.content.decode()
        assert owner.post(form, {f"field-{field.pk}": f"{number}12,5"}).status_code == 302
        shown = owner.get(page).content.decode()
        assert f"Polje {subject}" in shown
        assert f"{number}12" in shown
    assert FieldValue.objects.count() == 3
    assert (
        owner.post(
            "/fields/", {"subject": "site", "kind": "text", "name": "Polje site", "position": "0"}
        ).status_code
        == 422
    )


def test_values_follow_their_device_and_lists_keep_what_is_in_use(world: World) -> None:
    field = field_actions.define(
        PLATFORM, "device", "choice", Wanted("Jamstvo", choices=("da", "ne")), world.now
    )
    keep, other = world.devices[0], world.devices[1]
    field_actions.fill(PLATFORM, Holder("device", other.client_id, other.pk, ""), {field.pk: "ne"}, world.now)
    with pytest.raises(UserError, match="ne is in use"):
        field_actions.redefine(PLATFORM, field.pk, Wanted("Jamstvo", choices=("da", "možda")), world.now)
    actions.merge(PLATFORM, keep.pk, other.pk, world.now)
    actions.move(PLATFORM, keep.pk, world.sites[1].pk, world.now - timedelta(hours=1), timezone.now())
    value = FieldValue.objects.get()
    assert (value.device_id, value.client_id, value.value) == (keep.pk, world.clients[1].pk, "ne")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("ugovor.pdf", b"%PDF-1.7", "application/pdf"), ("slika.png", HTML, "text/plain; charset=utf-8"),
     ("stranica.html", HTML, "text/plain; charset=utf-8"), ("x.svg", b"\x00<svg>", BYTES),
     ("popis.xlsx", b"PK\x03\x04...", record_rules.PACKED[".xlsx"]), ("a.exe", b"MZ\x90\xff", BYTES)],
)  # fmt: skip
def test_a_file_is_handed_out_whole_and_only_as_a_download(
    world: World, owner: Browser, name: str, content: bytes, kind: str
) -> None:
    assert upload(world, owner, name, content, title="Papir").status_code == 302
    row = Document.objects.get()
    answer = owner.get(f"/clients/documents/{row.pk}/")
    assert answer.content == content
    assert answer["Content-Type"] == kind
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "script-src" in answer["Content-Security-Policy"]
    owner.post(f"/clients/documents/{row.pk}/delete")
    assert not DocumentFile.objects.exists()
    assert owner.get(f"/clients/documents/{row.pk}/").status_code == 404


def test_too_much_too_little_and_bad_addresses_are_refused(
    world: World, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(world, owner, "x.bin", bytes(record_rules.LARGEST_FILE + 1)).status_code == 422
    assert upload(world, owner, "x.bin", b"").status_code == 422
    assert upload(world, owner, "x.bin", b"x", url="https://example.com").status_code == 422
    for url in ("javascript:alert(1)", "/etc/passwd", "file:///etc/passwd"):
        words = {"title": "x", "url": url}
        assert owner.post(f"{home(world)}documents/add", words).status_code == 422
    monkeypatch.setattr(record_rules, "MOST_OF_A_CLIENT", 10)
    assert upload(world, owner, "x.bin", b"0123456789").status_code == 302
    assert upload(world, owner, "x.bin", b"0").status_code == 422
    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    ("told", "kept"),
    [("../../etc/passwd", "passwd"), (r"C:\Users\x\ugovor.pdf", "ugovor.pdf"), ("..", "document"),
     ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"), ("račun\u202efdp.exe", "računfdp.exe"),
     ('a"b;c.txt', "a_b_c.txt"), (".bashrc", "bashrc"), ("š" * 300 + ".pdf", "š" * 116 + ".pdf")],
)  # fmt: skip
def test_names_of_files_are_harmless(told: str, kept: str) -> None:
    assert record_rules.file_name(told) == kept


@given(told=some.text(max_size=400))
def test_no_name_of_a_file_is_a_path_or_a_header(told: str) -> None:
    name = record_rules.file_name(told)
    assert 0 < len(name) <= record_rules.LONGEST_NAME
    assert not set(name) & set('/\\\r\n\x00"')
    assert name not in (".", "..")
