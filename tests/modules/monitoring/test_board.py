"""A person's board: charts pinned as they were, in the person's own order, and nobody else's business."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.test import Client as Browser

from console_fixture import World
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import AuditEntry, Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring import pin_actions
from predvid.modules.monitoring.models import Pin
from predvid.modules.monitoring.queries.compared import Asked

CPU = "cpu_used_percent"


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def pin(browser: Browser, device: Device, **words: Any) -> Any:
    return browser.post(f"/devices/{device.pk}/pin", {"metric": CPU, "range": "7d"} | words)


def titles(browser: Browser) -> list[str]:
    page = browser.get("/board/").content.decode()
    return re.findall(r'<h2 id="pin-\d+-title"><a[^>]*>([^<]*)</a>', page)


def test_a_chart_is_pinned_with_what_it_compares_and_its_range(world: World, owner: Person) -> None:
    browser, other = world.signed_in(owner), world.devices[2]
    pin(browser, world.devices[0], shift="7d", **{"with": str(other.pk)})
    page = browser.get("/board/").content.decode()
    for part in (
        f'data-chart="/devices/{world.devices[0].pk}/series"',
        f'data-with="{other.pk}"',
        'data-shift="7d"',
        'data-range="7d"',
        f'href="/devices/{world.devices[0].pk}/chart?metric={CPU}&amp;range=7d&amp;shift=7d&amp;with={other.pk}"',
    ):
        assert part in page, part


def test_pins_are_moved_renamed_and_taken_off(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    for device in world.devices[:3]:
        pin(browser, device)
    first, second, third = Pin.objects.values_list("pk", flat=True)
    assert titles(browser) == ["Hot-SRV-01", "Hot-WS-02", "Gim-SRV-01"]
    browser.post(f"/board/{third}/move", {"way": "earlier"})
    browser.post(f"/board/{first}/move", {"way": "later"})
    assert titles(browser) == ["Gim-SRV-01", "Hot-SRV-01", "Hot-WS-02"]
    browser.post(f"/board/{third}/move", {"way": "earlier"})  # it is the first already
    browser.post(f"/board/{second}/rename", {"title": "  Recepcija\x00 "})
    assert titles(browser) == ["Gim-SRV-01", "Hot-SRV-01", "Recepcija"]
    browser.post(f"/board/{first}/remove")
    browser.post(f"/board/{second}/rename", {"title": ""})
    assert titles(browser) == ["Gim-SRV-01", "Hot-WS-02"]
    verbs = list(AuditEntry.objects.filter(verb__startswith="board.").values_list("verb", flat=True))
    assert sorted(verbs) == ["board.changed"] * 4 + ["board.pinned"] * 3 + ["board.unpinned"]


def test_each_has_a_board_of_their_own(world: World, owner: Person) -> None:
    pin(world.signed_in(owner), world.devices[0])
    mine = Pin.objects.get()
    other = world.signed_in(world.person("druga@example.com", role="owner", all_clients=True))
    assert titles(other) == []
    for deed in ("rename", "move", "remove"):
        assert other.post(f"/board/{mine.pk}/{deed}", {"title": "x", "way": "later"}).status_code == 404
    assert Pin.objects.filter(pk=mine.pk, title="").exists()


def test_what_one_may_no_longer_see_leaves_the_board(world: World) -> None:
    person = world.person("tehnicar@example.com", role="technician", language="en")
    person.clients.set(world.clients)
    browser = world.signed_in(person)
    pin(browser, world.devices[2])
    pin(browser, world.devices[0], **{"with": str(world.devices[2].pk)})
    assert titles(browser) == ["Gim-SRV-01", "Hot-SRV-01"]
    person.clients.set([world.clients[0]])
    page = browser.get("/board/").content.decode()
    assert "Gim" not in page
    assert str(world.devices[2].pk) not in page
    assert "1 device is no longer yours to see" in page
    assert titles(browser) == ["Hot-SRV-01"]
    gone = Pin.objects.get(device=world.devices[2])
    assert browser.post(f"/board/{gone.pk}/remove").status_code == 404


def test_nobody_pins_what_they_do_not_see(world: World) -> None:
    person = world.person("tehnicar@example.com", role="technician", language="en")
    person.clients.add(world.clients[0])
    browser = world.signed_in(person)
    assert pin(browser, world.devices[2]).status_code == 404
    assert pin(browser, world.devices[0], **{"with": str(world.devices[2].pk)}).status_code == 404
    assert not Pin.objects.exists()
    contact = world.person("kontakt@example.com", role="client_contact")
    contact.clients.add(world.clients[0])
    browser = world.signed_in(contact)
    assert browser.get("/board/").status_code == 403
    assert pin(browser, world.devices[0]).status_code == 302
    assert not Pin.objects.exists()
    assert ">Ploča<" not in browser.get("/").content.decode()


def test_a_merged_device_is_shown_as_the_one_that_it_became(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    pin(browser, world.devices[1])
    Device.objects.filter(pk=world.devices[1].pk).update(merged_into=world.devices[0])
    assert titles(browser) == ["Hot-SRV-01"]


def test_a_board_has_an_end_and_nothing_is_no_chart(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    Pin.objects.bulk_create(
        Pin(person=owner, device=world.devices[0], metric=CPU, range="24h", place=n)
        for n in range(pin_actions.MOST)
    )
    assert any("is full" in str(said) for said in get_messages(pin(browser, world.devices[1]).wsgi_request))
    Pin.objects.first().delete()  # type: ignore[union-attr]
    refused = pin(browser, world.devices[1], metric="")
    assert any("Choose a measurement" in str(said) for said in get_messages(refused.wsgi_request))
    assert Pin.objects.count() == pin_actions.MOST - 1


def test_the_platform_has_no_board(world: World) -> None:
    with pytest.raises(NotVisible):
        pin_actions.pin(PLATFORM, world.devices[0].pk, Asked(CPU), "24h", world.now)
    with pytest.raises(NotVisible):
        pin_actions.pin(PLATFORM, uuid4(), Asked(CPU), "24h", world.now)
