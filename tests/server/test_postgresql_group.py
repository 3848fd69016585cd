"""What only PostgreSQL refuses fails no group, and two gateways that take one batch at once take it once."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from faults.fleet_load import deployment_token
from installation import Installation, free_port, installation
from predvid.wire import v1
from simulated import Device, Link, now_ms

ENCODED = msgspec.msgpack.Decoder(v1.Enrolled)
AGENTS = 15
COUNT = (
    "from django.db.models import Count; from predvid.modules.monitoring.models import Event; "
    "print(sorted(Event.objects.filter(kind='agent.started').values('device')"
    ".annotate(n=Count('pk')).values_list('n', flat=True)))"
)


@pytest.fixture(scope="module")
def two(
    tmp_path_factory: pytest.TempPathFactory, postgres: str
) -> Iterator[tuple[Installation, Installation]]:
    """Two gateways on one PostgreSQL and one store."""
    folder = tmp_path_factory.mktemp("two")
    with installation(folder, "store", "gateway", database_url=postgres) as one:
        other = Installation(one.place, free_port())
        other.start("gateway")
        yield one, other
        other.stop()


def enrolled(one: Installation, count: int, hostname: str = "sim") -> list[Device]:
    secret, link = deployment_token(one, count), Link(one.port)
    devices = [Device() for _ in range(count)]
    for n, device in enumerate(devices):
        claims = [("hostname", hostname), ("machine_id", f"{hostname}{n}"), ("mac", "\x00")]
        status, answer = link.post(device, "enrol", device.enrolment(secret, hostname, claims))
        assert status == 200, answer
        device.agent = ENCODED.decode(answer).agent
    link.close()
    return devices


def test_hostile_texts(two: tuple[Installation, Installation]) -> None:
    (device,) = enrolled(two[0], 1, "nul\x00" + "n" * 999)
    nul = "a\x00b" + "c" * 999
    event = v1.EventRow(
        "agent.started", v1.Sentence(nul, {nul: nul}), 0, nul, nul, nul, {nul: nul, "x": math.inf}
    )
    fact = v1.FactRow(nul, nul, {nul: [nul, math.nan, b"\x00"]})
    long = {"mount": "m" * 480}
    rows = [("disk_used_percent", long, 99.0), ("disk_free_bytes", long, 1.0)]
    link = Link(two[0].port)
    link.ack(device, device.batch("disk_space", rows, events=[event], facts=[fact]))
    failed = v1.Ran("cpu", now_ms(), 0, v1.Sentence(nul, {"n": math.nan, "t": nul}))
    link.ack(device, device.batch("cpu", [], ran=[failed]))
    assert link.post(device, "batch", device.batch("cpu", [("m", {"l": "\x00"}, 1.0)]))[0] == 422
    link.close()


def test_one_first_batch_through_two_gateways_at_once(two: tuple[Installation, Installation]) -> None:
    devices = enrolled(two[0], AGENTS)
    links = [Link(one.port) for one in two]
    event = v1.EventRow("agent.started", v1.Sentence("agent.started", {"version": "1"}), 0)
    with ThreadPoolExecutor(2) as pool:
        for device in devices:
            body = device.batch("disk_space", [("disk_used_percent", {"mount": "/"}, 1.0)], events=[event])
            acks = list(pool.map(lambda link, device=device, body=body: link.ack(device, body), links))
            assert {ack.seq for ack in acks} == {1}
    for link in links:
        link.close()
    assert two[0].django(COUNT).count("1") == AGENTS + 1
