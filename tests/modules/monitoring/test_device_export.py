"""The list of devices as a file: all that the filters leave and the viewer sees, every text as text."""

import csv
import io
import re
import zipfile

import pytest

from console_fixture import World
from predvid.modules.access.exports import LONGEST, MARK, workbook
from predvid.modules.access.models import Person


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def texts_of(file: bytes) -> list[str]:
    """Return the shared texts of a workbook; fails where a sheet holds a formula or a link."""
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        return re.findall(r"<t[^>]*>(.*?)</t>", parts.read("xl/sharedStrings.xml").decode(), re.S)


def test_both_files_hold_every_device_that_the_filters_leave(world: World, owner: Person) -> None:
    for number in range(60):
        world.device(world.sites[0], f"Hot-NOVI-{number:02}")
    browser = world.signed_in(owner)
    for query, names in (("", 65), ("?q=NOVI&page=2", 60), ("?state=critical", 2), ("?q=nista", 0)):
        text = browser.get(f"/devices/export.csv{query}").content.decode()
        rows = list(csv.reader(io.StringIO(text.removeprefix(MARK))))
        assert len(rows) == names + 1, query
        assert rows[0][:2] == ["Device", "Client"]
        cells = texts_of(browser.get(f"/devices/export.xlsx{query}").content)
        assert {row[0] for row in rows[1:]} <= set(cells)


def test_a_technician_exports_only_what_they_see(world: World) -> None:
    technician = world.person("ana@example.com", role="technician")
    technician.clients.set([world.clients[1]])
    browser = world.signed_in(technician)
    for sheet in ("csv", "xlsx"):
        file = browser.get(f"/devices/export.{sheet}").content
        text = file.decode() if sheet == "csv" else " ".join(texts_of(file))
        assert "Gim-SRV-01" in text
        assert "Hot-" not in text


def test_a_contact_of_the_client_exports_nothing_and_odd_forms_are_not_there(
    world: World, owner: Person
) -> None:
    contact = world.person("kontakt@example.com", role="client_contact")
    contact.clients.set([world.clients[0]])
    assert world.signed_in(contact).get("/devices/export.csv").status_code == 403
    assert world.signed_in(owner).get("/devices/export.exe").status_code == 404


def test_hostile_and_long_texts_stay_texts_in_a_workbook(world: World, owner: Person) -> None:
    world.device(world.sites[0], "=HYPERLINK(A1)", state=3)
    assert "=HYPERLINK(A1)" in texts_of(world.signed_in(owner).get("/devices/export.xlsx").content)
    cells = texts_of(
        workbook("x", ["a"], [["=1+1"], ["http://example.com"], ["0049"], ["ž" * (LONGEST + 5)]])
    )
    assert cells[1:4] == ["=1+1", "http://example.com", "0049"]
    assert cells[4] == "ž" * LONGEST
