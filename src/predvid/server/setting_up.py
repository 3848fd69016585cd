"""What `predvid up` does to its data: tables, first client, local agent, owner's link."""

import getpass
import hashlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from predvid.checks.registry import checks
from predvid.checks.v1 import Check
from predvid.core.errors import UserError
from predvid.modules.access.actions import make_sign_in_link
from predvid.modules.access.models import Client, Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token
from predvid.modules.inventory.models import Site
from predvid.modules.monitoring.device_actions import replan_all
from predvid.modules.monitoring.models import Result, Stream
from predvid.modules.monitoring.store import StoreUnavailable
from predvid.modules.monitoring.stores import store
from predvid.server import row_security
from predvid.server.place import Place
from predvid.server.speech import Speech
from predvid.server.supervisor import Part, Supervisor

HOME = "Moja tvrtka / My company"


def migrate() -> None:
    """Bring the relational tables up to date, and on PostgreSQL the wall between clients.

    Raises UserError where the database is out of reach.
    """
    with _as_owner(settings.PLACE) as role:
        try:
            call_command("migrate", verbosity=0, interactive=False)
            if connection.vendor == "postgresql":
                row_security.install(role)
        except OperationalError as error:
            raise UserError(why_unusable(error, connection.vendor == "sqlite"), 1) from None
    connection.close()


@contextmanager
def _as_owner(place: Place) -> Iterator[str]:
    """Connect as the owner of the tables for a while; gives the application's role where it is another."""
    if not (place.owner_url and place.database_url):
        yield ""
        return
    known, before = connection.settings_dict, connection.settings_dict.copy()
    connection.close()
    known.update(place.owners_database())
    try:
        yield str(before["USER"]) or getpass.getuser()  # as whom it connects by the socket
    finally:
        connection.close()
        known.update(before)


def why_unusable(error: OperationalError, own_file: bool) -> str:
    """Return why the database cannot be used and what to do; `own_file` where it is in the data directory."""
    reason = str(error).strip().splitlines()[0]
    full = re.search(r"disk is full|no space left on device", reason, re.IGNORECASE)
    if full and own_file:
        return "The database cannot be used: the disk of the data directory is full. Free some space there."
    if full:
        return "The database cannot be used: the disk of the database server is full. Free some space there."
    do = "predvid doctor tells more." if own_file else "See PREDVID_DATABASE_URL."
    return f"The database cannot be used: {reason}. {do}"


def note_checks(place: Place) -> None:
    """Give every device a new plan version if the installed checks are not those of the last start."""
    path, now = place.data / "run" / "checks", _as_installed(checks().values())
    if not path.exists() or path.read_text() != now:
        replan_all(datetime.now(UTC))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(now)


def _as_installed(found: Iterable[Check]) -> str:
    """Return a digest of all that the checks give to a plan: names, intervals, params, platforms."""
    lines = sorted(
        f"{c.name} {c.interval} {sorted(c.intervals.items())} {c.params!r} {sorted(c.defaults.items())!r}"
        f" {c.platforms} {c.secrets}"
        for c in found
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def wait_for_store(supervisor: Supervisor, seconds: float) -> None:
    """Wait until the store answers and has its tables. Raises UserError after `seconds`."""
    supervisor.wait(_store_prepared, seconds, "The store of samples does not answer")
    note_checks(supervisor.place)


def _store_prepared() -> bool:
    try:
        store().prepare()
    except StoreUnavailable:
        return False
    return True


def local_agent(place: Place) -> Part:
    """Return the part that runs this machine's agent, enrolled; its token passes through a pipe only.

    Raises UserError when the enrolment fails.
    """
    state = place.data / "agent"
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (state / "agent.json").exists():
        command = [sys.executable, "-m", "predvid", "agent", "enroll", place.local, "--state", str(state)]
        try:
            done = subprocess.run(
                command, input=_token() + "\n", capture_output=True, text=True, check=False, timeout=60
            )
        except subprocess.TimeoutExpired:
            raise UserError("This machine's agent did not enrol within 60 s; start again.", 1) from None
        if done.returncode:
            raise UserError(
                f"This machine's agent could not enrol: {done.stderr.strip() or done.stdout.strip()}", 1
            )
    return Part("agent", ["agent", "run", "--state", str(state)])


def _token() -> str:
    now = datetime.now(UTC)
    return create_token(
        PLATFORM, _home_site(now).pk, uses=1, valid=timedelta(hours=1), approves=True, now=now
    )


def _home_site(now: datetime) -> Site:
    site = Site.objects.order_by("client__created_at").first()
    if site is None:
        client = Client.objects.first() or add_client(PLATFORM, HOME, "", now)
        site = client.sites.first() or Site.objects.create(client=client, name=socket.gethostname())
    return site


def wait_for_samples(supervisor: Supervisor, seconds: float) -> None:
    """Wait until this machine delivers and is judged. Raises UserError after `seconds`."""
    agent = UUID(json.loads((supervisor.place.data / "agent" / "agent.json").read_text())["agent"])
    began = datetime.now(UTC)
    supervisor.wait(
        lambda: _delivers(agent, began), seconds, "This machine's samples did not come (predvid doctor)"
    )


def _delivers(agent: UUID, since: datetime) -> bool:
    mine = Stream.objects.filter(agent=agent, seen_at__gte=since)
    found = mine.exists() and Result.objects.filter(device__agents=agent).exists()
    connection.close()
    return found


def first_owner_link(place: Place) -> str | None:
    """Return a one-time link that makes the first owner, None when there is one."""
    if Person.objects.filter(role=Person.Role.OWNER, is_active=True).exists():
        return None
    return _sign_in_link(place, None)


def owner_link(place: Place, email: str | None, tell: Speech) -> str:
    """Return a one-time sign-in link for the owner with `email`, or one that makes the first owner.

    Raises UserError (worded by `tell`) if there is no such person, or if there are several owners and no
    address was given.
    """
    person = None
    owners = Person.objects.filter(role=Person.Role.OWNER, is_active=True)
    if email:
        person = Person.objects.filter(email__iexact=email, is_active=True).first()
        if person is None:
            raise UserError(tell("nobody", email=email))
    elif (person := owners.first()) is not None and owners.count() > 1:
        raise UserError(tell("several", command=place.command("owner", "link", "--email", tell("address"))))
    return _sign_in_link(place, person)


def _sign_in_link(place: Place, person: Person | None) -> str:
    secret = make_sign_in_link(person, datetime.now(UTC))
    return f"{place.address}/welcome/{secret}"
