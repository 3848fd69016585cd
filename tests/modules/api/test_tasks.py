"""Tasks over the API: those of one's own clients, whole, and only to be looked at."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import World
from predvid.modules.access import token_actions
from predvid.modules.access.models import Client
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import FOR_TOKENS
from predvid.modules.automation.models import Task, TaskOutput
from predvid.modules.inventory.models import Device


@pytest.fixture
def tasks(world: World) -> list[Task]:
    """A task that failed at the first client, one that waits at the second."""
    made = [world.task(site) for site in world.sites]
    Task.objects.filter(pk=made[0].pk).update(state="failed", code=2, started_at=world.now)
    for part, text in ((2, "dva"), (1, "jedan ")):
        TaskOutput.objects.create(client=made[0].client, task=made[0], part=part, text=text)
    return made


def asks(world: World, *verbs: str, client: Client | None = None) -> Any:
    """Return what asks the API in the name of a technician of all clients, or of one."""
    person = world.person(f"{uuid4().hex}@example.com", role="technician", all_clients=client is None)
    person.clients.set([client] if client else [])
    _, text = token_actions.make_token(
        viewer_of(person), "x", verbs or ["task.view"], None, timedelta(days=1), timezone.now()
    )
    browser = Browser(headers={"Authorization": f"Bearer {text}"})
    return lambda path, **words: browser.get(f"/api/v1/{path}", words)


def test_a_list_has_the_tasks_of_own_clients_by_any_filter(world: World, tasks: list[Task]) -> None:
    everything, own = asks(world), asks(world, client=world.clients[0])
    assert everything("tasks").json()["total"] == 2
    assert [row["id"] for row in own("tasks").json()["items"]] == [str(tasks[0].pk)]
    for words, found in (
        ({"group": "bad"}, [0]),
        ({"group": "open"}, [1]),
        ({"group": "done"}, []),
        ({"client": str(world.clients[1].pk)}, [1]),
        ({"device": str(tasks[0].device_id)}, [0]),
        ({"q": "gim-srv"}, [1]),
    ):
        items = everything("tasks", **words).json()["items"]
        assert [row["id"] for row in items] == [str(tasks[place].pk) for place in found], words
    assert own("tasks", client=str(world.clients[1].pk)).json()["total"] == 0
    assert own("tasks", device=str(tasks[1].device_id)).json()["total"] == 0
    assert everything("tasks", limit=1, page=2).json()["pages"] == 2
    assert everything("tasks", group="x").status_code == 422


def test_one_task_tells_what_ran_and_what_it_printed(world: World, tasks: list[Task]) -> None:
    own = asks(world, client=world.clients[0])
    found = own(f"tasks/{tasks[0].pk}").json()
    assert (found["state"], found["code"], found["output"]) == ("failed", 2, "jedan dva")
    assert (found["language"], found["content"], found["title"]) == ("sh", "true", "Čišćenje")
    assert found["device"]["name"] == Device.objects.get(pk=tasks[0].device_id).name
    foreign, missing = own(f"tasks/{tasks[1].pk}"), own(f"tasks/{uuid4()}")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


def test_a_token_only_looks_and_needs_the_verb(world: World, tasks: list[Task]) -> None:
    assert asks(world, "device.view")("tasks").status_code == 403
    assert not {"task.request", "task.approve", "task.cancel"} & set(FOR_TOKENS)
