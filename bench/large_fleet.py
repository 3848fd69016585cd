"""Fills an installation with a large fleet, rows made directly, as after some days of work; prints a cookie.

Run inside an installation: `python bench/large_fleet.py DEVICES DAYS`. Every device has an agent that seems
to report for two hours, claims, facts, results, a few alerts of the past and 1 in 16 an open one; the store
has the last day of eleven series of each at ten minutes, and `DAYS` by the hour of one device in 25.
"""

import os
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import django

django.setup()

import numpy as np
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from predvid.modules.access.models import Client, Person
from predvid.modules.inventory.models import Agent, Device, DeviceClaim, Fact, Site, Tenure
from predvid.modules.monitoring.models import Alert, Event, Result, Stream
from predvid.modules.monitoring.store_rows import SeriesRow, series_id
from predvid.modules.monitoring.stores import store

PER_CLIENT = 100
CHECKS = ("cpu", "memory", "services", "patches", "uptime", "network", "time_sync", "antivirus", "firewall")
SERIES = (
    *(("cpu_used_percent", {}), ("memory_used_percent", {}), ("memory_available_bytes", {})),
    *(
        (name, {"mount": mount})
        for name in ("disk_used_percent", "disk_free_bytes")
        for mount in ("/", "/var")
    ),
    *((f"net_{way}_bytes_per_second", {"interface": "eth0"}) for way in ("rx", "tx")),
    *(("uptime_seconds", {}), ("services_failed", {}), ("services_running", {})),
)
DICE = random.Random(1)
MANY = 2_000  # rows of one statement


def clients(now: datetime, count: int) -> list[Site]:
    """Make clients with two sites each; return the sites."""
    made = Client.objects.bulk_create(Client(name=f"Klijent {n:03}", sector="Turizam") for n in range(count))
    names = ("Sjedište", "Skladište")
    return Site.objects.bulk_create(Site(client=client, name=name) for client in made for name in names)


def machines(now: datetime, sites: list[Site], count: int) -> list[Device]:
    """Make the devices with what belongs to each."""
    kinds = ("workstation", "workstation", "laptop", "server")
    devices = [
        Device(client=(site := sites[n % len(sites)]).client, site=site, name=f"PC-{n:05}", platform="linux",
               type=kinds[n % 4], os="Debian GNU/Linux 12 (bookworm)")
        for n in range(count)
    ]  # fmt: skip
    Device.objects.bulk_create(devices, batch_size=MANY)
    began = now - timedelta(days=400)
    Tenure.objects.bulk_create(
        (Tenure(device=d, client=d.client, site=d.site, since=began) for d in devices), batch_size=MANY
    )
    agents = [
        Agent(client=d.client, device=d, state="approved", sign_key=os.urandom(32), seal_key=os.urandom(32),
              version="0.1.0", approved_at=now)
        for d in devices
    ]  # fmt: skip
    Agent.objects.bulk_create(agents, batch_size=MANY)
    Stream.objects.bulk_create(
        (Stream(agent=a, boot="b", seq=9, recent=b"", seen_at=now + timedelta(hours=2)) for a in agents),
        batch_size=MANY,
    )
    DeviceClaim.objects.bulk_create(_claims(devices), batch_size=MANY)
    Fact.objects.bulk_create(_facts(devices, now), batch_size=MANY)
    return devices


def _claims(devices: list[Device]) -> Iterator[DeviceClaim]:
    for number, device in enumerate(devices):
        mine = {"device": device, "client": device.client}
        yield DeviceClaim(kind="serial", value=f"CZC{number:07}", **mine)
        card = f"{number:06x}"
        yield DeviceClaim(kind="mac", value=f"52:54:00:{card[:2]}:{card[2:4]}:{card[4:]}", **mine)
        yield DeviceClaim(kind="hostname", value=device.name.lower(), **mine)


def _facts(devices: list[Device], now: datetime) -> Iterator[Fact]:
    for number, device in enumerate(devices):
        mine = {"device": device, "client": device.client, "check_name": "inventory", "since": now}
        address = f"10.{number >> 8}.{number & 255}.7/24"
        yield Fact(name="network.interfaces", value=[{"key": "eth0", "addresses": [address]}], **mine)
        yield Fact(name="hardware.system", value={"maker": "HP", "serial": f"CZC{number:07}"}, **mine)
        packages = [{"key": f"paket-{n}", "version": "1.2.3"} for n in range(60)]
        yield Fact(name="software.packages", value=packages, **mine)


