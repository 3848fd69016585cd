"""Pages hold, and stay honest, whatever a device, an address, a former client or an old session leaves."""

import re

import pytest
from django.test import Client as Browser

from console_fixture import PASSWORD, World
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.inventory.models import Agent, Fact
from predvid.modules.monitoring.models import Alert, AlertNote, Event
from predvid.modules.monitoring.queries import alerts, standing

YEAR_ONE = "-62135596800"


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True)


@pytest.fixture
def technician(world: World) -> Person:
    person = world.person("tehnicar@example.com", role="technician")
    person.clients.add(world.clients[0])
    return person


@pytest.mark.parametrize("value", [[{"name": "a"}], [{"name": "a"}, {"key": "b"}], [{}], [[], {}], {"": {}}])
def test_no_fact_breaks_the_page_of_its_device(world: World, owner: Person, value: object) -> None:
    device = world.devices[0]
    Fact.objects.create(
        client=device.client, device=device, check_name="x", name="x.y", value=value, since=world.now
    )
    assert world.signed_in(owner).get(f"/devices/{device.pk}/").status_code == 200


@pytest.mark.parametrize("source", [{"said_id": "disk_space.used", "said_values": "text"}, {"said_id": None}])
def test_no_event_breaks_the_page_of_its_device(
    world: World, owner: Person, source: dict[str, object]
) -> None:
    device = world.devices[0]
    Event.objects.create(
        client=device.client, device=device, kind="alert.opened", severity=0, at=world.now,
        recorded_at=world.now, said_id="alert.opened", source=source,
    )  # fmt: skip
    assert world.signed_in(owner).get(f"/devices/{device.pk}/").status_code == 200


