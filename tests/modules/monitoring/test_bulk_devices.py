"""Many devices at once: what a deed would do is told first, then it is done to all of them or to none."""

import re
from typing import Any

import pytest
from django.test import Client as Browser

from console_fixture import World
from predvid.modules.access.models import AuditEntry
from predvid.modules.inventory.group_rules import Filter
from predvid.modules.inventory.models import DeviceGroup, DeviceTag, GroupMember
from predvid.modules.monitoring import roles
from predvid.modules.monitoring.models import PolicySetting

PATH = "/devices/bulk"


@pytest.fixture
def boss(world: World) -> Browser:
    return world.signed_in(
        world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")
    )


def keys(world: World, *numbers: int) -> str:
    return ",".join(str(world.devices[n].pk) for n in numbers)


def done(browser: Browser, devices: str, **words: Any) -> Any:
    return browser.post(PATH, {"devices": devices, "do": "save", **words})


def tags(world: World, number: int) -> list[str]:
    return sorted(world.devices[number].tags.values_list("name", flat=True))


def test_tags_are_put_on_and_taken_off_and_the_others_stay(world: World, boss: Browser) -> None:
    for number, name in ((0, "vip"), (0, "staro"), (1, "staro")):
        device = world.devices[number]
        DeviceTag.objects.create(client=device.client, device=device, name=name)
    assert done(boss, keys(world, 0, 1), on="recepcija, Kat-1", off="staro").status_code == 302
    assert tags(world, 0) == ["kat-1", "recepcija", "vip"]
    assert tags(world, 1) == ["kat-1", "recepcija"]
    assert AuditEntry.objects.filter(verb="device.tagged").count() == 2


def test_a_preview_changes_nothing_and_tells_how_many_alerts_open(world: World, boss: Browser) -> None:
    group = DeviceGroup.objects.create(name="Hitni", filter=Filter(tags=("hitni",)).stored())
    PolicySetting.objects.create(group=group, check_name="disk_space", field="@enabled", value=False)
    sent = boss.post(PATH, {"devices": keys(world, 0, 1, 2), "on": "hitni", "do": "preview"})
    page = sent.content.decode()
    assert sent.status_code == 200
    assert "Affects 3 devices." in page
    assert "Change 3 devices" in page
    assert not DeviceTag.objects.exists()


def test_a_tag_that_gives_a_role_is_foretold_with_what_its_template_sets(world: World, boss: Browser) -> None:
    roles.settle([world.devices[0].pk], world.now)
    page = boss.post(PATH, {"devices": keys(world, 0), "on": "role:domain_controller"}).content.decode()
    assert "Affects 1 device." in page
    page = boss.post(PATH, {"devices": keys(world, 0), "on": "ništa-posebno"}).content.decode()
    assert "Affects 0 devices." in page


def test_devices_enter_and_leave_a_group_by_hand(world: World, boss: Browser) -> None:
    group = DeviceGroup.objects.create(name="Ručna")
    assert done(boss, keys(world, 0, 1), group=str(group.pk)).status_code == 302
    assert done(boss, keys(world, 2), group=str(group.pk)).status_code == 302
    assert GroupMember.objects.filter(group=group).count() == 3
    assert done(boss, keys(world, 0, 2), group=str(group.pk), way="leave").status_code == 302
    assert [one.device for one in GroupMember.objects.all()] == [world.devices[1]]


def test_a_selection_gets_a_policy_of_its_own_as_a_group(world: World, boss: Browser) -> None:
    sent = boss.post(PATH, {"devices": keys(world, 0, 1), "new_group": "Blagajne"})
    group = DeviceGroup.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, f"/policies/groups/{group.pk}/")
    assert group.client == world.clients[0]
    assert group.members.count() == 2
    assert boss.get(sent["Location"]).status_code == 200


def test_with_none_chosen_it_is_all_that_the_filters_leave(world: World, boss: Browser) -> None:
    page = boss.get(PATH, {"client": str(world.clients[0].pk)}).content.decode()
    mine = [str(one.pk) for one in world.devices if one.client == world.clients[0]]
    found = re.search(r'name="devices" value="([^"]*)"', page)
    assert found
    assert sorted(found[1].split(",")) == sorted(mine)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"on": ""}, "Choose what to change"),
        ({"on": "vip", "off": "vip"}, "both put on and taken off"),
        ({"on": "dvije riječi!"}, "cannot be a tag"),
        ({"on": "vip", "devices": ""}, "Choose at least one device."),
        ({"on": "vip", "devices": "nije-uređaj"}, "Choose devices from the list."),
        ({"on": "vip", "group": "x"}, "Choose one from the list."),
        ({"on": "vip", "devices": ",".join(f"{n:032x}" for n in range(1001))}, "At most 1000 devices"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_changed(
    world: World, boss: Browser, words: dict[str, str], said: str
) -> None:
    answer = done(boss, **{"devices": keys(world, 0), **words})
    assert answer.status_code in (302, 422)
    text = boss.get(answer["Location"]) if answer.status_code == 302 else answer
    assert said in text.content.decode()
    assert not DeviceTag.objects.exists()


def test_one_foreign_device_among_the_chosen_is_nobody_and_nothing_is_changed(world: World) -> None:
    technician = world.person("tehničar@example.com", role="technician")
    technician.clients.add(world.clients[0])
    browser = world.signed_in(technician)
    foreign = next(n for n, one in enumerate(world.devices) if one.client != world.clients[0])
    for devices in (keys(world, 0, foreign), keys(world, foreign)):
        assert done(browser, devices, on="vip").status_code == 404
        assert browser.get(PATH, {"device": devices.split(",")}).status_code == 404
    assert not DeviceTag.objects.exists()
    whole = DeviceGroup.objects.create(name="Svih")  # the whole MSP's: not for who sees one client
    assert done(browser, keys(world, 0), group=str(whole.pk)).status_code in (403, 404)
    assert not GroupMember.objects.exists()


def test_a_device_with_its_full_number_of_tags_stops_all(world: World, boss: Browser) -> None:
    device = world.devices[1]
    DeviceTag.objects.bulk_create(
        DeviceTag(client=device.client, device=device, name=f"t{n}") for n in range(20)
    )
    done(boss, keys(world, 0, 1), on="još-jedna")
    assert tags(world, 0) == []
    assert len(tags(world, 1)) == 20
