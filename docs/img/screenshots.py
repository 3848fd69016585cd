"""Draws the pictures of README: a real installation, its own agent, and invented firms over the wire."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, BrowserContext, sync_playwright

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests")]

from invented import FIRMS, SILENT, Simulated  # noqa: E402 - likewise

from installation import Installation, free_port  # noqa: E402 - found by the line above
from predvid.server.place import Place  # noqa: E402 - likewise
from predvid.wire import v1  # noqa: E402 - likewise
from simulated import Link  # noqa: E402 - likewise

PAUSE = 15  # seconds between two deliveries
PATIENCE = 165  # seconds: longer than an agent's lease and the minimum duration of a failed service
MOST_BYTES = 300_000
TOKENS = """
import json, sys
from datetime import timedelta
from django.utils import timezone
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token
now = timezone.now()
tokens = {}
for name, sector in json.loads('''FIRMS'''):
    site = add_client(PLATFORM, name, sector, now).sites.get()
    tokens[name] = create_token(PLATFORM, site.pk, uses=50, valid=timedelta(hours=1), approves=True, now=now)
print(json.dumps(tokens))
"""


@contextmanager
def running(folder: Path) -> Iterator[tuple[Installation, str]]:
    """Give a whole installation as `predvid up` starts it, and its one-time link; stop it afterwards."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "predvid",
        "up",
        "--data",
        str(folder),
        "--port",
        str(port),
        "--no-browser",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = json.loads(process.stdout.readline() if process.stdout else "{}")
        place = Place.described(folder)
        if place is None:
            raise SystemExit("The installation did not start.")
        yield Installation(place, port), ready["sign_in"]
    finally:
        process.terminate()
        process.wait(60)


def populate(one: Installation) -> list[Simulated]:
    """Enrol the invented devices and deliver their day; return them."""
    tokens = json.loads(one.django(TOKENS.replace("FIRMS", json.dumps(list(FIRMS)))))
    link, devices = Link(one.port), []
    for (firm, _), names in FIRMS.items():
        for name in names:
            device = Simulated(name)
            status, answer = link.post(device.wire, "enrol", device.enrolment(tokens[firm]))
            if status != 200:
                raise SystemExit(f"{name} was not enrolled: {answer!r}")
            device.wire.agent = msgspec.msgpack.decode(answer, type=v1.Enrolled).agent
            for body in device.batches(past=True):
                link.ack(device.wire, body, waited=24 * 3_600_000)
            devices.append(device)
    link.close()
    return devices


def keep_reporting(one: Installation, devices: list[Simulated]) -> None:
    """Let all devices report until what must last has lasted; two fall silent after their first delivery."""
    link = Link(one.port)
    reporting = devices
    for _ in range(PATIENCE // PAUSE):
        for device in reporting:
            for body in device.batches(past=False):
                link.ack(device.wire, body)
        reporting = [device for device in devices if device.name not in SILENT]
        time.sleep(PAUSE)
    link.close()


def signed_in(browser: Browser, one: Installation, address: str) -> BrowserContext:
    """Return a browser in which the first owner was made by the one-time link."""
    context = browser.new_context(base_url=one.place.address, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.goto(address)
    page.fill("[name=name]", "Željka Ćosić")
    page.fill("[name=email]", "zeljka@example.com")
    page.fill("[name=password]", "jedna dovoljno duga rečenica")
    page.select_option("[name=language]", "hr")
    page.click("form button")
    page.wait_for_url("**/")
    page.close()
    return context


def picture(context: BrowserContext, path: str, name: str, *, dark: bool = False, width: int = 1440) -> None:
    """Write one page as `name`.png beside this file."""
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 844 if width < 600 else 1000})
    page.goto(path)
    page.wait_for_selector("#link-state.on", state="attached", timeout=30_000)
    page.wait_for_timeout(1500)  # the charts ask for their data one by one
    target = HERE / f"{name}.png"
    page.screenshot(path=target)
    page.close()
    if (size := target.stat().st_size) > MOST_BYTES:
        raise SystemExit(f"{target.name} has {size} bytes")


def draw(one: Installation, address: str) -> None:
    """Fill the installation, wait, and write the three pictures."""
    devices = populate(one)
    keep_reporting(one, devices)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        context = signed_in(browser, one, address)
        page = context.new_page()
        page.goto("/devices/?q=CL-SQL-02")
        device = page.locator("tr[data-row] a[data-open]").get_attribute("href")
        if not device:
            raise SystemExit("The device of the second picture is missing.")
        page.close()
        picture(context, "/", "overview")
        picture(context, device, "device", dark=True)
        picture(context, "/", "phone", width=390)
        browser.close()


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory(prefix="predvid-pictures-") as folder,
        running(Path(folder)) as (one, link),
    ):
        draw(one, link)
