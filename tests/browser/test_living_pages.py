"""Pages live: what is written, said and chosen survives refreshes, errors, late answers and hidden tabs."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Route, expect

from browser_fixture import Site

pytestmark = pytest.mark.browser
REFRESHED = """() => new Promise((done) => {
  document.addEventListener("htmx:finally:request", () => setTimeout(done, 50), { once: true });
  htmx.trigger(document.getElementById("live"), "refresh");
})"""
DRAWN = (
    "(({ drawn }) => drawn.to - drawn.from)(document.querySelector('figure[data-metric=cpu_used_percent]'))"
)
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def broken(route: Route) -> None:
    route.fulfill(status=502, content_type="text/html", body="<p>away</p>")


def forgive(site: Site) -> None:
    """Take back what Chromium says of the errors that the test itself made."""
    site.complaints[:] = [line for line in site.complaints if "502" not in line]


def test_an_error_never_takes_the_place_of_the_page(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto("/alerts/")
    rows = page.locator("tr[data-row]").count()
    page.route(re.compile(r"/alerts/"), broken)
    page.evaluate(REFRESHED)
    expect(page.locator("tr[data-row]")).to_have_count(rows)
    expect(page.locator("#messages .notice")).to_have_count(0)
    page.locator("tr[data-row] [data-acknowledge]").last.click()
    expect(page.locator("#messages .notice-error")).to_have_count(1)
    expect(page.locator("tr[data-row]")).to_have_count(rows)
    forgive(quiet)
    page.context.close()


def test_what_is_being_written_and_chosen_survives_a_refresh(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["alert"])
    page.fill("#note-text", "Zamijenjen je disk")
    page.focus("#ack-note")
    page.evaluate(REFRESHED)
    assert page.input_value("#note-text") == "Zamijenjen je disk"
    page.goto("/enrol/")
    page.fill("[name=uses]", "40")
    page.select_option("[name=hours]", "720")
    page.check("[name=approves]")
    page.evaluate(REFRESHED)
    assert [page.input_value(f"[name={name}]") for name in ("uses", "hours")] == ["40", "720"]
    assert page.is_checked("[name=approves]")
    page.context.close()


def test_what_was_said_stays_through_a_refresh_and_then_goes(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.clock.install()
    page.goto(quiet.pages["alert"])
    page.fill("#note-text", "Gledam")
    page.click(".note-form button")
    page.wait_for_load_state()
    page.goto("/profile/")
    page.locator("form", has=page.locator("[name=language]")).locator("button").click()
    said = page.locator("#messages .notice-success")
    expect(said).to_have_count(1)
    page.clock.run_for(4000)
    expect(said).to_have_count(1)
    page.clock.run_for(5000)
    expect(said).to_have_count(0)
    page.context.close()


def test_the_key_takes_on_what_the_reader_sees_and_nothing_else(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto("/alerts/?state=warning")
    rows = page.locator("tr[data-row]")
    before = rows.count()
    page.keyboard.press("a")
    page.evaluate(REFRESHED)
    expect(rows).to_have_count(before)
    page.keyboard.press("j")
    page.keyboard.press("j")
    third = rows.nth(2).locator("a[data-open]").get_attribute("href") or ""
    page.keyboard.press("a")
    expect(rows).to_have_count(before - 1)
    said = page.locator("#messages .notice-success")
    expect(said).to_have_count(1)
    page.evaluate(REFRESHED)
    expect(said).to_have_count(1)
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.getAttribute('href')") == third
    page.goto(third)
    page.keyboard.press("a")
    expect(page.locator("[data-acknowledge]")).to_have_count(0)
    page.context.close()


def test_the_last_letter_decides_what_is_found(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    held: list[Route] = []
    page.route(re.compile(r"/search\?q=ZB$"), lambda route: held.append(route))
    for letters in ("ZB", "ZBC-SRV", "ZBC-NOVI"):
        with page.expect_request(re.compile(rf"/search\?q={letters}$")):
            page.fill("#search", letters)
    expect(page.locator("#found a")).to_have_count(1)
    expect(page.locator("#found")).to_contain_text("ZBC-NOVI")
    page.context.close()


def test_a_late_answer_draws_nothing_over_a_newer_one(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    chart = page.locator("figure[data-metric=cpu_used_percent]")
    expect(chart.locator("canvas")).to_have_count(1)
    held: list[Route] = []
    page.route(re.compile(r"/series\?.*range=30d"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"/series\?.*cpu_used.*range=30d")):
        page.click("#ranges [data-range='30d']")
    with page.expect_response(re.compile(r"/series\?.*cpu_used.*range=1h")):
        page.click("#ranges [data-range='1h']")
    expect(chart.locator("canvas")).to_have_count(1)
    page.wait_for_function(f"() => {DRAWN} === 3600")
    with page.expect_event("requestfinished", lambda done: "cpu_used" in done.url and "30d" in done.url):
        for route in held:
            route.continue_()
    page.evaluate("() => fetch('/healthz').then((answer) => answer.text())")  # the late ones have arrived
    assert page.evaluate(DRAWN) == 3600
    page.context.close()


def test_charts_tell_the_time_of_the_page_wherever_the_browser_is(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr", zone="America/New_York")
    page.goto(quiet.pages["device"])
    chart = page.locator("figure[data-metric=cpu_used_percent]")
    expect(chart.locator("canvas")).to_have_count(1)
    box = chart.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 40)
    now = datetime.now(ZoneInfo("Europe/Zagreb"))
    hours = {f"{now - timedelta(minutes=back):%H}:" for back in (0, 30)}
    expect(chart.locator("figcaption")).to_contain_text(re.compile("|".join(hours)))
    page.context.close()


def test_a_hidden_tab_lets_go_of_the_stream_and_catches_up(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    page.goto(quiet.pages["device"])
    expect(page.locator("#link-state.on")).to_be_visible(timeout=15_000)
    page.evaluate(HIDE, True)
    quiet.one.django(f"""
from django.utils import timezone
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.actions import note_event
device = Device.objects.get(pk="{quiet.world["device"]}")
note_event("agent.started", device.client_id, device.pk, timezone.now(), version="7.7.7")
""")
    with page.expect_request("**/live"):
        page.evaluate(HIDE, False)
    expect(page.locator(".timeline")).to_contain_text("7.7.7", timeout=15_000)
    page.context.close()


def test_output_appears_while_a_task_runs(quiet: Site, browser: Browser) -> None:
    page = quiet.page(browser, "hr")
    task = quiet.world["running"]
    page.goto(quiet.pages["running"])
    expect(page.locator("pre.output")).to_have_text("Provjeravam diskove …\n")
    quiet.one.django(
        "from predvid.modules.automation.models import Task, TaskOutput\n"
        f"task = Task.objects.get(pk={task!r})\n"
        "TaskOutput.objects.create(client_id=task.client_id, task=task, part=2, text='sda <ispravan>')"
    )
    expect(page.locator("pre.output")).to_have_text("Provjeravam diskove …\nsda <ispravan>")
    page.goto(page.locator(".strip a.name").get_attribute("href") or "")
    expect(page.locator("#device-tasks pre.output")).to_have_text("Provjeravam diskove …\nsda <ispravan>")
    page.context.close()
