"""Timeline, compared charts, board and saved views, as a person with a mouse or a keyboard uses them."""

import re

import pytest
from playwright.sync_api import Browser, expect

from browser_fixture import Site, judged

pytestmark = pytest.mark.browser
# The strokes of the keys below a chart: colour and dash of each curve.
KEYS = """() => [...document.querySelectorAll('figcaption .swatch path')]
  .map(path => path.getAttribute('stroke') + ' ' + path.getAttribute('stroke-dasharray'))"""


def test_the_timeline_is_walked_by_keyboard_and_leads_to_the_alert(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    bar = page.locator(f"#timeline a.bar[href='/alerts/{quiet.world['alert']}/']")
    expect(bar).to_have_count(1)
    page.focus("#timeline .axis-scroll")
    page.keyboard.press("Tab")
    expect(bar).to_be_focused()
    assert "kritično" in str(bar.get_attribute("aria-label"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/alerts/{quiet.world['alert']}/")
    page.context.close()


def test_a_range_stands_in_the_address_for_timeline_and_charts(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    expect(page.locator("#timeline .lane-graph")).not_to_have_count(0)
    with page.expect_response(re.compile(r"/timeline\?range=7d")):
        page.click("#ranges [data-range='7d']")
    expect(page).to_have_url(re.compile(r"range=7d"))
    expect(page.locator("#timeline [aria-current]")).to_have_text("7 d")
    with page.expect_request(re.compile(r"/series\?.*range=7d")):
        page.reload()
    expect(page.locator("#ranges [aria-pressed=true]")).to_have_text("7 d")
    page.click("#timeline .seg a:text-is('1 h')")
    expect(page).to_have_url(re.compile(r"range=1h"))
    expect(page.locator("#ranges [aria-pressed=true]")).to_have_text("1 h")
    page.context.close()


def test_an_open_timeline_follows_what_happens_in_its_own_range(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    expect(page.locator("#link-state.on")).to_be_visible(timeout=15_000)
    page.click("#ranges [data-range='7d']")
    expect(page.locator("#timeline [aria-current]")).to_have_text("7 d")
    page.click("#happened > summary")
    page.focus("#timeline a.bar")
    quiet.one.django(f"""
from django.utils import timezone
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.actions import note_event
device = Device.objects.get(pk="{quiet.world["device"]}")
note_event("agent.started", device.client_id, device.pk, timezone.now(), version="8.8.8")
""")
    expect(page.locator("#happened")).to_contain_text("8.8.8", timeout=15_000)
    expect(page.locator("#timeline [aria-current]")).to_have_text("7 d")
    assert page.locator("#happened[open]").count() == 1
    assert page.evaluate("document.activeElement.matches('#timeline a.bar')")
    page.context.close()


@pytest.mark.parametrize(("language", "width"), [("hr", 1440), ("en", 390)])
def test_a_drawn_timeline_keeps_the_guidelines(
    quiet: Site, browser: Browser, language: str, width: int
) -> None:
    page = quiet.page(browser, language, width)
    page.goto(quiet.pages["week"])
    expect(page.locator("#timeline .lane-graph")).not_to_have_count(0)
    page.click("#happened > summary")
    assert judged(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


def test_no_two_curves_of_a_chart_look_alike(quiet: Site, browser: Browser) -> None:
    for language in ("hr", "en"):  # in the light and in the dark
        page = quiet.page(browser, language)
        page.goto(quiet.pages["chart"])
        expect(page.locator("figure .swatch")).not_to_have_count(0)
        keys = page.evaluate(KEYS)
        assert len(keys) == len(set(keys)) >= 2
        assert len({key.partition(" ")[2] for key in keys}) == len(keys), "they differ without their colours"
        page.context.close()


def test_a_compared_chart_is_pinned_moved_and_taken_off(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["chart"])
    page.click("form[action$='/pin'] button")
    page.goto("/board/")
    cards = page.locator(".board article")
    expect(cards).to_have_count(2)
    expect(cards.nth(1).locator("canvas")).to_have_count(1)
    cards.nth(1).locator("form[action$='/move'] button").click()
    expect(cards.nth(0).locator("h2")).to_have_text("ZBC-SRV-01")
    cards.nth(0).locator("details.menu > summary").click()
    cards.nth(0).locator("[name=title]").fill("Diskovi")
    cards.nth(0).locator("form[action$='/rename'] button").click()
    expect(cards.nth(0).locator("h2")).to_have_text("Diskovi")
    cards.nth(0).locator("details.menu > summary").click()
    cards.nth(0).locator("form[action$='/remove'] button").click()
    expect(cards).to_have_count(1)
    page.context.close()


def test_a_filter_is_saved_and_the_list_opens_with_it(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr", 390)
    page.goto("/devices/?state=warning")
    page.click(".saved details.menu > summary")
    page.fill("#view-name", "Upozorenja")
    page.check("[name=default]")
    assert judged(page) == []
    page.click("form[action='/views/save'] button")
    expect(page.locator(".saved nav")).to_contain_text("Upozorenja")
    page.goto("/devices/")
    expect(page).to_have_url(re.compile(r"state=warning$"))
    page.locator(".saved nav a").first.click()
    expect(page).to_have_url(re.compile(r"view=all$"))
    page.click(".saved details.menu > summary")
    page.locator(".view-row", has_text="Upozorenja").locator("form[action$='/remove'] button").click()
    page.goto("/devices/")
    expect(page).to_have_url(re.compile(r"/devices/$"))
    page.context.close()
