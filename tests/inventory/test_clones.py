"""One device is one machine: a clone of it gets a device of its own, a new installation does not."""

from datetime import timedelta

import pytest

import fleet
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory import rules
from predvid.modules.inventory.models import Agent
from predvid.modules.inventory.models import Device as DeviceRow
from predvid.modules.monitoring import device_actions
from predvid.modules.monitoring.models import Event, Stream
from simulated import Device, Link

pytestmark = pytest.mark.usefixtures("ground")
CLAIMS = [("machine_id", "image-of-2024"), ("mac", "02:00:00:00:00:01")]


def speaks(link: Link, device: Device) -> None:
    link.ack(device, device.batch("disk_space", fleet.disk(10)))


def test_a_clone_of_a_reporting_machine_waits_for_approval(link: Link) -> None:
    site = fleet.new_site()
    first = fleet.enrol(link, site, claims=CLAIMS)
    speaks(link, first)
    clones = [fleet.enrol(link, site, claims=CLAIMS) for _ in range(2)]
    assert len({fleet.row(device).pk for device in (first, *clones)}) == 3
    assert [fleet.agent(clone).state for clone in clones] == [Agent.State.PENDING] * 2
    told = Event.objects.filter(device=fleet.row(clones[0]), kind="agent.enrolled.twin").get()
    assert told.said_values == {"host": fleet.row(clones[0]).name, "device": fleet.row(first).name}
    device_actions.approve(PLATFORM, fleet.agent_id(clones[0]), fleet.now())
    speaks(link, clones[0])
    speaks(link, first)


def test_a_new_installation_of_a_silent_machine_is_the_same_device(link: Link) -> None:
    site = fleet.new_site()
    first = fleet.enrol(link, site, claims=CLAIMS)
    speaks(link, first)
    ago = fleet.now() - device_actions.BUSY - timedelta(seconds=1)
    Stream.objects.filter(agent=first.agent).update(seen_at=ago)
    again = fleet.enrol(link, site, claims=CLAIMS)
    assert fleet.row(again) == fleet.row(first)
    assert fleet.agent(again).state == Agent.State.APPROVED


def test_after_a_revocation_the_machine_may_enrol_again_at_once(link: Link) -> None:
    site = fleet.new_site()
    first = fleet.enrol(link, site, claims=CLAIMS)
    speaks(link, first)
    device_actions.revoke(PLATFORM, fleet.agent_id(first), fleet.now())
    assert fleet.row(fleet.enrol(link, site, claims=CLAIMS)) == fleet.row(first)


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ([], None),
        ([(("mac", "02:00:00:00:00:01"), 1)], None),
        ([(("machine_id", "m"), 1), (("serial", "s"), 2)], 1),
        ([(("machine_id", "m"), 1), (("machine_id", "m"), 2), (("serial", "s"), 2)], 2),
        ([(("machine_id", "m"), 1), (("machine_id", "m"), 2)], None),
        ([(("machine_id", "other"), 1), (("serial", "s"), 2)], 2),
    ],
)
def test_a_claim_of_several_devices_decides_nothing(
    known: list[tuple[tuple[str, str], int]], found: int | None
) -> None:
    mine = [("machine_id", "m"), ("serial", "s"), ("mac", "02:00:00:00:00:01")]
    assert rules.same_device(mine, known) == found


def test_every_agent_of_a_merged_device_finds_its_next_plan_newer(link: Link) -> None:
    site = fleet.new_site()
    keep, other = fleet.enrol(link, site), fleet.enrol(link, site)
    far = int(fleet.now().timestamp()) + 10_000
    DeviceRow.objects.filter(pk=fleet.row(other).pk).update(plan_version=far)
    merged = device_actions.merge(PLATFORM, fleet.row(keep).pk, fleet.row(other).pk, fleet.now())
    assert DeviceRow.objects.get(pk=merged.pk).plan_version == far + 1


def test_plan_versions_grow_with_the_clock(link: Link) -> None:
    device, there, now = fleet.enrol(link), fleet.new_site(), fleet.now()
    device_actions.move(PLATFORM, fleet.row(device).pk, there.pk, now, now)
    moved = fleet.row(device).plan_version
    assert moved >= int(now.timestamp())
    assert device_actions.replan_all(now) >= 1
    assert fleet.row(device).plan_version == moved + 1
    device_actions.replan_all(now + timedelta(hours=1))
    assert fleet.row(device).plan_version == int((now + timedelta(hours=1)).timestamp())
