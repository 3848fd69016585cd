"""Who is told of which event: read in bulk, by each alert's own severity, and of what was given to them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console_fixture import World
from modules.notifying.test_mails import STORE, event, keep, route
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.monitoring import alert_deeds
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.notifying import sending, telling
from predvid.modules.notifying.models import Delivery
from predvid.server.fetching import Fetcher
from smtp_fixture import Mailbox


@pytest.fixture
def technician(world: World) -> Person:
    person = world.person("tea@example.com", role="technician", language="hr")
    person.clients.add(world.clients[0])
    return person


@pytest.fixture
def manager(world: World) -> Person:
    return world.person("mia@example.com", role="manager", all_clients=True, language="en")


def recipients(*events: Event) -> list[str]:
    telling.tell(events, STORE)
    rows = Delivery.objects.filter(event__in=events).order_by("pk")
    return [row.person.email if row.person else row.why for row in rows]


def test_a_batch_of_events_costs_no_more_questions_than_one_however_many_hear_of_it(
    world: World, technician: Person
) -> None:
    route(world, technician)
    others = [world.person(f"t{number}@example.com", role="technician") for number in range(7)]
    costs = []
    for many in (1, 20):
        events = [event(world.alerts[0]) for _ in range(many)]
        with CaptureQueriesContext(connection) as asked:
            telling.tell(events, STORE)
        costs.append(sum(each["sql"].startswith("SELECT") for each in asked))
        for other in others:
            other.clients.set(world.clients)
        route(world, *others)
    assert costs[0] == costs[1] < 10
    assert Delivery.objects.count() == 1 + 20 * 8


def test_whom_an_alert_is_given_to_is_told_by_mail_in_their_language(
    world: World, mailbox: Mailbox, technician: Person, manager: Person
) -> None:
    keep(mailbox)
    now = timezone.now()
    alert_deeds.assign(viewer_of(manager), world.alerts[0].pk, technician.pk, now)
    assert recipients(Event.objects.get(kind="alert.assigned")) == ["tea@example.com"]
    assert sending.send_due("https://rmm.example.com", Fetcher(), timezone.now) == 1
    mail = mailbox.mails[0]
    assert mail["To"] == "tea@example.com"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().startswith("Upozorenje je dodijeljeno vama, ")


def test_who_takes_an_alert_for_themselves_needs_no_mail(world: World, technician: Person) -> None:
    alert_deeds.assign(viewer_of(technician), world.alerts[0].pk, technician.pk, timezone.now())
    assert recipients(Event.objects.get(kind="alert.assigned")) == []


def test_of_several_alerts_each_counts_by_its_own_severity(
    world: World, technician: Person, manager: Person
) -> None:
    critical = world.alerts[0]
    mild = Alert.objects.create(
        client=critical.client, device=critical.device, check_name="cpu", state=1, said_id="x",
        since=world.now, opened_at=world.now, changed_at=world.now,
    )  # fmt: skip
    Alert.objects.filter(pk=critical.pk).update(state=3)
    route(world, manager, floor=5)
    told = event(mild, "alert.due", severity=5, alerts=[mild.pk])
    assert recipients(told) == []
    assert recipients(event(critical, "alert.due", severity=5, alerts=[mild.pk, critical.pk])) == [
        manager.email
    ]


def test_who_heard_of_any_of_several_alerts_hears_how_they_go_on(world: World, technician: Person) -> None:
    first = world.alerts[0]
    other = Alert.objects.create(
        client=first.client, device=first.device, check_name="cpu", state=3, said_id="x",
        since=world.now, opened_at=world.now, changed_at=world.now,
    )  # fmt: skip
    made = route(world, technician)
    assert recipients(event(other)) == [technician.email]
    made.delete()
    assert recipients(event(first, "alert.due", alerts=[first.pk, other.pk])) == [technician.email]


@pytest.mark.parametrize(("word", "why"), [("maintenance", "maintenance"), ("", "other"), ("?", "other")])
def test_a_quiet_event_is_told_to_nobody_whatever_the_word(
    world: World, technician: Person, word: str, why: str
) -> None:
    route(world, technician)
    assert recipients(event(world.alerts[0], quiet=word)) == [why]
