"""A judge that asks for its past gets it: a drive whose old faults rest is told from one that gets worse."""

import fleet
from predvid.core.model import State
from simulated import Device, Link, now_ms

DRIVE = {"drive": "X1", "model": "M"}
DAY_MS = 86_400_000


def reallocated(link: Link, device: Device, count: float, days_ago: float = 0) -> None:
    at = now_ms() - round(days_ago * DAY_MS)
    rows = [("drive_reallocated", DRIVE, count), ("drive_readable", DRIVE, 1.0)]
    body = device.batch("disk_health", rows, at)
    link.ack(device, body, waited=now_ms() - at if days_ago else 0)


def growth(device: Device) -> State:
    return fleet.states(device)["disk_health", "X1 growth"]


def test_a_drive_that_gets_worse_is_told_from_one_whose_faults_rest(link: Link) -> None:
    resting, failing = fleet.enrol(link), fleet.enrol(link)
    for device, before in ((resting, 500.0), (failing, 460.0)):
        reallocated(link, device, before, days_ago=3)
        assert fleet.states(device) == {}  # a backlog enters history and is not judged
        reallocated(link, device, 500.0)
    assert growth(resting) is State.OK
    assert growth(failing) is State.CRITICAL


def test_a_drive_without_a_past_is_steady(link: Link) -> None:
    device = fleet.enrol(link)
    reallocated(link, device, 500.0)
    assert growth(device) is State.OK


def test_what_lies_before_the_window_does_not_count(link: Link) -> None:
    device = fleet.enrol(link)
    reallocated(link, device, 1.0, days_ago=9)
    reallocated(link, device, 500.0)
    assert growth(device) is State.OK
