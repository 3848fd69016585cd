"""The same line on PostgreSQL: enrolment, batches, an alert that opens and resolves, and a repeated batch."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from installation import Installation, installation
from predvid.wire import v1
from simulated import Device, Link

TOKEN = """
from datetime import datetime, timedelta, UTC
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token
now = datetime.now(UTC)
site = add_client(PLATFORM, "Žito", "", now).sites.first()
print(create_token(PLATFORM, site.pk, uses=1, valid=timedelta(hours=1), approves=True, now=now))
"""
MODELS = "from predvid.modules.monitoring.models import Alert, Event; "
ALERTS = MODELS + "print(list(Alert.objects.values_list('phase', flat=True)))"
KINDS = MODELS + "print(sorted(Event.objects.values_list('kind', flat=True)))"

CUT = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                   " WHERE pid <> pg_backend_pid() AND usename = %s", ["predvid"])
"""
WAITING = MODELS + "print(Event.objects.exclude(reaction='done').count())"
SECONDS = 60


def wait_for(done: Callable[[], bool], one: Installation) -> None:
    end = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < end, one.log("worker")
        time.sleep(0.5)


def disk(used: float) -> list[tuple[str, dict[str, str], float]]:
    mount = {"mount": "/"}
    free = 1e9 if used > 90 else 1e11
    return [("disk_used_percent", mount, used), ("disk_free_bytes", mount, free)]


def test_the_line_holds_on_postgresql(tmp_path: Path, postgres: str) -> None:
    parts = ("store", "gateway", "worker")
    with installation(tmp_path / "i", *parts, database_url=postgres) as one, closing(Link(one.port)) as link:
        device = Device()
        status, answer = link.post(device, "enrol", device.enrolment(one.django(TOKEN)))
        assert status == 200, answer
        device.agent = msgspec.msgpack.decode(answer, type=v1.Enrolled).agent
        assert not link.ack(device, device.batch("disk_space", disk(40))).repeated
        hot = device.batch("disk_space", disk(99))
        assert not link.ack(device, hot).repeated
        assert link.ack(device, hot).repeated
        assert one.django(ALERTS) == "['open']"
        link.ack(device, device.batch("disk_space", disk(40)))
        assert one.django(ALERTS) == "['resolved']"
        assert one.django(KINDS) == "['agent.enrolled', 'alert.opened', 'alert.resolved']"
        one.django(CUT)
        late = device.batch("disk_space", disk(41))
        answers = [link.post(device, "batch", late, 0)[0] for _ in range(3)]
        assert answers[-1] == 200, "the gateway connects again after the database has cut it off"
        assert set(answers) <= {200, 503}
        wait_for(lambda: one.django(WAITING) == "0", one)
