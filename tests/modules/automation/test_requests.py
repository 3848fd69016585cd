"""Who must agree before anything runs: two persons, two operators, an audit that can be written."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from django.db import transaction

import task_scene
from console_fixture import World
from operators import Office
from predvid.core.authority import TaskRefused
from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied
from predvid.modules.access.models import AuditEntry
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions import authority, chores, handing, outcomes, requests, running
from predvid.modules.automation.models import KeySetRow, Publication, Task, TaskRequest
from predvid.modules.inventory import actions as device_actions
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring.models import Alert, Event
from predvid.wire.authority import START_CONTEXT, Leased, Order, Start, Targets
from predvid.wire.signing import opened


@pytest.fixture
def owner(world: World) -> Viewer:
    return viewer_of(world.person("vlasnica@example.com", role="owner", all_clients=True))


@pytest.fixture
def manager(world: World) -> Viewer:
    return viewer_of(world.person("voditelj@example.com", role="manager", all_clients=True))


@pytest.fixture
def technician(world: World) -> Viewer:
    return viewer_of(world.person("tehnicar@example.com", role="technician", all_clients=True))


@pytest.fixture
def devices(world: World) -> list[Device]:
    """Thirty devices of the first client."""
    return [world.device(world.sites[0], f"Hot-PC-{n:02}") for n in range(30)]


@pytest.fixture
def office(world: World, owner: Viewer, devices: list[Device]) -> Office:
    return task_scene.founded(owner, devices, world.now)


@pytest.fixture
def template(world: World, owner: Viewer, office: Office) -> Publication:
    return authority.accept_publication(owner, office.publication("true", rate=2), world.now)


def keys(devices: list[Device]) -> list[UUID]:
    return [device.pk for device in devices]


def states(request: TaskRequest) -> set[str]:
    return set(request.tasks.values_list("state", flat=True))


def test_one_device_runs_at_once_and_a_few_after_the_first(
    world: World, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    one = requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now)
    assert (one.state, states(one)) == ("running", {"queued"})
    few = requests.request_template(technician, template.pk, keys(devices[:25]), {}, world.now)
    assert few.state == "running"
    assert few.tasks.filter(state="queued").count() == 1


def test_many_devices_wait_for_another_person(
    world: World, manager: Viewer, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    request = requests.request_template(manager, template.pk, keys(devices), {}, world.now)
    assert (request.state, states(request)) == ("waiting", {"waiting"})
    with pytest.raises(UserError, match="Somebody else"):
        requests.approve(manager, request.pk, world.now)
    with pytest.raises(Denied):
        requests.approve(technician, request.pk, world.now)
    running.advance_all(world.now)
    assert states(request) == {"waiting"}
    second = viewer_of(world.person("druga@example.com", role="owner", all_clients=True))
    requests.approve(second, request.pk, world.now)
    assert request.tasks.filter(state="queued").count() == 1
    verbs = list(AuditEntry.objects.filter(object_id=str(request.pk)).values_list("verb", "person"))
    assert verbs == [("task.requested", str(manager.person)), ("task.approved", str(second.person))]


def test_a_declined_request_runs_nowhere(
    world: World, manager: Viewer, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    request = requests.request_template(technician, template.pk, keys(devices), {}, world.now)
    requests.decline(manager, request.pk, "Ne danas", world.now)
    with pytest.raises(UserError):
        requests.approve(manager, request.pk, world.now)
    assert states(request) == {"cancelled"}


def command(**words: object) -> requests.Command:
    return requests.Command("Nalog", "sh", "id", **words)  # type: ignore[arg-type]  # its own fields


def test_a_command_waits_for_the_operators_exact_signature(
    world: World, technician: Viewer, office: Office, devices: list[Device]
) -> None:
    request = requests.request_command(technician, command(), keys(devices[:2]), world.now)
    body = bytes(request.body)
    stranger, other = Office(), office.sign(body.replace(b"id", b"rm"))
    for signed in (stranger.sign(body), other):
        with pytest.raises(TaskRefused):
            authority.attach(technician, request.pk, signed, world.now)
    assert TaskRequest.objects.get(pk=request.pk).state == "waiting"
    authority.attach(technician, request.pk, office.sign(body), world.now)
    request.refresh_from_db()
    assert (request.state, request.signers) == ("running", ["Ana"])
    order = msgspec.msgpack.decode(body[len(b"predvid order v1\x00") :], type=Order)
    assert set(order.agents) == {str(task.agent_id) for task in request.tasks.all()}


@pytest.mark.parametrize("widens", [True, False])
def test_two_operators_sign_for_many_devices_or_wider_rights(
    world: World, technician: Viewer, office: Office, devices: list[Device], widens: bool
) -> None:
    aimed = devices[:1] if widens else devices
    request = requests.request_command(technician, command(widens=widens), keys(aimed), world.now)
    body = bytes(request.body)
    authority.attach(technician, request.pk, office.sign(body), world.now)
    with pytest.raises(TaskRefused):
        authority.attach(technician, request.pk, office.sign(body), world.now)
    assert TaskRequest.objects.get(pk=request.pk).state == "waiting"
    authority.attach(technician, request.pk, office.sign(body, office.ivo), world.now)
    assert TaskRequest.objects.get(pk=request.pk).signers == ["Ana", "Ivo"]
    assert TaskRequest.objects.get(pk=request.pk).state == "running"


def test_a_template_that_the_server_may_not_start_waits_for_an_operator(
    world: World, technician: Viewer, owner: Viewer, office: Office, devices: list[Device]
) -> None:
    template = authority.accept_publication(owner, office.publication("true", by_server=False), world.now)
    with pytest.raises(UserError, match="one device at a time"):
        requests.request_template(technician, template.pk, keys(devices[:2]), {}, world.now)
    request = requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now)
    authority.attach(technician, request.pk, office.sign(bytes(request.body)), world.now)
    task = request.tasks.get()
    (lease,) = handing.take(task.agent_id, "", world.now)[0]
    leased = msgspec.msgpack.decode(lease.signed, type=Leased)
    assert leased.start is not None
    assert len(leased.start.marks) == 2
    start = opened(leased.start, START_CONTEXT, Start)
    assert (start.task, start.agent) == (lease.task, str(task.agent_id))


def test_what_cannot_be_audited_is_not_done(
    world: World,
    technician: Viewer,
    template: Publication,
    devices: list[Device],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk of the audit is full")

    before = TaskRequest.objects.count()
    monkeypatch.setattr(audit, "record", broken)
    for ask in (
        lambda: requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now),
        lambda: requests.request_command(technician, command(), keys(devices[:1]), world.now),
    ):
        with pytest.raises(OSError, match="audit"):
            ask()
    assert TaskRequest.objects.count() == before
    assert not Task.objects.filter(device__in=devices).exists()


def test_a_signature_that_cannot_be_audited_releases_nothing(
    world: World, technician: Viewer, office: Office, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = requests.request_command(technician, command(), keys(devices[:1]), world.now)

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk of the audit is full")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(OSError, match="audit"):
        authority.attach(technician, request.pk, office.sign(bytes(request.body)), world.now)
    assert TaskRequest.objects.get(pk=request.pk).state == "waiting"
    assert states(request) == {"waiting"}


def test_what_the_device_would_refuse_is_said_at_once(
    world: World,
    technician: Viewer,
    owner: Viewer,
    office: Office,
    template: Publication,
    devices: list[Device],
) -> None:
    def refused(publication: Publication, device: Device, **params: str) -> str:
        with pytest.raises(UserError) as error:
            requests.request_template(technician, publication.pk, [device.pk], params, world.now)
        return str(error.value)

    assert "not one that was published" in refused(template, devices[0], unknown="1")
    assert "does not know the trust root" in refused(template, world.devices[0])
    elsewhere = office.publication("true", targets=Targets(clients=[str(world.clients[1].pk)]))
    far = authority.accept_publication(owner, elsewhere, world.now)
    assert "was not published for" in refused(far, devices[0])
    for _ in range(2):
        requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now)
    assert "more often" in refused(template, devices[0])
    Agent.objects.filter(device=devices[1]).update(state="revoked")
    assert "no approved agent" in refused(template, devices[1])


def test_a_foreign_device_is_not_there(world: World, template: Publication, devices: list[Device]) -> None:
    stranger = world.person("drugi@example.com", role="technician")
    stranger.clients.add(world.clients[1])
    for ask in (
        lambda who: requests.request_template(who, template.pk, keys(devices[:1]), {}, world.now),
        lambda who: requests.request_command(who, command(), keys(devices[:1]), world.now),
    ):
        with pytest.raises(NotVisible):
            ask(viewer_of(stranger))


def test_key_sets_only_grow_and_revoke(
    world: World, owner: Viewer, technician: Viewer, office: Office, template: Publication
) -> None:
    older = office.keyset()
    office.revoked.append(template.key)
    authority.accept_keyset(owner, office.keyset(), office.root.public, None, world.now)
    with pytest.raises(TaskRefused):
        authority.accept_keyset(owner, older, office.root.public, None, world.now)
    with pytest.raises(TaskRefused):
        authority.accept_keyset(owner, Office(version=9).keyset(), Office().root.public, None, world.now)
    with pytest.raises(Denied):
        authority.accept_keyset(technician, office.keyset(), office.root.public, None, world.now)
    assert KeySetRow.objects.count() == 2
    with pytest.raises(NotVisible):
        requests.request_template(technician, template.pk, keys(world.devices[-1:]), {}, world.now)
    with pytest.raises(TaskRefused):
        authority.accept_publication(owner, office.publication("true", id=template.key, version=2), world.now)


def test_an_older_version_of_a_template_is_not_taken(
    world: World, owner: Viewer, office: Office, template: Publication
) -> None:
    with pytest.raises(TaskRefused):
        authority.accept_publication(owner, office.publication("rm", id=template.key), world.now)
    newer = authority.accept_publication(
        owner, office.publication("true", id=template.key, version=2), world.now
    )
    assert list(Publication.objects.filter(newest=True)) == [newer]


def test_what_nobody_signs_or_begins_in_time_expires(
    world: World, technician: Viewer, office: Office, template: Publication, devices: list[Device]
) -> None:
    waiting = requests.request_command(technician, command(hours=1), keys(devices[:1]), world.now)
    queued = requests.request_template(technician, template.pk, keys(devices[1:2]), {}, world.now)
    later = world.now + timedelta(hours=2)
    assert not handing.waiting_agents(later) & {queued.tasks.get().agent_id}
    chores.expire(later)
    running.advance_all(later)
    waiting.refresh_from_db()
    queued.refresh_from_db()
    assert (waiting.state, states(waiting)) == ("expired", {"expired"})
    assert (queued.state, states(queued)) == ("done", {"expired"})
    with pytest.raises(UserError):
        authority.attach(technician, waiting.pk, office.sign(bytes(waiting.body)), later)


def test_a_lease_is_given_once_and_again_to_a_new_start(
    world: World, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    task = requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now).tasks.get()
    agent = Agent.objects.get(pk=task.agent_id)
    Agent.objects.filter(pk=agent.pk).update(boot="first")
    assert agent.pk in handing.waiting_agents(world.now)
    assert handing.take(agent.pk, "other", world.now) == ([], [])
    (lease,), _ = handing.take(agent.pk, "first", world.now)
    assert handing.take(agent.pk, "first", world.now) == ([], [])
    assert agent.pk not in handing.waiting_agents(world.now)
    Agent.objects.filter(pk=agent.pk).update(boot="second")
    assert agent.pk in handing.waiting_agents(world.now)
    (again,), _ = handing.take(agent.pk, "second", world.now)
    assert again == lease
    Task.objects.filter(pk=task.pk).update(state="started")
    Agent.objects.filter(pk=agent.pk).update(boot="third")
    assert handing.take(agent.pk, "third", world.now) == ([], [])


def test_a_revoked_agent_gets_nothing(
    world: World, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    task = requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now).tasks.get()
    for state in ("pending", "revoked", "locked"):
        Agent.objects.filter(pk=task.agent_id).update(state=state)
        assert handing.take(task.agent_id, "", world.now) == ([], []), state


def test_a_device_that_moved_to_another_client_gets_nothing_of_the_former(
    world: World, owner: Viewer, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    task = requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now).tasks.get()
    there = next(site for site in world.sites if site.client_id != task.client_id)
    device_actions.move(owner, devices[0].pk, there.pk, world.now, world.now)
    assert task.agent_id not in handing.waiting_agents(world.now)
    leases, _ = handing.take(task.agent_id, "", world.now)
    assert [lease.task for lease in leases if lease.task != handing.NEWS] == []


def test_an_agent_behind_on_trust_gets_the_news_alone(
    world: World, owner: Viewer, office: Office, devices: list[Device]
) -> None:
    authority.accept_keyset(owner, office.keyset(), office.root.public, None, world.now)
    agent = Agent.objects.get(device=devices[0])
    assert handing.behind_on_trust()[agent.pk] == 2
    (lease,), _ = handing.take(agent.pk, "", world.now)
    leased = msgspec.msgpack.decode(lease.signed, type=Leased)
    assert lease.task == handing.NEWS
    assert leased.keyset is not None
    assert leased.order is leased.publication is None


def test_a_device_that_never_came_back_leaves_its_task_unknown(
    world: World, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    request = requests.request_template(technician, template.pk, keys(devices[:1]), {}, world.now)
    request.tasks.update(state="started", started_at=world.now)
    later = world.now + timedelta(days=7)
    assert chores.give_up(later) == 0
    assert chores.give_up(later + timedelta(days=1)) == 1
    running.advance_all(later)
    assert (states(request), TaskRequest.objects.get(pk=request.pk).state) == ({"unknown"}, "done")


def test_old_requests_are_forgotten_and_the_audit_is_not(
    world: World, technician: Viewer, template: Publication, devices: list[Device]
) -> None:
    old, new = (
        requests.request_template(technician, template.pk, keys(devices[n : n + 1]), {}, world.now)
        for n in range(2)
    )
    TaskRequest.objects.filter(pk=old.pk).update(state="done", ended_at=world.now - timedelta(days=401))
    chores.forget(world.now)
    assert not Task.objects.filter(request_id=old.pk).exists()
    assert Task.objects.filter(request=new).exists()
    assert AuditEntry.objects.filter(object_id=str(old.pk)).count() == 1


@pytest.mark.parametrize(("kind", "severity"), [("task.refused", 5), ("security.task_refused", 4)])
def test_the_alert_of_refused_tasks_closes_after_a_clean_day(
    world: World, owner: Viewer, devices: list[Device], kind: str, severity: int
) -> None:
    device = devices[0]
    with transaction.atomic():
        outcomes._alarm(device.pk, world.now)
    alert = Alert.objects.get(device=device, item="task")
    event = {"client": device.client, "device": device, "said_id": kind, "recorded_at": world.now}
    again = world.now + timedelta(hours=20)
    Event.objects.create(kind=kind, at=again, severity=severity, source={"code": "signature"}, **event)
    honest = {"kind": "security.task_refused", "severity": 4, "source": {"code": "rate"}}
    Event.objects.create(at=again + timedelta(hours=20), **honest, **event)
    chores.close_quiet_alerts(world.now + timedelta(hours=25))
    alert.refresh_from_db()
    assert alert.phase == "open", "it was tried again within the day"
    chores.close_quiet_alerts(world.now + timedelta(hours=45))
    alert.refresh_from_db()
    assert alert.phase == "resolved"
    with pytest.raises(UserError):
        chores.settle(owner, device.pk, "Provjereno", world.now)
