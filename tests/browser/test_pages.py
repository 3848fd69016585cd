"""A real Chromium walks every page of a real installation: both languages, both themes, wide and narrow."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from browser_fixture import Site, judged

pytestmark = pytest.mark.browser
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map(e => e.tagName + '.' + e.className)"""


# How many pixels of a chart have the colour of its curve.
COLOURED = """figure => {
  const canvas = figure.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) found += data[at + 3] > 200 && data[at + 2] - data[at] > 100;
  return found;
}"""


TILES = """() => Object.values([...document.querySelectorAll('.kpi')].reduce((ends, tile) => {
  const { top, right } = tile.getBoundingClientRect();
  return { ...ends, [top]: Math.max(ends[top] ?? 0, right) };
}, {}))"""
BAR = """() => {
  const rooms = [...document.querySelectorAll('.side nav a')].filter(room => room.offsetWidth);
  const names = rooms.map(room => room.querySelector('span'));
  return [rooms[0].getBoundingClientRect().left, rooms.at(-1).getBoundingClientRect().right,
    names.filter(name => name.scrollWidth > name.clientWidth).map(name => name.textContent)];
}"""


@pytest.mark.parametrize(("language", "shade"), [("hr", "light"), ("en", "dark")])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_whole(quiet: Site, browser: Browser, language: str, shade: str, width: int) -> None:
    page = quiet.page(browser, language, width)
    for name, address in quiet.pages.items():
        answer = page.goto(address)
        assert answer
        assert answer.status == 200, name
        policy = answer.headers["content-security-policy"]
        nonce = re.search(r"'nonce-([\w-]+)'", policy)
        assert nonce, name
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("html").get_attribute("data-shade") == shade
        assert page.locator("h1").count() == 1, name
        assert page.evaluate(TOO_WIDE) == [], f"{name} is wider than {width} px"
    page.context.close()


@pytest.mark.parametrize("width", [1440, 1100, 820, 390])
def test_tiles_fill_their_rows_and_the_bar_of_a_phone_keeps_off_the_edges(
    quiet: Site, browser: Browser, width: int
) -> None:
    page = quiet.page(browser, "hr", width)
    rows = page.evaluate(TILES)
    edge = page.evaluate("() => document.querySelector('.kpis').getBoundingClientRect().right")
    assert [round(right - edge) for right in rows] == [0] * len(rows), "a row of tiles ends before the others"
    if width <= 900:
        first, last, cut = page.evaluate(BAR)
        assert first >= 8
        assert last <= width - 8
        assert cut == [], "a name of a room does not fit"
    page.context.close()


@pytest.mark.parametrize(("language", "width"), [("hr", 1440), ("en", 1440), ("hr", 390)])
def test_no_page_breaks_the_accessibility_guidelines(
    quiet: Site, browser: Browser, language: str, width: int
) -> None:
    page = quiet.page(browser, language, width)
    for name, address in quiet.pages.items():
        page.goto(address)
        assert judged(page) == [], name
    page.goto("/enrol/")
    page.click("form[action='/enrol/'] button")
    expect(page.locator("[data-copy]").first).to_be_visible()
    assert judged(page) == [], "a token that was just made"
    page.goto("/enrol/")
    page.locator("ul.lines a[href^='/enrol/']").first.click()
    page.wait_for_url(re.compile(r"/enrol/[\w-]+/"))
    assert judged(page) == [], "a token later"
    page.context.close()


