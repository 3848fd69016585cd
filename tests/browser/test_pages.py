"""A real Chromium walks every page of a real installation: both languages, both themes, wide and narrow."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from installation import Installation, installation

pytestmark = pytest.mark.browser
AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
GUIDELINES = """async () => {
  const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
  return found.violations.map((broken) => [broken.id, broken.nodes.map((node) => node.html.slice(0, 200))]);
}"""
PASSWORD = "dovoljno duga rečenica"
WORLD = """
import json, os
from datetime import timedelta
from django.utils import timezone
from predvid.modules.access.actions import make_sign_in_link
from predvid.modules.access.models import Client, Person
from predvid.modules.inventory.models import Agent, Device, Fact, Site, Tenure
from predvid.modules.monitoring.models import Alert, Event, Result, Stream
from predvid.modules.monitoring.store import SeriesRow, series_id
from predvid.modules.monitoring.stores import store
import numpy as np
now = timezone.now()
for language, theme in (("hr", "light"), ("en", "dark")):
    person = Person(email=f"{language}@example.com", name="Željka Ćosić", role="owner", all_clients=True,
                    language=language, theme=theme)
    person.set_password("dovoljno duga rečenica")
    person.save()
client = Client.objects.create(name="Županijska bolnica Čakovec s vrlo dugačkim nazivom", sector="Zdravstvo")
site = Site.objects.create(client=client, name="Sjedište")
mine = {"client": client}
def device(name, state, agent_state="approved"):
    device = Device.objects.create(site=site, name=name, os="Debian GNU/Linux 12 (bookworm)", **mine)
    Tenure.objects.create(device=device, site=site, since=now - timedelta(days=9), **mine)
    agent = Agent.objects.create(device=device, state=agent_state, sign_key=os.urandom(32),
                                 seal_key=os.urandom(32), version="0.1.0", **mine)
    if agent_state == "pending":
        return device, None
    Stream.objects.create(agent=agent, boot="b", seq=1, recent=b"", seen_at=now)
    said = dict(check_name="disk_space", item="/var", said_id="disk_space.used",
                said_values={"mount": "/var", "used": 96.0, "free": 4e9})
    Result.objects.create(device=device, state=state, since=now - timedelta(hours=2), **said, **mine)
    alert = None
    if state:
        at = now - timedelta(hours=1)
        alert = Alert.objects.create(
            device=device, state=state, since=at, opened_at=at, changed_at=at, **said, **mine)
        Event.objects.create(
            device=device, alert=alert, kind="alert.opened", severity=5, at=at, recorded_at=at,
            said_id="alert.opened", said_values={"what": "disk"}, **mine)
    return device, alert
bad, alert = device("ZBC-SRV-01", 3)
for number in range(60):
    device(f"ZBC-RADNA-STANICA-S-DUGIM-IMENOM-{number:02}", number % 4)
device("ZBC-NOVI", 0, "pending")
Fact.objects.create(device=bad, check_name="inventory", name="software.packages", since=now, **mine,
                    value=[{"key": f"paket-{n}", "version": f"1.{n}"} for n in range(40)])
Fact.objects.create(device=bad, check_name="inventory", name="hardware.memory", since=now, **mine,
                    value={"total_bytes": 68719476736})
metrics = ["cpu_used_percent", "disk_used_percent"]
key, n = str(bad.pk), 240
end = int(now.timestamp() * 1000)
curves = [(metrics[0], {}, 40.0), (metrics[1], {"mount": "/var"}, 96.0), (metrics[1], {"mount": "/"}, 50.0)]
for metric, labels, level in curves:
    number = series_id(key, metric, labels)
    store().register_series([SeriesRow(number, key, metric, labels)])
    store().insert_samples([metric], np.zeros(n, np.uint32), np.full(n, number, np.uint64),
                           end - np.arange(n, dtype=np.int64) * 60_000, np.full(n, level))
rare = {"memory_used_percent": [4320], "uptime_seconds": [2], "net_rx_bytes_per_second": [3, 2]}
for metric, ages in rare.items():
    number = series_id(key, metric, {})
    store().register_series([SeriesRow(number, key, metric, {})])
    store().insert_samples([metric], np.zeros(len(ages), np.uint32), np.full(len(ages), number, np.uint64),
                           end - np.array(ages, dtype=np.int64) * 60_000, np.full(len(ages), 50.0))
print(json.dumps({"device": str(bad.pk), "client": str(client.pk), "alert": alert.pk,
                  "link": make_sign_in_link(Person.objects.first(), now)}))
"""


@dataclass
class Site:
    """A running installation with its world, and what its pages complained of."""

    one: Installation
    world: dict[str, str]
    complaints: list[str] = field(default_factory=list)

    @property
    def pages(self) -> dict[str, str]:
        keys = self.world
        return {
            "overview": "/", "clients": "/clients/", "client": f"/clients/{keys['client']}/",
            "devices": "/devices/",
            "filtered": "/devices/?state=critical&q=ZBC", "device": f"/devices/{keys['device']}/",
            "alerts": "/alerts/", "resolved": "/alerts/?phase=resolved", "alert": f"/alerts/{keys['alert']}/",
            "enrol": "/enrol/", "profile": "/profile/",
        }  # fmt: skip

    def page(self, browser: Browser, language: str, width: int = 1440) -> Page:
        """Sign in and return a page whose every complaint is noted."""
        context = browser.new_context(
            base_url=self.one.place.address, viewport={"width": width, "height": 844}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.goto("/sign-in/")
        page.fill("[name=email]", f"{language}@example.com")
        page.fill("[name=password]", PASSWORD)
        page.click("form button")
        page.wait_for_url("**/")
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") or "[DOM]" in message.text:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with installation(tmp_path_factory.mktemp("pages"), "store", "gateway", "console") as one:
        yield Site(one, json.loads(one.django(WORLD).splitlines()[-1]))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def quiet(site: Site) -> Iterator[Site]:
    site.complaints.clear()
    yield site
    assert not site.complaints, "\n".join(site.complaints)


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


@pytest.mark.parametrize(("language", "width"), [("hr", 1440), ("en", 1440), ("hr", 390)])
def test_no_page_breaks_the_accessibility_guidelines(
    quiet: Site, browser: Browser, language: str, width: int
) -> None:
    page = quiet.page(browser, language, width)
    for name, address in quiet.pages.items():
        page.goto(address)
        page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
        broken = page.evaluate(GUIDELINES)
        assert broken == [], f"{name}: {broken}"
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
    expect(page.locator("#found a")).to_have_count(1)
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
    page.click("details.menu summary.btn")
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
    page.wait_for_url("**/")
    expect(page.locator("nav a.on")).to_have_count(1)
    context.close()
