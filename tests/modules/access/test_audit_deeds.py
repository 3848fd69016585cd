"""Every deed leaves exactly one right entry in the audit of its client; nothing else leaves any."""

import ast
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from console_fixture import PASSWORD, World
from house.tree import ROOT
from predvid.core.model import Result as Judgement
from predvid.core.model import State, say
from predvid.modules.access import actions, queries_audit
from predvid.modules.access.models import AuditEntry, Person
from predvid.modules.access.rules import MSP, PLATFORM
from predvid.modules.automation.models import AgentTrust
from predvid.modules.monitoring.actions import record
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.rules import silent

pytestmark = pytest.mark.usefixtures("ground")
NEW = "sasvim nova rečenica"
Deed = tuple[str, dict[str, Any]]
Left = list[tuple[str, str, str]]  # chain, verb, after (a part of it)


def on_agent(verb: str) -> Callable[[World], Deed]:
    return lambda world: (f"/agents/{world.pending(world.sites[0], 'Hot-NOVI').pk}/{verb}", {})


def on_alert(verb: str, **words: str) -> Callable[[World], Deed]:
    return lambda world: (f"/alerts/{world.alerts[0].pk}/{verb}", words)


def token(world: World) -> Deed:
    return "/enrol/", {"site": str(world.sites[0].pk), "uses": 3, "hours": "24"}


def site(world: World) -> Deed:
    return f"/clients/{world.clients[0].pk}/sites/add", {"name": "Skladište", "timezone": "Europe/Zagreb"}


def move(world: World) -> Deed:
    words = {"site": str(world.sites[1].pk), "since": timezone.localdate().isoformat()}
    return f"/devices/{world.devices[0].pk}/move", words


def merge(world: World) -> Deed:
    return f"/devices/{world.devices[0].pk}/merge", {"other": str(world.devices[1].pk)}


def link(world: World) -> Deed:
    secret = actions.make_sign_in_link(world.person("gost@example.com"), timezone.now())
    return f"/welcome/{secret}", {}


def on_request(verb: str) -> Callable[[World], Deed]:
    return lambda world: (f"/tasks/requests/{world.task(world.sites[0]).request_id}/{verb}", {})


def stop(world: World) -> Deed:
    return f"/tasks/{world.task(world.sites[0]).pk}/cancel", {}


def pinned(world: World) -> dict[str, Any]:
    """Let the first device's agent pin a root; return the form's words that choose the device."""
    device = world.devices[0]
    AgentTrust.objects.create(
        client=device.client, agent=device.agents.get(), root=b"r" * 32, classes=[0, 1, 2], told_at=world.now
    )
    return {"devices": [str(device.pk)]}


def template(world: World) -> Deed:
    publication = world.task(world.sites[0]).request.publication
    assert publication is not None
    return f"/tasks/templates/{publication.pk}/", pinned(world)


def command(world: World) -> Deed:
    words = {"title": "Nalog", "language": "sh", "body": "id", "timeout": "9", "hours": "1"}
    return "/tasks/new/", words | pinned(world)


def settle(world: World) -> Deed:
    device = world.devices[1].pk
    state = load_states([device])[device]
    judged = Judgement("task", State.CRITICAL, say("agent.task_refused"))
    record(silent(state, "agent", judged, world.now), {device: state.version}, world.now)
    return f"/devices/{device}/refused", {"why": "Provjereno"}


PROFILE = {"part": "details", "name": "Nova", "language": "en", "theme": "dark"}
# By the name of the address; "first" and "second" are the clients, "new" is one that the deed makes.
DEEDS: dict[str, tuple[Callable[[World], Deed], Left]] = {
    "sign-in": (
        lambda _: ("/sign-in/", {"email": "vlasnica@example.com", "password": PASSWORD}),
        [(MSP, "person.signed_in", "{}")],
    ),
    "sign-out": (lambda _: ("/sign-out/", {}), [(MSP, "person.signed_out", "{}")]),
    "welcome": (link, [(MSP, "person.signed_in", "{}")]),
    "profile": (lambda _: ("/profile/", PROFILE), [(MSP, "person.changed", '"language":"en","name":"…"')]),
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
    "task-template": (template, [("first", "task.requested", '"devices":1,"state":"running"')]),
    "task-command": (command, [("first", "task.requested", '"devices":1,"state":"waiting"')]),
    "request-approve": (on_request("approve"), [("first", "task.approved", '"state":"running"')]),
    "request-decline": (on_request("decline"), [("first", "task.declined", '"state":"refused"')]),
    "request-cancel": (on_request("cancel"), [("first", "task.cancelled", '"state":"cancelled"')]),
    "task-cancel": (stop, [("first", "task.cancelled", '"state":"cancelled"')]),
    "refused-settle": (settle, [("first", "task.settled", "{}")]),
    "alert-note": (on_alert("note", text="Zovem"), [("first", "alert.noted", '"note":')]),
}
LOOKS = {"healthz/"}  # answer any method and change nothing


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
    assert takes - LOOKS == set(DEEDS)


