"""Whatever cannot be taken gets a precise 4xx with its reason; nobody else suffers, nothing is a 500."""

import http.client
import struct
import time
import zlib
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import fleet
from installation import Installation
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring import device_actions
from predvid.modules.monitoring.models import Stream
from predvid.wire import v1
from simulated import ENCODE, Device, Link, now_ms, refusal

PATH = f"{v1.PREFIX}/batch"


@pytest.fixture(scope="module")
def device(gateway: Installation) -> Device:
    """An approved device for all attempts of this module."""
    link = Link(gateway.port)
    device = fleet.enrol(link)
    link.ack(device, device.batch("cpu", [("cpu_used_percent", {}, 1.0)]))
    link.close()
    return device


def refused(answer: tuple[int, bytes], status: int, code: str) -> str:
    """Assert that an answer refuses with `status` and `code`; return its sentence."""
    assert answer[0] == status, answer
    told = refusal(answer[1])
    assert told.code == code
    assert told.message.endswith(".") or ":" in told.message
    return told.message


def columns(device: Device, **changed: bytes) -> bytes:
    """Seal a batch of two samples of one series with `changed` columns."""
    device.seq += 1
    at = now_ms()
    parts = {
        "layout": ENCODE([v1.Series("cpu", "cpu_used_percent")]),
        "place": struct.pack("<2H", 0, 0),
        "ts": struct.pack("<2q", at, at + 1),
        "values": struct.pack("<2d", 1.0, 2.0),
        **changed,
    }
    return ENCODE(v1.Batch(device.boot, device.seq, at, v1.Columns(**parts), [v1.Ran("cpu", at)]))


def test_unsigned(link: Link, device: Device) -> None:
    body = device.batch("cpu", [])
    refused(link.send("POST", PATH, {}, body), 401, "unsigned")
    headers = device.headers(PATH, body, 5)
    for missing in v1.HEADERS:
        left = {name: value for name, value in headers.items() if name != missing}
        code = "unsigned" if missing == "predvid-agent" else "signature"
        refused(link.send("POST", PATH, left, body), 401, code)


def test_a_stranger_and_another_agents_key(link: Link, device: Device) -> None:
    stranger = Device(agent=str(uuid4()))
    refused(link.post(stranger, "batch", stranger.batch("cpu", [])), 401, "unknown")
    other = fleet.enrol(link)
    for thief in (Device(other.seed, device.agent), Device(agent=device.agent)):
        refused(link.post(thief, "batch", thief.batch("cpu", [])), 401, "signature")
    assert fleet.agent(device).state == Agent.State.APPROVED


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_no_altered_request_is_accepted(link: Link, device: Device, data: some.DataObject) -> None:
    path, body = PATH, ENCODE(v1.Batch(device.boot, device.seq + 1, 1_700_000_000_000))
    headers = device.headers(path, body, 0)
    part = data.draw(some.sampled_from((*v1.HEADERS, "body")))
    if part == "body":
        at = data.draw(some.integers(0, len(body) - 1))
        body = body[:at] + bytes([body[at] ^ data.draw(some.integers(1, 255))]) + body[at + 1 :]
    else:
        old = headers[part]
        at = data.draw(some.integers(0, len(old) - 1))
        letter = data.draw(some.characters(min_codepoint=33, max_codepoint=126))
        changes = (old[:at] + letter + old[at + 1 :], old[:at] + letter + old[at:], old[:at])
        new = data.draw(some.sampled_from(changes))
        if new == old:
            return
        headers[part] = new
    status, answer = link.send("POST", path, headers, body)
    assert status == 401, (part, headers, answer)
    assert refusal(answer).code in ("signature", "unsigned", "unknown")


def test_no_other_spelling_is_accepted(link: Link, device: Device) -> None:
    body = ENCODE(v1.Batch(device.boot, device.seq + 1, 0))
    headers = device.headers(PATH, body, 0)
    signature = headers["predvid-signature"]
    last = signature[-3]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    same_bits = signature[:-3] + letters[letters.index(last) ^ 1] + "=="
    for name, other in (
        ("predvid-waited", "-0"),
        ("predvid-waited", "00"),
        ("predvid-generation", "01"),
        ("predvid-time", "0" + headers["predvid-time"]),
        ("predvid-signature", same_bits),
        ("predvid-agent", device.agent.upper()),
        ("predvid-agent", device.agent.replace("-", "")),
    ):
        refused(link.send("POST", PATH, {**headers, name: other}, body), 401, "signature")


def test_a_signature_is_for_one_path(link: Link, device: Device) -> None:
    headers = device.headers(f"{v1.PREFIX}/status", b"")
    refused(link.send("GET", f"{v1.PREFIX}/plan", headers, b""), 401, "signature")
    assert link.send("GET", f"{v1.PREFIX}/status", headers, b"")[0] == 200


