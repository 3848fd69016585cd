"""Two workers share the post: every message goes out exactly once, on SQLite and on PostgreSQL."""

import email
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from installation import Installation, installation
from smtp_fixture import OnAnyPort

MANY = 60
PREPARE = """
from django.utils import timezone
from predvid.modules.access.models import Client, Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.notifying import actions
from predvid.modules.notifying.models import Delivery
now = timezone.now()
settings = dict(host="127.0.0.1", port=PORT, security="plain", username="", password="",
                sender="predvid@example.com", sender_name="Predvid")
actions.keep_channel(PLATFORM, "email", "E-mail", settings, now)
client = add_client(PLATFORM, "Hotel", "", now)
device = Device.objects.create(client=client, site=client.sites.get(), name="SRV")
person = Person.objects.create(email="tea@example.com", name="Tea", role="owner", all_clients=True)
for n in range(MANY):
    alert = Alert.objects.create(client=client, device=device, check_name="cpu", item=str(n), state=2,
                                 said_id="cpu.high", since=now, opened_at=now, changed_at=now)
    words = dict(client=client, alert=alert)
    event = Event.objects.create(device=device, kind="alert.opened", severity=5, at=now, recorded_at=now,
                                 said_id="alert.opened", said_values={"what": "cpu"}, **words)
    Delivery.objects.create(event=event, person=person, queued_at=now, next_at=now, **words)
"""
SEND = """
import sys
from datetime import UTC, datetime
from predvid.modules.notifying import sending
from predvid.modules.notifying.models import Delivery
from predvid.server.fetching import Fetcher
print("ready", flush=True)
sys.stdin.readline()
while Delivery.objects.filter(state="queued").exists():
    sending.send_due("https://rmm.example.com", Fetcher(), lambda: datetime.now(UTC))
"""


class Keeping:
    """Counts the messages that the server took, by their Message-ID."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken[str(email.message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 OK"


@contextmanager
def server() -> Iterator[tuple[Keeping, int]]:
    keeping = Keeping()
    controller = OnAnyPort(keeping, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield keeping, controller.port
    finally:
        controller.stop()


def race(one: Installation) -> None:
    """Let two processes that are ready begin in the same moment, and end when nothing is queued."""
    code = f"import django; django.setup()\n{SEND}"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**one.environment, "PREDVID_PART": "worker"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=120)
        assert worker.returncode == 0


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_two_workers_one_sends_each_message(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if database == "postgresql" else ""
    with installation(tmp_path / "data", database_url=url) as one, server() as (keeping, port):
        one.django(PREPARE.replace("PORT", str(port)).replace("MANY", str(MANY)))
        race(one)
    assert keeping.taken.total() == len(keeping.taken) == MANY
