"""An alert resolves on a good sample; an item that is no longer seen has none."""

from datetime import datetime, timedelta

import pytest

import fleet
from predvid.checks.registry import checks
from predvid.core.model import State
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring import alert_deeds
from predvid.modules.monitoring.models import Alert, Event, Result
from predvid.modules.monitoring.words import sentence
from simulated import Device, Link

pytestmark = pytest.mark.usefixtures("ground")
DATA = ("disk_space", "/data")
BOTH = [*fleet.disk(10), *fleet.disk(99, "/data")]


def report(link: Link, device: Device, rows: fleet.Samples) -> None:
    link.ack(device, device.batch("disk_space", rows))


def of(device: Device) -> Alert:
    return Alert.objects.filter(device__agents=device.agent, item="/data").latest("pk")


def backdate(device: Device, since: datetime) -> None:
    """Let an item have been lost since `since`, and the gateway read that again."""
    row = fleet.row(device)
    Result.objects.filter(device=row, item="/data").update(since=since)
    row.judging_version += 1
    row.save(update_fields=["judging_version"])


@pytest.fixture
def lost(link: Link) -> Device:
    """A device whose full /data disappeared."""
    device = fleet.enrol(link)
    report(link, device, BOTH)
    alert_deeds.acknowledge(PLATFORM, of(device).pk, "", fleet.now())
    for _ in range(3):
        report(link, device, fleet.disk(10))
    return device


def test_a_lost_item_keeps_its_alert_open(link: Link, lost: Device) -> None:
    assert fleet.states(lost) == {("disk_space", "/"): State.OK, DATA: State.UNKNOWN}
    alert = of(lost)
    assert (alert.phase, State(alert.state), alert.said_id) == ("open", State.UNKNOWN, "check.gone")
    assert "/data" in sentence(alert.said_id, alert.said_values, "hr")
    assert Event.objects.filter(alert=alert, kind="alert.changed").count() == 1
    assert Result.objects.get(device=fleet.row(lost), item="/data").reason_id.startswith("disk_space.")


def test_a_lost_item_that_is_well_again_resolves(link: Link, lost: Device) -> None:
    report(link, lost, [*fleet.disk(10), *fleet.disk(10, "/data")])
    assert fleet.alerts(lost) == [(*DATA, "resolved")]
    assert fleet.states(lost)[DATA] is State.OK


def test_a_lost_item_that_is_still_bad_goes_on(link: Link, lost: Device) -> None:
    report(link, lost, BOTH)
    assert fleet.alerts(lost) == [(*DATA, "open")]
    assert of(lost).said_id != "check.gone"
    assert State(of(lost).state) is State.CRITICAL


def test_a_person_who_acknowledges_the_loss_closes_it(link: Link, lost: Device) -> None:
    alert_deeds.acknowledge(PLATFORM, of(lost).pk, "disk removed", fleet.now())
    report(link, lost, fleet.disk(10))
    assert fleet.alerts(lost) == [(*DATA, "resolved")]
    assert DATA not in fleet.states(lost)


def test_a_lost_item_is_closed_after_a_day(link: Link, lost: Device) -> None:
    backdate(lost, fleet.now() - timedelta(hours=23))
    report(link, lost, fleet.disk(10))
    assert fleet.alerts(lost) == [(*DATA, "open")]
    backdate(lost, fleet.now() - timedelta(hours=25))
    report(link, lost, fleet.disk(10))
    assert fleet.alerts(lost) == [(*DATA, "resolved")]
    assert "alert.resolved" in fleet.events(lost)


def test_an_item_without_an_alert_goes_silently(link: Link) -> None:
    device = fleet.enrol(link)
    report(link, device, [*fleet.disk(99), *fleet.disk(10, "/data")])
    report(link, device, fleet.disk(99))
    assert fleet.states(device) == {("disk_space", "/"): State.CRITICAL}
    assert fleet.alerts(device) == [("disk_space", "/", "open")]


def test_services_that_recovered_resolve(link: Link) -> None:
    device, check = fleet.enrol(link), checks()["services"]
    failed = [("service_failed", {"unit": "nginx.service"}, 1.0), ("services_failed", {}, 1.0)]
    link.ack(device, device.batch(check.name, failed))
    link.ack(device, device.batch(check.name, [(metric, label, 0.0) for metric, label, _ in failed]))
    assert fleet.states(device)["services", "nginx.service"] is State.OK
    assert {phase for _, _, phase in fleet.alerts(device)} <= {"resolved"}
