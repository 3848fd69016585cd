"""Mails by a real server: letters are never lost, people are told once, a thread stays a thread."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import World
from predvid.modules.access import people_actions
from predvid.modules.access.models import AuditEntry, Mail, Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.store import Store
from predvid.modules.notifying import actions, sending, telling
from predvid.modules.notifying.models import AcknowledgeLink, Delivery, Route
from predvid.server.fetching import Fetcher
from smtp_fixture import Mailbox

CONSOLE = "https://rmm.example.com"
STORE: Store = None  # type: ignore[assignment] # the reaction reads none


def keep(box: Mailbox, **other: Any) -> None:
    actions.keep_channel(PLATFORM, "email", "E-mail", {**box.settings, **other}, timezone.now())


@pytest.fixture
def technician(world: World) -> Person:
    person = world.person("tea@example.com", role="technician", language="hr")
    person.clients.add(world.clients[0])
    return person


def route(world: World, *people: Person, **words: Any) -> Route:
    made = Route.objects.create(name="Dežurni", **words)
    made.people.set(people)
    return made


def event(alert: Alert, kind: str = "alert.opened", severity: int = 5, **source: Any) -> Event:
    now = timezone.now()
    said = {"said_id": alert.said_id, "said_values": alert.said_values}
    return Event.objects.create(
        client=alert.client, device=alert.device, alert=alert, kind=kind, severity=severity, at=now,
        recorded_at=now, said_id=kind, said_values={"what": "disk"}, source=said | source,
    )  # fmt: skip


def told(*events: Event) -> None:
    telling.tell(events, STORE)


def send(after: timedelta = timedelta(0)) -> int:
    return sending.send_due(CONSOLE, Fetcher(), lambda: timezone.now() + after)


def letters(minutes: int = 0) -> int:
    return sending.send_letters(CONSOLE, lambda: timezone.now() + timedelta(minutes=minutes))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on which somebody takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_an_invitation_survives_hours_without_a_mail_server(world: World, mailbox: Mailbox) -> None:
    people_actions.invite(
        PLATFORM, name="Luka", email="luka@example.com", role="technician", all_clients=True, clients=[],
        language="hr", now=timezone.now(),
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    keep(mailbox, port=dead)
    made = AuditEntry.objects.filter(verb="person.link_made").count()
    for minutes in range(0, 75, 5):
        assert letters(minutes) == 0
    assert AuditEntry.objects.filter(verb="person.link_made").count() == made, "no link for nobody"
    keep(mailbox)
    assert letters(80) == 1
    assert letters(81) == 0
    body = mailbox.mails[0].get_content()
    secret = body.partition("/welcome/")[2].split()[0]
    assert Browser().get(f"/welcome/{secret}").status_code == 200
    assert mailbox.mails[0]["From"] == "Predvid Čvor <predvid@example.com>"


def test_a_letter_that_is_refused_goes_back_and_out_later(world: World, mailbox: Mailbox) -> None:
    people_actions.invite(
        PLATFORM, name="Luka", email="luka@example.com", role="technician", all_clients=True, clients=[],
        language="hr", now=timezone.now(),
    )  # fmt: skip
    keep(mailbox)
    mailbox.data = "451 try later"
    assert letters() == 0
    waiting = Mail.objects.get()
    assert (waiting.sent_at, waiting.attempts) == (None, 1)
    assert (waiting.error, waiting.error_values["code"]) == ("not_sent.answer", 451)
    mailbox.data = "250 OK"
    assert letters() == 0, "it rests"
    assert letters(2) == 1


def test_a_wrong_password_and_a_stranger_certificate_are_named(world: World, mailbox: Mailbox) -> None:
    keep(mailbox, password="kriva")
    with pytest.raises(sending.NotSent, match="refuses the sign-in") as refused:
        try_out(mailbox)
    assert "kriva" not in str(refused.value)
    keep(mailbox, host="127.0.0.1")
    with pytest.raises(sending.NotSent, match="certificate or TLS"):
        try_out(mailbox)


def try_out(box: Mailbox) -> None:
    channel = sending.queries.mail_server()
    assert channel
    sending.send_test(channel, "tea@example.com", ("Proba", "Radi"), Fetcher(), timezone.now())


def test_a_server_that_says_nothing_is_left(
    world: World, mailbox: Mailbox, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predvid.modules.notifying.kinds.email.STEP", 0.2)
    keep(mailbox, port=silent_port)
    with pytest.raises(sending.NotSent, match="does not answer in time"):
        try_out(mailbox)


def test_metadata_addresses_are_no_mail_servers(world: World, mailbox: Mailbox) -> None:
    keep(mailbox, host="169.254.169.254", security="plain", username="")
    with pytest.raises(sending.NotSent, match="may not call this address"):
        try_out(mailbox)


def test_an_alert_reaches_its_technician_once_in_one_thread(
    world: World, mailbox: Mailbox, technician: Person
) -> None:
    keep(mailbox)
    route(world, technician)
    opened = event(world.alerts[0])
    told(opened)
    told(opened)
    assert (send(), send()) == (1, 0)
    first = mailbox.mails[0]
    assert first["To"] == "tea@example.com"
    assert first["Subject"] == "Kritično: Hot-SRV-01, Prostor na diskovima /"
    plain, html = first.get_body(("plain",)), first.get_body(("html",))
    assert plain
    assert html
    for text in (plain.get_content(), html.get_content()):
        assert f"{CONSOLE}/alerts/{world.alerts[0].pk}/" in text
        assert "Hotel Čvorak" in text
    told(event(world.alerts[0], "alert.resolved", 0))
    assert send() == 1
    assert mailbox.mails[1]["References"] == first["Message-ID"]
    assert mailbox.mails[1]["Subject"].startswith("Riješeno: ")
    assert "/acknowledge/" not in str(mailbox.mails[1])


def test_nobody_is_told_of_a_client_that_they_do_not_see(
    world: World, mailbox: Mailbox, technician: Person
) -> None:
    keep(mailbox)
    route(world, technician)
    told(event(world.alerts[1]))
    row = Delivery.objects.get()
    assert (row.state, row.why, row.person) == ("suppressed", "nobody", None)
    told(event(world.alerts[0]))
    technician.clients.clear()
    assert send() == 0, "what they saw when it was queued they do not see when it is sent"
    assert Delivery.objects.get(alert=world.alerts[0]).why == "gone"
    assert not mailbox.mails


@pytest.mark.parametrize("reason", ["maintenance", "flapping", "follower", "snoozed"])
def test_what_is_quiet_is_written_down_and_told_to_nobody(
    world: World, technician: Person, reason: str
) -> None:
    route(world, technician)
    told(event(world.alerts[0], quiet=reason))
    row = Delivery.objects.get()
    assert (row.state, row.why) == ("suppressed", reason)
    assert send() == 0


def test_several_alerts_that_are_due_make_one_mail(
    world: World, mailbox: Mailbox, technician: Person
) -> None:
    keep(mailbox)
    route(world, technician)
    second = Alert.objects.create(
        client=world.clients[0], device=world.devices[1], check_name="cpu", item="used", state=1,
        said_id="cpu.used", said_values={"used": 91.0}, since=world.now, opened_at=world.now,
        changed_at=world.now,
    )  # fmt: skip
    due = event(world.alerts[0], "alert.due", alerts=[world.alerts[0].pk, second.pk, world.alerts[1].pk])
    told(due)
    assert send() == 1
    text = mailbox.mails[0].get_body(("plain",))
    assert text
    assert "Hot-SRV-01" in text.get_content()
    assert "Hot-WS-02" in text.get_content()
    assert "Gim-SRV-01" not in text.get_content()


def test_a_warning_does_not_wake_who_wants_critical_ones_only(world: World, technician: Person) -> None:
    route(world, technician, floor=4)
    told(event(world.alerts[0], severity=3))
    assert not Delivery.objects.exists()


def test_outside_the_service_hours_only_the_log_knows(world: World, technician: Person) -> None:
    route(world, technician, days=0)
    told(event(world.alerts[0]))
    assert Delivery.objects.get().why == "hours"


def test_a_failure_is_tried_again_named_and_at_last_an_event(
    world: World, mailbox: Mailbox, technician: Person
) -> None:
    keep(mailbox)
    route(world, technician)
    mailbox.rcpt = "450 mailbox busy"
    told(event(world.alerts[0]))
    minutes = [send(timedelta(minutes=minute)) for minute in range(0, 100)]
    assert sum(minutes) == 0
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("queued", 7), "later each time"
    assert (row.error, row.error_values["code"]) == ("not_sent.recipient", 450)
    send(timedelta(hours=25))
    row.refresh_from_db()
    assert row.state == "failed"
    failed = Event.objects.get(kind="notification.failed")
    assert failed.client == world.clients[0]
    mailbox.rcpt = "250 OK"
    boss = world.person("vlasnica@example.com", role="owner", all_clients=True)
    world.signed_in(boss).post(f"/notifications/{row.pk}/retry")
    assert send(timedelta(hours=25)) == 1


def test_an_address_that_does_not_exist_is_not_tried_again(
    world: World, mailbox: Mailbox, technician: Person
) -> None:
    keep(mailbox)
    route(world, technician)
    mailbox.rcpt = "550 no such user"
    told(event(world.alerts[0]))
    assert send() == 0
    assert Delivery.objects.get().state == "failed"


def link_of(mail: Any) -> str:
    body = mail.get_body(("plain",)).get_content()
    return "/acknowledge/" + body.partition("/acknowledge/")[2].split()[0]


def test_a_scanner_that_follows_the_link_acknowledges_nothing(
    world: World, mailbox: Mailbox, technician: Person
) -> None:
    keep(mailbox)
    route(world, technician)
    told(event(world.alerts[0]))
    send()
    link = link_of(mailbox.mails[0])
    stranger = Browser()
    for _ in range(3):
        assert stranger.get(link).status_code == 200
    alert = world.alerts[0]
    alert.refresh_from_db()
    assert alert.phase == "open"
    assert stranger.post(link).status_code == 200
    alert.refresh_from_db()
    assert (alert.phase, alert.acknowledged_by) == ("acknowledged", technician)
    entry = AuditEntry.objects.get(verb="alert.acknowledged")
    assert entry.person == str(technician.pk)
    assert stranger.post(link).status_code == 404, "once"


def test_a_link_dies_with_time_and_with_the_right_to_use_it(
    world: World, mailbox: Mailbox, technician: Person
) -> None:
    keep(mailbox)
    route(world, technician)
    told(event(world.alerts[0]))
    send()
    link = link_of(mailbox.mails[0])
    technician.clients.clear()
    assert Browser().get(link).status_code == 404
    technician.clients.add(world.clients[0])
    assert Browser().get(link).status_code == 200
    AcknowledgeLink.objects.update(expires_at=timezone.now())
    assert Browser().post(link).status_code == 404


def test_who_may_not_acknowledge_gets_no_link(world: World, mailbox: Mailbox) -> None:
    auditor = world.person("revizor@example.com", role="auditor", all_clients=True, language="en")
    keep(mailbox)
    route(world, auditor)
    told(event(world.alerts[0]))
    assert send() == 1
    assert "/acknowledge/" not in str(mailbox.mails[0])
    assert mailbox.mails[0]["Subject"].startswith("Critical: ")
