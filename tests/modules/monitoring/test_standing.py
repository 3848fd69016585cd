"""What the pages say of devices never differs from the inbox, and what waits for an alert says so."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from console_fixture import World
from predvid.checks import registry
from predvid.core.model import State
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.queries import devices as lists
from predvid.modules.monitoring.queries import search as finding
from predvid.modules.monitoring.queries import standing
from predvid.server.templatetags.predvid import clock


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True)


def inbox() -> Counter[str]:
    """Return how many devices stand how by their worst open alert alone."""
    worst: dict[object, int] = {}
    for device, state in Alert.objects.exclude(phase="resolved").values_list("device", "state"):
        worst[device] = max(worst.get(device, 0), state)
    return Counter(standing.WORD_OF[State(state)] for state in worst.values())


def test_overview_list_client_and_search_agree_with_the_inbox(world: World, owner: Person) -> None:
    viewer, now = viewer_of(owner), timezone.now()
    for number in range(8):
        world.device(world.sites[0], f"Hot-{number}", state=number % 4)
    world.alerts[-1].phase = "acknowledged"
    world.alerts[-1].save()
    Alert.objects.filter(pk=world.alerts[2].pk).update(phase="resolved")
    world.holding(world.sites[0], "Hot-DUGO", timedelta(minutes=4))
    by_health = Counter[str]()
    for row in standing.health(viewer, now):
        by_health += row.by_standing
    listed = lists.device_list(viewer, lists.Filters(), now)
    expected = inbox()
    for word in ("critical", "unknown", "warning"):
        assert by_health[word] == listed.counted[word] == expected[word], word
    assert {found.state for found in finding.search(viewer, "Hot-DUGO", now)} == {"ok"}
    shown = standing.counts(viewer)
    assert shown.open_alerts == Alert.objects.exclude(phase="resolved").count()
    assert sum(row.critical + row.other for row in standing.health(viewer, now)) == shown.open_alerts


def test_what_waits_for_its_alert_shows_its_state_and_until_when(world: World, owner: Person) -> None:
    device = world.holding(world.sites[0], "Hot-CEKA", timedelta(minutes=4))
    page = world.signed_in(owner).get(f"/devices/{device.pk}/").content.decode()
    moment = world.now - timedelta(minutes=4) + timedelta(seconds=registry.checks()["cpu"].hold)
    assert f"ako potraje do {clock(moment)}" in page
    strip = page.partition('<div class="card strip"')[2].partition("</details>")[0]
    assert 'class="st st-ok"' in strip
    assert re.search(r'id="check-cpu">\s*<div class="check-head"><span class="st st-holding"', page)
    assert '<li><span class="st st-critical"' in page


def test_an_open_alert_needs_no_such_note(world: World, owner: Person) -> None:
    page = world.signed_in(owner).get(f"/devices/{world.devices[0].pk}/").content.decode()
    assert "ako potraje do" not in page
