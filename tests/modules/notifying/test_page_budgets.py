"""The pages of notifications need the same queries however much they show."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from console_fixture import World
from deeds_of_rooms import channel
from modules.notifying.test_mails import event, told
from predvid.modules.access.models import Person
from predvid.modules.notifying.models import Channel, Rota, Route, StandIn, Turn

# The budgets are exact: a page that needs a query more or less says so here first.
BUDGETS = {"notifications": 9, "routes": 13, "rotas": 11, "channels": 9}


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def more(world: World, hook: Channel) -> None:
    """Add people, routes, rotas and deliveries."""
    number = Rota.objects.count()
    people = [
        world.person(f"t{number}-{each}@example.com", role="technician", all_clients=each > 1)
        for each in range(4)
    ]
    for person in people[:2]:
        person.clients.set(world.clients)
    rota = Rota.objects.create(name=f"Noći {number}", begins=world.now.date() - timedelta(days=3))
    Turn.objects.bulk_create(
        Turn(rota=rota, number=each, person=person) for each, person in enumerate(people)
    )
    StandIn.objects.create(rota=rota, person=people[3], since=world.now, until=world.now + timedelta(days=1))
    for place in (None, *world.clients):
        made = Route.objects.create(name=f"Put {number}", client=place, rota=rota, channel=hook)
        made.people.set(people)
    told(*(event(alert) for alert in world.alerts))


@pytest.mark.parametrize("name", BUDGETS)
def test_a_page_needs_the_same_queries_however_much_it_shows(world: World, owner: Person, name: str) -> None:
    browser, seen, hook = world.signed_in(owner), [], channel(world)
    for _ in range(2):
        more(world, hook)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse(name)).status_code == 200
        seen.append(len(queries))
    assert seen == [BUDGETS[name]] * 2, "\n".join(each["sql"][:160] for each in queries)
