"""Import of lists: what it would do is what it does, once, whole, and only by those who may."""

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
from predvid.modules.access.models import AuditEntry, Client
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory import enrolment, import_actions, import_rules
from predvid.modules.inventory.models import Agent, Device, Site
from predvid.wire import token as wire_token
from predvid.wire.v1 import Claim, Enrolment

DEVICES = "klijent;lokacija;uređaj;vrsta;serijski broj;napomena\n"


@pytest.fixture
def owner(world: World) -> Browser:
    return world.signed_in(
        world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")
    )


def sheet(text: str, kind: str = "clients") -> import_rules.Sheet:
    return import_rules.read(text.encode(), kind)


def states(text: str, kind: str, viewer: Any = PLATFORM) -> list[str]:
    return [row.state for row in import_actions.plan(viewer, sheet(text, kind), timezone.now()).verdicts]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("heads", [("naziv", "djelatnost"), ("Name", "Sector")])
def test_a_list_is_read_as_any_spreadsheet_writes_it(
    encoding: str, mark: str, heads: tuple[str, str]
) -> None:
    text = f"{mark.join(heads)}\r\nŠkola Đurđica{mark}Obrazovanje\r\n\r\n"
    found = import_rules.read(text.encode(encoding), "clients")
    assert (found.delimiter, found.encoding) == (mark, encoding.removesuffix("-sig"))
    assert [dict(line.cells) for line in found.lines] == [{"name": "Škola Đurđica", "sector": "Obrazovanje"}]


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"", "first line must name"), (b"a;b\n1;2", "name / client / naziv / klijent is missing"),
     (b'naziv\n"a', "no CSV"),
     ("naziv\nx".encode("utf-16"), "UTF-8 or Windows-1250"),
     (b"naziv\n" + b"x\n" * 5001, "at most 5000 rows"),
     (b"naziv\n" + b"x" * (1 << 20), "at most 1024 kB")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_why(raw: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        import_rules.read(raw, "clients")


@given(raw=some.binary(max_size=300), kind=some.sampled_from(import_rules.KINDS))
def test_no_bytes_break_the_reader(raw: bytes, kind: str) -> None:
    try:
        found = import_rules.read(raw, kind)
    except UserError:
        return
    assert all(line.wrong or line.cells["name"] for line in found.lines)


def test_the_dry_run_tells_each_line_and_changes_nothing(world: World, owner: Browser) -> None:
    text = (
        "naziv;djelatnost\nŽito;Trgovina\nHotel Čvorak;Ugostiteljstvo\nGimnazija Šipan;Turizam\n;x\nŽITO;y\n"
    )
    before = AuditEntry.objects.count()
    page = owner.post("/import/", {"kind": "clients", "file": SimpleUploadedFile("k.csv", text.encode())})
    assert states(text, "clients") == ["add", "change", "same", "bad", "bad"]
    shown = page.content.decode()
    assert "naziv is empty." in shown
    assert "Line 2 has the same name" in shown
    assert "Import the list" not in shown
    refused = owner.post("/import/", {"kind": "clients", "text": text, "apply": "on"})
    assert refused.status_code == 422
    assert "Nothing was imported: 2 lines are bad" in refused.content.decode()
    assert not Client.objects.filter(name="Žito").exists()
    assert AuditEntry.objects.count() == before


def test_what_was_shown_is_done_and_the_second_time_nothing(world: World, owner: Browser) -> None:
    lists = {
        "clients": "naziv;djelatnost\nŽito;Trgovina\nHotel Čvorak;Ugostiteljstvo\n",
        "sites": "klijent;lokacija;vremenska zona\nŽito;Silos;Europe/Vienna\nžito;sjedište;Europe/Zagreb\n",
        "devices": DEVICES + "Žito;Silos;VAGA-01;prijenosnik;SN1;Kraj rampe\nHotel Čvorak;;Hot-WS-02;;SN2;\n",
    }
    for kind, text in lists.items():
        page = owner.post("/import/", {"kind": kind, "text": text}).content.decode()
        assert "Import the list" in page, kind
        assert owner.post("/import/", {"kind": kind, "text": text, "apply": "on"}).status_code == 200
        deeds = AuditEntry.objects.count()
        assert set(states(text, kind)) == {"same"}, kind
        owner.post("/import/", {"kind": kind, "text": text, "apply": "on"})
        assert AuditEntry.objects.count() == deeds + 1  # that somebody imported a list
    device = Device.objects.get(name="VAGA-01")
    assert (device.type, device.note, device.site.name) == ("laptop", "Kraj rampe", "Silos")
    assert Site.objects.get(name="Silos").timezone == "Europe/Vienna"
    assert Client.objects.get(name="Hotel Čvorak").sector == "Ugostiteljstvo"
    assert "Kraj rampe" in owner.get(f"/devices/{device.pk}/").content.decode()
    assert not AuditEntry.objects.filter(after__contains="rampe").exists()


def test_an_expected_device_is_taken_by_the_agent_with_its_serial_number(world: World) -> None:
    text = DEVICES + "Hotel Čvorak;;OČEKIVAN;server;SN-4711;\n"
    import_actions.apply(PLATFORM, sheet(text, "devices"), timezone.now())
    expected = Device.objects.get(name="OČEKIVAN")
    words = {"uses": 1, "valid": timedelta(hours=1), "approves": True, "now": timezone.now()}
    token = enrolment.create_token(PLATFORM, world.sites[0].pk, **words)  # type: ignore[arg-type]
    claims = [Claim("serial", "SN-4711"), Claim("hostname", "drugo-ime")]
    request = Enrolment(token, b"k" * 32, b"s" * 32, "drugo-ime", "linux", "0.1.0", claims)
    secret = wire_token.parse(token).secret
    found = enrolment.enrol(secret, request, timezone.now(), lambda _: False)
    assert (found.agent.device_id, found.twin) == (expected.pk, None)
    assert Agent.objects.get(pk=found.agent.pk).state == "approved"


@pytest.mark.parametrize(
    ("row", "said"),
    [("Nitko;;X;;;", "no client called Nitko"), ("Hotel Čvorak;Mjesec;X;;;", "no site called Mjesec"),
     ("Hotel Čvorak;;X;toster;;", "toster is no type"), ("Hotel Čvorak;;;;;", "uređaj is empty"),
     (f"Hotel Čvorak;;X;;;{'n' * 256}", "napomena is longer than 255")],
)  # fmt: skip
def test_a_bad_line_says_what_is_wrong(world: World, row: str, said: str) -> None:
    found = import_actions.plan(PLATFORM, sheet(DEVICES + row, "devices"), timezone.now()).verdicts
    assert [(one.line, one.state) for one in found] == [(2, "bad")]
    assert said in str(found[0].wrong)


def test_nobody_imports_into_what_they_do_not_see(world: World) -> None:
    person = world.person("tehnicar@example.com", role="technician")
    person.clients.add(world.clients[0])
    viewer = viewer_of(person)
    text = "klijent;lokacija\nHotel Čvorak;Plaža\nGimnazija Šipan;Dvorana\nNema ga;Dvorana\n"
    found = import_actions.plan(viewer, sheet(text, "sites"), timezone.now()).verdicts
    assert [row.state for row in found] == ["add", "bad", "bad"]
    foreign, missing = (
        str(row.wrong).replace(row.wrong.values["name"], "X") for row in found[1:] if row.wrong
    )  # type: ignore[union-attr, arg-type]
    assert foreign == missing, "a foreign client answers as one that there is not"
    with pytest.raises(UserError, match="role"):
        import_actions.plan(viewer, sheet("naziv\nNovi"), timezone.now())


def test_formulas_stay_text_on_the_way_in_and_out(world: World, owner: Browser) -> None:
    text = "naziv\n'=cmd|' /C calc'!A0\n<script>alert(1)</script>\n"
    assert sheet(text).lines[0].cells["name"] == "=cmd|' /C calc'!A0"
    page = owner.post("/import/", {"kind": "clients", "text": text}).content.decode()
    assert "<script>alert(1)" not in page
    for kind in import_rules.KINDS:
        body = owner.get(f"/import/sample?kind={kind}")
        assert body["Content-Disposition"].startswith("attachment")
        assert import_rules.read(body.content, kind).lines[0].wrong is None
    assert owner.get("/import/sample?kind=people").status_code == 404
