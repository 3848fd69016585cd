"""The editor of policies: origins, previews, two people at once, and who may do what."""

import re
from typing import Any

import pytest
from django.test import Client as Browser

from console_fixture import World
from predvid.modules.inventory.models import DeviceGroup, DeviceTag
from predvid.modules.monitoring.models import PolicySetting, TemplateSetting

USED = {"set.used": "on", "f.used.warning": "70", "f.used.critical": "80", "f.used.margin": "2,5"}


@pytest.fixture
def boss(world: World) -> Browser:
    return world.signed_in(
        world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")
    )


def version(text: str) -> str:
    found = re.search(r'name="version" value="(\w+)"', text)
    assert found, text
    return found[1]


def sent(browser: Browser, path: str, **words: str) -> Any:
    """Open the editor of a check and send its form as a person does."""
    seen = browser.get(path, {"check": "disk_space"}).content.decode()
    return browser.post(path, {"check": "disk_space", "version": version(seen), "do": "save", **words})


def test_a_value_shows_where_it_comes_from_and_what_it_overrides(world: World, boss: Browser) -> None:
    client, device = world.clients[0], world.devices[0]
    assert sent(boss, f"/policies/clients/{client.pk}/", **USED).status_code == 302
    stored = PolicySetting.objects.get()
    assert (stored.client, stored.field) == (client, "used")
    assert stored.value == {"warning": 70.0, "critical": 80.0, "margin": 2.5, "lower_is_worse": False}
    on_device = {**USED, "f.used.warning": "60"}
    assert sent(boss, f"/policies/devices/{device.pk}/", **on_device).status_code == 302
    page = boss.get(f"/policies/devices/{device.pk}/?check=disk_space").content.decode()
    assert ">this device<" in page
    assert "<s>warning at 70, critical at 80</s> client" in page
    assert "<s>warning at 90, critical at 95</s> built in" in page


def test_what_is_unticked_is_inherited_again(world: World, boss: Browser) -> None:
    path = f"/policies/sites/{world.sites[0].pk}/"
    sent(boss, path, **USED)
    assert PolicySetting.objects.get().site == world.sites[0]
    sent(boss, path)
    assert not PolicySetting.objects.exists()


