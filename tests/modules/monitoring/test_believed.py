"""Alerts that are believed: one cause, one message; windows without a burst; what people do is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from console_fixture import World
from predvid.core.errors import UserError
from predvid.core.model import Result, State, say
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring import alert_deeds, believing, window_deeds
from predvid.modules.monitoring.actions import record
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.queries import alerts as alert_queries
from predvid.modules.monitoring.queries.similar import similar
from predvid.modules.monitoring.rules import AGENT_CHECK, Change, DeviceState, apply_results, silent, spoke

pytestmark = pytest.mark.usefixtures("database")
MINUTE = timedelta(minutes=1)
OFFLINE = Result("offline", State.CRITICAL, say("agent.offline", minutes=3))
NOW = datetime(2026, 6, 1, 20, tzinfo=UTC)


@pytest.fixture
def site() -> World:
    """One site with four healthy devices."""
    world = World(now=NOW)
    world.client("Hotel Čvorak")
    for number in range(4):
        world.device(world.sites[0], f"SRV-0{number}")
    return world


def judge(device: Device, now: datetime, changes_of: Callable[[DeviceState], list[Change]]) -> None:
    state = load_states([device.pk])[device.pk]
    with transaction.atomic():
        record(changes_of(state), {device.pk: state.version}, now)


def goes_silent(device: Device, now: datetime) -> None:
    judge(device, now, lambda state: silent(state, AGENT_CHECK, OFFLINE, now))


def measures(device: Device, now: datetime, check: str = "cpu", **items: State) -> None:
    results = [Result(item, state, say("cpu.used", used=99.0)) for item, state in items.items()]
    judge(device, now, lambda state: apply_results(state, check, results, now, timedelta()))


def told(device: Device) -> list[tuple[str, str]]:
    """Return (kind, why nobody was told) of the events of a device's alerts, in order."""
    rows = Event.objects.filter(device=device, kind__startswith="alert.").order_by("pk")
    return [(event.kind, event.source.get("quiet", "")) for event in rows]


def alert_of(device: Device, check: str = "cpu", item: str = "used") -> Alert:
    return Alert.objects.filter(device=device, check_name=check, item=item).latest("pk")


def window(world: World, minutes: int) -> None:
    plan = window_deeds.Plan("Nadogradnja", "UTC", NOW.date(), NOW.time(), minutes)
    window_deeds.add(PLATFORM, window_deeds.Where(client=world.clients[0].pk), plan, NOW)


def test_a_silent_device_is_the_cause_of_what_opens_on_it(site: World) -> None:
    device = site.devices[0]
    goes_silent(device, NOW)
    measures(device, NOW + 20 * MINUTE, used=State.CRITICAL)
    assert alert_of(device).cause == alert_of(device, AGENT_CHECK, "offline")
    assert told(device) == [("alert.opened", ""), ("alert.opened", "follower")]
    row = alert_queries.inbox(PLATFORM, alert_queries.Wanted()).object_list[0]
    assert [one.id for one in row.followers] == [alert_of(device).pk]


def test_what_opens_at_one_moment_stands_under_the_worst(site: World) -> None:
    device = site.devices[0]
    measures(device, NOW, used=State.WARNING)
    measures(device, NOW + MINUTE, check="memory", used=State.CRITICAL)
    measures(device, NOW + 9 * MINUTE, check="load", used=State.CRITICAL)
    worst = alert_of(device, "memory")
    assert (alert_of(device).cause, worst.cause, alert_of(device, "load").cause) == (worst, None, None)


def test_three_silent_devices_are_their_site_and_one_message(site: World) -> None:
    for number, device in enumerate(site.devices):
        goes_silent(device, NOW + number * timedelta(seconds=20))
    first = alert_of(site.devices[0], AGENT_CHECK, "offline")
    others = [alert_of(device, AGENT_CHECK, "offline") for device in site.devices[1:]]
    assert first.site_wide
    assert {other.cause for other in others} == {first}
    assert told(site.devices[2]) == told(site.devices[3]) == [("alert.opened", "follower")]
    assert told(site.devices[0]) == [("alert.opened", ""), ("alert.changed", "")]
    page = alert_queries.inbox(PLATFORM, alert_queries.Wanted())
    assert [(row.id, len(row.followers)) for row in page.object_list] == [(first.pk, 3)]