def judged(devices: list[Device], now: datetime, days: int) -> None:
    """Make results, alerts of the past and open ones, and their events."""
    good = (
        Result(client=d.client, device=d, check_name=name, state=0, said_id="check.fine", since=now)
        for d in devices
        for name in CHECKS
    )
    Result.objects.bulk_create(good, batch_size=MANY)
    said = {"said_id": "disk_space.used", "said_values": {"mount": "/", "used": 96.0, "free": 4e9}}
    alerts = []
    for number, device in enumerate(devices):
        mine = {"client": device.client, "device": device, "check_name": "disk_space", "item": "/"}
        bad = number % 16 == 0
        at = now - timedelta(hours=DICE.uniform(1, 100))
        phase = {"phase": "open", "bad_since": at} if bad else {}
        Result.objects.bulk_create([Result(state=3 * bad, since=at, **phase, **mine, **said)])
        if bad:
            alerts.append(
                Alert(state=3 - number % 3 % 2, since=at, opened_at=at, changed_at=at, **mine, **said)
            )
        for _ in range(3):
            began = now - timedelta(days=DICE.uniform(1, days))
            ended = {"phase": "resolved", "resolved_at": began + timedelta(hours=2)}
            alerts.append(
                Alert(state=1, since=began, opened_at=began, changed_at=began, **ended, **mine, **said)
            )
    Alert.objects.bulk_create(alerts, batch_size=MANY)
    steps = ("opened", "resolved")
    Event.objects.bulk_create(
        (
            Event(client=a.client, device=a.device, alert=a, kind=f"alert.{step}", severity=3, at=a.opened_at,
                  recorded_at=a.opened_at, said_id=f"alert.{step}", said_values={"what": "disk_space /"},
                  reaction="done")
            for a in alerts for step in steps[: 1 + (a.phase == "resolved")]
        ),
        batch_size=MANY,
    )  # fmt: skip


def measured(devices: list[Device], now: datetime, days: int) -> int:
    """Store the samples; return how many."""
    last = int(now.timestamp()) // 600 * 600_000
    day = np.arange(144, dtype=np.int64)[::-1] * -600_000 + last
    long = np.arange(24 * days, dtype=np.int64)[::-1] * -3_600_000 + last
    names = sorted({name for name, _ in SERIES})
    places = {name: n for n, name in enumerate(names)}
    stored = 0
    for start in range(0, len(devices), 250):
        rows, columns = [], []
        for device in devices[start : start + 250]:
            times = np.union1d(day, long) if len(rows) % (25 * len(SERIES)) == 0 else day
            for name, labels in SERIES:
                number = series_id(str(device.pk), name, labels)
                rows.append(SeriesRow(number, str(device.pk), name, labels))
                size = len(times)
                values = 50 + 20 * np.sin(times / 13_750_987) + np.random.default_rng(1).normal(0, 3, size)
                index = np.full(size, places[name], np.uint32)
                columns.append((index, np.full(size, number, np.uint64), times, values))
        store().register_series(rows)
        block = [np.concatenate(part) for part in zip(*columns, strict=True)]
        store().insert_samples(names, *block)
        stored += len(block[0])
    first = int(long[0]) // 3_600_000
    hours = [datetime.fromtimestamp(h * 3600, tz=now.tzinfo) for h in range(first, last // 3_600_000 + 1)]
    store().recompute_hours(hours)
    return stored


def main(count: int, days: int) -> None:
    """Fill everything and print the cookie of an owner's session, and how many samples there are."""
    now = timezone.now()
    with transaction.atomic():
        devices = machines(now, clients(now, max(1, count // PER_CLIENT)), count)
        judged(devices, now, days)
        owner = Person(
            email="owner@example.com", name="Ana Owner", role="owner", all_clients=True, language="en"
        )
        owner.set_password(os.urandom(16).hex())
        owner.save()
        browser = Browser()
        browser.force_login(owner)
    stored = measured(devices, now, days)
    print(browser.cookies["predvid_session"].value, stored, devices[0].pk)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
