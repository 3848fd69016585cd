"""The held answer to GET /push: framed, ended when the agent may not be heard, replaced by a newer start."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import pytest

import fleet
from held_answer import PATH, Held
from installation import Installation
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.actions import handing, requests
from predvid.modules.automation.models import AgentTrust, Publication, Task
from predvid.modules.automation.rules import LEASE_AGAIN
from predvid.modules.monitoring import device_actions
from simulated import Device, Link, refusal


@contextmanager
def held(gateway: Installation, device: Device, **changed: str) -> Iterator[Held]:
    one = Held(gateway.port, device, **changed)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def device(link: Link) -> Device:
    """An approved agent that the server has heard of."""
    device = fleet.enrol(link)
    link.ack(device, device.batch("cpu", []))
    return device


def asked(device: Device) -> Task:
    """Let a template wait for the agent; what it says does not matter here."""
    row, now = fleet.agent(device), datetime.now(UTC)
    AgentTrust.objects.create(
        client_id=row.client_id, agent=row, root=b"r" * 32, keyset=1 << 40, classes=[0, 1], told_at=now
    )
    signed = msgspec.msgpack.encode([b"", []])
    publication = Publication.objects.create(
        key=f"t-{row.pk.hex[:12]}", version=1, signed=signed, title="T", language="sh", content="true",
        timeout=9, rate=9, by_server=True, targets={"everywhere": True}, issued_at=now, accepted_at=now,
        expires_at=now.replace(year=now.year + 1),
    )  # fmt: skip
    request = requests.request_template(PLATFORM, publication.pk, [row.device_id], {}, now)
    return request.tasks.get()


def test_a_lease_comes_at_once_and_only_once(gateway: Installation, device: Device) -> None:
    with held(gateway, device) as answer:
        first = answer.message()
        assert answer.status == 200
        assert first is not None
        assert not first.tasks
        task, begun = asked(device), time.monotonic()
        pushed = answer.message()
        assert time.monotonic() - begun < 2
        assert pushed is not None
        assert [lease.task for lease in pushed.tasks] == [task.wire]
    task.refresh_from_db()
    assert (task.state, task.handed) == ("leased", 1)
    with held(gateway, device) as again:
        assert again.message() is not None
        waiting = handing.waiting_agents(datetime.now(UTC))
        assert fleet.agent_id(device) not in waiting, "no second lease to the same start for a minute"
        assert fleet.agent_id(device) in handing.waiting_agents(datetime.now(UTC) + LEASE_AGAIN)


def test_a_lease_comes_with_the_ack_where_nothing_is_held(
    gateway: Installation, link: Link, device: Device
) -> None:
    task, end, leases = asked(device), time.monotonic() + 10, []
    while not leases:
        assert time.monotonic() < end
        body = device.batch("cpu", [])
        leases = link.ack(device, body).tasks
    assert [lease.task for lease in leases] == [task.wire]
    assert link.ack(device, body).tasks == [], "a repeated batch leases nothing"


def test_a_damaged_template_holds_up_no_batch(gateway: Installation, link: Link, device: Device) -> None:
    task, end = asked(device), time.monotonic() + 4
    Publication.objects.filter(pk=task.request.publication_id).update(signed=b"\xc1")
    while time.monotonic() < end:
        assert link.ack(device, device.batch("cpu", [])).tasks == []
        time.sleep(0.1)  # more often than that an agent is asked to come back later
    task.refresh_from_db()
    assert task.state == "queued"
    neighbour = fleet.enrol(link)
    link.ack(neighbour, neighbour.batch("cpu", []))


def test_a_revoked_agent_is_let_go(gateway: Installation, device: Device) -> None:
    with held(gateway, device) as answer:
        assert answer.message() is not None
        device_actions.revoke(PLATFORM, fleet.agent_id(device), datetime.now(UTC))
        begun = time.monotonic()
        while answer.message() is not None:
            pass
        assert time.monotonic() - begun < 10


def test_a_newer_start_takes_the_place_of_an_older_one(
    gateway: Installation, link: Link, device: Device
) -> None:
    with held(gateway, device) as older:
        assert older.message() is not None
        newer = Device(device.seed, device.agent, generation=2)
        link.ack(newer, newer.batch("cpu", []))
        with held(gateway, newer) as answer:
            assert answer.message() is not None
            assert older.message() is None


def test_an_old_or_unsigned_request_is_not_held(gateway: Installation, link: Link, device: Device) -> None:
    device.clock_ms = -11 * 60_000
    status, answer = link.send("GET", PATH, device.headers(PATH, b""), b"")
    assert (status, refusal(answer).code) == (503, "stale")
    device.clock_ms = 0
    headers = device.headers(PATH, b"", **{"predvid-signature": "AAAA"})
    status, answer = link.send("GET", PATH, headers, b"")
    assert (status, refusal(answer).code) == (401, "signature")
