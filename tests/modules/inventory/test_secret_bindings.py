"""Which plan carries which secret: that of the agent it was bound to, while it is there, and no other."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from nacl.public import PrivateKey

from console_fixture import World
from predvid.checks.registry import checks
from predvid.core.errors import UserError
from predvid.edge.handed import SecretsRefused, opener
from predvid.modules.access import queries_audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied
from predvid.modules.access.models import AuditEntry, Secret, TenantKey
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.inventory import actions as inventory
from predvid.modules.inventory import secret_actions
from predvid.modules.inventory.models import Agent, Device, SecretBinding, Site
from predvid.modules.inventory.secret_bindings import handed
from predvid.modules.monitoring.plans import plan_for
from predvid.wire.secrets import SecretValue, SnmpCommunity, SshKey
from predvid.wire.v1 import Plan

pytestmark = pytest.mark.usefixtures("door")
WORD = "canary-0815"
KEYS = {"mine": PrivateKey.generate(), "other": PrivateKey.generate()}


def agent_of(device: Device, key: str = "mine") -> Agent:
    """Return the device's agent, with a sealing key that this test knows."""
    agent = Agent.objects.select_related("device").get(device=device)
    agent.seal_key = bytes(KEYS[key].public_key)
    agent.save()
    return agent


def kept(world: World, value: SecretValue | None = None, site: Site | None = None, name: str = "n") -> Secret:
    value = value or SnmpCommunity(WORD)
    where = site.pk if site else None
    return secret_actions.add(PLATFORM, world.clients[0].pk, name, value, world.now, where)


def plan_of(agent: Agent) -> Plan:
    return plan_for(agent.pk, dict(checks()), agent.enrolled_at)


def carried(agent: Agent, key: str = "mine") -> dict[str, list[SecretValue]]:
    """Return what the agent's plan carries and the agent opens, by check."""
    plan, unseal = plan_of(agent), opener(str(agent.pk), bytes(KEYS[key]))
    found = {one.name: [secret.value for secret in unseal(plan, one)] for one in plan.checks if one.sealed}
    assert WORD.encode() not in msgspec.msgpack.encode(plan)
    return found


def test_the_plan_of_the_bound_device_carries_it_for_the_bound_check(world: World) -> None:
    mine, other = agent_of(world.devices[0]), agent_of(world.devices[1], "other")
    before = plan_of(mine).version
    secret_actions.bind(PLATFORM, kept(world).pk, "door", world.devices[0], world.now)
    assert carried(mine) == {"door": [SnmpCommunity(WORD)]}
    assert plan_of(mine).version > before, "the agent fetches it"
    assert carried(other, "other") == {}
    stolen = replace_agent(plan_of(mine), str(other.pk))
    with pytest.raises(SecretsRefused):
        [opener(str(other.pk), bytes(KEYS["other"]))(stolen, one) for one in stolen.checks]


def replace_agent(plan: Plan, agent: str) -> Plan:
    return msgspec.structs.replace(plan, agent=agent)


def test_an_agent_of_its_own_gets_it_and_its_devices_other_agents_do_not(world: World) -> None:
    probe = agent_of(world.devices[0])
    twin = Agent.objects.create(
        client=probe.client, device=probe.device, state="approved",
        sign_key=b"t" * 32, seal_key=bytes(KEYS["other"].public_key),
    )  # fmt: skip
    secret_actions.bind(PLATFORM, kept(world).pk, "door", probe, world.now, target="10.0.0.7")
    assert carried(probe) == {"door": [SnmpCommunity(WORD)]}
    assert carried(twin, "other") == {}
    assert [one.target for one in handed(probe)["door"]] == ["10.0.0.7"]


def test_two_seals_of_one_secret_are_never_alike(world: World) -> None:
    mine = agent_of(world.devices[0])
    secret_actions.bind(PLATFORM, kept(world).pk, "door", world.devices[0], world.now)
    one, two = ([check.sealed for check in plan_of(mine).checks if check.sealed] for _ in range(2))
    assert one != two