def test_what_outlives_its_cause_is_told_once(site: World) -> None:
    for device in site.devices:
        goes_silent(device, NOW)
    first, left = site.devices[0], site.devices[1:]
    judge(first, NOW + 10 * MINUTE, lambda state: spoke(state, AGENT_CHECK, "offline", NOW + 10 * MINUTE))
    believing.tick(NOW + 12 * MINUTE)
    assert not Event.objects.filter(kind="alert.due").exists()
    for minutes in (15, 16, 17):
        believing.tick(NOW + minutes * MINUTE)
    due = Event.objects.get(kind="alert.due")
    heir = alert_of(left[0], AGENT_CHECK, "offline")
    assert (due.alert, due.source["alerts"]) == (heir, [heir.pk])
    assert {alert_of(device, AGENT_CHECK, "offline").cause for device in left[1:]} == {heir}


def test_a_window_ends_with_one_message_that_names_what_is_open(site: World) -> None:
    device = site.devices[0]
    window(site, 60)
    measures(device, NOW + MINUTE, used=State.CRITICAL, healed=State.WARNING)
    measures(device, NOW + 9 * MINUTE, used=State.CRITICAL, healed=State.OK)
    measures(device, NOW + 20 * MINUTE, check="memory", used=State.CRITICAL)
    believing.tick(NOW + 59 * MINUTE)
    assert {quiet for _, quiet in told(device)} == {"maintenance"}
    held = alert_queries.inbox(PLATFORM, alert_queries.Wanted(held="maintenance")).object_list
    assert all(row.in_maintenance for row in held)
    assert len(held) == 2
    for minutes in (60, 61, 90):
        believing.tick(NOW + minutes * MINUTE)
    due = Event.objects.get(kind="alert.due")
    assert "quiet" not in due.source
    assert due.source["alerts"] == [alert_of(device).pk, alert_of(device, "memory").pk]


def test_ending_a_window_ends_the_silence(site: World) -> None:
    device = site.devices[0]
    window(site, 600)
    measures(device, NOW + MINUTE, used=State.CRITICAL)
    made = device.client.maintenancewindow_set.get()
    window_deeds.end(PLATFORM, made.pk, NOW + 5 * MINUTE)
    believing.tick(NOW + 6 * MINUTE)
    assert told(device) == [("alert.opened", "maintenance"), ("alert.due", "")]
    with pytest.raises(UserError, match="not open now"):
        window_deeds.end(PLATFORM, made.pk, NOW + 7 * MINUTE)


def test_what_flaps_is_told_three_times_an_hour_and_again_when_it_stands_still(site: World) -> None:
    device = site.devices[0]
    for number in range(10):
        measures(device, NOW + number * MINUTE, used=State.CRITICAL if number % 2 == 0 else State.OK)
    measures(device, NOW + 10 * MINUTE, used=State.CRITICAL)
    assert [quiet for _, quiet in told(device)] == ["", "", "", *["flapping"] * 8]
    assert alert_of(device).flapping
    believing.tick(NOW + 30 * MINUTE)
    assert told(device)[-1] == ("alert.opened", "flapping")
    believing.tick(NOW + 70 * MINUTE)
    assert told(device)[-1] == ("alert.due", "")
    assert not alert_of(device).flapping


def test_an_informational_result_stands_in_the_timeline_alone(site: World) -> None:
    device = site.devices[0]
    result = Result("used", State.CRITICAL, say("cpu.used", used=99.0), informational=True)
    for minutes in (0, 1):
        at = NOW + minutes * MINUTE
        judge(device, at, lambda state, at=at: apply_results(state, "cpu", [result], at, timedelta()))
    assert not Alert.objects.filter(device=device).exists()
    event = Event.objects.get(device=device, kind="result.noted")
    assert event.source["quiet"] == "informational"


