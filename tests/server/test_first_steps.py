"""The guide of a new installation says what is done and what comes next, and ends with the second device."""

import re

from console_fixture import World
from predvid.modules.access.models import Client
from predvid.modules.inventory.models import Device
from predvid.modules.notifying.models import Route


def new(world: World, role: str = "owner", *, everything: bool = True) -> str:
    """Return the overview as somebody sees it, in English."""
    person = world.person(
        f"{role}-{everything}@example.com", role=role, all_clients=everything, language="en"
    )
    if not everything:
        person.clients.add(world.clients[0])
    return world.signed_in(person).get("/").content.decode()


def done(page: str) -> list[bool]:
    """Return of each step of the guide whether it is done."""
    guide = page.partition('id="first-steps"')[2].partition("</section>")[0]
    return ["st-ok" in step for step in re.split(r"<li", guide)[1:]]


def only_one_device(world: World) -> None:
    Device.objects.exclude(pk=world.devices[0].pk).delete()


def test_each_step_is_done_when_the_data_says_so(world: World) -> None:
    only_one_device(world)
    assert done(new(world)) == [True, True, False, False]
    Route.objects.create(name="Svi")
    assert done(new(world, "manager")) == [True, True, True, False]


def test_a_first_client_is_another_one_than_the_servers_own(world: World) -> None:
    only_one_device(world)
    for client in Client.objects.exclude(pk=world.clients[0].pk):
        client.sites.all().delete()
        client.delete()
    assert done(new(world)) == [True, False, False, False]


def test_a_device_that_waits_is_named_in_the_last_step(world: World) -> None:
    only_one_device(world)
    world.pending(world.sites[0], "Hot-NOVI")
    assert "A device has answered and waits for your approval." in new(world)


def test_the_second_device_ends_the_guide(world: World) -> None:
    assert Device.objects.count() > 1
    assert done(new(world)) == []


def test_who_cannot_do_the_steps_is_not_asked_to(world: World) -> None:
    only_one_device(world)
    for role, everything in (("technician", True), ("auditor", True), ("manager", False)):
        assert done(new(world, role, everything=everything)) == [], role
