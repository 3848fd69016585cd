"""The pages of routes and channels, as people meet them: what is wrong is said, what is secret stays so."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from console_fixture import World
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM
from predvid.modules.notifying import actions, queries, telling
from predvid.modules.notifying.models import Delivery, Route


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def words(person: Person, **other: Any) -> dict[str, Any]:
    return {
        "name": "Nights", "where": "all", "floor": "3", "days": ["4", "5"], "since": "22:00",
        "until": "06:00", "timezone": "Europe/Zagreb", "people": [str(person.pk)],
    } | other  # fmt: skip


def test_a_route_shows_whom_when_and_what_became_of_its_people(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    left = world.person("bivsi@example.com", role="technician", all_clients=True)
    assert browser.post("/notifications/routes/", words(left)).status_code == 302
    left.is_active = False
    left.save()
    page = browser.get("/notifications/routes/").content.decode()
    assert "Fri Sat, 22:00–06:00 (Europe/Zagreb)" in page
    assert "Skipped, for they have left or do not see this client: Bivsi" in page
    assert "This route reaches nobody." in page
    telling.tell([world.alerts[0].events.get()], None)  # type: ignore[arg-type] # it reads no store
    assert Delivery.objects.get().why in ("nobody", "hours")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"people": []}, "this route would reach nobody"),
        ({"timezone": "Mars/Base"}, "Write a time zone"),
        ({"since": "25:00"}, "valid time"),
    ],
)
def test_what_makes_no_route_is_said(world: World, owner: Person, other: dict[str, Any], said: str) -> None:
    answer = world.signed_in(owner).post("/notifications/routes/", words(owner, **other))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Route.objects.exists()


def test_a_manager_of_one_client_routes_that_client_alone(world: World) -> None:
    manager = world.person("iva@example.com", role="manager", language="en")
    manager.clients.add(world.clients[0])
    browser = world.signed_in(manager)
    own, foreign = (str(client.pk) for client in world.clients)
    assert browser.post("/notifications/routes/", words(manager, where=own)).status_code == 302
    for where in ("all", "", foreign):
        assert browser.post("/notifications/routes/", words(manager, where=where)).status_code == 422
    Route.objects.create(name="Tuđi", client=world.clients[1])
    Route.objects.create(name="Svi klijenti")
    page = browser.get("/notifications/routes/").content.decode()
    assert "Nights" in page
    assert "Tuđi" not in page
    assert "Svi klijenti" not in page
    assert browser.get("/notifications/channels/").status_code == 403


def test_a_kept_password_stays_with_its_server_and_is_never_shown(world: World, owner: Person) -> None:
    browser, kind = world.signed_in(owner), "/notifications/channels/?kind=email"
    given = {
        "host": "mail.example.com", "port": "587", "security": "starttls", "username": "predvid",
        "password": "tajna pošte", "sender": "predvid@example.com", "sender_name": "Predvid",
    }  # fmt: skip
    assert browser.post(kind, given).status_code == 302
    assert "tajna pošte" not in browser.get(kind).content.decode()
    assert browser.post(kind, given | {"password": "", "sender_name": "Novi"}).status_code == 302
    row = queries.mail_server()
    assert row
    assert queries.settings_of(row)["password"] == "tajna pošte"
    moved = browser.post(kind, given | {"password": "", "host": "elsewhere.example.com"})
    assert moved.status_code == 422
    assert "give the password anew" in moved.content.decode()


def test_the_database_itself_holds_one_message_for_an_event_and_person(world: World, owner: Person) -> None:
    Route.objects.create(name="Svi").people.set([owner])
    event = world.alerts[0].events.get()
    telling.tell([event], None)  # type: ignore[arg-type] # it reads no store
    row, now = Delivery.objects.get(), timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(event=event, person=row.person, queued_at=now, next_at=now)


def test_a_channel_name_is_taken_once(world: World) -> None:
    given = {"url": "https://hooks.example.com/x", "key": "k" * 16}
    actions.keep_channel(PLATFORM, "webhook", "Dežurni", given, timezone.now())
    with pytest.raises(actions.UserError, match="of this name already"):
        actions.keep_channel(PLATFORM, "webhook", "Dežurni", given, timezone.now())


def test_a_route_is_changed_in_its_own_form(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    browser.post("/notifications/routes/", words(owner))
    made = Route.objects.get()
    path = f"/notifications/routes/{made.pk}/"
    page = browser.get(path).content.decode()
    for shown in ('value="Nights"', 'value="22:00"', 'value="06:00"'):
        assert shown in page, shown
    site = world.sites[0]
    where = f"{site.client_id}/{site.pk}"
    assert browser.post(path, words(owner, name="Days", where=where, floor="5")).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.client, made.site, made.floor) == ("Days", site.client, site, 5)
    assert f'value="{where}" selected' in browser.get(path).content.decode()
    refused = browser.post(path, words(owner, people=[]))
    assert refused.status_code == 422
    assert "this route would reach nobody" in refused.content.decode()
    assert list(Route.objects.get().people.all()) == [owner]


def test_who_changes_a_route_keeps_the_people_that_they_do_not_see(world: World, owner: Person) -> None:
    manager = world.person("iva@example.com", role="manager", language="en")
    manager.clients.add(world.clients[0])
    made = Route.objects.create(name="Noć", client=world.clients[0])
    made.people.set([owner, manager])
    seen = {person.pk for person in queries.people(viewer_of(manager))}
    browser = world.signed_in(manager)
    path, own = f"/notifications/routes/{made.pk}/", str(world.clients[0].pk)
    assert browser.post(path, words(manager, where=own, people=[str(manager.pk)])).status_code == 302
    left = set(made.people.values_list("pk", flat=True))
    assert left == ({manager.pk} if owner.pk in seen else {manager.pk, owner.pk})
    made.client = None
    made.save()
    assert browser.get(path).status_code == 404, "a route of all clients is not theirs"
