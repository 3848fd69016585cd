"""The doctor says when nobody is told of something, or when what people should be told does not go out."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console_fixture import World
from modules.notifying.test_mails import event, keep, route, told
from predvid.modules.access.guard import Denied
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM
from predvid.modules.notifying.models import Delivery, Rota, Route, Turn
from predvid.modules.notifying.standing import Standing, standing
from predvid.server.look_notices import judged
from smtp_fixture import Mailbox


@pytest.fixture
def manager(world: World) -> Person:
    return world.person("mia@example.com", role="manager", all_clients=True, language="en")


def now_stands(after: timedelta = timedelta(0)) -> Standing:
    return standing(replace(PLATFORM, language="en"), timezone.now() + after)


def says(found: Standing) -> tuple[str, str]:
    finding = judged(found)
    assert bool(finding.do()) is (finding.state != "ok")
    return finding.state, finding.seen()


def test_no_route_no_mail_server_and_a_client_left_out(
    world: World, mailbox: Mailbox, manager: Person
) -> None:
    assert says(now_stands()) == ("warning", "there is no route: nobody is told of any alert")
    made = route(world, manager, client=world.clients[0])
    assert says(now_stands()) == ("warning", "routes tell people by e-mail, but there is no mail server")
    keep(mailbox)
    state, seen = says(now_stands())
    assert state == "warning"
    assert seen == f"clients of whose alerts nobody is told: 1 ({world.clients[1].name})"
    Route.objects.filter(pk=made.pk).update(client=None)
    assert says(now_stands()) == ("ok", "nothing waits; of every client somebody is told (routes: 1)")


def test_a_route_whose_people_have_left_is_none(world: World, mailbox: Mailbox, manager: Person) -> None:
    keep(mailbox)
    route(world, manager)
    rota = Rota.objects.create(name="Noći", begins=timezone.localdate())
    Turn.objects.create(rota=rota, number=0, person=manager)
    Route.objects.create(name="Noću", rota=rota)
    assert now_stands().routes == 2
    Person.objects.filter(pk=manager.pk).update(is_active=False)
    assert now_stands().routes == 0


def test_what_does_not_go_out_is_bad_and_says_why(world: World, mailbox: Mailbox, manager: Person) -> None:
    keep(mailbox)
    route(world, manager)
    told(event(world.alerts[0]))
    assert (now_stands().waiting, now_stands().late) == (1, 0)
    assert judged(now_stands()).state == "ok"
    Delivery.objects.update(
        attempts=3, error="not_sent.too_slow", next_at=timezone.now() + timedelta(hours=1)
    )
    state, seen = says(now_stands(timedelta(minutes=11)))
    assert state == "bad"
    assert "do not go out: 1, failed lately: 0. The server does not answer in time." in seen
    Delivery.objects.update(state="failed")
    assert (now_stands().waiting, now_stands().failed) == (0, 1)
    assert now_stands(timedelta(days=3)).failed == 0


def test_an_escalation_whose_time_has_not_come_is_not_late(world: World, manager: Person) -> None:
    route(world, manager, after=240)
    told(event(world.alerts[0]))
    assert (now_stands(timedelta(hours=1)).waiting, now_stands(timedelta(hours=1)).late) == (0, 0)


def test_it_costs_the_same_for_any_number_and_is_for_those_who_see_all(world: World, manager: Person) -> None:
    costs = []
    for _ in range(2):
        route(world, manager, client=world.clients[0])
        told(event(world.alerts[0]))
        with CaptureQueriesContext(connection) as asked:
            now_stands()
        costs.append(len(asked))
    assert costs[0] == costs[1]
    contact = world.person("kontakt@example.com", role="client_contact")
    contact.clients.add(world.clients[0])
    with pytest.raises(Denied):
        standing(viewer_of(world.person("x@example.com", role="client_contact", all_clients=True)), world.now)
