"""What the pages say of devices never differs from the inbox, and what waits for an alert says so."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.paginator import Page
from django.utils import timezone

from console_fixture import World
from predvid.checks import registry
from predvid.core.model import State
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.queries import alerts as alert_queries
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


def inbox_rows(viewer: Viewer, phase: str) -> Page[Any]:
    """Return the first page of the inbox without filters."""
    return alert_queries.inbox(viewer, alert_queries.Wanted(phase=phase))


def test_overview_list_client_and_search_agree_with_the_inbox(world: World, owner: Person) -> None:
    viewer, now = viewer_of(owner), timezone.now()
    for number in range(8):
        world.device(world.sites[0], f"Hot-{number}", state=number % 4)
    Alert.objects.filter(pk=world.alerts[-1].pk).update(phase="acknowledged", acknowledged_at=now)
    Alert.objects.filter(pk=world.alerts[2].pk).update(phase="resolved", resolved_at=now)
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
    health = standing.health(viewer, now)
    for phase, counted, by_client in (
        ("open", shown.open_alerts, sum(row.critical + row.other for row in health)),
        ("acknowledged", shown.acknowledged, sum(row.acknowledged for row in health)),
    ):
        listed_there = inbox_rows(viewer, phase).paginator.count
        assert counted == by_client == listed_there == Alert.objects.filter(phase=phase).count() > 0
    assert shown.critical_alerts == sum(row.critical for row in health)
    assert standing.open_alerts_by_hour(viewer, now)[-1] == shown.open_alerts
    assert [row.id for row in alert_queries.urgent(viewer, 99)] == [
        row.id for row in inbox_rows(viewer, "open").object_list
    ]


def test_every_figure_of_the_pages_says_what_the_inbox_says(world: World, owner: Person) -> None:
    for number in range(5):
        world.device(world.sites[0], f"Hot-{number}", state=3)
    taken = world.alerts[-1]
    browser = world.signed_in(owner)
    assert browser.post(f"/alerts/{taken.pk}/acknowledge", {"note": ""}).status_code == 302
    still_open = Alert.objects.filter(phase="open").count()
    critical = Alert.objects.filter(phase="open", state=int(State.CRITICAL)).count()
    inbox_page, overview = (browser.get(page).content.decode() for page in ("/alerts/", "/"))
    for page in (inbox_page, overview):
        assert re.findall(r'<span>Upozorenja</span><em class="tn">(\d+)</em>', page) == [str(still_open)]
    assert re.search(rf'href="/alerts/"[^>]*>.*?<b class="tn">{still_open}</b>', inbox_page, re.DOTALL)
    assert f'<span class="kpi-value tn">{still_open}<small>{critical} kritičn' in overview
    assert "1 preuzeto" in overview
    assert f'id="alert-{taken.pk}"' not in overview + inbox_page
    acknowledged = browser.get("/alerts/?phase=acknowledged").content.decode()
    assert f'id="alert-{taken.pk}"' in acknowledged
    device = browser.get(f"/devices/{taken.device_id}/").content.decode()
    assert f'id="alert-{taken.pk}"' in device


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
