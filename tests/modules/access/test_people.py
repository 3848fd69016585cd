"""The room of people: who sees and changes whom, and that every change holds from that moment."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from console_fixture import World
from predvid.core.errors import UserError
from predvid.modules.access import people_actions, queries_people
from predvid.modules.access.models import AuditEntry, Authenticator, Client, Person, Session, SignInLink
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM
from second_factor import with_passkey


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def scoped(world: World, email: str, role: str, places: Iterable[int], **words: Any) -> Person:
    person = world.person(email, role=role, language="en", **words)
    person.clients.set([world.clients[place] for place in places])
    return person


def told(answer: Any) -> str:
    return " ".join(str(said) for said in get_messages(answer.wsgi_request))


def now_is(person: Person) -> tuple[str, bool, set[str], bool]:
    fresh = Person.objects.get(pk=person.pk)
    return fresh.role, fresh.all_clients, {client.name for client in fresh.clients.all()}, fresh.is_active


def rights(role: str, *clients: Client, everything: bool = False) -> dict[str, Any]:
    words = {"role": role, "clients": [str(client.pk) for client in clients]}
    return {**words, "all_clients": "on"} if everything else words


def test_the_list_shows_who_has_access_to_what(world: World, owner: Person) -> None:
    scoped(world, "marko@example.com", "technician", [0])
    scoped(world, "dino@example.com", "technician", [1], is_active=False)
    browser = world.signed_in(owner)
    page = browser.get("/people/").content.decode()
    assert all(
        word in page for word in ("Marko", "marko@example.com", "technician", "Hotel Čvorak", "active")
    )
    assert "Dino" not in browser.get("/people/?state=active").content.decode()
    assert "Marko" not in browser.get("/people/?state=deactivated").content.decode()
    assert "Dino" not in browser.get("/people/?q=MARKO").content.decode()


def test_the_list_tells_who_has_a_second_factor(world: World, owner: Person) -> None:
    marko = scoped(world, "marko@example.com", "technician", [0])
    browser = world.signed_in(owner)
    assert "authenticator app" not in browser.get("/people/").content.decode()
    app = Authenticator.objects.create(person=marko)
    assert "authenticator app" not in browser.get("/people/").content.decode(), "no code has confirmed it"
    app.confirmed_at = world.now
    app.save()
    with_passkey(world, marko)
    assert "passkey, authenticator app" in browser.get("/people/?q=marko").content.decode()
    assert "passkey, authenticator app" not in browser.get("/people/?q=vlasnica").content.decode()


def test_the_list_needs_the_same_queries_however_many_there_are(world: World, owner: Person) -> None:
    browser, seen = world.signed_in(owner), []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get("/people/").status_code == 200
        seen.append(len(queries))
        for each in range(15):
            scoped(world, f"{number}-{each}@example.com", "technician", [0, 1])
    assert seen == [11, 11]


def test_who_sees_some_clients_sees_the_people_of_these_alone(world: World, owner: Person) -> None:
    manager = scoped(world, "voditelj@example.com", "manager", [0])
    mine = scoped(world, "moj@example.com", "technician", [0])
    both = scoped(world, "oba@example.com", "technician", [0, 1])
    foreign = scoped(world, "tudji@example.com", "technician", [1])
    nobody = scoped(world, "nicij@example.com", "technician", [])
    browser = world.signed_in(manager)
    page = browser.get("/people/").content.decode()
    assert all(person.email in page for person in (manager, mine, both))
    assert not [person for person in (owner, foreign, nobody) if person.email in page]
    assert "Gimnazija" not in page, "whose other clients are not theirs to know"
    for person in (owner, foreign, nobody):
        assert browser.get(f"/people/{person.pk}/").status_code == 404
        assert browser.post(f"/people/{person.pk}/deactivate").status_code == 404
    for deed in ("deactivate", "change", "sign-out", "password-link"):
        answer = browser.post(f"/people/{both.pk}/{deed}", rights("technician", world.clients[0]))
        assert "rights that you do not have" in told(answer), deed
    assert now_is(both)[2] == {"Hotel Čvorak", "Gimnazija Šipan"}, "a scoped manager takes no foreign client"
    browser.post(f"/people/{mine.pk}/deactivate")
    assert not now_is(mine)[3]


def test_a_change_of_role_holds_with_the_next_request(world: World, owner: Person) -> None:
    person = scoped(world, "marko@example.com", "technician", [0])
    theirs = world.signed_in(person)
    assert theirs.get("/enrol/").status_code == 200
    assert theirs.get(f"/clients/{world.clients[0].pk}/").status_code == 200
    words = rights("auditor", world.clients[1])
    assert world.signed_in(owner).post(f"/people/{person.pk}/change", words).status_code == 302
    assert now_is(person) == ("auditor", False, {"Gimnazija Šipan"}, True)
    assert theirs.get("/enrol/").status_code == 403
    assert theirs.get("/audit/").status_code == 200
    assert theirs.get(f"/clients/{world.clients[0].pk}/").status_code == 404
    assert theirs.get(f"/clients/{world.clients[1].pk}/").status_code == 200


def test_a_manager_makes_no_owner_and_touches_none(world: World, owner: Person) -> None:
    manager = world.person("voditelj@example.com", role="manager", all_clients=True, language="en")
    person = scoped(world, "marko@example.com", "technician", [0])
    browser = world.signed_in(manager)
    assert browser.post(f"/people/{person.pk}/change", rights("owner")).status_code == 422
    for deed in ("change", "deactivate", "sign-out", "password-link"):
        answer = browser.post(f"/people/{owner.pk}/{deed}", rights("technician", world.clients[0]))
        assert "rights that you do not have" in told(answer), deed
    words = {"name": "X", "email": "x@example.com", "language": "en"}
    assert browser.post("/people/invite", {**words, **rights("owner")}).status_code == 422
    assert now_is(owner)[0] == "owner"
    assert now_is(owner)[3]
    assert now_is(person)[0] == "technician"
    assert not Person.objects.filter(email="x@example.com").exists()
    assert not SignInLink.objects.exists()


def test_the_last_owner_can_neither_be_demoted_nor_deactivated(world: World, owner: Person) -> None:
    second = world.person("druga@example.com", role="owner", all_clients=True, language="en")
    browser = world.signed_in(second)
    browser.post(f"/people/{owner.pk}/change", rights("auditor", everything=True))
    assert now_is(owner)[0] == "auditor"
    for deed in ("change", "deactivate"):
        assert "their own rights" in told(browser.post(f"/people/{second.pk}/{deed}", rights("auditor"))), (
            deed
        )
    with pytest.raises(UserError, match="last owner"):
        people_actions.deactivate(PLATFORM, second.pk, world.now)
    with pytest.raises(UserError, match="last owner"):
        people_actions.change_rights(
            PLATFORM, second.pk, role="auditor", all_clients=True, clients=[], now=world.now
        )
    assert now_is(second) == ("owner", True, set(), True)


def test_a_deactivated_person_is_out_at_once_and_for_good(world: World, owner: Person) -> None:
    person = scoped(world, "marko@example.com", "technician", [0])
    browsers = [world.signed_in(person), world.signed_in(person)]
    kept = browsers[0].cookies["predvid_session"].value
    boss = world.signed_in(owner)
    boss.post(f"/people/{person.pk}/password-link")
    boss.post(f"/people/{person.pk}/deactivate")
    assert not Session.objects.filter(person=person).exists()
    assert not SignInLink.objects.filter(person=person, used_at=None).exists()
    for browser in browsers:
        assert browser.get("/").headers["Location"].startswith("/sign-in/")
    boss.post(f"/people/{person.pk}/reactivate")
    thief = Browser()
    thief.cookies["predvid_session"] = kept
    assert thief.get("/").status_code == 302, "an old cookie does not come back to life with its person"
    assert now_is(person)[3]


def test_managers_end_other_peoples_sessions(world: World, owner: Person) -> None:
    person = scoped(world, "marko@example.com", "technician", [0])
    theirs = world.signed_in(person)
    boss = world.signed_in(owner)
    assert "Sessions" in boss.get(f"/people/{person.pk}/").content.decode()
    boss.post(f"/people/{person.pk}/sign-out")
    assert theirs.get("/").status_code == 302
    assert boss.get("/").status_code == 200
    auditor = world.person("revizor@example.com", role="auditor", all_clients=True, language="en")
    page = world.signed_in(auditor).get(f"/people/{person.pk}/").content.decode()
    assert "Sessions" not in page
    assert "<form" not in page.partition('id="live"')[2].partition("</main>")[0]


def test_rights_for_a_foreign_client_cannot_be_given(world: World) -> None:
    manager = scoped(world, "voditelj@example.com", "manager", [0])
    person = scoped(world, "moj@example.com", "technician", [0])
    browser = world.signed_in(manager)
    for words in (rights("technician", world.clients[1]), rights("technician", everything=True)):
        browser.post(f"/people/{person.pk}/change", words)
        role, everything, clients, _ = now_is(person)
        assert (role, everything, clients - {"Hotel Čvorak"}) == ("technician", False, set())
    with pytest.raises(queries_people.NotVisible):
        queries_people.given_clients(viewer_of(manager), [world.clients[1].pk])


def test_who_has_no_client_sees_a_friendly_page_and_nothing_else(world: World) -> None:
    browser = world.signed_in(scoped(world, "nova@example.com", "technician", []))
    for address in ("/", "/clients/", "/devices/", "/alerts/"):
        page = browser.get(address).content.decode()
        assert "No client is yours yet" in page
        assert not [name for name in ("Hotel", "Gimnazija", "SRV") if name in page]
    assert browser.get(f"/devices/{world.devices[0].pk}/").status_code == 404


def test_a_former_clients_contact_no_longer_sees_it_and_its_technician_still_does(world: World) -> None:
    contact = scoped(world, "kontakt@example.com", "client_contact", [0])
    technician = scoped(world, "marko@example.com", "technician", [0])
    address = f"/clients/{world.clients[0].pk}/"
    browser = world.signed_in(contact)
    assert browser.get(address).status_code == 200
    Client.objects.filter(pk=world.clients[0].pk).update(standing="former")
    assert browser.get(address).status_code == 404
    assert "No client is yours yet" in browser.get("/").content.decode()
    assert world.signed_in(technician).get(address).status_code == 200


def test_a_client_that_is_gone_takes_its_rights_with_it(world: World) -> None:
    gone = Client.objects.create(name="Nestali")
    person = scoped(world, "marko@example.com", "technician", [])
    person.clients.set([gone])
    gone.delete()
    assert viewer_of(Person.objects.get(pk=person.pk)).sees_nothing
    assert world.signed_in(person).get("/").status_code == 200


def test_the_audit_tells_of_rights_without_names_or_addresses(world: World, owner: Person) -> None:
    person = scoped(world, "marko@example.com", "technician", [0])
    world.signed_in(owner).post(f"/people/{person.pk}/change", rights("manager", everything=True))
    entry = AuditEntry.objects.get(verb="person.rights_changed")
    assert (entry.object_id, entry.object_name) == (str(person.pk), "")
    assert entry.before == '{"all_clients":false,"clients":"Hotel Čvorak","role":"technician"}'
    assert entry.after == '{"all_clients":true,"clients":"","role":"manager"}'
