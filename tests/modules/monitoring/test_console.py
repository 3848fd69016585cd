"""What the pages of the console promise: who sees what, in how many queries, in which headers."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from console_fixture import World
from predvid.core.wording import NBSP
from predvid.modules.access import secret_actions
from predvid.modules.access.models import Passkey, Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM
from predvid.modules.access.token_actions import make_token
from predvid.modules.inventory import record_actions
from predvid.modules.inventory.models import Agent, DeviceGroup, SecretBinding, Tenure
from predvid.modules.monitoring.models import Alert, AlertNote, Pin, Result, SavedView
from predvid.modules.notifying.models import Delivery, Route
from predvid.server.templatetags.predvid import exact
from predvid.wire.secrets import SnmpCommunity

# None: healthz, for the supervisor; the link of a mail opens by its secret.
OPEN_TO_ALL = {"sign-in", "welcome", "forgotten", "acknowledge-link", "None"}
# A file of what the viewer sees (test_audit_page); a deed of the whole MSP, refused before anything is read.
ABOUT_MANY = {
    "policy-template",
    "audit-export",
    "devices-export",
    "release-stop",
    "channel-test",
    "channel-remove",
    *("rota", "rota-remove", "stand-in", "stand-in-remove"),
    "custom-field",
    "custom-field-delete",
}
PERSON_ADDRESSES = (
    *("person", "person-change", "person-deactivate", "person-reactivate", "person-sign-out"),
    *("person-withdraw", "person-invite-again", "person-password-link", "factors-remove"),
)
LISTS = [
    "overview",
    "clients",
    "devices",
    "alerts",
    "enrol",
    "profile",
    "search",
    "tasks",
    "authority",
    "board",
]


RANDOM = re.compile(r'value="[A-Za-z0-9]{64}"|nonce="[\w-]+"')  # may spell any three letters


def all_patterns(patterns: list[Any]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in patterns:
        found += [pattern] if isinstance(pattern, URLPattern) else all_patterns(pattern.url_patterns)
    return found


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True)


@pytest.fixture
def technician(world: World) -> Person:
    person = world.person("tehnicar@example.com", role="technician")
    person.clients.add(world.clients[0])
    return person


def foreign_addresses(world: World) -> dict[str, str]:
    """Return, by name, the address of every page about one thing, for things of the second client."""
    client, site, device, alert = world.clients[1], world.sites[1], world.devices[2], world.alerts[1]
    agent, token, task = world.pending(site, "Gim-NOVI"), world.token(site), world.task(site)
    window = world.window(client)
    owner = world.person("svi@example.com", role="owner", all_clients=True)
    passkey = Passkey.objects.create(
        person=owner, credential=b"c", public_key=b"k", sign_count=0, party="x", created_at=world.now
    )
    world.signed_in(owner)
    secret = secret_actions.add(PLATFORM, client.pk, str(agent.pk), SnmpCommunity("x"), world.now)
    bound = SecretBinding.objects.create(client=client, secret=secret, device=device, check_name="x")
    group = DeviceGroup.objects.create(client=client, name="Strana")
    made, _ = make_token(viewer_of(owner), "x", ["device.view"], None, timedelta(days=1), world.now)
    by_name = {
        "client": client.pk, "site-add": client.pk, "device": device.pk, "series": device.pk,
        "device-timeline": device.pk, "chart": device.pk, "pin": device.pk,
        "device-move": device.pk, "device-merge": device.pk, "alert": alert.pk,
        "alert-acknowledge": alert.pk, "alert-note": alert.pk, "alert-snooze": alert.pk,
        "alert-assign": alert.pk, "window": window.pk, "window-end": window.pk, "window-delete": window.pk,
        "agent-approve": agent.pk,
        "agent-revoke": agent.pk,
        "agent-release": agent.pk,
        "token": token.pk,
        "session-end": owner.sessions.get().pk,
        "passkey-rename": passkey.pk,
        "passkey-remove": passkey.pk,
        "api-token-revoke": made.pk,
        **{name: owner.pk for name in PERSON_ADDRESSES},
                "credentials": client.pk, "credential": secret.pk, "credential-delete": secret.pk,
        "credential-bind": secret.pk, "credential-unbind": bound.pk,
        "task": task.pk, "task-output": task.pk, "task-cancel": task.pk, "refused-settle": device.pk,
        "task-request": task.request_id, "request-approve": task.request_id,
        "request-decline": task.request_id, "request-cancel": task.request_id,
        "task-template": task.request.publication_id,
        "policy-client": client.pk, "policy-site": site.pk, "policy-device": device.pk,
        "policy-group": group.pk, "group": group.pk, "group-delete": group.pk, "device-tags": device.pk,
    }  # fmt: skip
    by_name |= foreign_rooms(world, owner)
    return {name: reverse(name, args=[key]) for name, key in by_name.items()}


def foreign_rooms(world: World, owner: Person) -> dict[str, Any]:
    """Return, by name, what addresses of the rooms beside devices are about, of the second client."""
    client, site, device, alert = world.clients[1], world.sites[1], world.devices[2], world.alerts[1]
    route = Route.objects.create(client=client, name="Strana")
    sent = Delivery.objects.create(
        client=client, alert=alert, event=alert.events.get(), queued_at=world.now, next_at=world.now
    )
    pin = Pin.objects.create(person=owner, device=device, metric="x", range="24h", place=1)
    view = SavedView.objects.create(person=owner, room="devices", name="x", query="q=x")
    contact = record_actions.add_contact(PLATFORM, client.pk, record_actions.Person("Strani"), world.now)
    note = record_actions.add_note(PLATFORM, client.pk, "Strana", world.now)
    paper = record_actions.add_file(PLATFORM, client.pk, "Strani", "s.txt", b"x", world.now)
    return {
        "route": route.pk, "route-remove": route.pk, "delivery-retry": sent.pk,
        "contact-add": client.pk, "contact": contact.pk, "contact-delete": contact.pk,
        "note-add": client.pk, "note": note.pk, "note-pin": note.pk, "note-delete": note.pk,
        "document-add": client.pk, "document": paper.pk, "document-delete": paper.pk,
        "client-fields": client.pk, "site": site.pk, "device-fields": device.pk,
        **{f"view-{deed}": view.pk for deed in ("rename", "remove", "default")},
        "pin-rename": pin.pk, "pin-move": pin.pk, "pin-remove": pin.pk,
    }  # fmt: skip


def test_every_address_about_one_thing_is_in_the_matrix(world: World) -> None:
    named = {str(p.name) for p in all_patterns(get_resolver().url_patterns) if p.pattern.converters}
    assert named - OPEN_TO_ALL - ABOUT_MANY == set(foreign_addresses(world))


def test_foreign_things_do_not_exist(world: World) -> None:
    manager = world.person("voditelj@example.com", role="manager")  # has every verb that these ask for
    manager.clients.add(world.clients[0])
    browser = world.signed_in(manager)
    words = {"name": "x", "timezone": "Europe/Zagreb", "text": "x", "note": "x", "since": "2026-01-01",
             "site": str(world.sites[0].pk), "other": str(world.devices[0].pk)}  # fmt: skip
    for name, address in foreign_addresses(world).items():
        for answer in (browser.get(address), browser.post(address, words)):
            assert answer.status_code in (404, 405), name
    assert not AlertNote.objects.exists()
    assert Alert.objects.get(pk=world.alerts[1].pk).phase == "open"
    assert Tenure.objects.filter(device=world.devices[2]).count() == 1
    assert SecretBinding.objects.exists()
    assert not Agent.objects.filter(client=world.clients[1], state="revoked").exists()


def test_lists_and_search_show_no_foreign_name(world: World, technician: Person) -> None:
    world.pending(world.sites[1], "Gim-NOVI")
    world.task(world.sites[1])
    browser = world.signed_in(technician)
    for name in LISTS:
        page = browser.get(reverse(name), {"q": "SRV"} if name == "search" else {}).content.decode()
        assert "Gim" not in RANDOM.sub("", page), name
    assert "Hot-SRV-01" in browser.get("/devices/").content.decode()


def test_a_filter_by_a_foreign_client_finds_nothing(world: World, technician: Person) -> None:
    browser = world.signed_in(technician)
    for path in ("/devices/", "/alerts/"):
        assert "Gim-SRV" not in browser.get(path, {"client": str(world.clients[1].pk)}).content.decode()


def test_strangers_are_asked_to_sign_in(world: World) -> None:
    for pattern in all_patterns(get_resolver().url_patterns):
        if str(pattern.name) not in OPEN_TO_ALL and not pattern.pattern.converters:
            answer = Browser().get(reverse(str(pattern.name)))
            assert answer.status_code in (302, 405), pattern.name
            assert answer.status_code == 405 or answer.headers["Location"].startswith("/sign-in/")
    assert Browser().get(foreign_addresses(world)["device"]).status_code == 302


def test_people_who_only_look_get_no_buttons_and_change_nothing(world: World) -> None:
    auditor = world.person("revizor@example.com", role="auditor", all_clients=True)
    browser = world.signed_in(auditor)
    page = browser.get(f"/alerts/{world.alerts[0].pk}/").content.decode()
    assert "acknowledge" not in re.sub(r"<dialog.*?</dialog>", "", page, flags=re.S)
    assert browser.get("/enrol/").status_code == 403
    browser.post(f"/alerts/{world.alerts[0].pk}/acknowledge", {"note": ""})
    assert Alert.objects.get(pk=world.alerts[0].pk).phase == "open"


# The budgets are exact: a page that needs a query more or less says so here first.
BUDGETS = {
    "overview": 11,
    "clients": 8,
    "devices": 11,
    "alerts": 12,
    "enrol": 9,
    "device": 30,
    "device-timeline": 6,
    "chart": 8,
    "board": 7,
    "client": 18,
    "site": 7,
    "client-fields": 7,
    "custom-fields": 6,
    "import": 5,
    "policies": 8,
    "policy-client": 9,
    "policy-device": 9,
    "policy-template": 9,
    "alert": 13,
    "windows": 7,
    "tasks": 12,
}


def budget_address(world: World, name: str) -> str:
    keys = {
        "device": world.devices[0].pk,
        "device-timeline": world.devices[0].pk,
        "chart": world.devices[0].pk,
        "client": world.clients[0].pk,
        "alert": world.alerts[0].pk,
        "site": world.sites[0].pk,
        "client-fields": world.clients[0].pk,
    }
    keys |= {f"policy-{kind}": keys[kind] for kind in ("client", "device")} | {"policy-template": "server"}
    return reverse(name, args=[keys[name]] if name in keys else [])


@pytest.mark.parametrize("name", BUDGETS)
def test_a_page_needs_the_same_queries_however_much_it_shows(world: World, owner: Person, name: str) -> None:
    browser = world.signed_in(owner)
    address = budget_address(world, name)
    seen = []
    kept = {"person": owner, "metric": "cpu_used_percent", "range": "24h", "place": 1}
    for _ in range(2):
        Pin.objects.create(
            device=world.devices[-1], others=[str(one.pk) for one in world.devices[:3]], **kept
        )
        for room in SavedView.Room.values:
            called = {"name": str(SavedView.objects.count()), "shared": len(seen) > 0}
            SavedView.objects.create(person=owner, room=room, query="q=x", **called)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        seen.append(len(queries))
        for number in range(25):
            world.device(world.sites[0], f"Hot-NOVI-{len(world.devices)}-{number}", state=number % 4)
            world.pending(world.sites[0], f"Hot-CEKA-{len(world.devices)}-{number}")
        for number in range(12):
            Result.objects.create(client=world.clients[0], device=world.devices[0], check_name="services",
                                  item=f"u{len(world.devices)}-{number}", state=0, said_id="services.fine",
                                  said_values={"unit": "u"}, since=world.now)  # fmt: skip
    assert seen == [BUDGETS[name]] * 2, f"{name}: {seen}"


def test_every_page_carries_its_policy_and_its_own_nonce(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    nonces = set()
    for name in ["overview", "clients", "devices", "alerts", "enrol", "profile", "device", "client", "alert"]:
        answer = browser.get(budget_address(world, name))
        policy, page = answer.headers["Content-Security-Policy"], answer.content.decode()
        nonce = re.search(r"script-src 'self' 'nonce-([\w-]+)'", policy)
        assert nonce, name
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert all(f'nonce="{nonce[1]}"' in tag for tag in re.findall(r"<script[^>]*>", page)), name
        assert not re.search(r"<[^>]+ (style|on\w+)=", page), f"{name}: inline style or handler"
        nonces.add(nonce[1])
    assert len(nonces) == 9


def test_htmx_gets_the_live_part_alone(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    for name in ("overview", "devices", "device", "alert", "enrol"):
        part = browser.get(budget_address(world, name), headers={"HX-Request": "true"})
        assert "<html" not in part.content.decode(), name
        assert "HX-Request" in part.headers["Vary"]


@pytest.mark.parametrize(("month", "said"), [(1, "CET"), (7, "CEST")])
def test_a_moment_in_full_names_the_zone_of_its_clock(month: int, said: str) -> None:
    assert exact(datetime(2026, month, 5, 12, 0, 7, tzinfo=UTC)).endswith(f":00:07 {said}")


def test_every_page_says_once_in_which_zone_its_clocks_go(world: World, owner: Person) -> None:
    local = timezone.localtime()
    shown = f"Europe/Zagreb ({local:%Z}, UTC+{2 if local.dst() else 1})"
    browser = world.signed_in(owner)
    assert f"Vremena: {shown}" in browser.get("/alerts/").content.decode()
    assert f'<div class="sub" title="{shown}">' in browser.get("/").content.decode()


def test_without_the_store_a_device_shows_its_states_and_says_so(world: World, owner: Person) -> None:
    page = world.signed_in(owner).get(f"/devices/{world.devices[0].pk}/").content.decode()
    assert "Spremište mjerenja ne odgovara" in page
    assert f"Na / zauzeto 96{NBSP}%" in page
    answer = world.signed_in(owner).get(
        f"/devices/{world.devices[0].pk}/series", {"metric": "cpu_used_percent"}
    )
    assert answer.status_code == 503


def test_states_are_words_not_colours_alone(world: World, owner: Person) -> None:
    page = world.signed_in(owner).get("/devices/").content.decode()
    for word in ("kritično", "nedostupno", "u redu"):
        assert f">{word}</span>" in page


def test_acknowledging_keeps_the_note_and_tells_who(world: World, technician: Person) -> None:
    browser = world.signed_in(technician)
    address = f"/alerts/{world.alerts[0].pk}/"
    page = browser.post(
        f"{address}acknowledge", {"note": "Gledam", "back": address}, follow=True
    ).content.decode()
    assert "Gledam" in page
    assert "Tehnicar" in page
    again = browser.get("/alerts/?phase=acknowledged").content.decode()
    assert "Hot-SRV-01" in again


def test_hostile_names_stay_text(world: World, owner: Person) -> None:
    attack = "<script>alert(1)</script>"
    device = world.device(world.sites[0], attack, state=3)
    browser = world.signed_in(owner)
    for path in ("/", "/devices/", f"/devices/{device.pk}/", "/alerts/", f"/clients/{world.clients[0].pk}/",
                 "/search?q=script", f"/devices/?q={attack}"):  # fmt: skip
        assert attack not in browser.get(path).content.decode(), path


def test_a_form_returns_only_to_our_own_pages(world: World, technician: Person) -> None:
    browser = world.signed_in(technician)
    answer = browser.post(
        f"/alerts/{world.alerts[0].pk}/note", {"text": "x", "back": "https://evil.example/"}
    )
    assert answer.headers["Location"].startswith("/alerts/")


def test_an_agent_waits_for_those_alone_who_can_approve_it(world: World, technician: Person) -> None:
    agent = world.pending(world.sites[0], "Hot-NOVI")
    auditor = world.person("revizor@example.com", role="auditor", all_clients=True, language="en")
    Person.objects.filter(pk=technician.pk).update(language="en")
    for person, words in ((technician, "for your approval"), (auditor, "for approval")):
        browser = world.signed_in(Person.objects.get(pk=person.pk))
        assert f"waits {words}" in browser.get("/").content.decode()
        assert f"waits {words}" in browser.get(f"/devices/{agent.device_id}/").content.decode()
