"""What the pages of tasks promise: who sees and does what, the exact task, what empty rooms say."""

import html
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse

import task_scene
from console_fixture import World
from predvid.modules.access.models import AuditEntry, Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.automation.models import Task, TaskRequest
from task_scene import Scene


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


@pytest.fixture
def scene(world: World, owner: Person) -> Scene:
    """Tasks in every state at the first client."""
    site = world.sites[0]
    devices = [world.device(site, f"Hot-PC-{n:02}", seen=timedelta(seconds=n)) for n in range(32)]
    return task_scene.scene(viewer_of(owner), devices, world.now)


def pages(scene: Scene) -> dict[str, str]:
    return {
        "tasks": reverse("tasks"),
        "done": reverse("task", args=[scene.done.pk]),
        "running": reverse("task", args=[scene.running.pk]),
        "refused": reverse("task", args=[scene.refused.pk]),
        "campaign": reverse("task-request", args=[scene.campaign.pk]),
        "waiting": reverse("task-request", args=[scene.waiting.pk]),
        "second": reverse("task-request", args=[scene.second.pk]),
        "command": reverse("task-command"),
        "template": reverse("task-template", args=[scene.publication.pk]),
        "authority": reverse("authority"),
        "device": reverse("device", args=[scene.done.device_id]),
        "output": reverse("task-output", args=[scene.running.pk]),
    }


def test_every_page_shows_what_it_is_for(world: World, owner: Person, scene: Scene) -> None:
    browser = world.signed_in(owner)
    shown = {}
    for name, address in pages(scene).items():
        answer = browser.get(address)
        assert answer.status_code == 200, name
        shown[name] = answer.content.decode()
    assert "/srv/tmp/ostatak-059.tmp" in shown["done"]
    assert "PREDVID_DAYS" in shown["done"]
    assert "Ana" in shown["done"]
    assert "<dd>30</dd>" in shown["done"]
    assert "The device refused it:" in shown["refused"]
    assert "every 2s" in shown["running"]
    assert "Provjeravam" in shown["output"]
    assert "Halted by itself in ring 2" in shown["campaign"]
    assert "predvid trust sign" in shown["waiting"]
    assert "smartctl --scan" in shown["waiting"]
    assert "Waits for a second person" in shown["second"]
    assert 'name="p-days"' in shown["template"]
    assert 'max="90"' in shown["template"]
    assert "predvid agent trust" in shown["authority"]
    assert reverse("task-template", args=[scene.publication.pk]) in shown["device"]


def test_empty_rooms_say_what_to_do(world: World, owner: Person) -> None:
    browser = world.signed_in(owner)
    assert "follow operators, not the server" in browser.get("/tasks/").content.decode()
    authority = html.unescape(browser.get("/authority/").content.decode())
    for words in ("trust init", "trust offer public", "trust sign"):
        assert settings.PLACE.command(*words.split()) in authority
    assert f"trust init --data {settings.PLACE.data}</code>" in authority
    page = browser.get(f"/devices/{world.devices[0].pk}/").content.decode()
    assert "follows no operator yet" in page


@pytest.mark.parametrize(
    ("address", "tail"),
    [("http://127.0.0.1:8700", " --data "), ("https://m.example.com:8700", "</code>")],
)
def test_an_operator_elsewhere_is_told_no_path_of_the_server(
    world: World, owner: Person, scene: Scene, address: str, tail: str
) -> None:
    with override_settings(PLACE=replace(settings.PLACE, address=address)):
        page = world.signed_in(owner).get(pages(scene)["waiting"]).content.decode()
    assert f"predvid trust sign{tail}" in page


@pytest.mark.parametrize("role", ["auditor", "client_contact", "account_manager"])
def test_those_who_only_look_ask_for_nothing(world: World, scene: Scene, role: str) -> None:
    person = world.person("gleda@example.com", role=role, all_clients=True)
    browser, before = world.signed_in(person), TaskRequest.objects.count()
    looks = 403 if role == "client_contact" else 200
    assert browser.get(reverse("task", args=[scene.done.pk])).status_code == looks
    template = reverse("task-template", args=[scene.publication.pk])
    posts = {
        template: {"devices": [str(scene.done.device_id)], "p-days": "7"},
        reverse("task-command"): {"title": "X", "language": "sh", "body": "id", "timeout": "9", "hours": "1"},
        reverse("request-approve", args=[scene.second.pk]): {},
        reverse("request-decline", args=[scene.second.pk]): {},
        reverse("request-cancel", args=[scene.second.pk]): {},
        reverse("task-cancel", args=[scene.running.pk]): {},
    }
    for address, words in posts.items():
        browser.post(address, words)
    assert TaskRequest.objects.count() == before
    assert TaskRequest.objects.get(pk=scene.second.pk).state == "waiting"
    assert Task.objects.get(pk=scene.running.pk).cancel_at is None


def test_a_foreign_clients_tasks_are_not_there(world: World, scene: Scene) -> None:
    stranger = world.person("drugi@example.com", role="technician")
    stranger.clients.add(world.clients[1])
    browser = world.signed_in(stranger)
    for name in ("done", "running", "refused", "campaign", "waiting", "second", "device", "output"):
        assert browser.get(pages(scene)[name]).status_code == 404, name
    for name, key in (("task-cancel", scene.running.pk), ("request-cancel", scene.second.pk)):
        assert browser.post(reverse(name, args=[key])).status_code == 404
    assert browser.get(reverse("task", args=[uuid4()])).status_code == 404
    words = {"devices": [str(scene.done.device_id)], "p-days": "7"}
    answer = browser.post(reverse("task-template", args=[scene.publication.pk]), words)
    assert answer.status_code == 422
    assert "ostatak" not in browser.get("/tasks/").content.decode()
    assert "Očisti" not in browser.get("/tasks/").content.decode()


def test_a_person_asks_by_the_form_and_the_audit_tells(world: World, owner: Person, scene: Scene) -> None:
    browser = world.signed_in(owner)
    address, device = reverse("task-template", args=[scene.publication.pk]), world.devices[-1]
    wrong = browser.post(address, {"devices": [str(device.pk)], "p-days": "91"})
    assert wrong.status_code == 422
    answer = browser.post(address, {"devices": [str(device.pk)], "p-days": "90", "why": "Pun disk"})
    task = Task.objects.get(device=device, request__why="Pun disk")
    assert answer["Location"] == reverse("task", args=[task.pk])
    assert (task.state, task.request.params) == ("queued", {"days": "90"})
    entry = AuditEntry.objects.filter(object_id=str(task.request_id)).get()
    assert (entry.verb, entry.why, entry.name) == ("task.requested", "Pun disk", owner.name)


def test_a_script_is_shown_as_text(world: World, owner: Person, scene: Scene) -> None:
    browser = world.signed_in(owner)
    evil = "<script>alert(1)</script>"
    words = {"title": evil, "language": "sh", "body": evil, "timeout": "9", "hours": "1", "why": evil,
             "devices": [str(scene.done.device_id)]}  # fmt: skip
    answer = browser.post(reverse("task-command"), words)
    page = browser.get(answer["Location"]).content.decode()
    assert evil not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
