"""A chart that compares: devices beside each other, a week beside the one before, told by the address."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from console_fixture import World
from predvid.modules.access.models import Person
from predvid.modules.monitoring import charts
from predvid.modules.monitoring.store import SeriesRow, SeriesWindow, Store, series_id

CPU = "cpu_used_percent"
pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def measured(
    store: Store, world: World, number: int, values: list[float], ago: timedelta, **labels: str
) -> None:
    """Store one value a minute of a device, the last one `ago`."""
    device, n = str(world.devices[number].pk), len(values)
    key = series_id(device, CPU, labels)
    store.register_series([SeriesRow(key, device, CPU, labels)])
    last = int((world.now - ago).timestamp() * 1000)
    times = last - np.arange(n, dtype=np.int64)[::-1] * 60_000
    store.insert_samples([CPU], np.zeros(n, np.uint32), np.full(n, key, np.uint64), times, np.array(values))


def series(world: World, person: Person, number: int = 0, **words: Any) -> Any:
    browser = world.signed_in(person)
    answer = browser.get(
        f"/devices/{world.devices[number].pk}/series", {"metric": CPU, "range": "1h"} | words
    )
    assert answer.status_code == 200
    return answer.json()


def test_devices_stand_beside_each_other_under_their_names(
    ground: Store, world: World, owner: Person
) -> None:
    for number, level in ((0, 10.0), (2, 70.0)):
        measured(ground, world, number, [level] * 5, timedelta(minutes=3))
    found = series(world, owner, **{"with": [str(world.devices[2].pk)]})
    assert [(c["label"], c["tone"], c["earlier"]) for c in found["curves"]] == [
        ("Hot-SRV-01", 0, False),
        ("Gim-SRV-01", 1, False),
    ]
    means = [{v for v in c["mean"] if v is not None} for c in found["curves"]]
    assert means == [{10.0}, {70.0}]
    assert series(world, owner)["curves"][0]["label"] == "", "alone a device needs no name"


@pytest.mark.parametrize(("shift", "words"), [("1d", "a day earlier"), ("7d", "a week earlier")])
def test_an_earlier_time_lies_over_the_present_one(
    ground: Store, world: World, owner: Person, shift: str, words: str
) -> None:
    back = timedelta(days=int(shift[:-1]))
    measured(ground, world, 0, [10.0, 20.0, 30.0], timedelta(minutes=3))
    measured(ground, world, 0, [40.0, 50.0, 60.0], timedelta(minutes=3) + back)
    found = series(world, owner, shift=shift)
    now, before = found["curves"]
    assert (now["label"], before["label"]) == ("", words)
    assert (now["tone"], now["earlier"], before["tone"], before["earlier"]) == (0, False, 0, True)
    for curve, last in ((now, 30.0), (before, 60.0)):
        values = [(at, v) for at, v in zip(found["ts"], curve["mean"], strict=True) if v is not None]
        assert values[-1][1] == last
        assert values[-1][0] == pytest.approx(world.now.timestamp() - 180, abs=30)


def test_who_gets_the_link_sees_the_same_chart(ground: Store, world: World, owner: Person) -> None:
    for number in (0, 2):
        measured(ground, world, number, [10.0 + number] * 5, timedelta(minutes=3))
    link = f"/devices/{world.devices[0].pk}/chart?metric={CPU}&with={world.devices[2].pk}&shift=7d&range=7d"
    for person in (owner, world.person("druga@example.com", role="auditor", all_clients=True, language="en")):
        page = world.signed_in(person).get(link).content.decode()
        assert f'data-with="{world.devices[2].pk}"' in page
        assert 'data-shift="7d"' in page
        assert 'data-range="7d"' in page
        for words in ("Hot-SRV-01</td>", "Gim-SRV-01</td>", "12%"):
            assert words in page, words


@pytest.mark.parametrize("role", Person.Role.values)
def test_the_policy_is_asked_for_every_device(ground: Store, world: World, role: str) -> None:
    measured(ground, world, 2, [66.0] * 5, timedelta(minutes=3))
    person = world.person("netko@example.com", role=role, language="en")
    person.clients.add(world.clients[0])
    browser, own = world.signed_in(person), world.devices[0].pk
    expected = 403 if role == "client_contact" else 404
    for page in ("series", "chart"):
        for other in (world.devices[2].pk, uuid4()):
            words = {"metric": CPU, "with": [str(world.devices[1].pk), str(other)]}
            answer = browser.get(f"/devices/{own}/{page}", words)
            assert answer.status_code == expected
            assert "Gim" not in answer.content.decode()
    if expected == 404:
        assert browser.get(f"/devices/{own}/chart", {"find": "Gim"}).content.decode().count("Gim") <= 1
        assert browser.get(f"/devices/{own}/chart", {"with": str(world.devices[1].pk)}).status_code == 200


def test_a_week_at_another_client_is_not_compared_with(ground: Store, world: World) -> None:
    person = world.person("tehnicar@example.com", role="technician", language="en")
    person.clients.add(world.clients[0])
    device = world.devices[0]
    measured(ground, world, 0, [5.0] * 5, timedelta(minutes=3))
    measured(ground, world, 0, [88.0] * 5, timedelta(days=7, minutes=3))
    device.tenures.update(client=world.clients[1])
    device.tenures.create(client=device.client, site=device.site, since=world.now - timedelta(days=2))
    assert [c["label"] for c in series(world, person, shift="7d")["curves"]] == [""]


def test_what_an_address_cannot_mean_is_left_out(world: World, owner: Person) -> None:
    own = str(world.devices[0].pk)
    others = [str(world.device(world.sites[0], f"Hot-{n}").pk) for n in range(6)]
    words = {"with": ["x", own, own, *others], "shift": "2y", "metric": "a\x00" * 900}
    answer = world.signed_in(owner).get(f"/devices/{own}/chart", words)
    assert answer.status_code == 200
    assert answer.context["compared"], "the first few are compared"
    assert len(answer.context["compared"]) <= 3
    assert answer.context["asked"].shift == ""


def test_curves_with_buckets_of_their_own_have_no_gaps_but_their_own() -> None:
    def curve(ts: list[int]) -> charts.Curve:
        values = [float(at) for at in ts]
        return charts.Curve(SeriesWindow("d", {}, ts, values, values, values), "", 0)

    found = charts.columns([curve([0, 10, 20, 70]), curve([5, 15, 45])], CPU, "en")
    assert found["ts"] == [0, 0.005, 0.01, 0.015, 0.02, 0.045, 0.07]
    first, second = (one["mean"] for one in found["curves"])
    assert first == [0, 5, 10, 15, 20, None, 70]
    assert second == [None, 5, 10, 15, 20, 45, None]