@pytest.mark.parametrize("state", ["pending", "revoked", "locked"])
def test_only_an_approved_agent_gets_any(world: World, state: str) -> None:
    mine = agent_of(world.devices[0])
    secret_actions.bind(PLATFORM, kept(world).pk, "door", world.devices[0], world.now)
    Agent.objects.filter(pk=mine.pk).update(state=state)
    assert carried(mine) == {}


def test_a_device_that_moves_to_another_client_loses_it_and_does_not_get_it_back(world: World) -> None:
    mine, device = agent_of(world.devices[0]), world.devices[0]
    secret = kept(world)
    secret_actions.bind(PLATFORM, secret.pk, "door", device, world.now)
    secret_actions.bind(PLATFORM, secret.pk, "door", mine, world.now)
    before = plan_of(mine).version
    inventory.move(PLATFORM, device.pk, world.sites[1].pk, world.now - timedelta(days=1), world.now)
    assert carried(mine) == {}
    assert plan_of(mine).version > before
    inventory.move(PLATFORM, device.pk, world.sites[0].pk, world.now, world.now)
    assert carried(mine) == {}
    assert not SecretBinding.objects.exists()


def test_a_secret_of_one_site_stays_there(world: World) -> None:
    mine, device = agent_of(world.devices[0]), world.devices[0]
    store = Site.objects.create(client=world.clients[0], name="Skladište")
    for secret in (kept(world, site=world.sites[0]), kept(world, name="everywhere")):
        secret_actions.bind(PLATFORM, secret.pk, "door", device, world.now)
    assert len(carried(mine)["door"]) == 2
    inventory.move(PLATFORM, device.pk, store.pk, world.now - timedelta(days=1), world.now)
    assert len(carried(mine)["door"]) == 1
    with pytest.raises(UserError, match="another site"):
        secret_actions.bind(PLATFORM, Secret.objects.get(name="n").pk, "door", mine, world.now)


def test_a_binding_that_somebody_wrote_into_the_database_gives_nothing_away(world: World) -> None:
    foreign = agent_of(world.devices[2])
    assert foreign.client == world.clients[1]
    secret = kept(world)
    for client, target in zip(world.clients, "ab", strict=True):
        where = {"device": foreign.device, "check_name": "door", "target": target}
        SecretBinding.objects.create(client=client, secret=secret, **where)
    assert carried(foreign) == {}


def test_what_is_replaced_unbound_or_deleted_changes_the_next_plan(world: World) -> None:
    mine, secret = agent_of(world.devices[0]), kept(world)
    bound = secret_actions.bind(PLATFORM, secret.pk, "door", world.devices[0], world.now)
    versions = [plan_of(mine).version]
    secret_actions.replace(PLATFORM, secret.pk, SnmpCommunity("another word"), world.now)
    versions.append(plan_of(mine).version)
    assert carried(mine) == {"door": [SnmpCommunity("another word")]}
    secret_actions.unbind(PLATFORM, bound.pk, world.now)
    versions.append(plan_of(mine).version)
    assert carried(mine) == {}
    secret_actions.bind(PLATFORM, secret.pk, "door", world.devices[0], world.now)
    secret_actions.delete(PLATFORM, secret.pk, world.now)
    versions.append(plan_of(mine).version)
    assert carried(mine) == {}
    assert versions == sorted(set(versions))


def test_a_merged_entry_leaves_its_secrets_behind(world: World) -> None:
    keep, other = world.devices[0], world.devices[1]
    moved = agent_of(other)
    secret_actions.bind(PLATFORM, kept(world).pk, "door", other, world.now)
    inventory.merge(PLATFORM, keep.pk, other.pk, world.now)
    moved.refresh_from_db()
    assert moved.device == keep
    assert carried(moved) == {}


