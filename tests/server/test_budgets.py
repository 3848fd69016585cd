"""One agent, however hostile, spends its own budget: its neighbours' batches are taken in the same breath."""

import zlib
from datetime import UTC, datetime

import pytest

import fleet
from predvid.core.events import known
from predvid.modules.monitoring.delivery import MAX_EVENTS, Refused, decode
from predvid.wire import v1
from simulated import ENCODE, Device, Link, refusal


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_a_kind_of_endless_dots_is_unknown_at_once() -> None:
    assert not known("alert.opened" + ".x" * 80_000)


@pytest.mark.parametrize("dropped", [-1, 1 << 31, 1 << 62])
def test_an_impossible_count_is_refused_alone(link: Link, dropped: int) -> None:
    device, neighbour = fleet.enrol(link), fleet.enrol(link)
    status, answer = link.post(device, "batch", device.batch("cpu", [], dropped=dropped))
    assert (status, refusal(answer).code) == (422, "undecodable")
    link.ack(neighbour, neighbour.batch("cpu", []))


@pytest.mark.parametrize("depth", [20, 200, 900, 960, 970, 975, 979, 990, 5000])
def test_no_nesting_fails_a_group(link: Link, depth: int) -> None:
    device = fleet.enrol(link)
    fact = v1.FactRow("inventory", "deep", 0)
    body = device.batch("cpu", [], facts=[fact])
    deep = body.replace(
        ENCODE(fact),
        ENCODE(["inventory", "deep"])[:1].replace(b"\x92", b"\x93")
        + ENCODE("inventory")
        + ENCODE("deep")
        + b"\x91" * depth
        + b"\x00",
    )
    status, answer = link.post(device, "batch", deep)
    assert status == 200 or (status, refusal(answer).code) == (422, "undecodable")


def test_too_many_events_are_asked_for_in_smaller_batches() -> None:
    device = Device()
    event = v1.EventRow("agent.started", v1.Sentence("agent.started", {"version": "1"}), 0)
    with pytest.raises(Refused) as refused:
        decode(device.batch("cpu", [], events=[event] * (MAX_EVENTS + 1)), "")
    assert (refused.value.status, refused.value.code) == (413, "too_large")


def test_a_bomb_in_a_small_body_is_not_unpacked() -> None:
    with pytest.raises(Refused) as refused:
        decode(zlib.compress(b"\x90" * (3 << 20), 9), "deflate")
    assert refused.value.status == 413


def test_an_enrolment_has_a_small_budget(link: Link) -> None:
    device = Device()
    claims = [("mac", f"{n:012x}") for n in range(5_000)]
    status, answer = link.post(device, "enrol", device.enrolment("t", claims=claims))
    assert (status, refusal(answer).code) == (413, "too_large")


def test_a_start_that_claims_a_far_future_is_still_found_out(link: Link) -> None:
    device = fleet.enrol(link)
    link.ack(device, device.batch("cpu", []))
    thief = Device(device.seed, device.agent, generation=2)
    thief.clock_ms = 10**12
    link.ack(thief, thief.batch("cpu", []))
    status, answer = link.post(device, "batch", device.batch("cpu", []))
    assert (status, refusal(answer).code) == (403, "locked")
    assert fleet.agent(device).lock_reason == "copied"
    assert datetime.now(UTC).timestamp() * 1000 >= fleet.agent(device).started_ms
