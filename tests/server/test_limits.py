"""Limits stop a flood, not a fleet: buckets are exact and bounded, one client's noise is not another's."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fleet
from installation import Installation, installation
from predvid.modules.monitoring.delivery import Refused
from predvid.modules.monitoring.store import Store
from predvid.server.buckets import Buckets, Rate
from predvid.server.committer import MAX_GROUP, MAX_WAITING, SHARE, Committer
from predvid.server.door import Caller, KnownAgent
from predvid.server.group import MADE_BY_CLIENT, MADE_EACH, MAX_MADE, Entry, Intake
from predvid.server.limits import RATES, Limits, Scope, address
from predvid.server.proxy import too_many
from predvid.wire.v1 import PREFIX, Ack, Batch
from simulated import Link, refusal
from up_process import wait


def scope(path: str, client: str = "192.0.2.9", method: str = "GET", **headers: str) -> Scope:
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"path": path, "method": method, "client": (client, 1), "headers": named}


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 30)), max_size=60))
def test_a_bucket_never_gives_more_than_its_rate(asked: list[tuple[float, float]]) -> None:
    buckets, now, given_ = Buckets(Rate(3, 20)), 0.0, 0.0
    for pause, cost in asked:
        now += pause
        wait = buckets.take("a", min(cost, 20), now)
        if wait == 0:
            given_ += min(cost, 20)
        else:
            assert Buckets(Rate(3, 20)).take("b", 1, now) == 0
            assert 0 < wait <= 20 / 3 + 1e-9
    assert given_ <= 20 + 3 * now + 1e-6


def test_what_is_refused_is_taken_after_the_wait_that_was_told() -> None:
    buckets = Buckets(Rate(2, 4))
    assert [buckets.take("a", 2, 10.0), buckets.take("a", 2, 10.0)] == [0, 0]
    wait = buckets.take("a", 3, 10.0)
    assert wait == pytest.approx(1.5)
    assert buckets.take("a", 3, 10.0 + wait) == 0
    assert (
        buckets.take("a", 99, 1e6) == 0
    )  # more than a burst is taken from a full bucket, and waited for after
    assert buckets.take("a", 1, 1e6 + 40) > 0


def test_memory_is_bounded_and_crowding_locks_nobody_out() -> None:
    buckets = Buckets(Rate(1, 1), most=1000)
    for number in range(5000):
        assert buckets.take(number, 1, 0.0) == 0
    assert len(buckets) == 1000
    assert buckets.take(0, 1, 0.0) == 0


def test_ten_thousand_agents_of_one_client_behind_one_address_return_at_once() -> None:
    limits, client = Limits(clock=lambda: 0.0), uuid4()
    for number in range(10_000):
        for path in ("status", "plan", "batch", "batch"):
            limits.agent_path(scope(f"{PREFIX}/{path}"))
            limits.agent(UUID(int=number), client, 20_000)


def test_a_week_of_outbox_goes_out_at_forty_batches_a_second() -> None:
    now, agent, client = [0.0], uuid4(), uuid4()
    limits = Limits(clock=lambda: now[0])
    for number in range(7 * 86400 // 15):
        now[0] = number / 40
        limits.agent(agent, client, 50_000)


def test_each_flood_is_refused_with_a_time_to_return() -> None:
    limits = Limits(clock=lambda: 0.0)

    def flood(name: str, *arguments: Scope, **words: object) -> Refused:
        for _ in range(int(RATES[name].burst)):
            limits.person(*arguments)
        with pytest.raises(Refused) as refused:
            limits.person(*arguments)
        assert 1 <= refused.value.retry <= 60
        return refused.value

    assert flood("passwords", scope("/sign-in/", method="POST")).status == 429
    limits.person(scope("/sign-in/"))  # the page itself still opens, and other addresses sign in
    limits.person(scope("/sign-in/", "198.51.100.7", "POST"))
    flood("pages", scope("/devices/", "2001:db8::1", cookie="a=b; predvid_session=one"))
    limits.person(scope("/devices/", "2001:db8::1", cookie="a=b; predvid_session=two"))
    flood("calls", scope("/api/v1/devices", "203.0.113.1", authorization="Bearer a"))
    limits.person(scope("/api/v1/devices", "203.0.113.1", authorization="Bearer b"))


def test_one_subscriber_of_ipv6_is_one_address() -> None:
    assert address(scope("/", "2001:db8:1:2::5")) == address(scope("/", "2001:db8:1:2:ffff::1"))
    assert address(scope("/", "2001:db8:1:3::5")) != address(scope("/", "2001:db8:1:2::5"))
    assert address(scope("/", "::ffff:192.0.2.9")) == address(scope("/", "192.0.2.9"))
    assert address({"path": "/", "method": "GET", "headers": [], "client": None}) == ""


def waiting(client: UUID) -> Entry:
    known = KnownAgent(uuid4(), uuid4(), client, b"", "approved", 1, "b")
    return Entry(Caller(known, "b", 1, 0, 0, b""), Batch("b", 1, 0), 1)


def test_a_client_that_floods_leaves_room_and_the_next_group_to_others() -> None:
    noisy, quiet = uuid4(), uuid4()
    groups: list[Counter[UUID]] = []

    def take(entries: Sequence[Entry]) -> None:
        groups.append(Counter(one.caller.agent.client for one in entries))
        for one in entries:
            one.outcome = Ack("b", 1, 0)

    async def flooded() -> list[Ack | BaseException]:
        committer = Committer(take)
        flood = [asyncio.ensure_future(committer.submit(waiting(noisy))) for _ in range(MAX_WAITING)]
        few = [asyncio.ensure_future(committer.submit(waiting(quiet))) for _ in range(150)]
        running = asyncio.create_task(committer.run())
        said = await asyncio.gather(*flood, *few, return_exceptions=True)
        running.cancel()
        assert committer._rooms == {}
        assert committer._bytes == 0
        return said

    said = asyncio.run(flooded())
    refused = [one for one in said[:MAX_WAITING] if isinstance(one, Refused)]
    assert {(one.status, one.code) for one in refused} == {(429, "client_busy")}
    assert len(refused) == MAX_WAITING - int(SHARE * MAX_WAITING)
    assert all(isinstance(one, Ack) for one in said[MAX_WAITING:])
    assert groups[0][quiet] == 150  # although 3,000 stood before them
    assert groups[0].total() == MAX_GROUP


def test_series_are_limited_by_device_and_by_client_and_grow_with_its_devices() -> None:
    intake, client, other = Intake.__new__(Intake), uuid4(), uuid4()
    intake.made, intake.heard, intake.made_since = Counter(), {}, time.monotonic()
    for number in range(5000):  # a large client's first hour
        intake._afford(UUID(int=number), client, 1500)
    with pytest.raises(Refused, match="agent's series"):
        intake._afford(UUID(int=1), other, MAX_MADE + 1)
    third = uuid4()
    for device in (uuid4(), uuid4(), uuid4(), uuid4()):
        intake._afford(device, third, MADE_BY_CLIENT // 4)
    with pytest.raises(Refused, match="client's series"):
        intake._afford(uuid4(), third, MADE_EACH * 6)
    intake._afford(UUID(int=7), client, 100)


def flooding(port: int, devices: Sequence[fleet.Device], stop: threading.Event, seen: Counter[int]) -> None:
    link = Link(port)
    while not stop.is_set():
        for device in devices:
            samples = [(f"flood_{number}", {"n": str(number)}, 1.0) for number in range(300)]
            status, answer = link.post(device, "batch", device.batch("cpu", samples))
            seen[status] += 1
            if status != 200:
                device.seq -= 1
                assert refusal(answer).retry_after
    link.close()


def test_a_noisy_client_does_not_slow_another(ground: Store, gateway: Installation, link: Link) -> None:
    noisy, quiet = fleet.new_site(), fleet.enrol(link)
    loud = [fleet.enrol(link, noisy) for _ in range(12)]
    stop, seen = threading.Event(), Counter[int]()
    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(flooding, gateway.port, loud[n::6], stop, seen) for n in range(6)]
        try:
            wait(lambda: seen.total() > 60, "the flood runs")
            for _ in range(30):  # each is acknowledged, none refused
                link.ack(quiet, quiet.batch("cpu", [("cpu_used_percent", {}, 5.0)]))
        finally:
            stop.set()
        for one in work:
            one.result(30)
    assert set(seen) <= {200, 429, 503}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("limits"), "store", "gateway", "console") as one:
        address = f"{one.place.address}/healthz"
        wait(lambda: httpx.get(address, trust_env=False).status_code == 200, "the console answers")
        yield one


def test_too_many_guesses_get_a_page_and_one_line_in_the_log(pages: Installation) -> None:
    with httpx.Client(
        base_url=pages.place.address, trust_env=False, headers={"accept-language": "en"}
    ) as who:
        answers = [who.post("/sign-in/", content=b"") for _ in range(int(RATES["passwords"].burst) + 40)]
    last = answers[-1]
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1
    assert "Too many requests at once" in last.text
    assert "script-src 'self' 'nonce-" in last.headers["content-security-policy"]
    assert pages.log("gateway").count("refused too_many") == 1
    assert httpx.get(f"{pages.place.address}/sign-in/", trust_env=False).status_code == 200


def test_a_program_gets_a_problem_that_it_can_read() -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(too_many(scope("/api/v1/devices"), send, Refused(429, "too_many", "Come back.", 7)))
    headers = dict(told[0]["headers"])
    assert (headers[b"content-type"], headers[b"retry-after"]) == (b"application/problem+json", b"7")
    assert json.loads(told[1]["body"])["status"] == told[0]["status"] == 429
