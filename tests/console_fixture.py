"""The console's own database and a small world in it, for tests that ask pages inside this process."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# Settings are read from the environment once; a folder of our own keeps the tests away from any real data.
_FOLDER = tempfile.mkdtemp(prefix="predvid-tests-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["PREDVID_DATA"] = _FOLDER
os.environ["DJANGO_SETTINGS_MODULE"] = "predvid.server.settings"

import django  # noqa: E402 - reads the two variables above
import pytest  # noqa: E402 - after the environment is ready

django.setup()

from django.core.management import call_command  # noqa: E402 - needs the set-up above
from django.db import connection, transaction  # noqa: E402
from django.test import Client as Browser  # noqa: E402
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402
from django.utils import timezone  # noqa: E402

from predvid.modules.access.models import Client, Person  # noqa: E402
from predvid.modules.automation.models import Publication, Task, TaskRequest  # noqa: E402
from predvid.modules.inventory.models import Agent, Device, EnrolmentToken, Site, Tenure  # noqa: E402
from predvid.modules.monitoring.models import Alert, Event, MaintenanceWindow, Result, Stream  # noqa: E402

PASSWORD = "dovoljno duga rečenica"
USED = {"used": 96.0, "mount": "/", "free": 4e9}


@pytest.fixture(scope="session")
def console_tables() -> Iterator[None]:
    """The tables, made once; pages answer to the test client's host name."""
    setup_test_environment()
    call_command("migrate", verbosity=0)
    yield
    connection.close()
    teardown_test_environment()


@pytest.fixture(scope="module", autouse=True)
def strangers(console_tables: None) -> Iterator[None]:
    """No file of tests leaves people behind, whom another file would meet in some orders only."""
    yield
    left = list(Person.objects.values_list("email", flat=True))
    assert not left, f"these tests left people in the installation that all tests share: {left}"


@pytest.fixture
def database(console_tables: None) -> Iterator[None]:
    """A database whose changes end with the test."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass
class World:
    """Two clients with devices and alerts; an owner who sees both, a technician who sees only the first."""

    now: datetime = field(default_factory=timezone.now)
    clients: list[Client] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)

    def person(self, email: str, **words: Any) -> Person:
        person = Person(email=email, name=email.partition("@")[0].title(), **words)
        person.set_password(PASSWORD)
        person.save()
        return person

    def client(self, name: str) -> Client:
        client = Client.objects.create(name=name, sector="Turizam")
        self.clients.append(client)
        self.sites.append(Site.objects.create(client=client, name="Sjedište"))
        return client

    def device(
        self, site: Site, name: str, state: int = 0, seen: timedelta = timedelta(seconds=10)
    ) -> Device:
        """Add a device whose agent delivered `seen` ago and whose disk stands at `state`, with its alert."""
        mine = {"client": site.client}
        device = Device.objects.create(site=site, name=name, os="Debian GNU/Linux 12", **mine)
        Tenure.objects.create(device=device, site=site, since=self.now - timedelta(days=9), **mine)
        agent = Agent.objects.create(
            device=device, state="approved", sign_key=os.urandom(32), seal_key=os.urandom(32), **mine
        )
        Stream.objects.create(agent=agent, boot="b", seq=1, recent=b"", seen_at=self.now - seen)
        said = {"check_name": "disk_space", "item": "/", "said_id": "disk_space.used", "said_values": USED}
        since = self.now - timedelta(hours=2)
        stands = {"phase": "open", "bad_since": since} if state else {}
        Result.objects.create(device=device, state=state, since=since, **stands, **said, **mine)
        if state:
            alert = Alert.objects.create(
                device=device, state=state, since=since, opened_at=since, changed_at=since, **said, **mine
            )
            Event.objects.create(
                device=device,
                alert=alert,
                kind="alert.opened",
                severity=5,
                at=since,
                recorded_at=since,
                said_id="alert.opened",
                said_values={"what": "disk_space /"},
                **mine,
            )
            self.alerts.append(alert)
        self.devices.append(device)
        return device

    def holding(self, site: Site, name: str, since: timedelta) -> Device:
        """Add a device whose processor has been busy `since`, but not for the ten minutes of an alert."""
        device = self.device(site, name)
        at = self.now - since
        Result.objects.create(
            client=site.client,
            device=device,
            check_name="cpu",
            item="used",
            state=3,
            said_id="cpu.used",
            said_values={"used": 99.0},
            since=at,
            phase="pending",
            bad_since=at,
        )
        return device

    def pending(self, site: Site, name: str) -> Agent:
        device = Device.objects.create(client=site.client, site=site, name=name)
        return Agent.objects.create(
            client=site.client, device=device, sign_key=os.urandom(32), seal_key=os.urandom(32)
        )

    def task(self, site: Site) -> Task:
        """Add a task that waits, of a template published for that site's client alone."""
        device = next(device for device in self.devices if device.site_id == site.pk)
        later = self.now + timedelta(hours=1)
        runs = {"title": "Čišćenje", "language": "sh", "content": "true", "timeout": 60}
        publication = Publication.objects.create(
            key=f"t-{os.urandom(4).hex()}", version=1, signed=b"", rate=9, by_server=True, issued_at=self.now,
            accepted_at=self.now, expires_at=later, targets={"clients": [str(site.client_id)]}, **runs,
        )  # fmt: skip
        request = TaskRequest.objects.create(
            client=site.client, publication=publication, devices=1, requested_name="Ana", expires_at=later,
            requested_at=self.now, second_person_needed=True, **runs,
        )  # fmt: skip
        return Task.objects.create(
            client=site.client, device=device, agent=device.agents.get(), request=request,
            wire=os.urandom(8).hex(), created_at=self.now, expires_at=later,
        )  # fmt: skip

    def window(self, client: Client) -> MaintenanceWindow:
        """Add a maintenance window over a client that is open now."""
        at = self.now - timedelta(hours=1)
        return MaintenanceWindow.objects.create(
            client=client, reason="Nadogradnja", zone="UTC", first=at.date(), at=at.time(), minutes=180,
            made_at=self.now,
        )  # fmt: skip

    def token(self, site: Site) -> EnrolmentToken:
        return EnrolmentToken.objects.create(
            client=site.client,
            site=site,
            secret_hash=os.urandom(32),
            expires_at=self.now + timedelta(hours=1),
        )

    def signed_in(self, person: Person, proved: bool = True) -> Browser:
        """Return a browser of somebody who has signed in, been seen, and (unless not `proved`) just now."""
        browser = Browser()
        browser.force_login(person)
        if proved:
            session = browser.session
            session["proof"] = timezone.now().timestamp()
            session.save()
        browser.get("/healthz")
        return browser


@pytest.fixture
def world(database: None) -> World:
    """A hotel and a school, each with a healthy and a failing device."""
    world = World()
    for name in ("Hotel Čvorak", "Gimnazija Šipan"):
        world.client(name)
        site = world.sites[-1]
        world.device(site, f"{name[:3]}-SRV-01", state=3)
        world.device(site, f"{name[:3]}-WS-02")
    world.device(world.sites[0], "Hot-WS-03", seen=timedelta(hours=5))
    return world
