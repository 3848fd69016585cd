"""How fast pages are with a large fleet: overview, inbox, devices, one device, search, over the one address.

5,000 devices and 30 days unless told otherwise. Each figure is the time from request to whole answer, one
request at a time as a person asks, through the gateway, on the embedded store and SQLite; goals: 150 ms,
of the search 100 ms, of the timeline 300 ms, all p95. Beside them the same pages of a small installation in
the same run, so that what grows with the fleet can be told from what a page costs anyway.
"""

import argparse
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from installation import Installation, installation

GOALS = {"search": 100.0, "timeline": 300.0}
GOAL = 150.0  # ms, p95, of any other page


@dataclass(frozen=True)
class Fleet:
    """A filled installation: the cookie of an owner, and keys of its devices."""

    one: Installation
    cookie: str
    keys: list[str]
    samples: int


@contextmanager
def fleet(folder: Path, devices: int, days: int) -> Iterator[Fleet]:
    """Give an installation with so many devices, whose console answers."""
    with installation(folder, "store", "gateway", "console") as one:
        done = subprocess.run(
            [sys.executable, str(ROOT / "bench/large_fleet.py"), str(devices), str(days)],
            env={**one.environment, "PREDVID_PART": "verb"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        cookie, samples, _ = done.stdout.split()
        keys = one.django(
            "from predvid.modules.inventory.models import Device\n"
            "print(*Device.objects.order_by('?').values_list('pk', flat=True)[:300])"
        )
        yield Fleet(one, cookie, keys.split(), int(samples))


def pages(one: Fleet, dice: random.Random) -> dict[str, Callable[[], str]]:
    """Return what makes the next address of each page."""
    many = 5000
    return {
        "overview": lambda: "/",
        "inbox": lambda: "/alerts/",
        "clients": lambda: "/clients/",
        "devices": lambda: f"/devices/?page={dice.randint(1, 40)}",
        "devices by alerts": lambda: "/devices/?sort=alerts&type=server",
        "device": lambda: f"/devices/{dice.choice(one.keys)}/",
        "timeline": lambda: f"/devices/{dice.choice(one.keys)}/timeline?range=30d",
        "compared": lambda: (
            f"/devices/{dice.choice(one.keys)}/chart?metric=cpu_used_percent&range=7d&shift=7d"
            f"&with={one.keys[0]}&with={one.keys[1]}"
        ),
        "chart": lambda: f"/devices/{dice.choice(one.keys)}/series?metric=cpu_used_percent&range=30d",
        "search": lambda: (
            f"/search?q={dice.choice(('PC-0', 'pc-04', 'CZC00', '10.9.', 'Klijent+0'))}"
            f"{dice.randrange(many) % 10}"
        ),
    }


def timed(one: Fleet, next_address: Callable[[], str], times: int) -> list[float]:
    """Return the milliseconds of so many answers."""
    connection = http.client.HTTPConnection("127.0.0.1", one.one.port, timeout=60)
    headers = {"Cookie": f"predvid_session={one.cookie}", "Host": f"127.0.0.1:{one.one.port}"}
    spent = []
    for number in range(times + 3):
        address = next_address()
        began = time.perf_counter()
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{address}: HTTP status {answer.status}")
        if number >= 3:  # the first ones load code and templates
            spent.append((time.perf_counter() - began) * 1000)
    connection.close()
    return spent


def main() -> None:
    """Measure and print one JSON line a page, the small installation's median beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--times", type=int, default=100, help="requests of each page")
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    for name, devices in (("small", 20), ("large", options.devices)):
        with (
            tempfile.TemporaryDirectory(prefix="predvid-bench-") as folder,
            fleet(Path(folder) / "i", devices, options.days) as one,
        ):
            print(json.dumps({"fleet": name, "devices": devices, "samples": one.samples}), flush=True)
            for page, next_address in pages(one, random.Random(1)).items():
                cuts = quantiles(timed(one, next_address, options.times), n=20)
                found.setdefault(page, {})[f"{name}_p50_ms"] = round(cuts[9], 1)
                found[page][f"{name}_p95_ms"] = round(cuts[18], 1)
    for page, figures in found.items():
        goal = GOALS.get(page, GOAL)
        print(json.dumps({"page": page, **figures, "goal_ms": goal, "met": figures["large_p95_ms"] <= goal}))


if __name__ == "__main__":
    main()
