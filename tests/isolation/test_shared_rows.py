"""What belongs to several clients at once: each sees it, and only who sees them all decides on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from isolation.marked import TwoTenants
from predvid.modules.access import tenancy, vault
from predvid.modules.access.envelope import Field
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions import requests
from predvid.modules.automation.models import AgentTrust, Publication, Task, TaskRequest
from predvid.modules.automation.queries import tasks as task_queries
from predvid.modules.inventory.models import Agent
from predvid.server.place import Place


@pytest.fixture(scope="module")
def tenants(either: Place) -> TwoTenants:
    return TwoTenants()


@pytest.fixture(autouse=True)
def undone(either: Place) -> Iterator[None]:
    """What a test writes is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def manager(*clients: object) -> Viewer:
    return Viewer("Ana", "manager", frozenset(clients), person=None)  # type: ignore[arg-type]


@pytest.fixture
def shared(tenants: TwoTenants) -> TaskRequest:
    """A template asked for on a device of each of two clients, by someone who sees these two alone."""
    devices = tenants.world.devices[0], tenants.world.devices[2]
    with tenancy.as_platform():
        publication = Publication.objects.filter(newest=True)[0]
        both = [str(tenants.own.pk), str(tenants.other.pk)]
        Publication.objects.filter(pk=publication.pk).update(targets={"clients": both})
        for agent in Agent.objects.filter(device__in=devices, state="approved"):
            AgentTrust.objects.update_or_create(
                agent=agent,
                defaults={"client_id": agent.client_id, "root": b"r" * 32, "classes": [0, 1],
                          "told_at": tenants.world.now},
            )  # fmt: skip
    both_seen = manager(tenants.own.pk, tenants.other.pk)
    with tenancy.seen_by(both_seen):
        asked = [device.pk for device in devices]
        return requests.request_template(both_seen, publication.pk, asked, {}, tenants.world.now)


def test_each_client_sees_a_request_on_several(tenants: TwoTenants, shared: TaskRequest) -> None:
    assert shared.client_id is None
    for client in (tenants.own.pk, tenants.other.pk):
        mine = manager(client)
        with tenancy.seen_by(mine):
            found = task_queries.request(mine, shared.pk)
            listed = task_queries.task_list(mine, group="", client=None, q="", number="1")
            assert shared.pk in {task.request_id for task in listed.object_list}
            assert [task.client_id for task in task_queries.tasks_of(mine, found, "1")] == [client]
            assert sum(ring.size for ring in task_queries.rings(mine, found)) == 2
            assert not task_queries.may_all(mine, "task.cancel", found)
    nobody = manager()
    with tenancy.seen_by(nobody), pytest.raises(NotVisible):
        task_queries.request(nobody, shared.pk)


def test_who_sees_one_of_its_clients_cannot_decide_on_it(tenants: TwoTenants, shared: TaskRequest) -> None:
    mine = manager(tenants.own.pk)
    for deed in (requests.cancel, requests.approve):
        with tenancy.seen_by(mine), pytest.raises(NotVisible), transaction.atomic():
            deed(mine, shared.pk, tenants.world.now)
    with tenancy.as_platform():
        assert not Task.objects.filter(request=shared, state=Task.State.CANCELLED).exists()


def test_a_lost_master_key_is_not_made_anew_for_who_sees_few_clients(
    tenants: TwoTenants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = settings.PLACE
    monkeypatch.setattr(settings, "PLACE", type(place)(place.data, secrets_file=str(tmp_path / "master")))
    other = str(tenants.other.pk)
    with tenancy.as_platform():
        vault.TenantKey.objects.all().delete()
        vault.encrypt(Field(other, "x", "1", "y"), b"seed")
    settings.PLACE.secrets_key.unlink()
    with tenancy.seen_by(manager(tenants.own.pk)):
        assert vault.trouble() is not None
        with pytest.raises(KeyUnusable), transaction.atomic():
            vault.encrypt(Field(str(tenants.own.pk), "x", "1", "y"), b"seed")
    assert not settings.PLACE.secrets_key.exists()
