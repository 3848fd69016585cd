"""Templates, groups and how a check runs reach plan and judge; a preview tells what then happens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import fleet
from predvid.checks.registry import checks
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.group_rules import Filter
from predvid.modules.inventory.models import Fact
from predvid.modules.monitoring import group_actions, policy_actions, roles, sweeping
from predvid.modules.monitoring.foretelling import Forecast, foretell
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.plans import plan_for
from predvid.modules.monitoring.queries import places
from predvid.modules.monitoring.queries.places import ground, place
from predvid.modules.monitoring.stores import store
from predvid.modules.monitoring.unfit import Unfit
from predvid.wire import v1
from simulated import Device, Link

pytestmark = pytest.mark.usefixtures("ground")


def sets(kind: str, key: Any, check: str = "disk_space", /, **values: Any) -> None:
    """Set fields of a check at a place; a field that begins with at_ is a reserved one."""
    named = {name.replace("at_", "@"): value for name, value in values.items()}
    policy_actions.change(PLATFORM, kind, key, check, named, [], fleet.now())


def planned(device: Device) -> dict[str, v1.PlannedCheck]:
    found = plan_for(fleet.agent_id(device), dict(checks()), fleet.now())
    return {one.name: one for one in found.checks}


def preview(kind: str, key: Any, values: dict[str, Any]) -> Forecast:
    here = ground(PLATFORM, place(PLATFORM, kind, key))
    after = here.known.changed(here.place, "disk_space", values, [])
    return foretell(here.devices, here.known, after, checks(), store(), fleet.now())


def test_interval_and_switch_reach_the_plan_and_give_it_a_new_version(link: Link) -> None:
    device = fleet.enrol(link)
    row = fleet.row(device)
    before = plan_for(fleet.agent_id(device), dict(checks()), fleet.now()).version
    sets("client", row.client_id, "cpu", at_interval=300)
    sets("site", row.site_id, "memory", at_enabled=False)
    assert planned(device)["cpu"].interval == 300
    assert "memory" not in planned(device)
    assert fleet.row(device).plan_version > before
    sets("device", row.pk, "memory", at_enabled=True)
    assert "memory" in planned(device)


def test_an_alert_waits_as_long_as_the_policy_says(link: Link) -> None:
    device = fleet.enrol(link)
    sets("device", fleet.row(device).pk, at_hold=600)
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    assert fleet.alerts(device) == []
    sets("device", fleet.row(device).pk, at_hold=0)
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    assert fleet.alerts(device) == [("disk_space", "/", "open")]


def test_an_alert_of_which_nobody_is_to_be_told_says_so(link: Link) -> None:
    quiet, loud = fleet.enrol(link), fleet.enrol(link)
    sets("device", fleet.row(quiet).pk, at_notify=False)
    for device in (quiet, loud):
        link.ack(device, device.batch("disk_space", fleet.disk(99)))
    told = {device.agent: Alert.objects.get(device__agents=device.agent).notify for device in (quiet, loud)}
    assert told == {quiet.agent: False, loud.agent: True}


def test_a_check_that_is_switched_off_closes_its_alerts_and_is_not_missed(link: Link) -> None:
    device = fleet.enrol(link)
    link.ack(device, device.batch("disk_space", fleet.disk(99)))
    sets("device", fleet.row(device).pk, at_enabled=False)
    link.ack(device, device.batch("cpu", []))
    later = fleet.now() + timedelta(seconds=60)
    sweeping.sweep(checks(), later - timedelta(days=1), later)
    assert fleet.alerts(device) == [("disk_space", "/", "resolved")]
    link.ack(device, device.batch("disk_space", fleet.disk(99)))  # its agent has not the new plan yet
    assert fleet.alerts(device) == [("disk_space", "/", "resolved")]
    assert fleet.states(device) == {}


def test_of_several_groups_the_one_with_the_highest_priority_wins(link: Link) -> None:
    device = fleet.enrol(link)
    row = fleet.row(device)
    group_actions.tag(PLATFORM, row.pk, ["Kritično", "recepcija"], fleet.now())
    for name, priority, used in (("weak", 10, 40), ("strong", 20, 60), ("other", 900, 10)):
        tag = "nobody" if name == "other" else "kritično"
        fits = Filter(tags=(tag,), clients=(str(row.client_id),))
        wanted = group_actions.Wanted(f"{name} {row.pk}", priority, fits)
        made = group_actions.add(PLATFORM, wanted, fleet.now())
        sets("group", made.pk, used={"warning": used, "critical": 90})
    params = load_states([row.pk])[row.pk].params(checks()["disk_space"])
    assert params.used.warning == 60
    sets("device", row.pk, used={"warning": 70, "critical": 90})
    assert load_states([row.pk])[row.pk].params(checks()["disk_space"]).used.warning == 70


def test_a_device_gets_the_template_of_what_it_is(link: Link) -> None:
    device = fleet.enrol(link)
    row = fleet.row(device)
    ports = [{"key": key, "process": "samba", "addresses": ["192.0.2.1"]} for key in ("tcp/88", "tcp/389")]
    Fact.objects.create(
        client=row.client, device=row, check_name="listening_ports", name="network.listening", value=ports,
        since=fleet.now(),
    )  # fmt: skip
    roles.assign(fleet.now())
    assert "domain_controller" in fleet.row(device).roles
    assert planned(device)["local_admins"].interval == 900
    assert planned(device)["listening_ports"].params["wanted"] == ("tcp/53", "tcp/88", "tcp/389", "tcp/445")
    assert roles.settle([row.pk], fleet.now()) == 0, "the same facts change nothing"


def test_a_preview_is_what_then_happens(link: Link) -> None:
    site = fleet.new_site()
    full, half, empty, other = (fleet.enrol(link, site) for _ in range(4))
    used = {full.agent: 97.0, half.agent: 60.0, empty.agent: 5.0, other.agent: 60.0}
    every = (full, half, empty, other)

    def report() -> None:
        for device in every:
            link.ack(device, device.batch("disk_space", fleet.disk(used[device.agent])))

    report()
    sets("device", fleet.row(other).pk, used={"warning": 90, "critical": 95})
    assert fleet.alerts(full) == [("disk_space", "/", "open")]
    for values in (
        {"used": {"warning": 50, "critical": 99}},
        {"used": {"warning": 98, "critical": 99}},
        {"used": {"warning": 55, "critical": 70}, "@hold": 0},
        {"@enabled": False},
    ):
        told = preview("site", site.pk, values)
        before = _open(every)
        sets("site", site.pk, **{name.replace("@", "at_"): value for name, value in values.items()})
        report()
        later = fleet.now() + timedelta(seconds=1)
        sweeping.sweep(checks(), later - timedelta(days=1), later)
        after = _open(every)
        assert {(one.device.pk, one.item) for one in told.opens} == after - before
        assert {(one.device.pk, one.item) for one in told.closes} == before - after
        assert told.unclear == 0
        assert told.opens or told.closes


def _open(devices: tuple[Device, ...]) -> set[tuple[Any, str]]:
    rows = Alert.objects.filter(device__agents__in=[one.agent for one in devices]).exclude(phase="resolved")
    return set(rows.values_list("device_id", "item"))


def test_states_of_many_devices_cost_as_many_queries_as_of_one(link: Link) -> None:
    site = fleet.new_site()
    rows = [fleet.row(fleet.enrol(link, site)) for _ in range(4)]
    named = group_actions.Wanted(f"all of {site.pk}", 5, Filter(clients=(str(site.client_id),)))
    made = group_actions.add(PLATFORM, named, fleet.now())
    sets("group", made.pk, used={"warning": 50, "critical": 60})
    counted = []
    for some in (rows[:1], rows):
        with CaptureQueriesContext(connection) as asked:
            states = load_states([one.pk for one in some])
        counted.append(len(asked))
        assert {state.params(checks()["disk_space"]).used.warning for state in states.values()} == {50}
    assert counted[0] == counted[1] <= 7, [query["sql"] for query in asked.captured_queries]


def test_a_group_that_ends_takes_its_settings_along(link: Link) -> None:
    row = fleet.row(fleet.enrol(link))
    made = group_actions.add(PLATFORM, group_actions.Wanted(f"by hand {row.pk}", 5, Filter()), fleet.now())
    sets("group", made.pk, used={"warning": 50, "critical": 60})
    assert group_actions.set_members(PLATFORM, made.pk, [row.pk], fleet.now()) == 1
    assert load_states([row.pk])[row.pk].params(checks()["disk_space"]).used.warning == 50
    version = fleet.DeviceRow.objects.get(pk=row.pk).plan_version
    group_actions.delete(PLATFORM, made.pk, fleet.now())
    assert load_states([row.pk])[row.pk].params(checks()["disk_space"]).used.warning == 90
    assert fleet.DeviceRow.objects.get(pk=row.pk).plan_version > version


def test_of_two_people_the_second_sees_what_the_first_set(link: Link) -> None:
    row = fleet.row(fleet.enrol(link))
    seen = places.version(places.given(place(PLATFORM, "device", row.pk), "disk_space"))
    ask = (PLATFORM, "device", row.pk, "disk_space")
    policy_actions.change(*ask, {"used": {"warning": 70, "critical": 80}}, [], fleet.now(), seen)
    with pytest.raises(policy_actions.Outrun):
        policy_actions.change(*ask, {"free": {"warning": 5, "critical": 1}}, [], fleet.now(), seen)
    assert set(places.given(place(PLATFORM, "device", row.pk), "disk_space")) == {"used"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("used", {"warning": "high"}), ("depth", 1), ("@interval", 1), ("@hold", -1), ("@enabled", "perhaps"),
     ("a b", 1), ("skip", ["x" * 5000])],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_by_its_field(link: Link, field: str, value: object) -> None:
    row = fleet.row(fleet.enrol(link))
    with pytest.raises(Unfit, match=re.escape(field)):
        policy_actions.change(PLATFORM, "device", row.pk, "disk_space", {field: value}, [], fleet.now())


def test_a_setting_of_a_check_that_is_not_installed_waits(link: Link) -> None:
    row = fleet.row(fleet.enrol(link))
    sets("device", row.pk, "of_tomorrow", at_interval=60, depth=3)
    assert places.given(place(PLATFORM, "device", row.pk), "of_tomorrow") == {"@interval": 60, "depth": 3}


def test_a_setting_that_a_newer_check_no_longer_has_spoils_nothing(link: Link) -> None:
    device = fleet.enrol(link)
    fleet.set_policy(fleet.row(device), "client", "gone", 5)
    sets("device", fleet.row(device).pk, used={"warning": 50, "critical": 60})
    link.ack(device, device.batch("disk_space", fleet.disk(70)))
    assert fleet.alerts(device) == [("disk_space", "/", "open")]
