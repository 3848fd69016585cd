"""Many people are the same viewers that each of them is alone."""

from itertools import product

from django.db import connection
from django.test.utils import CaptureQueriesContext

from console_fixture import World
from predvid.modules.access.models import Client, Person
from predvid.modules.access.queries import viewer_of, viewers_of


def test_viewers_read_at_once_are_those_read_one_by_one(world: World) -> None:
    Client.objects.filter(pk=world.clients[1].pk).update(standing=Client.Standing.FORMER)
    people = []
    for role, everywhere, number in product(Person.Role.values, (False, True), range(3)):
        address = f"{role}-{everywhere}-{number}@example.com"
        people.append(world.person(address, role=role, all_clients=everywhere))
        people[-1].clients.set(world.clients[:number])
    alone = {person.pk: viewer_of(Person.objects.get(pk=person.pk)) for person in people}
    for person in people:
        kept = set(person.clients.values_list("pk", flat=True))
        kept -= {world.clients[1].pk} if person.role == "client_contact" else set()
        assert alone[person.pk].clients == (None if person.all_clients else kept)
    again = list(Person.objects.filter(pk__in=alone))
    with CaptureQueriesContext(connection) as asked:
        assert viewers_of(again) == alone
        assert {person.pk: viewer_of(person) for person in again} == alone
    assert len([each for each in asked if each["sql"].startswith("SELECT")]) == 1
    assert viewers_of([]) == {}
