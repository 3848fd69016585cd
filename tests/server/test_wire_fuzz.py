"""Random bytes, headers, enrolments, cookies and heads: each is answered or refused, no error inside."""

import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fleet
from installation import Installation
from predvid.core.errors import UserError
from predvid.modules.monitoring.delivery import Refused
from predvid.modules.monitoring.store import Store
from predvid.server import audit
from predvid.server.door import Door
from predvid.wire import v1
from simulated import ENCODE, Device, Link

TIMES = pytest.mark.parametrize("times", [40, pytest.param(4_000, marks=pytest.mark.long)])
LINES = st.sampled_from([
    b"GET / HTTP/1.1", b"POST /agent/v1/batch HTTP/1.1", b"POST /agent/v1/enrol HTTP/1.1",
    b"GET /live HTTP/1.1",
    b"GET /agent/v1/plan HTTP/1.0", b"PUT /agent/v1/status HTTP/9.9", b"\xff\xfe", b"GET /agent/%00 HTTP/1.1",
    b"PRI * HTTP/2.0", b"CONNECT a:1 HTTP/1.1", b"GET " + b"/" * 9000 + b" HTTP/1.1", b"OPTIONS * HTTP/1.1",
])  # fmt: skip
NAMES = st.sampled_from([
    b"Host", b"Content-Length", b"Transfer-Encoding", b"Cookie", b"Connection", b"Expect",
    b"Content-Encoding",
    b"Upgrade", b"Predvid-Agent", b"Predvid-Signature", b"Predvid-Time", b"X_Forwarded_For", b" Odd", b"",
])  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"0", b"-1", b"chunked", b"gzip, chunked", b"99999999999", b"1e3", b"close", b"100-continue"]
    ),
)
HEADERS = st.lists(st.tuples(NAMES, VALUES).map(lambda pair: pair[0] + b": " + pair[1]), max_size=6)
BODIES = st.one_of(
    st.binary(max_size=300), st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFF\r\na"])
)
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)
OURS = st.sampled_from(v1.HEADERS)
WRITTEN = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tried(times: int, work: Callable[..., Any], *strategies: st.SearchStrategy[Any]) -> None:
    """Call `work` with what the strategies make, `times` times, and say what came of it."""
    seen: Counter[str] = Counter()

    @settings(WRITTEN, max_examples=times, database=None, derandomize=True)
    @given(st.tuples(*strategies))
    def one(made: tuple[Any, ...]) -> None:
        seen[str(work(*made))] += 1

    one()
    sys.stdout.write(f"{work.__name__}: {seen.total()} tried, {dict(seen)}\n")
    assert seen.total() >= times // 2


@TIMES
def test_random_requests_leave_the_gateway_well(gateway: Installation, link: Link, times: int) -> None:
    def raw_request(line: bytes, headers: list[bytes], body: bytes) -> str:
        with socket.create_connection(("127.0.0.1", gateway.port), 10) as peer, suppress(ConnectionError):
            peer.sendall(b"\r\n".join([line, b"Connection: close", *headers, b"", body]))
            peer.shutdown(socket.SHUT_WR)
            answer = peer.recv(1 << 16)
            return answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else "closed"
        return "reset"

    tried(times, raw_request, LINES, HEADERS, BODIES)
    assert link.send("GET", f"{v1.PREFIX}/ca", {}, b"")[0] == 404
    assert "Traceback" not in gateway.log("gateway")


@TIMES
def test_no_changed_header_of_an_envelope_is_believed(ground: Store, link: Link, times: int) -> None:
    device, path = fleet.enrol(link), f"{v1.PREFIX}/status"
    good = device.headers(path, b"")
    door = Door()
    assert door.check(path, good, b"")

    def changed_header(name: str, value: str, body: bytes) -> str:
        if good[name] == value and not body:
            return "the same"
        try:
            door.check(path, {**good, name: value}, body)
        except Refused as refused:
            return str(refused.status)
        raise AssertionError((name, value))

    tried(times, changed_header, OURS, TEXT, st.one_of(st.just(b""), st.binary(max_size=20)))
    assert fleet.agent(device).state == "approved"


@TIMES
def test_no_enrolment_breaks_the_door(ground: Store, link: Link, times: int) -> None:
    secret = fleet.token(fleet.new_site(), uses=10_000)
    words = st.text(max_size=300)
    claims = st.lists(st.builds(v1.Claim, words, words), max_size=8)
    about_it = ("hostname", "platform", "version", "os", "device_type")
    named = st.fixed_dictionaries(dict.fromkeys(about_it, words))
    tokens, seals = st.one_of(st.just(secret), words), st.one_of(st.just(bytes(32)), st.binary(max_size=40))

    def enrolment(token: str, about: dict[str, str], said: list[v1.Claim], seal: bytes, torn: bytes) -> int:
        device = Device()
        whole = v1.Enrolment(token, device.signer.public, seal, claims=said, **about)
        body = torn if len(torn) > 40 else ENCODE(whole)
        while (status := link.post(device, "enrol", body)[0]) == 429:
            time.sleep(1)  # an address may bring 2,500 at once, and twenty a second after that
        assert status in (200, 401, 403, 413, 422), (status, whole)
        return status

    tried(times, enrolment, tokens, named, claims, seals, st.binary(max_size=60))


@TIMES
def test_no_cookie_opens_the_stream(gateway: Installation, times: int) -> None:
    def stream(name: str, value: str) -> int:
        one = Link(gateway.port)
        status, _ = one.send("GET", "/live", {"cookie": name + value}, b"")
        one.close()
        assert status in (400, 401), (status, value)
        return status

    tried(
        times,
        stream,
        st.sampled_from(["predvid_session=", 'predvid_session="', "a=b; predvid_session="]),
        TEXT,
    )
    assert "Traceback" not in gateway.log("gateway")


@TIMES
def test_no_file_of_heads_breaks_the_command(tmp_path: Any, times: int) -> None:
    file = tmp_path / str(uuid4())
    line = st.sampled_from(
        ["msp 5 " + "0" * 64, "msp", '{"heads": [', '{"chain": "msp", "number": 1e999}', "[[[["]
    )

    def heads(lines: list[str], noise: bytes) -> str:
        file.write_bytes("\n".join(lines).encode() + noise)
        try:
            return f"{len(audit._exported(str(file)))} heads"
        except UserError:
            return "refused"

    tried(times, heads, st.lists(st.one_of(line, st.text(max_size=80)), max_size=4), st.binary(max_size=30))
