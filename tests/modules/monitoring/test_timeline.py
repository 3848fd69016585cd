"""The timeline of a device joins alerts, tasks, changes and measurements; each sees what is theirs."""

import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from console_fixture import World
from predvid.modules.access.models import Person
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.store import SeriesRow, Store, series_id

CPU = "cpu_used_percent"


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def told(world: World, kind: str, ago: timedelta, number: int = 0, **words: Any) -> Event:
    at = world.now - ago
    device = world.devices[number]
    words = {"client": device.client, "severity": 1, "said_id": kind} | words
    return Event.objects.create(device=device, kind=kind, at=at, recorded_at=at, **words)


def measured(store: Store, device: object, now: datetime, values: list[float], metric: str = CPU) -> None:
    """Store one value every ten minutes, the last one just now."""
    number, n = series_id(str(device), metric, {}), len(values)
    store.register_series([SeriesRow(number, str(device), metric, {})])
    times = int(now.timestamp() * 1000) - np.arange(n, dtype=np.int64)[::-1] * 600_000
    store.insert_samples(
        [metric], np.zeros(n, np.uint32), np.full(n, number, np.uint64), times, np.array(values)
    )


def shown(world: World, person: Person, query: str = "", number: int = 0) -> str:
    answer = world.signed_in(person).get(f"/devices/{world.devices[number].pk}/timeline{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def links(page: str) -> list[str]:
    """Return where the drawing leads to; the list below says the same."""
    return re.findall(r'href="([^"]+)"', page.partition('class="happened"')[0])


def test_everything_leads_to_its_page_and_stands_in_the_list_too(world: World, owner: Person) -> None:
    task = world.task(world.sites[0])
    source = {"source": {"task": str(task.pk)}, "said_values": {"title": "Čišćenje"}}
    told(world, "task.started", timedelta(hours=3), **source)
    told(world, "task.done", timedelta(hours=2), severity=0, **source)
    asked = {"source": {"request": str(task.request_id)}, "said_values": {"title": "Čišćenje", "who": "Ana"}}
    told(world, "task.requested", timedelta(hours=9), **asked)
    change = told(world, "agent.started", timedelta(hours=5), said_values={"version": "9.9.9"})
    page = shown(world, owner)
    led = links(page)
    for address in (
        f"/alerts/{world.alerts[0].pk}/",
        f"/tasks/{task.pk}/",
        f"/tasks/requests/{task.request_id}/",
        f"#happened-e{change.pk}",
    ):
        assert led.count(address) == 1, address
    listed = page.partition('class="happened"')[2]
    assert f'id="happened-e{change.pk}"' in listed
    for words in ("version 9.9.9", "Task done: Čišćenje", "Ana requested", "96%"):
        assert words in listed, words
    assert listed.count("Čišćenje") == 2, "a run is one row, not one for each of its steps"


def test_changes_of_one_moment_are_one_mark_that_counts_them(world: World, owner: Person) -> None:
    for number in range(7):
        told(world, "agent.started", timedelta(hours=5, seconds=number), said_values={"version": str(number)})
    page = shown(world, owner)
    assert 'aria-label="7 changes: ' in page
    assert len([link for link in links(page) if link.startswith("#happened-")]) == 1


def test_the_range_stands_in_the_address_and_decides_what_is_shown(world: World, owner: Person) -> None:
    told(world, "agent.started", timedelta(days=3), said_values={"version": "3.3.3"})
    ended = world.now - timedelta(days=5)
    Alert.objects.filter(pk=world.alerts[0].pk).update(
        phase="resolved", opened_at=ended - timedelta(hours=1), resolved_at=ended
    )
    assert "3.3.3" not in shown(world, owner, "?range=24h")
    assert f"/alerts/{world.alerts[0].pk}/" not in shown(world, owner, "?range=24h")
    week = shown(world, owner, "?range=7d")
    assert "3.3.3" in week
    assert f"/alerts/{world.alerts[0].pk}/" in week
    page = world.signed_in(owner).get(f"/devices/{world.devices[0].pk}/?range=7d").content.decode()
    assert f'hx-get="/devices/{world.devices[0].pk}/timeline?range=7d"' in page
    assert 'aria-current="true">24 h<' in shown(world, owner, "?range=nonsense")


def test_what_happened_at_another_client_stays_there(world: World) -> None:
    technician = world.person("tehnicar@example.com", role="technician", language="en")
    technician.clients.add(world.clients[0])
    told(
        world, "agent.started", timedelta(hours=2), client=world.clients[1], said_values={"version": "6.6.6"}
    )
    told(world, "agent.started", timedelta(hours=1), said_values={"version": "7.7.7"})
    page = shown(world, technician)
    assert "7.7.7" in page
    assert "6.6.6" not in page
    browser = world.signed_in(technician)
    assert browser.get(f"/devices/{world.devices[2].pk}/timeline").status_code == 404


def test_a_contact_of_a_client_gets_no_timeline(world: World) -> None:
    contact = world.person("kontakt@example.com", role="client_contact")
    contact.clients.add(world.clients[0])
    assert world.signed_in(contact).get(f"/devices/{world.devices[0].pk}/timeline").status_code == 403


def test_a_hostile_event_stays_text(world: World, owner: Person) -> None:
    told(world, "agent.started", timedelta(hours=1), said_values={"version": "<script>alert(1)</script>"})
    told(world, "task.done", timedelta(hours=1), source={"task": "../x"}, said_values={"title": "t"})
    told(world, "task.approved", timedelta(hours=1), source={"request": [1]}, said_values={"title": "t"})
    assert "<script>" not in shown(world, owner)


def test_without_the_store_it_still_tells_what_happened(world: World, owner: Person) -> None:
    page = shown(world, owner)
    assert "does not answer" in page
    assert f"/alerts/{world.alerts[0].pk}/" in page


@pytest.mark.usefixtures("ground")
def test_measurements_stand_on_the_same_axis_with_unit_and_range(
    ground: Store, world: World, owner: Person
) -> None:
    measured(ground, world.devices[0].pk, world.now, [20.0, 40.0, 90.0, 30.0])
    page = shown(world, owner, "?range=1h")
    assert 'class="curve curve-0" d="M' in page
    assert "Processor used" in page
    for words in ("100%", "0%", "min 20%", "max 90%"):
        assert words in page, words
    x = re.findall(r'curve-0" d="M(\d+\.\d)', page)[0]
    assert float(x) == pytest.approx(500, abs=40), "half an hour ago stands in the middle of an hour"


@pytest.mark.usefixtures("ground")
def test_measurements_from_before_a_move_stay_with_the_former_client(ground: Store, world: World) -> None:
    technician = world.person("tehnicar@example.com", role="technician", language="en")
    technician.clients.add(world.clients[0])
    device = world.devices[0]
    measured(ground, device.pk, world.now, [77.0] * 6 + [5.0] * 6)
    device.tenures.update(client=world.clients[1], since=world.now - timedelta(days=9))
    device.tenures.create(client=device.client, site=device.site, since=world.now - timedelta(minutes=45))
    page = shown(world, technician, "?range=24h")
    assert "max 5%" in page
    assert "77%" not in page
