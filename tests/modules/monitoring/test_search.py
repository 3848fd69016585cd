"""The search finds everything that the viewer sees, by what people remember of it, and nothing else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console_fixture import World
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.inventory.models import DeviceClaim, Fact
from predvid.modules.monitoring.queries.search import MOST, search

CARD = {"key": "eth0", "mac": "52:54:00:ab:cd:ef", "addresses": ["10.20.30.41/24", "fd00::41/64"]}


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True)


@pytest.fixture
def known(world: World) -> World:
    device = world.devices[0]
    mine = {"client": device.client, "device": device}
    DeviceClaim.objects.create(kind="serial", value="CZC1234XYZ", **mine)
    Fact.objects.create(
        check_name="inventory", name="network.interfaces", value=[CARD], since=world.now, **mine
    )
    return world


@pytest.mark.parametrize("q", ["czc1234", "10.20.30.41", "fd00::41", "52:54:00:AB"])
def test_a_device_is_found_by_serial_number_and_addresses(known: World, owner: Person, q: str) -> None:
    found = search(viewer_of(owner), q, known.now)
    assert [(hit.kind, hit.title) for hit in found] == [("device", known.devices[0].name)]


def test_each_kind_is_found_and_leads_to_its_page(known: World, owner: Person) -> None:
    browser = known.signed_in(owner)
    for q, address in (
        ("Hot-SRV", f"/devices/{known.devices[0].pk}/"),
        ("Hot-SRV", f"/alerts/{known.alerts[0].pk}/"),
        (known.clients[0].name, f"/clients/{known.clients[0].pk}/"),
        ("Sjedi", f"/clients/{known.clients[0].pk}/"),
        ("vlasnica@", f"/people/{owner.pk}/"),
    ):
        assert f'href="{address}"' in browser.get("/search", {"q": q}).content.decode(), q


def test_a_resolved_alert_is_no_longer_found(known: World, owner: Person) -> None:
    alert = known.alerts[0]
    assert alert.pk in [hit.key for hit in search(viewer_of(owner), "Hot-SRV", known.now)]
    alert.phase, alert.resolved_at = "resolved", known.now + timedelta(minutes=1)
    alert.save()
    assert alert.pk not in [hit.key for hit in search(viewer_of(owner), "Hot-SRV", known.now)]


def test_nobody_finds_what_they_do_not_see(known: World) -> None:
    technician = known.person("ana@example.com", role="technician")
    technician.clients.set([known.clients[1]])
    viewer = viewer_of(technician)
    for q in ("czc1234", "10.20.30.41", "Hot", "ana@example", known.clients[0].name):
        assert not search(viewer, q, known.now), q
    assert {hit.kind for hit in search(viewer, "Gim", known.now)} >= {"device", "client"}


def test_an_answer_is_short_and_costs_the_same_however_much_there_is(known: World, owner: Person) -> None:
    viewer = viewer_of(owner)
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            search(viewer, "hot", known.now)
        costs.append(len(queries))
        for number in range(2 * MOST):
            known.device(known.sites[0], f"Hot-JOS-{len(known.devices)}-{number}", state=3)
    assert costs == [6, 6]
    assert sum(hit.kind == "device" for hit in search(viewer, "hot", known.now)) == MOST


@pytest.mark.parametrize("q", ["", "x", "%", "_"])
def test_too_little_finds_nothing(known: World, owner: Person, q: str) -> None:
    assert not search(viewer_of(owner), q, known.now)
