"""A device that moves to another client takes no task of the former one along, and leaves its tasks there."""

from datetime import timedelta

import pytest

from console_fixture import World
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.automation.actions import chores, handing
from predvid.modules.automation.models import AgentTrust, Task
from predvid.modules.automation.queries import tasks as task_queries
from predvid.modules.inventory.actions import move
from predvid.modules.inventory.models import Agent


@pytest.fixture
def moved(world: World) -> Task:
    """A task of the first client, ready for a device that moved to the second before it was handed over."""
    task = world.task(world.sites[0])
    Task.objects.filter(pk=task.pk).update(state="queued")
    AgentTrust.objects.create(client=world.clients[0], agent=task.agent, root=b"r" * 32, told_at=world.now)
    Agent.objects.filter(pk=task.agent_id).update(boot="b")
    move(PLATFORM, task.device_id, world.sites[1].pk, world.now - timedelta(hours=1), world.now)
    return Task.objects.get(pk=task.pk)


def test_no_task_of_a_former_client_runs(world: World, moved: Task) -> None:
    leases, _ = handing.take(moved.agent_id, "b", world.now)
    assert moved.wire not in [lease.task for lease in leases]
    assert chores.follow_moves(world.now) == 1
    moved.refresh_from_db()
    assert (moved.state, moved.ended_at) == ("cancelled", world.now)
    assert AgentTrust.objects.get().client == world.clients[1]
    assert chores.follow_moves(world.now) == 0


def test_one_that_runs_is_told_to_end(world: World, moved: Task) -> None:
    Task.objects.filter(pk=moved.pk).update(state="started")
    chores.follow_moves(world.now)
    assert handing.take(moved.agent_id, "b", world.now)[1] == [moved.wire]


def test_the_new_client_does_not_see_tasks_of_the_former(world: World, moved: Task) -> None:
    there = Viewer("Ana", "technician", frozenset({world.clients[1].pk}))
    everywhere = Viewer("Ana", "technician", None)
    device = moved.device
    assert task_queries.of_device(there, device) == []
    assert task_queries.of_device(everywhere, device) == [moved]