def test_looking_leaves_nothing(world: World, owner: Person) -> None:
    before, browser = known(), world.signed_in(owner)
    for _, address in addresses():
        browser.get(address)
    assert not left(world, before)


@pytest.mark.parametrize("name", DEEDS)
def test_a_deed_leaves_one_right_entry(world: World, owner: Person, name: str) -> None:
    deed, expected = DEEDS[name]
    address, words = deed(world)
    stranger = name in ("sign-in", "welcome")
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
        assert entry.name == ("Gost" if name == "welcome" else "Vlasnica")
        assert queries_audit.verify(PLATFORM, entry.chain)[1] == []
    assert not [entry for entry in entries if "Zovem" in entry.after or "Nova" in entry.after]


def test_failed_sign_ins_new_passwords_and_the_first_owner_leave_one_each(world: World) -> None:
    secret = actions.make_sign_in_link(None, timezone.now())
    before = known()
    words = {"name": "Prva", "email": "prva@example.com", "password": PASSWORD, "language": "hr"}
    browser = Browser(REMOTE_ADDR="10.1.2.3")
    browser.post(f"/welcome/{secret}", words)
    browser.post("/profile/", {"part": "password", "current": PASSWORD, "new": NEW})
    browser.post("/profile/", {"part": "password", "current": "kriva", "new": PASSWORD})
    for _ in range(actions.PAIR_LIMIT + 3):  # whoever is locked out fills no audit
        Browser(REMOTE_ADDR="10.1.2.3").post("/sign-in/", {"email": "nitko@example.com", "password": NEW})
    entries = left(world, before)
    done = ["person.added", "person.password_changed"] + ["person.sign_in_failed"] * actions.PAIR_LIMIT
    assert [entry.verb for entry in sorted(entries, key=lambda entry: entry.number)] == done
    whole = " ".join(f"{vars(entry)}" for entry in entries)
    assert not [word for word in (secret, PASSWORD, NEW, "nitko@", "prva@") if word in whole]


EXCUSED = {
    "access/actions.py": set(),
    "inventory/actions.py": {
        "next_plan_version", "held_device",  # change nothing
        "move", "merge",  # a part of the verbs of monitoring/device_actions.py, which write the entry
    },
    "inventory/enrolment.py": {
        "plan_seed", "silenced",  # change nothing
        "set_state",  # a part of approve, revoke and release in monitoring/device_actions.py
        "lock",  # the platform's own, told by an event and an alert
    },
    "automation/actions/__init__.py": set(),
    "automation/actions/authority.py": {"operators"},  # changes nothing
    "automation/actions/chores.py": {
        "expire", "give_up", "forget", "close_quiet_alerts",  # the platform's own, by the clock
    },
    "automation/actions/handing.py": {
        "waiting_agents", "behind_on_trust", "take",  # the platform's own: what was agreed to is handed over
    },
    "automation/actions/outcomes.py": {"take_in"},  # what devices say, told by events
    "automation/actions/requests.py": {
        "held",  # changes nothing
        "release", "stop_tasks",  # parts of request, approve, attach, decline and cancel
    },
    "automation/actions/running.py": {
        "start_of", "ring_counts",  # change nothing
        "queue", "advance_all",  # the platform's own: what was agreed to goes on
    },
    "automation/actions/telling.py": {"milliseconds", "told"},  # parts of verbs
    "monitoring/actions.py": {
        "record", "event_row", "note_event",  # what devices say, told by events
    },
    "monitoring/device_actions.py": {
        "enrol",  # inventory/enrolment.py writes the entry
        "lock", "replan_all",  # the platform's own: an event and an alert; a new version of the program
    },
}  # fmt: skip


def writes(name: str, all_of: dict[str, ast.FunctionDef], seen: set[str]) -> bool:
    """Tell whether a function calls `audit.record`, by itself or through a private one of its file."""
    called = {ast.unparse(node.func) for node in ast.walk(all_of[name]) if isinstance(node, ast.Call)}
    inner = {each for each in called & set(all_of) if each.startswith("_")} - seen
    seen |= inner
    known = called & {"audit.record", "telling.audited"}
    return bool(known) or any(writes(each, all_of, seen) for each in inner)


def test_every_verb_writes_an_entry_or_is_excused() -> None:
    modules = ROOT / "src/predvid/modules"
    paths = {
        *modules.glob("*/actions.py"),
        *modules.glob("*/*_actions.py"),
        *modules.glob("*/actions/*.py"),
        modules / "inventory/enrolment.py",
    }
    silent = {}
    for path in paths:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
        silent[path.relative_to(modules).as_posix()] = {
            name for name in functions if name[0] != "_" and not writes(name, functions, set())
        }
    assert silent == EXCUSED