@pytest.mark.parametrize(("language", "shade", "width"), [("hr", "light", 1440), ("en", "dark", 390)])
def test_no_page_for_strangers_breaks_them_either(
    quiet: Site, browser: Browser, language: str, shade: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(
        base_url=quiet.one.place.address,
        viewport={"width": width, "height": 844},
        locale=language,
        color_scheme=shade,
    )
    page = context.new_page()
    link = f"/welcome/{quiet.world['link']}"
    for address in ("/sign-in/", "/forgotten/", link, "/welcome/nothing", "/sign-in/?wrong"):
        page.goto(address)
        if address.endswith("wrong"):
            page.fill("[name=password]", "x")
            page.click("form button")
            expect(page.locator(".wrong")).to_have_count(1)
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("html").get_attribute("data-shade") == shade
        assert page.evaluate(TOO_WIDE) == [], address
        assert judged(page) == [], address
    page.goto(f"/welcome/{quiet.world['invitation']}")
    assert page.locator("html").get_attribute("lang") == "en", "as whoever invited them chose"
    assert page.evaluate(TOO_WIDE) == []
    assert judged(page) == []
    context.close()


def test_an_open_page_of_who_is_deactivated_leads_to_the_sign_in_at_once(
    quiet: Site, browser: Browser
) -> None:
    quiet.one.django("""
from predvid.modules.access.models import Person
person = Person(email="odlazi@example.com", name="Odlazi", role="technician", all_clients=True)
person.set_password("dovoljno duga rečenica")
person.save()
""")
    page = quiet.page(browser, "odlazi")
    expect(page.locator("#link-state.on")).to_be_visible(timeout=15_000)
    quiet.one.django("""
from django.utils import timezone
from predvid.modules.access import people_actions
from predvid.modules.access.models import Person
from predvid.modules.access.rules import PLATFORM
people_actions.deactivate(PLATFORM, Person.objects.get(email="odlazi@example.com").pk, timezone.now())
""")
    expect(page).to_have_url(re.compile("/sign-in/"), timeout=5_000)
    page.context.close()


def test_a_stranger_never_gets_the_session_of_whoever_was_here_before(quiet: Site, browser: Browser) -> None:
    quiet.page(browser, "hr").context.close()
    stranger = browser.new_context(base_url=quiet.one.place.address)
    page = stranger.new_page()
    page.goto("/devices/")
    expect(page.locator("[name=password]")).to_be_visible()
    assert page.locator("nav").count() == 0
    stranger.close()


def test_charts_are_drawn_and_zoom(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    chart = page.locator("figure[data-metric=cpu_used_percent]")
    expect(chart.locator("canvas")).to_have_count(1)
    expect(chart.locator("figcaption")).to_contain_text("40 %")
    box = chart.locator(".u-over").bounding_box()
    assert box
    with page.expect_request(re.compile(r"/series\?.*from=")):
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + 40)
        page.mouse.up()
    with page.expect_request(re.compile(r"/series\?.*range=7d")):
        page.click("#ranges [data-range='7d']")
    page.context.close()


def test_a_device_opens_with_four_charts_and_none_is_an_empty_box(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    expect(page.locator("figure[data-chart]:visible")).to_have_count(4)
    empty = page.locator("figure[data-metric=memory_used_percent]")
    expect(empty).to_contain_text("U ovom razdoblju nema podataka")
    box = empty.bounding_box()
    assert box
    assert box["height"] < 60
    page.click("#more-charts > summary")
    lonely = page.locator("figure[data-metric=uptime_seconds]")
    expect(lonely.locator("canvas")).to_have_count(1)
    assert lonely.evaluate(COLOURED) > 20, "one point alone is a dot"
    page.context.close()


def test_evidence_shows_only_the_item_that_alerts(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["alert"])
    caption = page.locator("figure figcaption")
    expect(caption).to_contain_text("/var 96 %")
    expect(caption).not_to_contain_text("50 %")
    page.context.close()


def test_the_keyboard_walks_the_inbox(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto("/alerts/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("tr[data-row]").nth(1)
    expect(second.locator("a[data-open]")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/alerts/\d+/"))
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("ZBC-SRV")
    expect(page.locator("#found a[href^='/devices/']")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{quiet.pages['device']}")
    page.context.close()


def test_acknowledging_in_the_list_keeps_the_page_where_it_is(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto("/alerts/")
    before = page.locator("tr[data-row]").count()
    page.evaluate("scrollTo(0, 300)")
    page.locator("tr[data-row] [data-acknowledge]").last.dispatch_event("click")
    expect(page.locator("tr[data-row]")).to_have_count(before - 1)
    assert page.evaluate("scrollY") == 300
    page.context.close()


def test_what_happens_appears_by_itself_and_disturbs_nothing(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    expect(page.locator("#link-state.on")).to_be_visible(timeout=15_000)
    page.locator("details.facts").last.locator("summary").click()
    page.click("details.menu:not(.run-menu) summary.btn")
    page.focus("#move-since")
    page.evaluate("scrollTo(0, 120)")
    quiet.one.django(f"""
from django.utils import timezone
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.actions import note_event
device = Device.objects.get(pk="{quiet.world["device"]}")
note_event("agent.started", device.client_id, device.pk, timezone.now(), version="9.9.9")
""")
    expect(page.locator(".timeline")).to_contain_text("9.9.9", timeout=15_000)
    assert page.evaluate("document.activeElement.id") == "move-since"
    assert page.locator("details.menu[open]").count() == 1
    assert page.locator("details.facts").last.get_attribute("open") is not None
    assert page.evaluate("scrollY") == 120
    assert page.locator("figure canvas").count() > 0
    page.context.close()


def test_a_token_is_made_and_its_command_copied(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/enrol/")
    page.click("form[action='/enrol/'] button")
    page.click("[data-copy=linux-enrol]")
    expect(page.locator("[data-copy=linux-enrol]")).to_contain_text("Kopirano")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.inner_text("#linux-enrol")
    assert f"agent enroll {quiet.one.place.address} --token pv1." in copied
    page.context.close()


def test_a_one_time_link_opens_the_console(quiet: Site, browser: Browser) -> None:
    context = browser.new_context(base_url=quiet.one.place.address)
    page = context.new_page()
    page.goto(f"/welcome/{quiet.world['link']}")
    page.click("form button")
    page.wait_for_url("**/sign-in/protect/")
    page.click("form.gate-other button")
    expect(page.locator("nav a.on")).to_have_count(1)
    context.close()
