"""Campaigns over a thousand simulated agents: a task that breaks devices is met by a handful of them."""

import os
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

import task_scene
from console_fixture import World
from predvid.modules.access.models import Client
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions import authority, handing, requests, running
from predvid.modules.automation.models import Task, TaskRequest
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring.models import Event
from predvid.wire.authority import Leased

THOUSAND, FEW = 1000, 160


@pytest.fixture
def owner(world: World) -> Viewer:
    return viewer_of(world.person("vlasnica@example.com", role="owner", all_clients=True))


def fleet_of(client: Client, site: object, number: int) -> list[Device]:
    """Return so many devices, each with an approved agent."""
    words = {"client": client, "site": site}
    devices = Device.objects.bulk_create([Device(name=f"Hot-{n:04}", **words) for n in range(number)])
    Agent.objects.bulk_create(
        Agent(
            client=client, device=device, state="approved", boot="b",
            sign_key=os.urandom(32), seal_key=os.urandom(32),
        )
        for device in devices
    )  # fmt: skip
    return devices


@pytest.fixture
def number() -> int:
    """How many devices the campaign has."""
    return THOUSAND


@pytest.fixture
def campaign(world: World, owner: Viewer, number: int) -> TaskRequest:
    """A template asked for on so many devices and approved by another person."""
    devices = fleet_of(world.clients[0], world.sites[0], number)
    office = task_scene.founded(owner, devices, world.now)
    template = authority.accept_publication(owner, office.publication("false"), world.now)
    request = requests.request_template(owner, template.pk, [d.pk for d in devices], {}, world.now)
    second = viewer_of(world.person("druga@example.com", role="manager", all_clients=True))
    return requests.approve(second, request.pk, world.now)


def played(world: World, ends: Callable[[int], str], turns: int = 400) -> int:
    """Let every agent take what waits for it and end it as `ends` says of its turn; return how many began."""
    begun, now = 0, world.now
    for _ in range(turns):
        now += timedelta(seconds=1)
        waiting = handing.waiting_agents(now)
        for agent in waiting:
            leases, _ = handing.take(agent, "b", now)
            for lease in leases:
                assert msgspec.msgpack.decode(lease.signed, type=Leased).start is not None
                state = ends(begun)
                Task.objects.filter(agent=agent, wire=lease.task).update(state=state, ended_at=now)
                begun += 1
        if not running.advance_all(now) and not waiting:
            return begun
    return begun


def test_a_failing_task_stops_after_one(world: World, campaign: TaskRequest) -> None:
    begun = played(world, lambda turn: "failed")
    campaign.refresh_from_db()
    assert (begun, campaign.state) == (1, "halted")
    assert campaign.tasks.filter(state="cancelled").count() == THOUSAND - 1
    (event,) = Event.objects.filter(kind="campaign.halted")
    assert (event.said_values["bad"], event.said_values["ring"]) == (1, 1)


@pytest.mark.parametrize("good", [1, 2])
def test_one_that_fails_after_a_good_beginning_stops_within_ten(
    world: World, campaign: TaskRequest, good: int
) -> None:
    begun = played(world, lambda turn: "done" if turn < good else "failed")
    campaign.refresh_from_db()
    assert campaign.state == "halted"
    assert begun <= 10
    assert campaign.tasks.exclude(state__in=("cancelled", "done", "failed")).count() == 0


@pytest.mark.parametrize("number", [FEW])
def test_a_good_one_reaches_all_by_rings(world: World, campaign: TaskRequest) -> None:
    assert played(world, lambda turn: "done") == FEW
    campaign.refresh_from_db()
    assert (campaign.state, campaign.ring) == ("done", 3)
    assert campaign.tasks.filter(state="done").count() == FEW


@pytest.mark.parametrize("number", [FEW])
def test_a_stopped_campaign_begins_nothing_more(world: World, campaign: TaskRequest, owner: Viewer) -> None:
    running.advance_all(world.now)
    requests.cancel(owner, campaign.pk, world.now)
    assert played(world, lambda turn: "done") == 0
    assert set(campaign.tasks.values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("number", [FEW])
def test_what_devices_hold_and_have_not_begun_never_begins_after_a_halt(
    world: World, campaign: TaskRequest
) -> None:
    tasks, now = Task.objects.filter(request=campaign), world.now
    (first,) = handing.waiting_agents(now)
    handing.take(first, "b", now)
    tasks.filter(agent=first).update(state="done", ended_at=now)
    while tasks.filter(state="queued").count() < 3:
        assert running.advance_all(now)
    agents = list(tasks.filter(state="queued").values_list("agent_id", flat=True))
    for agent in agents:
        handing.take(agent, "b", now)
    tasks.filter(agent__in=agents[:2]).update(state="failed", ended_at=now)
    running.advance_all(now)
    campaign.refresh_from_db()
    assert campaign.state == "halted"
    held = tasks.get(agent=agents[2])
    for boot, later in (("b", timedelta(minutes=2)), ("c", timedelta(minutes=3))):
        Agent.objects.filter(pk=held.agent_id).update(boot=boot)
        leases, stop = handing.take(held.agent_id, boot, now + later)
        assert ([one.task for one in leases if one.task != handing.NEWS], stop) == ([], [held.wire])