def test_an_acknowledgement_and_a_snooze_end(site: World) -> None:
    device = site.devices[0]
    measures(device, NOW, used=State.CRITICAL)
    alert = alert_of(device)
    alert_deeds.acknowledge(PLATFORM, alert.pk, "", NOW, NOW + 30 * MINUTE)
    believing.tick(NOW + 29 * MINUTE)
    assert alert_of(device).phase == "acknowledged"
    believing.tick(NOW + 30 * MINUTE)
    assert alert_of(device).phase == "open"
    alert_deeds.snooze(PLATFORM, alert.pk, NOW + 60 * MINUTE, "", NOW + 31 * MINUTE)
    believing.tick(NOW + 60 * MINUTE)
    kinds = ["alert.opened", "alert.acknowledged", "alert.reopened", "alert.snoozed", "alert.reopened"]
    assert [kind for kind, _ in told(device)] == kinds


def test_who_leaves_leaves_their_alerts_visibly(site: World) -> None:
    device = site.devices[0]
    measures(device, NOW, used=State.CRITICAL)
    ana = site.person("ana@example.com", role="technician", all_clients=True)
    alert_deeds.assign(PLATFORM, alert_of(device).pk, ana.pk, NOW)
    Person.objects.filter(pk=ana.pk).update(is_active=False)
    believing.tick(NOW + MINUTE)
    assert alert_of(device).assigned_to is None
    assert Event.objects.filter(kind="alert.assigned").latest("pk").said_id == "alert.assigned.left"
    ana.delete()
    believing.tick(NOW + 2 * MINUTE)
    assert Event.objects.filter(kind="alert.assigned").count() == 2


def test_nobody_gets_an_alert_of_a_client_that_they_do_not_see(site: World) -> None:
    measures(site.devices[0], NOW, used=State.CRITICAL)
    stranger = site.person("tudi@example.com", role="technician")
    with pytest.raises(UserError, match="looks after this client"):
        alert_deeds.assign(PLATFORM, alert_of(site.devices[0]).pk, stranger.pk, NOW)


def test_a_note_has_its_bound_and_says_so(site: World) -> None:
    measures(site.devices[0], NOW, used=State.CRITICAL)
    alert = alert_of(site.devices[0])
    assert len(alert_deeds.add_note(PLATFORM, alert.pk, "č" * 10_000, NOW).text) == 10_000
    with pytest.raises(UserError, match="10000 characters; this one has 10001"):
        alert_deeds.add_note(PLATFORM, alert.pk, "č" * 10_001, NOW)


def test_similar_ones_tell_what_solved_them_nearest_first(site: World) -> None:
    site.client("Gimnazija Šipan")
    foreign = site.device(site.sites[1], "GIM-01")
    for number, device in enumerate((foreign, site.devices[1], site.devices[0])):
        at = NOW + number * 60 * MINUTE
        measures(device, at, used=State.CRITICAL)
        alert_deeds.add_note(PLATFORM, alert_of(device).pk, f"Rješenje {number}", at, solution=True)
        measures(device, at + 20 * MINUTE, used=State.OK)
    measures(site.devices[0], NOW + 600 * MINUTE, used=State.CRITICAL)
    alert = alert_of(site.devices[0])
    found = similar(PLATFORM, alert)
    assert [(one.near, one.solutions, one.lasted) for one in found] == [
        ("device", ["Rješenje 2"], 20 * MINUTE),
        ("client", ["Rješenje 1"], 20 * MINUTE),
        ("other", ["Rješenje 0"], 20 * MINUTE),
    ]
    ana = site.person("ana@example.com", role="technician")
    ana.clients.add(site.clients[0])
    assert [one.near for one in similar(viewer_of(ana), alert)] == ["device", "client"]
