"""What the wall between clients costs: pages and groups of results, under it and as a superuser beyond it.

Both ask the same tables of one PostgreSQL in turn; wall-clock time, to be compared within one run.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests")]
os.environ |= {
    "PREDVID_DATA": tempfile.mkdtemp(prefix="predvid-bench-"),
    "DJANGO_SETTINGS_MODULE": "predvid.server.settings",
}

import django

django.setup()

from django.conf import settings
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import World
from looking import looking_at
from postgres_fixture import APP, running
from predvid.core.alerting import Step
from predvid.core.model import State, say
from predvid.modules.access import tenancy
from predvid.modules.access.models import Person
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.actions import record
from predvid.modules.monitoring.rules import Change, Standing
from predvid.server.place import Place
from predvid.server.setting_up import migrate

PAGES = ("/", "/devices/", "/alerts/", "/clients/")


def filled(clients: int, devices: int) -> World:
    """Make a fleet and the two people who look at it."""
    world = World()
    with transaction.atomic(), tenancy.as_platform():
        for place in range(clients):
            world.client(f"Client {place}")
            for number in range(devices):
                world.device(world.sites[-1], f"D-{place}-{number}", state=3 if number % 10 == 0 else 0)
        world.person("owner@example.com", role="owner", all_clients=True)
        world.person("one@example.com", role="technician").clients.add(world.clients[0])
    return world


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Return the shortest time of some work: the one that nothing else on the machine disturbed."""
    work()
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return min(spent)


def pages(cookie: str, times: int) -> float:
    """Return the shortest time of a page, of a round of them."""
    browser = Browser()
    browser.cookies[settings.SESSION_COOKIE_NAME] = cookie

    def look() -> None:
        for page in PAGES:
            assert browser.get(page, HTTP_HOST="127.0.0.1").status_code == 200

    return milliseconds(look, times) / len(PAGES)


def group(world: World, size: int) -> Callable[[], None]:
    """Return what writes one group's changed results, as a gateway does."""
    rows = world.devices[:size]

    def write() -> None:
        now = timezone.now()
        with transaction.atomic():
            mine = Device.objects.filter(pk__in=[row.pk for row in rows])
            standing = Standing(State.OK, say("cpu.used", used=1.0), now)
            made = [Change(row.pk, row.client_id, "cpu", "used", standing, Step.NOTHING, now) for row in rows]
            record(made, dict(mine.values_list("pk", "judging_version")), now)

    return write


def main() -> None:
    """Measure both ways in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--devices", type=int, default=50, help="of each client")
    parser.add_argument("--times", type=int, default=15)
    options = parser.parse_args()
    with running() as server:
        server.create("walled")
        owner = server.url("walled")
        place = Place(
            Path(os.environ["PREDVID_DATA"]), database_url=server.url("walled", APP), owner_url=owner
        )
        beyond = Place(place.data, database_url=server.url("walled", "postgres"))
        with looking_at(place):
            migrate()
            world = filled(options.clients, options.devices)
        cookies = {}
        with looking_at(place, all_clients=False):
            for person in Person.objects.all():
                browser = Browser()
                browser.force_login(person)
                cookies[person.name] = browser.cookies[settings.SESSION_COOKIE_NAME].value
        found: dict[str, list[float]] = {}
        for _ in range(3):
            for name, each in (("under the wall", place), ("beyond it", beyond)):
                with looking_at(each, all_clients=False):
                    for person, cookie in cookies.items():
                        spent = pages(cookie, options.times)
                        found.setdefault(f"page of {person}, {name}", []).append(spent)
                with looking_at(each):
                    spent = milliseconds(group(world, 100), options.times)
                    found.setdefault(f"group of 100 results, {name}", []).append(spent)
    many = options.clients * options.devices
    print(f"{many} devices of {options.clients} clients; milliseconds, the best of 3 rounds")
    for name, times in sorted(found.items()):
        print(f"  {name:<40} {min(times):8.2f}")


if __name__ == "__main__":
    main()
