"""Escalations: what nobody has taken on in time reaches the next ones, and nothing else does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console_fixture import World
from modules.notifying.test_mails import STORE, event, keep, route, send
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.monitoring import alert_deeds
from predvid.modules.monitoring.models import Alert, MaintenanceWindow
from predvid.modules.notifying import telling
from predvid.modules.notifying.models import Delivery, Rota, Route, StandIn, Turn
from smtp_fixture import Mailbox

SOON, LATER = timedelta(minutes=1), timedelta(minutes=16)


@pytest.fixture
def technician(world: World) -> Person:
    return world.person("tea@example.com", role="technician", all_clients=True, language="en")


@pytest.fixture
def manager(world: World) -> Person:
    return world.person("mia@example.com", role="manager", all_clients=True, language="en")


@pytest.fixture
def opened(world: World, mailbox: Mailbox, technician: Person, manager: Person) -> Alert:
    """An alert of which the technician is told at once and the manager after 15 minutes."""
    keep(mailbox)
    route(world, technician)
    route(world, manager, after=15)
    telling.tell([event(world.alerts[0])], STORE)
    return world.alerts[0]


def recipients(box: Mailbox) -> list[str]:
    return [mail["To"] for mail in box.mails]


def test_what_nobody_takes_reaches_the_next_in_time(opened: Alert, mailbox: Mailbox) -> None:
    assert send(SOON) == 1
    assert recipients(mailbox) == ["tea@example.com"]
    assert send(LATER) == 1
    assert recipients(mailbox) == ["tea@example.com", "mia@example.com"]
    body = mailbox.mails[1].get_body(("plain",))
    assert body is not None
    assert body.get_content().startswith("Nobody has taken this alert on yet, ")


def test_once_taken_nobody_else_is_woken(opened: Alert, mailbox: Mailbox, technician: Person) -> None:
    send(SOON)
    alert_deeds.acknowledge(viewer_of(technician), opened.pk, "", timezone.now())
    assert send(LATER) == 0
    assert recipients(mailbox) == ["tea@example.com"]
    row = Delivery.objects.get(person__email="mia@example.com")
    assert (row.state, row.why) == ("suppressed", "taken")


@pytest.mark.parametrize("deed", ["assigned", "snoozed", "resolved", "maintenance"])
def test_what_needs_nobody_any_more_wakes_nobody(
    opened: Alert, mailbox: Mailbox, technician: Person, deed: str
) -> None:
    now = timezone.now()
    changes = {
        "assigned": {"assigned_to": technician},
        "snoozed": {"snoozed_until": now + timedelta(hours=1)},
        "resolved": {"phase": "resolved", "resolved_at": now},
    }
    Alert.objects.filter(pk=opened.pk).update(**changes.get(deed, {"changed_at": now}))
    if deed == "maintenance":
        MaintenanceWindow.objects.create(
            client=opened.client, reason="x", zone="UTC", first=now.date(), at=now.time(), minutes=60,
            made_at=now,
        )  # fmt: skip
    send(SOON)
    assert send(LATER) == 0
    assert recipients(mailbox) == ["tea@example.com"]


def test_whom_an_escalation_never_reached_does_not_hear_that_it_is_over(
    opened: Alert, mailbox: Mailbox
) -> None:
    telling.tell([event(opened, "alert.resolved", severity=1)], STORE)
    Alert.objects.filter(pk=opened.pk).update(phase="resolved")
    send(LATER)
    assert set(recipients(mailbox)) == {"tea@example.com"}


def test_whom_it_reached_does(opened: Alert, mailbox: Mailbox) -> None:
    send(LATER)
    telling.tell([event(opened, "alert.resolved", severity=1)], STORE)
    send(LATER)
    assert recipients(mailbox).count("mia@example.com") == 2


def test_who_is_on_both_routes_is_told_at_once_and_once(
    world: World, technician: Person, manager: Person
) -> None:
    route(world, technician, after=15)
    route(world, technician, manager)
    telling.tell([event(world.alerts[0])], STORE)
    rows = Delivery.objects.filter(person=technician)
    assert [row.escalates for row in rows] == [False]


def test_a_route_tells_whoever_is_on_call_when_the_time_comes(
    world: World, technician: Person, manager: Person
) -> None:
    now = timezone.now()
    rota = Rota.objects.create(name="Noći", begins=timezone.localdate(now) - timedelta(days=2), days=90)
    Turn.objects.create(rota=rota, number=0, person=technician)
    StandIn.objects.create(
        rota=rota, person=manager, since=now + timedelta(minutes=10), until=now + LATER * 9
    )
    Route.objects.create(name="Odmah", rota=rota)
    Route.objects.create(name="Poslije", rota=rota, after=15)
    telling.tell([event(world.alerts[0])], STORE)
    rows = Delivery.objects.order_by("next_at").values_list("person__email", "escalates")
    assert list(rows) == [("tea@example.com", False), ("mia@example.com", True)]


def test_on_call_is_who_may_be_told_of_that_client(world: World, technician: Person) -> None:
    stranger = world.person("strana@example.com", role="technician")
    stranger.clients.add(world.clients[1])
    begins = timezone.localdate() - timedelta(days=1)
    rota = Rota.objects.create(name="Noći", begins=begins, days=90)
    for number, person in enumerate((stranger, technician)):
        Turn.objects.create(rota=rota, number=number, person=person)
    Route.objects.create(name="Odmah", rota=rota)
    telling.tell([event(world.alerts[0])], STORE)
    assert [row.person for row in Delivery.objects.all()] == [technician]


def test_a_rota_on_which_nobody_is_left_is_said_so(world: World, technician: Person) -> None:
    rota = Rota.objects.create(name="Noći", begins=timezone.localdate() - timedelta(days=1))
    Turn.objects.create(rota=rota, number=0, person=technician)
    Route.objects.create(name="Odmah", rota=rota)
    technician.is_active = False
    technician.save()
    telling.tell([event(world.alerts[0])], STORE)
    assert [row.why for row in Delivery.objects.all()] == ["nobody"]
