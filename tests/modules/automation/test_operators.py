"""What operators and people who ask read of task authority: in few queries, and only what is theirs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import task_scene
from console_fixture import World
from predvid.modules.access.guard import Denied
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.automation.actions import authority, requests
from predvid.modules.automation.queries import authority as held
from predvid.modules.automation.queries import operators
from predvid.modules.inventory.models import Device


@pytest.fixture
def devices(world: World) -> list[Device]:
    return [world.device(world.sites[0], f"Hot-PC-{n}") for n in range(3)]


def test_what_waits_is_read_at_once(world: World, devices: list[Device]) -> None:
    owner: Viewer = viewer_of(world.person("vlasnica@example.com", role="owner", all_clients=True))
    office = task_scene.founded(owner, devices, world.now)
    template = authority.accept_publication(
        owner, office.publication("true", rate=9, by_server=False), world.now
    )
    keys = [device.pk for device in devices]
    costs = []
    for count in (2, 6):
        for _ in range(count // 2):
            requests.request_command(owner, requests.Command("Nalog", "sh", "id"), keys, world.now)
            requests.request_template(owner, template.pk, keys[:1], {}, world.now)
        with CaptureQueriesContext(connection) as asked:
            waiting = operators.asked(PLATFORM, world.now).requests
        costs.append(len(asked))
    assert costs == [3, 3]
    assert len(waiting) == 8
    names = {device.name for device in devices}
    assert {aim.device for one in waiting for aim in one.aimed} == names
    assert sum(one.publication is not None for one in waiting) == 4


def test_whoever_may_not_ask_sees_no_templates_of_a_device(world: World, devices: list[Device]) -> None:
    with pytest.raises(Denied):
        held.runnable(Viewer("X", "auditor", None), devices[0].pk, world.now)
