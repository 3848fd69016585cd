"""The enrolment page: a token shown once, its arrivals, the forms for clients and sites."""

import html
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.test import override_settings

from console_fixture import World
from predvid.core.trust import fingerprint
from predvid.modules.access.models import Client, Person
from predvid.modules.access.queries import secret_hash
from predvid.modules.inventory.models import EnrolmentToken, Site
from predvid.server.place import Place
from predvid.wire import token as wire_token


@pytest.fixture
def browser(world: World) -> Browser:
    return world.signed_in(world.person("vlasnica@example.com", role="owner", all_clients=True))


def make(world: World, browser: Browser, **words: object) -> str:
    form = {"site": world.sites[0].pk, "uses": 1, "hours": "24", **words}
    return html.unescape(browser.post("/enrol/", form).content.decode())


def test_the_page_shows_the_whole_command_and_only_the_hash_is_kept(world: World, browser: Browser) -> None:
    page = make(world, browser)
    text = re.search(r"predvid agent enroll http://127\.0\.0\.1:8700 --token (\S+)</code>", page)
    assert text
    secret = wire_token.parse(text[1]).secret
    row = EnrolmentToken.objects.get()
    assert bytes(row.secret_hash) == secret_hash(secret)
    assert (row.uses_left, row.approves) == (1, False)
    assert secret not in browser.get(f"/enrol/{row.pk}/").content.decode()


@pytest.fixture
def begun(world: World) -> Iterator[Place]:
    """The installation as `predvid up` describes it when it has started."""
    place: Place = settings.PLACE
    (place.data / "run").mkdir(exist_ok=True)
    place.describe()
    yield place
    (place.data / "run" / "place.json").unlink()


def test_a_server_on_loopback_says_so_and_how_others_get_in(
    world: World, browser: Browser, begun: Place
) -> None:
    for page in (html.unescape(browser.get("/enrol/").content.decode()), make(world, browser)):
        assert "Druga računala ne mogu doći do ovog poslužitelja" in page
        command = re.search(r'<code id="opening">(.+?)</code>', page)
        assert command
        program, *words = shlex.split(command[1])
        assert words == ["up", "--listen", "0.0.0.0", "--data", str(begun.data)]  # noqa: S104 - words to read
        assert shutil.which(program)


def test_one_that_units_start_names_its_environment_file(world: World, browser: Browser) -> None:
    page = browser.get("/enrol/").content.decode()
    assert "PREDVID_ADDRESS" in page
    assert 'id="opening"' not in page


def test_a_server_that_others_reach_says_nothing_of_the_kind(world: World, browser: Browser) -> None:
    with override_settings(PLACE=replace(settings.PLACE, address="http://10.0.0.2:8700")):
        assert 'id="only-here"' not in browser.get("/enrol/").content.decode() + make(world, browser)


def test_a_deployment_token_has_uses_and_may_approve(world: World, browser: Browser) -> None:
    make(world, browser, uses=40, hours="720", approves="on")
    row = EnrolmentToken.objects.get()
    assert (row.uses_left, row.approves) == (40, True)


@pytest.mark.parametrize("words", [{"uses": 0}, {"uses": 10_001}, {"hours": "99999"}, {"site": "x"}])
def test_bad_input_makes_no_token(world: World, browser: Browser, words: dict[str, object]) -> None:
    make(world, browser, **words)
    assert not EnrolmentToken.objects.exists()


def test_a_site_of_a_foreign_client_cannot_be_chosen(world: World) -> None:
    person: Person = world.person("tehnicar@example.com", role="technician")
    person.clients.add(world.clients[0])
    make(world, world.signed_in(person), site=world.sites[1].pk)
    assert not EnrolmentToken.objects.exists()


def test_arrivals_appear_and_are_approved_there(world: World, browser: Browser) -> None:
    make(world, browser)
    row = EnrolmentToken.objects.get()
    agent = world.pending(world.sites[0], "NOVI-01")
    address = f"/enrol/{row.pk}/"
    assert "NOVI-01" in browser.get(address, headers={"HX-Request": "true"}).content.decode()
    browser.post(f"/agents/{agent.pk}/approve", {"back": address})
    agent.refresh_from_db()
    assert agent.state == "approved"


def test_a_waiting_device_shows_key_and_system_and_can_be_refused(world: World, browser: Browser) -> None:
    make(world, browser)
    row = EnrolmentToken.objects.get()
    agent = world.pending(world.sites[0], "NOVI-02")
    agent.device.os = "Debian GNU/Linux 12"
    agent.device.save()
    address = f"/enrol/{row.pk}/"
    for page in ("/enrol/", address, f"/devices/{agent.device_id}/"):
        shown = browser.get(page).content.decode()
        assert fingerprint(bytes(agent.sign_key)) in shown, page
        assert "Debian GNU/Linux 12" in shown, page
        assert f'action="/agents/{agent.pk}/revoke"' in shown, page
    assert browser.post(f"/agents/{agent.pk}/revoke", {"back": address}).headers["Location"] == address
    agent.refresh_from_db()
    assert agent.state == "revoked"
    assert "NOVI-02" not in browser.get("/enrol/").content.decode()


def test_clients_and_sites_are_added_by_their_forms(world: World, browser: Browser) -> None:
    browser.post("/clients/add", {"name": "Vinarija Grabar", "sector": "Poljoprivreda"})
    client = Client.objects.get(name="Vinarija Grabar")
    browser.post(f"/clients/{client.pk}/sites/add", {"name": "Podrum", "timezone": "Europe/Zagreb"})
    assert Site.objects.filter(client=client, name="Podrum").exists()
    page = browser.post(
        f"/clients/{client.pk}/sites/add", {"name": "X", "timezone": "Mars/Olympus"}, follow=True
    )
    assert "Takva vremenska zona ne postoji" in page.content.decode()


def test_a_taken_name_is_explained_on_the_page(world: World, browser: Browser) -> None:
    words = {"name": world.clients[0].name, "back": "/clients/"}
    page = browser.post("/clients/add", words, follow=True).content.decode()
    assert "notice-error" in page
