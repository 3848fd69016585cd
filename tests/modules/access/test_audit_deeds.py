"""Every deed leaves exactly one right entry in the audit of its client; nothing else leaves any."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from console_fixture import PASSWORD, World
from deeds import (
    CONTACT,
    NEW,
    PLAN,
    PROFILE,
    RIGHTS,
    Deed,
    Left,
    api_token,
    bind,
    changed_group,
    command,
    deleted_document,
    deleted_group,
    filled,
    invite,
    link,
    merge,
    move,
    new_group,
    new_secret,
    new_window,
    of_another,
    on_agent,
    on_alert,
    on_alerts,
    on_client,
    on_contact,
    on_devices,
    on_factors,
    on_field,
    on_invited,
    on_left,
    on_note,
    on_passkey,
    on_person,
    on_policy,
    on_request,
    on_secret,
    on_window,
    revoked_api_token,
    roll_out,
    session,
    settle,
    site,
    stop,
    stop_rollout,
    tagged,
    template,
    token,
    unbind,
)
from deeds_of_rooms import (
    SAVED,
    chart_pinned,
    from_mail,
    new_channel,
    new_rota,
    new_route,
    on_channel,
    on_delivery,
    on_pin,
    on_rota,
    on_route,
    on_view,
    stands_in,
    stands_in_no_more,
)
from predvid.modules.access import actions, queries_audit
from predvid.modules.access.models import AuditEntry, Person
from predvid.modules.access.proof_actions import PAIR_LIMIT
from predvid.modules.access.rules import MSP, PLATFORM

pytestmark = pytest.mark.usefixtures("ground", "door", "listed")

HELD = '"check":"disk_space","values":"@hold = 300"'

# By the name of the address; "first" and "second" are the clients, "new" is one that the deed makes.
DEEDS: dict[str, tuple[Callable[[World], Deed], Left]] = {
    "sign-in": (
        lambda _: ("/sign-in/", {"email": "vlasnica@example.com", "password": PASSWORD}),
        [(MSP, "person.signed_in", "{}")],
    ),
    "sign-out": (lambda _: ("/sign-out/", {}), [(MSP, "person.signed_out", "{}")]),
    "welcome": (link, [(MSP, "person.signed_in", "{}")]),
    "forgotten": (lambda _: ("/forgotten/", {"email": "a@example.com"}), [(MSP, "person.reset_asked", "{}")]),
    "session-end": (session, [(MSP, "session.ended", '"sessions":1')]),
    "sessions-end-others": (
        lambda _: ("/profile/sessions/end-others", {}),
        [(MSP, "session.ended", '"sessions":0')],
    ),
    "person-invite": (invite, [(MSP, "person.invited", '"clients":"Hotel Čvorak","role":"technician"')]),
    "person-change": (
        on_person("change", **RIGHTS),
        [(MSP, "person.rights_changed", '"all_clients":true,"clients":"","role":"auditor"')],
    ),
    "person-deactivate": (on_person("deactivate"), [(MSP, "person.deactivated", '"sessions":0')]),
    "person-reactivate": (on_left, [(MSP, "person.reactivated", "{}")]),
    "person-sign-out": (on_person("sign-out"), [(MSP, "session.ended", '"sessions":0')]),
    "person-withdraw": (on_invited("withdraw"), [(MSP, "person.invitation_withdrawn", "{}")]),
    "person-invite-again": (on_invited("invite-again"), [(MSP, "person.invited", "{}")]),
    "person-password-link": (on_person("password-link"), [(MSP, "person.link_made", '"hours":24')]),
    "profile": (lambda _: ("/profile/", PROFILE), [(MSP, "person.changed", '"language":"en","name":"…"')]),
    "api-tokens": (api_token, [(MSP, "api_token.made", '"days":30,"verbs":"device.view"')]),
    "api-token-revoke": (revoked_api_token, [(MSP, "api_token.revoked", "{}")]),
    "client-add": (
        lambda _: ("/clients/add", {"name": "Žito", "sector": "Trgovina"}),
        [("new", "client.added", '"name":"Žito"')],
    ),
    "site-add": (site, [("first", "site.added", '"timezone":"Europe/Zagreb"')]),
    "enrol": (token, [("first", "token.made", '"approves":false,"hours":24,"site":"Sjedište","uses":3')]),
    "agent-approve": (on_agent("approve"), [("first", "agent.approved", '"state":"approved"')]),
    "agent-revoke": (on_agent("revoke"), [("first", "agent.revoked", '"state":"revoked"')]),
    "agent-release": (on_agent("release"), [("first", "agent.released", '"state":"approved"')]),
    "device-move": (
        move,
        [("first", "device.moved_away", '"since":'), ("second", "device.moved", '"site":"Sjedište"')],
    ),
    "device-merge": (merge, [("first", "device.merged", "{}")]),
    "alert-acknowledge": (
        on_alert("acknowledge", note="Zovem"),
        [("first", "alert.acknowledged", '"phase":"acknowledged"')],
    ),
    "factor-app-begin": (lambda _: ("/profile/security/app/begin", {}), []),
    "factor-app-remove": (on_factors("app/remove"), [(MSP, "person.app_removed", "{}")]),
    "codes-renew": (on_factors("codes"), [(MSP, "person.codes_made", '"codes":10')]),
    "factor-rule": (
        lambda _: ("/profile/security/rule", {"days": "30"}),
        [(MSP, "settings.changed", '"factor_days":30')],
    ),
    "passkey-rename": (
        on_passkey("rename", name="Zovem"),
        [(MSP, "person.passkey_renamed", '"passkey":')],
    ),
    "passkey-remove": (on_passkey("remove"), [(MSP, "person.passkey_removed", "{}")]),
    "factors-remove": (of_another, [(MSP, "person.factors_removed", "{}")]),
    "task-template": (template, [("first", "task.requested", '"devices":1,"state":"running"')]),
    "task-command": (command, [("first", "task.requested", '"devices":1,"state":"waiting"')]),
    "request-approve": (on_request("approve"), [("first", "task.approved", '"state":"running"')]),
    "request-decline": (on_request("decline"), [("first", "task.declined", '"state":"refused"')]),
    "request-cancel": (on_request("cancel"), [("first", "task.cancelled", '"state":"cancelled"')]),
    "task-cancel": (stop, [("first", "task.cancelled", '"state":"cancelled"')]),
    "refused-settle": (settle, [("first", "task.settled", "{}")]),
    "release-roll": (roll_out, [(MSP, "release.rolled", '"agents":1,"state":"running"')]),
    "release-stop": (stop_rollout, [(MSP, "release.stopped", '"state":"cancelled"')]),
    "alert-note": (on_alert("note", text="Zovem"), [("first", "alert.noted", '"note":')]),
    "alert-snooze": (on_alert("snooze", hours="4", note="Zovem"), [("first", "alert.snoozed", '"until":')]),
    "alert-assign": (on_alert("assign", person="me"), [("first", "alert.assigned", '"assigned":true')]),
    "devices-bulk": (on_devices, [("first", "device.tagged", '"tags":"vip"')]),
    "alerts-bulk": (on_alerts, [("first", "alert.acknowledged", '"phase":"acknowledged"')]),
    "windows": (new_window, [("first", "window.added", '"minutes":90,"repeat":"once"')]),
    "window": (on_window("", **PLAN), [("first", "window.changed", '"minutes":90,"repeat":"once"')]),
    "window-end": (on_window("end"), [("first", "window.ended", '"minutes":180')]),
    "window-delete": (on_window("delete"), [("first", "window.deleted", "{}")]),
    "credentials": (new_secret, [("first", "secret.added", '"kind":"snmp_v2c"')]),
    "credential": (on_secret(community="Zovem"), [("first", "secret.replaced", "{}")]),
    "credential-delete": (on_secret("delete"), [("first", "secret.deleted", "{}")]),
    "credential-bind": (bind, [("first", "secret.bound", '"check":"door","device":"Hot-SRV-01"')]),
    "policy-client": (on_policy("clients", "client"), [("first", "policy.changed", HELD)]),
    "policy-site": (on_policy("sites", "site"), [("first", "policy.changed", HELD)]),
    "policy-group": (on_policy("groups", "group"), [("first", "policy.changed", HELD)]),
    "policy-device": (on_policy("devices", "device"), [("first", "policy.changed", HELD)]),
    "policy-template": (on_policy("templates", "template"), [(MSP, "policy.changed", HELD)]),
    "group-add": (new_group, [("first", "group.added", '"name":"Hitni","priority":100')]),
    "group": (
        changed_group,
        [("first", "group.changed", '"filter":"tags: vip","name":"Hitni","priority":7')],
    ),
    "group-delete": (deleted_group, [("first", "group.deleted", "{}")]),
    "device-tags": (tagged, [("first", "device.tagged", '"tags":"recepcija, vip"')]),
    "pin": (
        chart_pinned,
        [("first", "board.pinned", '"devices":1,"metric":"cpu_used_percent"')],
    ),
    "pin-rename": (on_pin("rename", title="Zovem"), [("first", "board.changed", '"changed":"title"')]),
    "pin-move": (on_pin("move", way="later"), [("first", "board.changed", '"changed":"place"')]),
    "pin-remove": (on_pin("remove"), [("first", "board.unpinned", "{}")]),
    "view-save": (lambda _: ("/views/save", SAVED), [(MSP, "view.saved", '"room":"devices","shared":false')]),
    "view-rename": (on_view("rename", name="Nova"), [(MSP, "view.changed", '"changed":"name"')]),
    "view-remove": (on_view("remove"), [(MSP, "view.removed", "{}")]),
    "view-default": (on_view("default", chosen="1"), [(MSP, "view.changed", '"default":true')]),
    "contact-add": (on_client("contacts/add", **CONTACT), [("first", "contact.added", '"main":false')]),
    "contact": (
        on_contact(**CONTACT),
        [("first", "contact.changed", '"fields":"email, name, phone, role"')],
    ),
    "contact-delete": (on_contact("delete"), [("first", "contact.deleted", "{}")]),
    "note-add": (on_client("notes/add", text="Zovem"), [("first", "note.added", "{}")]),
    "note": (on_note(text="Zovem"), [("first", "note.changed", "{}")]),
    "note-pin": (on_note("pin", pinned="on"), [("first", "note.pinned", '"pinned":true')]),
    "note-delete": (on_note("delete"), [("first", "note.deleted", "{}")]),
    "document-add": (
        on_client("documents/add", title="Ugovor", url="https://example.com/u"),
        [("first", "document.added", "{}")],
    ),
    "document-delete": (deleted_document, [("first", "document.deleted", "{}")]),
    "client-fields": (filled("client"), [("first", "field.filled", '"fields":"Broj"')]),
    "site": (filled("site"), [("first", "field.filled", '"fields":"Broj"')]),
    "device-fields": (filled("device"), [("first", "field.filled", '"fields":"Broj"')]),
    "custom-fields": (
        lambda _: ("/fields/", {"subject": "site", "kind": "date", "name": "Najam do", "position": "3"}),
        [(MSP, "field.defined", '"kind":"date","priority":3,"subject":"site"')],
    ),
    "custom-field": (
        on_field(name="Ugovor br.", position="2"),
        [(MSP, "field.changed", '"name":"Ugovor br.","priority":2')],
    ),
    "custom-field-delete": (on_field(verb="delete"), [(MSP, "field.deleted", '"count":0')]),
    "import": (
        lambda _: (
            "/import/",
            {"kind": "clients", "text": "klijent;djelatnost\nŽito;Trgovina", "apply": "on"},
        ),
        [(MSP, "list.imported", '"add":1,"bad":0'), ("new", "client.added", '"name":"Žito"')],
    ),
    "credential-unbind": (unbind, [("first", "secret.unbound", "{}")]),
    "channels": (new_channel, [(MSP, "channel.added", '"kind":"webhook"')]),
    "channel-test": (on_channel("test"), [(MSP, "channel.tested", '"sent":false')]),
    "channel-remove": (on_channel("remove"), [(MSP, "channel.removed", "{}")]),
    "routes": (new_route, [("first", "route.added", '"people":1,"severity":3')]),
    "route": (on_route(), [("first", "route.changed", '"people":1,"severity":3')]),
    "route-remove": (on_route("remove"), [("first", "route.removed", "{}")]),
    "rotas": (new_rota, [(MSP, "rota.added", '"turns":1')]),
    "rota": (on_rota(), [(MSP, "rota.changed", '"turns":1')]),
    "rota-remove": (on_rota("remove"), [(MSP, "rota.removed", "{}")]),
    "stand-in": (stands_in, [(MSP, "rota.stand_in_added", '"until":"2030-01-02T07:00+00:00"')]),
    "stand-in-remove": (stands_in_no_more, [(MSP, "rota.stand_in_ended", "{}")]),
    "delivery-retry": (on_delivery, [("first", "delivery.retried", '"state":"queued"')]),
    "acknowledge-link": (from_mail, [("first", "alert.acknowledged", '"phase":"acknowledged"')]),
}
LOOKS = {"healthz/"}  # answer any method and change nothing
# Steps of a sign-in, a proof or a set-up that takes two: what they leave is held by the tests of factors.
STEPS = {
    *("second-step", "sign-in-passkey", "passkey-options", "protect", "prove"),
    *("factor-app", "passkey-new", "passkey-add"),
}


def addresses() -> list[tuple[str, str]]:
    """Return (name, an example) of every address of the console."""
    examples = {"uuid": str(uuid4()), "int": "1", "str": "x"}

    def walk(patterns: list[Any], prefix: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if not isinstance(pattern, URLPattern):
                found += walk(pattern.url_patterns, route)
                continue
            for name, example in examples.items():
                for key in pattern.pattern.converters:
                    route = route.replace(f"<{name}:{key}>", example)
            found.append((pattern.name or f"{route}/", f"/{route}"))
        return found

    return walk(get_resolver().url_patterns, "")


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True)


def left(world: World, since: set[Any]) -> list[AuditEntry]:
    return [entry for entry in AuditEntry.objects.order_by("at", "-verb") if entry.pk not in since]


def known() -> set[Any]:
    return {entry.pk for entry in AuditEntry.objects.all()}


def test_every_address_that_takes_a_form_is_a_deed_of_this_list(world: World, owner: Person) -> None:
    takes = {name for name, address in addresses() if world.signed_in(owner).post(address).status_code != 405}
    # The API does the same deeds; what it takes is in its own document.
    assert {name for name in takes - LOOKS - STEPS if "api/" not in name} == set(DEEDS)


def test_looking_leaves_nothing(world: World, owner: Person) -> None:
    before, browser = known(), world.signed_in(owner)
    for _, address in addresses():
        browser.get(address)
    assert not left(world, before)


@pytest.mark.parametrize("name", DEEDS)
def test_a_deed_leaves_one_right_entry(world: World, owner: Person, name: str) -> None:
    deed, expected = DEEDS[name]
    address, words = deed(world)
    stranger = name in ("sign-in", "welcome", "forgotten")
    browser = Browser() if stranger else world.signed_in(owner)
    before = known()
    assert browser.post(address, words, REMOTE_ADDR="10.1.2.3").status_code in (200, 302)
    chains = {"first": str(world.clients[0].pk), "second": str(world.clients[1].pk)}
    entries = left(world, before)
    assert [(entry.verb, entry.address) for entry in entries] == [
        (verb, "10.1.2.3") for _, verb, _ in expected
    ]
    for entry, (chain, _, after) in zip(entries, expected, strict=True):
        assert entry.chain == (entry.object_id if chain == "new" else chains.get(chain, chain))
        assert after.strip("{}") in entry.after
        assert entry.person == (entry.object_id if stranger else str(owner.pk))
        assert entry.name == {"welcome": "Gost", "forgotten": ""}.get(name, "Vlasnica")
        assert queries_audit.verify(PLATFORM, entry.chain)[1] == []
    for personal in ("Zovem", "Nova", "Gost", "gost@", "a@example.com"):
        assert not [entry for entry in entries if personal in entry.before + entry.after + entry.object_name]


def test_failed_sign_ins_new_passwords_and_the_first_owner_leave_one_each(world: World) -> None:
    secret = actions.make_sign_in_link(None, timezone.now())
    before = known()
    words = {"name": "Prva", "email": "prva@example.com", "password": PASSWORD, "language": "hr"}
    browser = Browser(REMOTE_ADDR="10.1.2.3")
    browser.post(f"/welcome/{secret}", words)
    browser.post("/profile/", {"part": "password", "current": PASSWORD, "new": NEW})
    browser.post("/profile/", {"part": "password", "current": "kriva", "new": PASSWORD})
    for _ in range(PAIR_LIMIT + 3):  # whoever is locked out fills no audit
        Browser(REMOTE_ADDR="10.1.2.3").post("/sign-in/", {"email": "nitko@example.com", "password": NEW})
    entries = left(world, before)
    done = ["person.added", "person.password_changed", "person.proof_failed"]
    done += ["person.sign_in_failed"] * PAIR_LIMIT
    assert [entry.verb for entry in sorted(entries, key=lambda entry: entry.number)] == done
    whole = " ".join(f"{vars(entry)}" for entry in entries)
    assert not [word for word in (secret, PASSWORD, NEW, "nitko@", "prva@") if word in whole]