def test_too_large_by_its_length_and_in_chunks(gateway: Installation, link: Link, device: Device) -> None:
    body = bytes(v1.MAX_BODY + 1)
    refused(link.post(device, "batch", body), 413, "too_large")
    piece = bytes(64 << 10)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    chunks = (piece for _ in range(len(body) // len(piece) + 1))
    connection.request("POST", PATH, chunks, device.headers(PATH, body), encode_chunked=True)
    answer = connection.getresponse()
    refused((answer.status, answer.read()), 413, "too_large")
    connection.close()


def test_a_compression_bomb_and_bad_packing(link: Link, device: Device) -> None:
    def packed(body: bytes, encoding: str = "deflate") -> tuple[int, bytes]:
        return link.post(device, "batch", body, **{"content-encoding": encoding})

    good = device.batch("cpu", [("cpu_used_percent", {}, 1.0)])
    refused(packed(zlib.compress(bytes(v1.MAX_PLAIN + 1))), 413, "too_large")
    refused(packed(zlib.compress(bytes(200 << 20))), 413, "too_large")
    refused(packed(zlib.compress(good)[:-5]), 422, "undecodable")
    refused(packed(b"no deflate"), 422, "undecodable")
    refused(packed(good, "br"), 415, "encoding")
    assert packed(zlib.compress(good))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"garbage" * 100,
        b"\xc1",
        b"\x91" * 5_000,
        ENCODE({"boot": "b"}),
        ENCODE({"boot": "b", "seq": 1, "sealed": "then"}),
        ENCODE(v1.Batch("b", 0, 0)),
        ENCODE(v1.Batch("b", -1, 0)),
        ENCODE(v1.Batch("b", 1 << 63, 0)),
        ENCODE(v1.Batch("b" * 33, 1, 0)),
        ENCODE(v1.Batch("", 1, 0)),
        ENCODE(v1.Batch("b", 1, 0))[:-1],
    ],
)
def test_what_does_not_decode(link: Link, device: Device, body: bytes) -> None:
    refused(link.post(device, "batch", body), 422, "undecodable")


@pytest.mark.parametrize(
    "changed",
    [
        {"place": struct.pack("<H", 0)},
        {"ts": struct.pack("<q", 0)},
        {"values": struct.pack("<d", 0)},
        {"values": b"\x00" * 17},
        {"place": struct.pack("<2H", 0, 1)},
        {"layout": ENCODE([])},
        {"layout": b"\xff\xff"},
        {"layout": ENCODE([v1.Series("cpu", "m" * 200)])},
        {"layout": ENCODE([v1.Series("cpu", "m", {str(n): "" for n in range(40)})])},
    ],
)
def test_columns_that_do_not_fit(link: Link, device: Device, changed: dict[str, bytes]) -> None:
    refused(link.post(device, "batch", columns(device, **changed)), 422, "undecodable")


def test_too_many_samples(link: Link, device: Device) -> None:
    n = v1.MAX_SAMPLES + 1
    body = columns(device, place=bytes(2 * n), ts=bytes(8 * n), values=bytes(8 * n))
    answer = link.post(device, "batch", zlib.compress(body), **{"content-encoding": "deflate"})
    refused(answer, 413, "too_large")


def test_a_path_that_is_not(link: Link, device: Device) -> None:
    body = b""
    for method, path in (("GET", PATH), ("POST", f"{v1.PREFIX}/nothing"), ("DELETE", "/agent/v2/batch")):
        refused(link.send(method, path, device.headers(path, body), body), 404, "no_such_path")


def test_pending_then_approved_then_revoked(link: Link) -> None:
    device = fleet.enrol(link, approves=False)
    body = device.batch("cpu", [("cpu_used_percent", {}, 1.0)])
    for name in ("batch", "plan", "status"):
        method = "POST" if name == "batch" else "GET"
        path, sent = f"{v1.PREFIX}/{name}", body if name == "batch" else b""
        answer = link.send(method, path, device.headers(path, sent, 0), sent)
        assert "approval" in refused(answer, 403, "pending")
    assert not Stream.objects.filter(agent=device.agent).exists()
    device_actions.approve(PLATFORM, fleet.agent_id(device), fleet.now())
    assert not link.ack(device, body).repeated
    device_actions.revoke(PLATFORM, fleet.agent_id(device), fleet.now())
    refused(link.post(device, "batch", device.batch("cpu", [])), 403, "revoked")
    refused(
        link.send("GET", f"{v1.PREFIX}/plan", device.headers(f"{v1.PREFIX}/plan", b""), b""), 403, "revoked"
    )
    assert fleet.events(device) == ["agent.enrolled", "agent.approved", "agent.revoked"]


def test_a_flood_of_refusals_leaves_one_line_a_minute(gateway: Installation, link: Link) -> None:
    device = fleet.enrol(link)
    log = gateway.place.data / "gateway.log"
    first = time.monotonic() // 60
    for _ in range(40):
        refused(link.post(device, "batch", b"\xc1"), 422, "undecodable")
        refused(link.send("POST", PATH, device.headers(PATH, b""), b"x"), 401, "signature")
    minutes = time.monotonic() // 60 - first + 1
    lines = [line for line in log.read_text().splitlines() if device.agent in line]
    for code in ("undecodable", "signature"):
        assert 1 <= sum(f"refused {code}" in line for line in lines) <= minutes
    assert "Traceback" not in log.read_text()
