"""What a person can do in the console, as a form: each function makes one deed in a world of its own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from console_fixture import World
from predvid.core.model import Result as Judgement
from predvid.core.model import State, say
from predvid.modules.access import actions, people_actions, secret_actions, token_actions
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.models import AgentTrust, Rollout
from predvid.modules.inventory import field_actions, record_actions
from predvid.modules.inventory.models import Agent, DeviceGroup, SecretBinding
from predvid.modules.monitoring.actions import record
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.queries.places import version
from predvid.modules.monitoring.rules import silent
from predvid.wire.secrets import SnmpCommunity
from releases_fixture import VERSION
from second_factor import with_app, with_passkey

NEW = "sasvim nova rečenica"
Deed = tuple[str, dict[str, Any]]
Left = list[tuple[str, str, str]]  # chain, verb, after (a part of it)


def on_agent(verb: str) -> Callable[[World], Deed]:
    return lambda world: (f"/agents/{world.pending(world.sites[0], 'Hot-NOVI').pk}/{verb}", {})


def on_alert(verb: str, **words: str) -> Callable[[World], Deed]:
    return lambda world: (f"/alerts/{world.alerts[0].pk}/{verb}", words)


PLAN = {
    "reason": "Nadogradnja",
    "repeat": "once",
    "first": "2027-01-10",
    "at": "22:00",
    "minutes": "90",
    "zone": "Europe/Zagreb",
}


def on_alerts(world: World) -> Deed:
    return "/alerts/bulk", {"deed": "acknowledge", "alert": str(world.alerts[0].pk)}


def on_devices(world: World) -> Deed:
    return "/devices/bulk", {"devices": str(world.devices[0].pk), "on": "vip", "do": "save"}


def new_window(world: World) -> Deed:
    return "/windows/", {**PLAN, "where": f"client:{world.clients[0].pk}"}


def on_window(verb: str, **words: str) -> Callable[[World], Deed]:
    return lambda world: (f"/windows/{world.window(world.clients[0]).pk}/{verb}", words)


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


def on_factors(verb: str) -> Callable[[World], Deed]:
    def deed(world: World) -> Deed:
        with_app(Person.objects.get(email="vlasnica@example.com"))
        return f"/profile/security/{verb}", {}

    return deed


def on_passkey(verb: str, **words: str) -> Callable[[World], Deed]:
    def deed(world: World) -> Deed:
        owner = Person.objects.get(email="vlasnica@example.com")
        with_passkey(world, owner)
        return f"/profile/security/passkeys/{owner.passkeys.get().pk}/{verb}", words

    return deed


def of_another(world: World) -> Deed:
    lost = world.person("izgubio@example.com")
    with_app(lost)
    return f"/people/{lost.pk}/factors/remove", {}


def api_token(world: World) -> Deed:
    words = {"name": "Izvoz", "days": "30", "verbs": ["device.view"], "clients": [str(world.clients[1].pk)]}
    return "/profile/api/", words


def revoked_api_token(world: World) -> Deed:
    maker = viewer_of(world.person("netko@example.com", role="technician", all_clients=True))
    token, _ = token_actions.make_token(maker, "x", ["device.view"], None, timedelta(days=1), timezone.now())
    return f"/api-tokens/{token.pk}/revoke", {}


def invitation(world: World) -> tuple[Any, str]:
    return people_actions.invite(
        PLATFORM, name="Gost", email="gost@example.com", role="technician", all_clients=False,
        clients=[world.clients[0].pk], language="hr", now=timezone.now(),
    )  # fmt: skip


def on_person(verb: str, **words: Any) -> Callable[[World], Deed]:
    return lambda world: (f"/people/{world.person('gost@example.com').pk}/{verb}", words)


def on_invited(verb: str) -> Callable[[World], Deed]:
    return lambda world: (f"/people/{invitation(world)[0].pk}/{verb}", {})


def on_left(world: World) -> Deed:
    return f"/people/{world.person('gost@example.com', is_active=False).pk}/reactivate", {}


def session(world: World) -> Deed:
    owner = Person.objects.get(role="owner")
    world.signed_in(owner)
    return f"/profile/sessions/{owner.sessions.latest('created_at').pk}/end", {}


def invite(world: World) -> Deed:
    words = {"name": "Gost", "email": "gost@example.com", "language": "hr", "role": "technician"}
    return "/people/invite", {**words, "clients": [str(world.clients[0].pk)]}


RIGHTS = {"role": "auditor", "all_clients": "on"}


def secret(world: World) -> str:
    """Return the id of a credential that is bound to a check."""
    client, word = world.clients[0].pk, SnmpCommunity("Zovem")
    kept = secret_actions.add(PLATFORM, client, "Preklopnici", word, world.now)
    SecretBinding.objects.create(
        client_id=client, secret=kept, device=world.devices[0], check_name="door", target="a"
    )
    return str(kept.pk)


def on_secret(verb: str = "", **words: str) -> Callable[[World], Deed]:
    return lambda world: (f"/clients/credentials/{secret(world)}/{verb}", words)


def new_secret(world: World) -> Deed:
    words = {"name": "Pisači", "community": "Zovem", "site": ""}
    return f"/clients/{world.clients[0].pk}/credentials/?kind=snmp_v2c", words


def bind(world: World) -> Deed:
    words = {"holder": f"device:{world.devices[0].pk}", "check": "door", "target": "10.0.0.7"}
    return f"/clients/credentials/{secret(world)}/bind", words


def unbind(world: World) -> Deed:
    bound = SecretBinding.objects.get(secret=secret(world))
    return f"/clients/credentials/bindings/{bound.pk}/unbind", {}


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


def roll_out(world: World) -> Deed:
    agent = Agent.objects.first()
    assert agent is not None
    AgentTrust.objects.create(
        client_id=agent.client_id, agent=agent, root=b"r" * 32, renews=True, told_at=world.now
    )
    return "/releases/roll-out", {"version": VERSION}


def stop_rollout(world: World) -> Deed:
    rollout = Rollout.objects.create(
        version=VERSION, agents=1, ring_since=world.now, requested_name="Ana", requested_at=world.now
    )
    return f"/releases/{rollout.pk}/stop", {}


def on_policy(address: str, name: str = "client") -> Callable[[World], Deed]:
    """Return a deed that sets one value at a place, in the form of its editor."""

    def deed(world: World) -> Deed:
        keys = {"client": world.clients[0].pk, "site": world.sites[0].pk, "device": world.devices[0].pk}
        keys["group"], keys["template"] = group(world), "server"
        words = {
            "check": "disk_space",
            "version": version({}),
            "do": "save",
            "set.@hold": "on",
            "f.@hold": "5 min",
        }
        return f"/policies/{address}/{keys[name]}/", words

    return deed


def group(world: World) -> Any:
    """Return the key of a group of the first client."""
    return DeviceGroup.objects.create(client=world.clients[0], name="Recepcije").pk


def new_group(world: World) -> Deed:
    return "/groups/add", {"name": "Hitni", "client": str(world.clients[0].pk)}


def changed_group(world: World) -> Deed:
    return f"/groups/{group(world)}/", {"name": "Hitni", "priority": "7", "tags": ["vip"]}


def deleted_group(world: World) -> Deed:
    return f"/groups/{group(world)}/delete", {}


def tagged(world: World) -> Deed:
    return f"/devices/{world.devices[0].pk}/tags", {"tags": "vip, recepcija"}


CONTACT = {"name": "Zovem", "role": "direktor", "email": "gost@example.com", "phone": "091 1"}


def on_client(address: str, **words: str) -> Callable[[World], Deed]:
    return lambda world: (f"/clients/{world.clients[0].pk}/{address}", words)


def on_contact(verb: str = "", **words: str) -> Callable[[World], Deed]:
    def deed(world: World) -> Deed:
        person = record_actions.Person("Gost")
        return (
            f"/clients/contacts/{record_actions.add_contact(*_by_us(world), person, world.now).pk}/{verb}",
            words,
        )

    return deed


def on_note(verb: str = "", **words: str) -> Callable[[World], Deed]:
    def deed(world: World) -> Deed:
        return f"/clients/notes/{record_actions.add_note(*_by_us(world), 'Gost', world.now).pk}/{verb}", words

    return deed


def deleted_document(world: World) -> Deed:
    row = record_actions.add_link(*_by_us(world), "Ugovor", "https://example.com/u", world.now)
    return f"/clients/documents/{row.pk}/delete", {}


def _by_us(world: World) -> tuple[Any, Any]:
    return PLATFORM, world.clients[0].pk


def on_field(subject: str = "client", verb: str = "", **words: str) -> Callable[[World], Deed]:
    """Return a deed on a field that the MSP has defined."""

    def deed(world: World) -> Deed:
        wanted = field_actions.Wanted("Broj ugovora")
        row = field_actions.define(PLATFORM, subject, "text", wanted, world.now)
        return f"/fields/{row.pk}/{verb}", words

    return deed


def filled(subject: str) -> Callable[[World], Deed]:
    """Return a deed that fills a field of a client, site or device."""

    def deed(world: World) -> Deed:
        row = field_actions.define(PLATFORM, subject, "text", field_actions.Wanted("Broj"), world.now)
        paths = {
            "client": f"/clients/{world.clients[0].pk}/fields/",
            "site": f"/sites/{world.sites[0].pk}/",
            "device": f"/devices/{world.devices[0].pk}/fields/",
        }
        return paths[subject], {f"field-{row.pk}": "Zovem"}

    return deed


PROFILE = {"part": "details", "name": "Nova", "language": "en", "theme": "dark"}
