"""A real installation with a world in it, and a real Chromium that notes whatever its pages complain of."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from installation import Installation, installation

TESTS = Path(__file__).parent
AXE = TESTS / "browser" / "vendor" / "axe-4.14.1.min.js"
GUIDELINES = """async () => {
  const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
  return found.violations.map((broken) => [broken.id, broken.nodes.map((node) => node.html.slice(0, 200))]);
}"""


def judged(page: Page) -> list[object]:
    """Return what axe-core finds on the page against WCAG 2.2 AA and best practice."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    broken: list[object] = page.evaluate(GUIDELINES)
    return broken


PASSWORD = "dovoljno duga rečenica"
WORLD = """
import json, os
from datetime import timedelta
from django.utils import timezone
from predvid.modules.access.actions import make_sign_in_link
from predvid.modules.access import people_actions
from predvid.modules.access.models import Client, Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.models import Agent, Device, DeviceGroup, DeviceTag, Fact, Site, Tenure
from predvid.modules.monitoring.models import Alert, Event, Pin, PolicySetting, Result, SavedView, Stream
from predvid.modules.monitoring.store import SeriesRow, series_id
from predvid.modules.monitoring.stores import store
import numpy as np
now = timezone.now()
for language, theme in (("hr", "light"), ("en", "dark")):
    person = Person(email=f"{language}@example.com", name="Željka Ćosić", role="owner", all_clients=True,
                    language=language, theme=theme)
    person.set_password("dovoljno duga rečenica")
    person.save()
invited, invitation = people_actions.invite(
    PLATFORM, name="Grace Brewster Murray Hopper", email="grace.brewster.murray.hopper@example.com",
    role="auditor", all_clients=True, clients=[], language="en", now=now)
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
import sys
sys.path.insert(0, TESTS)
from task_scene import scene
from predvid.modules.access.queries import viewer_of
agents = Agent.objects.filter(state="approved").order_by("device__name").values("device")
viewer = viewer_of(Person.objects.get(email="hr@example.com"))
tasks = scene(viewer, list(Device.objects.filter(pk__in=agents)[:32]), now)
made = {"done": tasks.done, "running": tasks.running, "refused": tasks.refused, "campaign": tasks.campaign,
        "waiting": tasks.waiting, "second": tasks.second, "template": tasks.publication}
fits = {"tags": ["stanica"], "types": ["server"]}
group = DeviceGroup.objects.create(name="Bolničke stanice s dugim imenom", filter=fits)
DeviceTag.objects.create(device=bad, name="stanica", **mine)
value = {"warning": 80, "critical": 92}
PolicySetting.objects.create(client=client, check_name="disk_space", field="used", value=value)
PolicySetting.objects.create(group=group, check_name="disk_space", field="@hold", value=600)
PolicySetting.objects.create(client=client, check_name="of_tomorrow", field="depth", value=3)
Device.objects.filter(pk=bad.pk).update(roles=["server", "database_server"])
made["group"] = group
made["other"] = Device.objects.get(name="ZBC-RADNA-STANICA-S-DUGIM-IMENOM-00")
for person in Person.objects.filter(email__in=["hr@example.com", "en@example.com"]):
    Pin.objects.create(person=person, device=bad, others=[str(made["other"].pk)], metric="cpu_used_percent",
                       range="24h", shift="7d", place=1, title="Procesor glavnog poslužitelja bolnice")
    SavedView.objects.create(person=person, room="devices", name="Kritični s vrlo dugačkim nazivom prikaza",
                             query="state=critical", shared=person.email[0] == "h")
from predvid.modules.inventory import field_actions, record_actions
from predvid.modules.inventory.field_actions import Holder, Wanted
us, long = (PLATFORM, client.pk), "Voditeljica informatičke podrške i nabave medicinske opreme"
person = record_actions.Person("Marija-Magdalena Kovačević Horvatić", long,
                               "marija.magdalena.kovacevic@bolnica-cakovec.example.com",
                               "+385 40 123 456", True)
made["contact"] = record_actions.add_contact(*us, person, now)
record_actions.add_contact(*us, record_actions.Person("Ivo Ban", "Domar", "", "091 555 123"), now)
for text in ("Prije dolaska nazvati portu: rampa se otvara samo uz najavu.",
             "Poslužiteljska soba je u podrumu, ključ je kod domara. Radovi na klimi do kraja mjeseca."):
    made["note"] = record_actions.add_note(*us, text, now - timedelta(days=3))
record_actions.pin_note(PLATFORM, made["note"].pk, True, now)
pdf = b"%PDF-1.7" + bytes(240_000)
record_actions.add_file(*us, "Ugovor o održavanju 2026.", "ugovor-2026.pdf", pdf, now)
record_actions.add_link(*us, "Nacrt mreže", "https://example.com/nacrti/bolnica-cakovec", now)
filled = {"Broj ugovora": ("text", "2026/0147"), "Ugovor vrijedi do": ("date", "2027-06-30"),
          "Radnih mjesta": ("number", "182"), "Podrška": ("choice", "zlatna"),
          "Pristup": ("link", "https://vpn.example.com")}
for place, (name, (kind, value)) in enumerate(filled.items()):
    choices = ("srebrna", "zlatna") if kind == "choice" else ()
    row = field_actions.define(PLATFORM, "client", kind, Wanted(name, place, choices), now)
    field_actions.fill(PLATFORM, Holder("client", client.pk, client.pk, client.name), {row.pk: value}, now)
row = field_actions.define(PLATFORM, "device", "date", Wanted("Jamstvo do"), now)
field_actions.fill(PLATFORM, Holder("device", client.pk, bad.pk, bad.name), {row.pk: "2028-01-31"}, now)
field_actions.define(PLATFORM, "site", "text", Wanted("Šifra ulaznih vrata"), now)
made["site"] = site
from predvid.modules.notifying import actions as notices
from predvid.modules.notifying import rotas
from predvid.modules.notifying.models import Delivery, Route
hook = {"url": "https://hooks.example.com/x", "key": "k" * 16}
hook = notices.keep_channel(PLATFORM, "webhook", "Dežurni razgovor u sobi", hook, now)
turns = list(Person.objects.filter(email__in=["hr@example.com", "en@example.com"]).order_by("email"))
begins = (now - timedelta(days=20)).date()
new = rotas.NewRota("Noći i vikendi", [one.pk for one in turns], begins, 480, 7, "Europe/Zagreb")
made["rota"] = rotas.add_rota(PLATFORM, new, now)
rotas.stand_in(PLATFORM, made["rota"].pk, turns[0].pk, now + timedelta(days=2), now + timedelta(days=4), now)
made["route"] = Route.objects.create(name="Radno vrijeme", client=client, days=31, since=480, until=960)
made["route"].people.set(turns)
Route.objects.create(name="Nitko nije preuzeo", floor=5, rota=made["rota"], channel=hook, after=15)
for state, words in {"sent": {"sent_at": now}, "failed": {"attempts": 9, "error": "not_sent.too_slow"},
                     "queued": {"escalates": True}, "suppressed": {"why": "taken"}}.items():
    event = Event.objects.create(
        device=bad, alert=alert, kind="alert.changed", severity=5, at=now, recorded_at=now,
        said_id="alert.opened", said_values={"what": "disk"}, reaction="done", **mine)
    words = {"person": turns[0], "next_at": now + timedelta(days=1), **words}
    Delivery.objects.create(event=event, alert=alert, state=state, queued_at=now, client=client, **words)
print(json.dumps({"device": str(bad.pk), **{name: str(row.pk) for name, row in made.items()},
                  "client": str(client.pk), "alert": alert.pk,
                  "person": str(invited.pk), "invitation": invitation,
                  "link": make_sign_in_link(Person.objects.get(email="hr@example.com"), now)}))
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
            "week": f"/devices/{keys['device']}/?range=7d", "board": "/board/",
            "chart": f"/devices/{keys['device']}/chart?metric=disk_used_percent&shift=1d"
                     f"&with={keys['other']}",
            "alerts": "/alerts/", "resolved": "/alerts/?phase=resolved", "alert": f"/alerts/{keys['alert']}/",
            "credentials": f"/clients/{keys['client']}/credentials/?kind=snmp_v3",
            "site": f"/sites/{keys['site']}/", "values": f"/clients/{keys['client']}/fields/",
            "contact": f"/clients/contacts/{keys['contact']}/", "note": f"/clients/notes/{keys['note']}/",
            "document": f"/clients/{keys['client']}/documents/add",
            "fields": "/fields/", "import": "/import/",
            "enrol": "/enrol/", "profile": "/profile/",
            "security": "/profile/security/", "protect": "/sign-in/protect/",
            "people": "/people/", "invite": "/people/invite", "person": f"/people/{keys['person']}/",
            "notifications": "/notifications/", "routes": "/notifications/routes/",
            "route": f"/notifications/routes/{keys['route']}/", "rotas": "/notifications/rotas/",
            "rota": f"/notifications/rotas/{keys['rota']}/",
            "channels": "/notifications/channels/?kind=webhook",
            "policies": "/policies/", "policy": f"/policies/clients/{keys['client']}/?check=disk_space",
            "policy of a device": f"/policies/devices/{keys['device']}/?check=cpu",
            "policy of a role": "/policies/templates/domain_controller/",
            "group": f"/groups/{keys['group']}/",
            "tasks": "/tasks/", "command": "/tasks/new/", "authority": "/authority/",
            "releases": "/releases/", "template": f"/tasks/templates/{keys['template']}/",
            **{name: f"/tasks/{keys[name]}/" for name in ("done", "running", "refused")},
            **{name: f"/tasks/requests/{keys[name]}/" for name in ("campaign", "waiting", "second")},
            "audit": "/audit/", "nothing audited": "/audit/?verb=device.merged",
        }  # fmt: skip

    def page(self, browser: Browser, language: str, width: int = 1440, zone: str = "Europe/Zagreb") -> Page:
        """Sign in and return a page whose every complaint is noted."""
        context = browser.new_context(
            base_url=self.one.place.address,
            viewport={"width": width, "height": 844},
            reduced_motion="reduce",
            timezone_id=zone,
        )
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.goto("/sign-in/")
        page.fill("[name=email]", f"{language}@example.com")
        page.fill("[name=password]", PASSWORD)
        page.click("form button")
        page.wait_for_url("**/sign-in/protect/")
        page.click("form.gate-other button")
        page.wait_for_url("**/")
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") or "[DOM]" in message.text:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with installation(tmp_path_factory.mktemp("pages"), "store", "gateway", "console") as one:
        yield Site(one, json.loads(one.django(WORLD.replace("TESTS", repr(str(TESTS)))).splitlines()[-1]))


@pytest.fixture(scope="module")  # while it lives, this thread has a running event loop: others need theirs
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