def test_a_nul_never_reaches_the_database(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    for path in ("/devices/", "/alerts/", "/search", "/clients/"):
        assert "\x00" not in browser.get(path, {"q": "S\x00RV"}).content.decode(), path
    assert "Hot-SRV-01" in browser.get("/devices/", {"q": "S\x00RV"}).content.decode()
    for verb, name in (("note", "text"), ("acknowledge", "note")):
        browser.post(f"/alerts/{world.alerts[0].pk}/{verb}", {name: f"a\x00{verb}"})
    assert set(AlertNote.objects.values_list("text", flat=True)) == {"anote", "aacknowledge"}


def test_a_chart_of_the_year_one_is_no_error(world: World, owner: Person) -> None:
    words = {"metric": "cpu_used_percent", "from": YEAR_ONE, "to": YEAR_ONE}
    answer = world.signed_in(owner).get(f"/devices/{world.devices[0].pk}/series", words)
    assert answer.status_code == 503  # the store is away in this test


def test_after_a_move_the_notes_of_the_former_client_stay_with_it(world: World, technician: Person) -> None:
    alert = world.alerts[0]
    former = {"client": world.clients[1], "alert": alert}
    AlertNote.objects.create(at=world.now, text="Lozinka je kod ravnatelja", **former)
    AlertNote.objects.create(client=world.clients[0], alert=alert, at=world.now, text="Gledam")
    Event.objects.create(
        device=alert.device, kind="alert.changed", severity=0, at=world.now, recorded_at=world.now,
        said_id="Nekad", **former,
    )  # fmt: skip
    page = world.signed_in(technician).get(f"/alerts/{alert.pk}/").content.decode()
    assert "Gledam" in page
    assert "ravnatelja" not in page
    assert "Nekad" not in page


def test_a_refused_form_of_an_alert_answers_on_its_page(world: World, owner: Person) -> None:
    address = f"/alerts/{world.alerts[0].pk}/"
    browser = world.signed_in(owner)
    page = browser.get(address).content.decode()
    forms = re.findall(r'<form[^>]*action="/alerts/\d+/\w+".*?</form>', page, re.S)
    assert len(forms) == 4
    for form in forms:
        back = re.search(r'name="back" value="([^"]+)"', form)
        assert back
        assert back[1] == address
    assert browser.post(f"{address}note", {"text": "  ", "back": address}).headers["Location"] == address


def test_people_who_only_look_get_no_way_to_a_page_that_is_not_theirs(world: World) -> None:
    auditor = world.person("revizor@example.com", role="auditor", all_clients=True)
    world.client("Bez uređaja")
    browser = world.signed_in(auditor)
    for path in ("/", "/clients/", "/devices/", f"/clients/{world.clients[2].pk}/"):
        assert "/enrol/" not in browser.get(path).content.decode(), path


def test_who_signs_in_after_a_form_comes_back_to_its_page(world: World, owner: Person) -> None:
    stranger = Browser()
    asked = stranger.post(f"/alerts/{world.alerts[0].pk}/acknowledge", {"back": "/alerts/?state=critical"})
    page = stranger.get(asked.headers["Location"]).content.decode()
    onward = re.search(r'name="next" value="([^"]*)"', page)
    assert onward
    words = {"email": owner.email, "password": PASSWORD, "next": onward[1]}
    offer = stranger.post("/sign-in/", words).headers["Location"]
    assert stranger.post(offer).headers["Location"] == "/alerts/?state=critical", (
        "a second factor comes later"
    )
    for foreign in ({"back": "https://evil.example/"}, {}):
        asked = Browser().post(f"/alerts/{world.alerts[0].pk}/note", foreign)
        assert asked.headers["Location"] == "/sign-in/?next=/"


def test_alerts_of_one_moment_stand_on_one_page_each(world: World, owner: Person) -> None:
    for number in range(110):
        world.device(world.sites[0], f"Hot-{number}", state=2)
    Alert.objects.update(opened_at=world.now, resolved_at=world.now)
    for phase in ("open", "resolved"):
        Alert.objects.update(phase=phase)
        with_ties = str(alerts.ordered(Alert.objects.all(), phase).query)
        assert with_ties.rstrip().endswith('"monitoring_alert"."id" DESC'), phase


def test_a_device_whose_agent_was_refused_is_not_called_silent(world: World, owner: Person) -> None:
    gone = world.devices[4]
    viewer = viewer_of(owner)
    counted = sum((row.by_standing for row in standing.health(viewer, world.now)), start=standing.Counter())
    assert counted["offline"] == 1
    Agent.objects.filter(device=gone).update(state="revoked")
    counted = sum((row.by_standing for row in standing.health(viewer, world.now)), start=standing.Counter())
    assert (counted["offline"], counted["waiting"]) == (0, 1)


def test_a_field_with_two_faults_keeps_one_description(world: World) -> None:
    person = world.person("ana@example.com")
    words = {"part": "password", "current": PASSWORD, "new": "password"}
    page = world.signed_in(person).post("/profile/", words).content.decode()
    assert page.count('class="wrong"') >= 2
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("waiting", "said"), [(1, "agent čeka"), (2, "agenta čekaju"), (5, "agenata čeka")])
def test_who_waits_is_counted_in_the_right_form(world: World, owner: Person, waiting: int, said: str) -> None:
    for number in range(waiting):
        world.pending(world.sites[0], f"Hot-{number}")
    assert f">{said} vaše odobrenje<" in world.signed_in(owner).get("/").content.decode()


def test_a_move_is_dated_as_people_write_and_by_the_local_day(world: World, owner: Person) -> None:
    Event.objects.create(
        client=world.clients[0], device=world.devices[0], kind="device.moved", severity=0, at=world.now,
        recorded_at=world.now, said_id="device.moved",
        said_values={"client": "Hotel", "date": "2026-11-22"},
    )  # fmt: skip
    page = world.signed_in(owner).get(f"/devices/{world.devices[0].pk}/").content.decode()
    assert "22. studenoga 2026." in page.partition('class="timeline"')[2]


@pytest.mark.parametrize(("reason", "said"), [("fork", "dva primjerka"), ("copied", "kopija")])
def test_a_lock_is_explained_in_words(world: World, owner: Person, reason: str, said: str) -> None:
    Event.objects.create(
        client=world.clients[0], device=world.devices[0], kind="agent.locked", severity=4, at=world.now,
        recorded_at=world.now, said_id="agent.locked", said_values={"why": reason},
    )  # fmt: skip
    page = world.signed_in(owner).get(f"/devices/{world.devices[0].pk}/").content.decode()
    assert said in page.partition('class="timeline"')[2]


def test_only_those_who_may_add_a_client_are_offered_it(world: World) -> None:
    person = world.person("tehnicar@example.com", role="technician")
    page = world.signed_in(person).get("/enrol/").content.decode()
    assert "/clients/add" not in page
