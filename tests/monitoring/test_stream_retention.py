"""Old starts of an agent do not pile up, and the running one is never forgotten."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from predvid.modules.access.models import Client
from predvid.modules.inventory.models import Agent, Device, Site
from predvid.modules.monitoring.chores import STARTS, STREAM_DAYS, _forget_streams
from predvid.modules.monitoring.models import Stream

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def agent(name: str) -> Agent:
    client = Client.objects.create(name=name)
    site = Site.objects.create(client=client, name="s")
    device = Device.objects.create(client=client, site=site, name=name)
    return Agent.objects.create(client=client, device=device, sign_key=name.encode().ljust(32), seal_key=b"")


def stream(owner: Agent, boot: str, seen: datetime) -> None:
    Stream.objects.create(agent=owner, boot=boot, seq=1, recent=b"", seen_at=seen)


def boots(owner: UUID) -> set[str]:
    return set(Stream.objects.filter(agent=owner).values_list("boot", flat=True))


def test_long_silent_starts_go_and_the_latest_stays() -> None:
    old = agent("old")
    stream(old, "first", NOW - STREAM_DAYS - timedelta(days=2))
    stream(old, "last", NOW - STREAM_DAYS - timedelta(days=1))
    _forget_streams(NOW)
    assert boots(old.pk) == {"last"}


def test_an_agent_that_starts_over_and_over_keeps_its_latest_starts() -> None:
    busy = agent("busy")
    for n in range(STARTS + 5):
        stream(busy, f"b{n}", NOW - timedelta(minutes=STARTS + 5 - n))
    _forget_streams(NOW)
    assert boots(busy.pk) == {f"b{n}" for n in range(5, STARTS + 5)}