def test_a_damaged_secret_is_left_out_named_in_the_log_and_nothing_else_is_affected(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    mine = agent_of(world.devices[0])
    bad, good = kept(world), kept(world, SnmpCommunity("a good word"), name="good")
    for secret in (bad, good):
        secret_actions.bind(PLATFORM, secret.pk, "door", world.devices[0], world.now)
    blob = bytes(Secret.objects.get(pk=bad.pk).value)
    Secret.objects.filter(pk=bad.pk).update(value=blob[:-1] + bytes([blob[-1] ^ 1]))
    assert carried(mine) == {"door": [SnmpCommunity("a good word")]}
    assert str(bad.pk) in caplog.text
    assert WORD not in caplog.text
    TenantKey.objects.update(wrapped=b"junk")
    assert carried(mine) == {}
    assert len(plan_of(mine).checks) > 5, "the plan goes out without"


def test_an_agent_whose_key_is_none_gets_a_plan_without(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    mine = agent_of(world.devices[0])
    secret_actions.bind(PLATFORM, kept(world).pk, "door", world.devices[0], world.now)
    Agent.objects.filter(pk=mine.pk).update(seal_key=bytes(32))
    assert carried(mine) == {}
    assert str(mine.pk) in caplog.text


def test_only_a_check_that_takes_the_kind_can_be_chosen(world: World) -> None:
    secret = kept(world, SshKey("root", "-----BEGIN"))
    for check in ("door", "cpu", "nothing"):
        with pytest.raises(UserError, match="does not take"):
            secret_actions.bind(PLATFORM, secret.pk, check, world.devices[0], world.now)
    secret_actions.bind(PLATFORM, secret.pk, "timid", world.devices[0], world.now)
    with pytest.raises(UserError, match="already"):
        secret_actions.bind(PLATFORM, secret.pk, "timid", world.devices[0], world.now)


def test_foreign_devices_sites_and_secrets_are_not_there(world: World) -> None:
    secret = kept(world)
    hers = Viewer("Her", "technician", frozenset({world.clients[1].pk}))
    deeds = [
        lambda: secret_actions.bind(PLATFORM, secret.pk, "door", world.devices[2], world.now),
        lambda: secret_actions.bind(hers, secret.pk, "door", world.devices[2], world.now),
        lambda: secret_actions.replace(hers, secret.pk, SnmpCommunity("x"), world.now),
        lambda: secret_actions.delete(hers, secret.pk, world.now),
        lambda: kept(world, site=world.sites[1], name="m"),
        lambda: secret_actions.add(hers, world.clients[0].pk, "m", SnmpCommunity("x"), world.now),
        lambda: secret_actions.unbind(hers, bound.pk, world.now),
    ]
    bound = secret_actions.bind(PLATFORM, secret.pk, "door", world.devices[0], world.now)
    for deed in deeds:
        with pytest.raises((NotVisible, Denied)):
            deed()
    reader = replace(hers, role="auditor", clients=None)
    with pytest.raises(Denied):
        secret_actions.replace(reader, secret.pk, SnmpCommunity("x"), world.now)


def test_every_deed_is_in_the_audit_and_none_of_them_tells_the_word(world: World) -> None:
    secret = kept(world)
    bound = secret_actions.bind(PLATFORM, secret.pk, "door", world.devices[0], world.now)
    secret_actions.unbind(PLATFORM, bound.pk, world.now)
    secret_actions.replace(PLATFORM, secret.pk, SnmpCommunity(WORD + "2"), world.now)
    secret_actions.delete(PLATFORM, secret.pk, world.now)
    entries = AuditEntry.objects.filter(chain=str(world.clients[0].pk)).order_by("number")
    done = ["added", "bound", "unbound", "replaced", "deleted"]
    assert [entry.verb for entry in entries] == [f"secret.{verb}" for verb in done]
    assert {entry.object_id for entry in entries} == {str(secret.pk)}
    assert WORD not in repr([vars(entry) for entry in entries])
    assert queries_audit.verify(PLATFORM, str(world.clients[0].pk))[1] == []
