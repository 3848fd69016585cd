"""Rotas: who is on call at any moment, by the clock on the wall, whoever has left; and their pages."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from console_fixture import World
from predvid.modules.access.models import AuditEntry, Person
from predvid.modules.notifying.models import Rota, Route, StandIn
from predvid.modules.notifying.rules import Rotation, handover, on_call

ANA, BOJAN, CVITA = (uuid4() for _ in range(3))
YEAR = timedelta(days=365)
MOMENTS = st.timedeltas(timedelta(0), YEAR).map(lambda gone: datetime(2026, 1, 1, tzinfo=UTC) + gone)


def rotation(*people: UUID, begins: date = date(2026, 11, 2), at: int = 8 * 60, days: int = 7) -> Rotation:
    return Rotation(people, begins, at, days, "Europe/Zagreb")


def everybody(person: UUID) -> bool:
    return True


def zagreb(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00")


def test_turns_change_on_the_minute_of_the_handover_and_come_round() -> None:
    three = rotation(ANA, BOJAN, CVITA)
    assert on_call(three, zagreb("2026-11-02T07:59"), everybody) is None, "the first turn has not begun"
    assert handover(three, zagreb("2026-10-28T12:00")) == zagreb("2026-11-02T08:00")
    assert on_call(three, zagreb("2026-11-02T08:00"), everybody) == ANA
    assert on_call(three, zagreb("2026-11-09T07:59"), everybody) == ANA
    assert on_call(three, zagreb("2026-11-09T08:00"), everybody) == BOJAN
    assert on_call(three, zagreb("2026-11-23T08:00"), everybody) == ANA
    assert handover(three, zagreb("2026-11-23T08:00")) == zagreb("2026-11-30T08:00")


def test_whoever_has_left_is_passed_over_and_a_stand_in_goes_first() -> None:
    three = rotation(ANA, BOJAN, CVITA)
    moment = zagreb("2026-11-10T12:00")  # Bojan's turn
    assert on_call(three, moment, lambda person: person != BOJAN) == CVITA
    assert on_call(three, moment, lambda person: False) is None
    absent = (ANA, moment, moment + timedelta(hours=1))
    covered = Rotation(three.people, three.begins, three.at, three.days, three.timezone, (absent,))
    assert on_call(covered, moment, everybody) == ANA
    assert on_call(covered, moment + timedelta(hours=1), everybody) == BOJAN, "its end is not in it"
    assert on_call(covered, moment, lambda person: person != ANA) == BOJAN


@settings(deadline=None)
@given(moment=MOMENTS, at=st.integers(0, 24 * 60 - 1), days=st.integers(1, 14), many=st.integers(1, 4))
def test_nobody_hands_over_twice_also_on_nights_when_the_clock_is_set(
    moment: datetime, at: int, days: int, many: int
) -> None:
    people = tuple(UUID(int=number) for number in range(many))
    turns = rotation(*people, begins=date(2026, 1, 1), at=at, days=days)
    ends = handover(turns, moment)
    length = timedelta(days=days)
    assert moment < ends <= moment + length + timedelta(hours=1)
    here = on_call(turns, moment, everybody)
    assert on_call(turns, ends - timedelta(microseconds=1), everybody) == here
    if here is not None:
        assert on_call(turns, ends, everybody) == people[(here.int + 1) % many]


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def words(*people: Person, **other: Any) -> dict[str, Any]:
    order = {f"turn_{number}": str(person.pk) for number, person in enumerate(people, start=1)}
    begins = timezone.localdate() - timedelta(days=1)
    first = {"name": "Nights", "begins": begins.isoformat(), "at": "00:00", "days": "7"}
    return first | {"timezone": "Europe/Zagreb"} | order | other


def test_a_rota_is_made_shown_changed_and_not_removed_while_a_route_names_it(
    world: World, owner: Person
) -> None:
    browser = world.signed_in(owner)
    other = world.person("luka@example.com", role="technician", all_clients=True)
    assert browser.post("/notifications/rotas/", words(owner, other)).status_code == 302
    rota = Rota.objects.get()
    page = browser.get("/notifications/rotas/").content.decode()
    assert f"<b>{owner.name}</b> is on call until" in page
    assert f"then {other.name}" in page
    assert browser.post(f"/notifications/rotas/{rota.pk}/", words(other, owner, other)).status_code == 302
    assert list(rota.turns.values_list("person", flat=True)) == [other.pk, owner.pk, other.pk]
    Route.objects.create(name="Noću", rota=rota)
    gone = browser.post(f"/notifications/rotas/{rota.pk}/remove", follow=True).content.decode()
    assert "Routes tell whoever is on call by it: Noću." in gone
    Route.objects.all().delete()
    browser.post(f"/notifications/rotas/{rota.pk}/remove")
    assert not Rota.objects.exists()
    deeds = AuditEntry.objects.filter(object_kind="rota").order_by("pk").values_list("verb", flat=True)
    assert list(deeds) == ["rota.added", "rota.changed", "rota.removed"]


def test_whoever_left_keeps_their_place_and_is_said_to_be_passed_over(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    left = world.person("bivsi@example.com", role="technician", all_clients=True)
    browser.post("/notifications/rotas/", words(left, owner))
    rota = Rota.objects.get()
    left.is_active = False
    left.save()
    page = browser.get(f"/notifications/rotas/{rota.pk}/").content.decode()
    assert f"<b>{owner.name}</b> is on call until" in page
    assert f"Skipped, for they have left: {left.name}" in page
    assert browser.post(f"/notifications/rotas/{rota.pk}/", words(left, owner)).status_code == 302
    browser.post(f"/notifications/rotas/{rota.pk}/", words(left))
    assert "Nobody is on call" in browser.get("/notifications/rotas/").content.decode()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"turn_1": ""}, "nobody would be on call"),
        ({"timezone": "Mars/Base"}, "Write a time zone"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"begins": "yesterday"}, "valid date"),
    ],
)
def test_what_makes_no_rota_is_said(world: World, owner: Person, other: dict[str, str], said: str) -> None:
    answer = world.signed_in(owner).post("/notifications/rotas/", words(owner, **other))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Rota.objects.exists()


def test_a_second_rota_of_one_name_is_refused(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    assert browser.post("/notifications/rotas/", words(owner)).status_code == 302
    again = browser.post("/notifications/rotas/", words(owner))
    assert again.status_code == 422
    assert "There is a rota of this name already." in again.content.decode()


def test_a_stand_in_is_typed_by_the_clock_of_the_rota_and_taken_back(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    other = world.person("luka@example.com", role="technician", all_clients=True)
    browser.post("/notifications/rotas/", words(owner, timezone="Asia/Tokyo"))
    rota = Rota.objects.get()
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    form = {"person": str(other.pk), "since": f"{day}T08:00", "until": f"{day}T20:00"}
    assert browser.post(f"/notifications/rotas/{rota.pk}/stand-ins", form).status_code == 302
    made = StandIn.objects.get()
    assert made.since == datetime.fromisoformat(f"{day}T08:00+09:00")
    assert other.name in browser.get(f"/notifications/rotas/{rota.pk}/").content.decode()
    wrong = browser.post(f"/notifications/rotas/{rota.pk}/stand-ins", form | {"until": f"{day}T07:00"})
    assert wrong.status_code == 422
    assert "The end must come after the beginning." in wrong.content.decode()
    past = form | {"since": "2026-01-01T08:00", "until": "2026-01-02T08:00"}
    over = browser.post(f"/notifications/rotas/{rota.pk}/stand-ins", past)
    assert "This time is over already." in over.content.decode()
    browser.post(f"/notifications/rotas/{rota.pk}/stand-ins/{made.pk}/remove")
    assert not StandIn.objects.exists()


def test_a_manager_of_one_client_sees_rotas_and_changes_none(world: World, owner: Person) -> None:
    world.signed_in(owner).post("/notifications/rotas/", words(owner))
    manager = world.person("iva@example.com", role="manager", language="en")
    manager.clients.add(world.clients[0])
    browser = world.signed_in(manager)
    page = browser.get("/notifications/rotas/").content.decode()
    assert "Nights" in page
    assert "A new rota" not in page
    browser.post("/notifications/rotas/", words(manager, name="Mine"))
    assert Rota.objects.count() == 1
