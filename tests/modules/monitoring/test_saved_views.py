"""Saved views: a list's filter under a name, one's own or the MSP's, and the one that a list opens with."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client as Browser

from console_fixture import World
from predvid.modules.access.models import AuditEntry, Person
from predvid.modules.access.rules import MSP, PLATFORM
from predvid.modules.monitoring import view_actions
from predvid.modules.monitoring.models import SavedView, ViewDefault
from predvid.modules.monitoring.queries.saved import WORDS


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def keep(browser: Browser, query: str = "state=critical", name: str = "Noćna smjena", **words: str) -> Any:
    form = {"room": "devices", "name": name, "query": query, "back": "/devices/?" + query} | words
    return browser.post("/views/save", form)


def said(answer: Any) -> str:
    return " ".join(str(each) for each in get_messages(answer.wsgi_request))


@pytest.mark.parametrize(
    ("room", "address", "query"),
    [
        ("devices", "/devices/", "state=critical&type=server&q=SRV&sort=name"),
        ("alerts", "/alerts/", "phase=resolved&state=critical"),
        ("tasks", "/tasks/", "group=bad&q=x"),
    ],
)
def test_a_filter_is_saved_from_its_list_and_found_there(
    world: World, owner: Person, room: str, address: str, query: str
) -> None:
    browser = world.signed_in(owner)
    page = browser.get(f"{address}?{query}&page=1").content.decode()
    assert f'name="query" value="{query.replace("&", "&amp;")}"' in page
    keep(browser, query, room=room)
    again = browser.get(address).content.decode()
    assert f'href="{address}?{query.replace("&", "&amp;")}"' in again
    assert "Noćna smjena" in again
    there = browser.get(f"{address}?{query}").content.decode()
    assert 'aria-current="true">' in there.partition('class="saved"')[2].partition("</nav>")[0]
    for other in {"/devices/", "/alerts/", "/tasks/"} - {address}:
        assert "Noćna smjena" not in browser.get(other).content.decode()


def test_a_list_opens_with_its_default_and_everything_stays_in_reach(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    keep(browser, default="1")
    assert browser.get("/devices/").headers["Location"] == "/devices/?state=critical"
    assert "Hot-WS-02" not in browser.get("/devices/", follow=True).content.decode()
    page = browser.get("/devices/?view=all")
    assert page.status_code == 200
    assert "Hot-WS-02" in page.content.decode()
    row = SavedView.objects.get()
    filtered = browser.get("/devices/?q=WS").content.decode()
    assert 'name="view" value="all"' in filtered, "an emptied filter leads to everything, not to the default"
    assert 'href="/devices/?view=all"' in filtered
    browser.post(f"/views/{row.pk}/default", {"chosen": "0"})
    assert browser.get("/devices/").status_code == 200
    browser.post(f"/views/{row.pk}/default", {"chosen": "1"})
    keep(browser, "type=server", "Drugi", default="1")
    assert browser.get("/devices/").headers["Location"] == "/devices/?type=server", "a list has one default"
    browser.post(f"/views/{SavedView.objects.get(name='Drugi').pk}/remove")
    assert browser.get("/devices/").status_code == 200
    assert not ViewDefault.objects.exists()


def test_a_view_is_renamed_and_removed(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    keep(browser)
    keep(browser, "type=server", "Drugi")
    row = SavedView.objects.get(name="Drugi")
    clash = browser.post(f"/views/{row.pk}/rename", {"name": "Noćna smjena"})
    assert "already have a view called Noćna smjena" in said(clash)
    browser.post(f"/views/{row.pk}/rename", {"name": "  Poslužitelji\x00  "})
    assert "Poslužitelji" in browser.get("/devices/").content.decode()
    browser.post(f"/views/{row.pk}/remove")
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Noćna smjena"]


def test_ones_own_views_are_nobody_elses(world: World, owner: Person) -> None:
    keep(world.signed_in(owner), default="1")
    row = SavedView.objects.get()
    other = world.signed_in(world.person("druga@example.com", role="owner", all_clients=True))
    assert "Noćna smjena" not in other.get("/devices/").content.decode()
    for deed in ("rename", "remove", "default"):
        assert other.post(f"/views/{row.pk}/{deed}", {"name": "x", "chosen": "1"}).status_code == 404
    assert SavedView.objects.filter(pk=row.pk, name="Noćna smjena").exists()


def test_the_msp_shares_a_view_with_those_who_see_all_clients(world: World, owner: Person) -> None:
    keep(world.signed_in(owner), shared="1", name="Hotel Čvorak: kritično")
    row = SavedView.objects.get()
    wide = world.signed_in(world.person("siroka@example.com", role="technician", all_clients=True))
    page = wide.get("/devices/").content.decode()
    assert "Hotel Čvorak: kritično" in page
    assert f"/views/{row.pk}/rename" not in page
    wide.post(f"/views/{row.pk}/default", {"chosen": "1"})
    assert wide.get("/devices/").headers["Location"] == "/devices/?state=critical"
    for deed in ("rename", "remove"):
        wide.post(f"/views/{row.pk}/{deed}", {"name": "x"})
    assert SavedView.objects.get().name == "Hotel Čvorak: kritično"
    narrow = world.person("uska@example.com", role="manager", language="en")
    narrow.clients.add(world.clients[1])
    browser = world.signed_in(narrow)
    assert "Čvorak" not in browser.get("/devices/").content.decode()
    assert browser.post(f"/views/{row.pk}/default", {"chosen": "1"}).status_code == 404
    manager = world.signed_in(world.person("voditelj@example.com", role="manager", all_clients=True))
    manager.post(f"/views/{row.pk}/remove")
    assert not SavedView.objects.exists()
    assert wide.get("/devices/").status_code == 200


@pytest.mark.parametrize("everything", [True, False])
def test_only_heads_who_see_all_clients_share(world: World, everything: bool) -> None:
    role = "technician" if everything else "owner"
    person = world.person("netko@example.com", role=role, all_clients=everything, language="en")
    person.clients.add(world.clients[0])
    browser = world.signed_in(person)
    assert 'name="shared"' not in browser.get("/devices/?state=critical").content.decode()
    keep(browser, shared="1")
    assert not SavedView.objects.exists()
    keep(browser)
    assert SavedView.objects.get().shared is False


def test_a_contact_of_a_client_keeps_views_of_what_they_see(world: World) -> None:
    contact = world.person("kontakt@example.com", role="client_contact", language="en")
    contact.clients.add(world.clients[0])
    browser = world.signed_in(contact)
    keep(browser, f"client={world.clients[1].pk}")
    page = browser.get("/devices/", {"client": str(world.clients[1].pk)}).content.decode()
    assert "Noćna smjena" in page
    assert "Gim" not in page


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("page=7&state=critical&next=//evil.example&view=all", "state=critical"),
        ("q=%3Cscript%3E%00", "q=%3Cscript%3E"),
        ("page=7", None),
        ("q=" + "x" * 5000, None),
        ("", None),
    ],
)
def test_a_view_keeps_only_what_its_list_knows(
    world: World, owner: Person, query: str, kept: str | None
) -> None:
    browser = world.signed_in(owner)
    answer = keep(browser, query, back="/devices/")
    assert [row.query for row in SavedView.objects.all()] == ([kept] if kept else [])
    if kept is None:
        assert "Filter the list first" in said(answer)
    assert "<script>" not in browser.get("/devices/").content.decode()


def test_a_view_has_a_name_a_list_and_an_end(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    assert "Give the view a name" in said(keep(browser, name="  "))
    assert keep(browser, room="people").status_code == 404
    SavedView.objects.bulk_create(
        SavedView(person=owner, room="devices", name=str(n), query="type=server")
        for n in range(view_actions.MOST)
    )
    assert "views of this list already" in said(keep(browser))
    assert keep(browser, room="alerts").status_code == 302
    assert SavedView.objects.filter(room="alerts").count() == 1
    assert set(SavedView.Room.values) == set(WORDS)
    with pytest.raises(view_actions.NotVisible):
        view_actions.keep(PLATFORM, view_actions.Wanted("devices", "x", "type=server"), world.now)


def test_the_name_of_ones_own_view_stays_out_of_the_audit(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    keep(browser, name="Osobno")
    keep(browser, "type=server", name="Zajedničko", shared="1")
    entries = AuditEntry.objects.filter(verb="view.saved", chain=MSP).order_by("number")
    assert [entry.object_name for entry in entries] == ["", "Zajedničko"]
    assert not [entry for entry in entries if "Osobno" in entry.after + entry.before]