def test_people_write_units(world: World, boss: Browser) -> None:
    path = f"/policies/devices/{world.devices[0].pk}/"
    words = {"set.free": "on", "f.free.warning": "1,5 TB", "f.free.critical": "20 GB", "set.@hold": "on",
             "f.@hold": "2 h", "set.skip": "on", "f.skip": "/mnt/a\n/mnt/b",
             "set.@enabled": "on", "f.@enabled": "no"}  # fmt: skip
    assert sent(boss, path, **words).status_code == 302
    values = dict(PolicySetting.objects.values_list("field", "value"))
    assert values["free"]["warning"] == 1.5e12
    assert values["free"]["critical"] == 2e10
    assert (values["@hold"], values["skip"], values["@enabled"]) == (7200, ["/mnt/a", "/mnt/b"], False)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"set.used": "on", "f.used.warning": "high"}, "f.used.warning"),
        ({"set.used": "on", "f.used.warning": "5 GB"}, "f.used.warning"),
        ({"set.@interval": "on", "f.@interval": "1"}, "f.@interval"),
        ({"set.@hold": "on", "f.@hold": ""}, "f.@hold"),
        ({"set.used": "on", "f.used.margin": "-1"}, "f.used.margin"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(
    world: World, boss: Browser, words: dict[str, str], named: str
) -> None:
    answer = sent(boss, f"/policies/clients/{world.clients[0].pk}/", **words)
    assert answer.status_code == 422
    text = answer.content.decode()
    fields = re.findall(r'<fieldset class="setting.*?</fieldset>', text, re.DOTALL)
    assert [named in field for field in fields if 'class="wrong"' in field] == [True]
    assert not PolicySetting.objects.exists()


def test_the_second_of_two_people_loses_nothing(world: World, boss: Browser) -> None:
    path = f"/policies/clients/{world.clients[0].pk}/"
    seen = version(boss.get(path, {"check": "disk_space"}).content.decode())
    sent(boss, path, **USED)
    mine = {"set.free": "on", "f.free.warning": "7 GB", "f.free.critical": "3 GB"}
    answer = boss.post(path, {"check": "disk_space", "version": seen, "do": "save", **mine})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody changed these settings meanwhile" in text
    assert 'value="7 GB"' in text, "what the second wrote is still there"
    assert '<span class="tag">client</span>' in text, "what the first set shows"
    assert list(PolicySetting.objects.values_list("field", flat=True)) == ["used"]


def test_a_preview_writes_nothing(world: World, boss: Browser) -> None:
    answer = sent(boss, f"/policies/clients/{world.clients[0].pk}/", **USED, do="preview")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Affects 3 devices." in text
    assert not PolicySetting.objects.exists()
    before = [device.plan_version for device in world.devices]
    for device in world.devices:
        device.refresh_from_db()
    assert [device.plan_version for device in world.devices] == before


def test_what_was_not_previewed_is_previewed_before_it_is_saved(world: World, boss: Browser) -> None:
    path = f"/policies/clients/{world.clients[0].pk}/"
    text = sent(boss, path, **USED, do="preview").content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', text)
    assert seen
    other = {**USED, "f.used.warning": "60", "seen": seen[1]}
    answer = sent(boss, path, **other)
    assert "Save once more if you agree" in answer.content.decode()
    assert not PolicySetting.objects.exists()
    assert sent(boss, path, **USED, seen=seen[1]).status_code == 302


def test_a_template_is_changed_by_who_sees_all_clients_alone(world: World, boss: Browser) -> None:
    path = "/policies/templates/server/"
    page = boss.get(path, {"check": "time_sync"}).content.decode()
    assert 'name="set.offset"' in page
    assert 'name="set.offset" checked' not in page, "what a template brings ready is not set by hand"
    assert sent(boss, path, **USED).status_code == 302
    assert TemplateSetting.objects.get().role == "server"
    assert 'name="set.used" checked' in boss.get(path, {"check": "disk_space"}).content.decode()
    manager = world.person("voditelj@example.com", role="manager")
    manager.clients.add(world.clients[0])
    answer = sent(world.signed_in(manager), path, **{**USED, "f.used.warning": "50"})
    assert answer.status_code == 302
    assert TemplateSetting.objects.get().value["warning"] == 70.0


def test_a_technician_sees_policies_and_changes_none(world: World) -> None:
    technician = world.person("teh@example.com", role="technician")
    technician.clients.add(world.clients[0])
    browser = world.signed_in(technician)
    page = browser.get(f"/policies/clients/{world.clients[0].pk}/?check=disk_space")
    assert page.status_code == 200
    assert 'value="save"' not in page.content.decode()
    assert browser.get(f"/policies/clients/{world.clients[1].pk}/").status_code == 404


def test_a_group_is_made_filled_and_deleted_by_name(world: World, boss: Browser) -> None:
    made = boss.post("/groups/add", {"name": "Recepcije", "client": str(world.clients[0].pk)})
    group = DeviceGroup.objects.get()
    assert made["Location"] == f"/groups/{group.pk}/"
    boss.post(f"/devices/{world.devices[1].pk}/tags", {"tags": "Recepcija, VIP"})
    assert list(DeviceTag.objects.values_list("name", flat=True)) == ["recepcija", "vip"]
    words: dict[str, Any] = {
        "name": "Recepcije",
        "priority": "200",
        "tags": ["recepcija"],
        "members": [str(world.devices[0].pk)],
    }
    boss.post(f"/groups/{group.pk}/", words)
    sent(boss, f"/policies/groups/{group.pk}/", **USED)
    page = boss.get(f"/groups/{group.pk}/").content.decode()
    assert world.devices[0].name in page
    assert world.devices[1].name in page
    assert "1 setting ends with it." in page
    assert "Affects 2 devices." in page
    boss.post(f"/groups/{group.pk}/delete")
    assert not DeviceGroup.objects.exists()
    assert not PolicySetting.objects.exists()


def test_a_tag_that_cannot_be_is_refused_by_name(world: World, boss: Browser) -> None:
    answer = boss.post(f"/devices/{world.devices[1].pk}/tags", {"tags": "a<b"}, follow=True)
    assert "“a&lt;b” cannot be a tag" in answer.content.decode()
    assert not DeviceTag.objects.exists()
