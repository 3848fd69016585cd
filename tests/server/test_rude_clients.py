"""Clients that are slow, odd or hostile keep nobody else waiting and leave no traceback in a log."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from django.db import InterfaceError

from installation import Installation, installation
from predvid.server import gateway, patience, proxy
from predvid.server.limits import Limits
from predvid.server.place import Place
from predvid.server.refusals import RefusalLog
from up_process import wait

HEAD = b"Host: 127.0.0.1\r\nConnection: close\r\n"
ODD = {
    b"OPTIONS * HTTP/1.1\r\n" + HEAD: b"400",
    b"GET /healthz HTTP/1.1\r\n": b"400",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + HEAD: b"400",
    b"GET http://evil.example/healthz HTTP/1.1\r\n" + HEAD: b"200",
    b"GET //evil.example/healthz HTTP/1.1\r\n" + HEAD: b"404",
    b"GET /%zz%00 HTTP/1.1\r\n" + HEAD: b"404",
    b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n": b"400",
    b"GET /healthz HTTP/1.1\r\nX-A: \xff\xfe\r\nCookie: \xc3\r\n" + HEAD: b"200",
    b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 400_000 + b"\r\n" + HEAD: b"431",
    b"POST /sign-in/ HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n" + HEAD: b"400",
    b"POST /agent/v1/batch HTTP/1.1\r\nContent-Length: 0\r\nPredvid-Agent: \xff\r\n" + HEAD: b"401",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("rude"), "store", "gateway", "console") as one:
        address = f"{one.place.address}/healthz"
        wait(lambda: httpx.get(address, trust_env=False).status_code == 200, "the console answers")
        yield one


def answer(port: int, raw: bytes) -> bytes:
    """Return all that is answered to `raw` until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), 20) as link:
        whole = b""
        try:
            link.sendall(raw)
            while chunk := link.recv(65536):
                whole += chunk
        except ConnectionError:  # closed while we were still sending
            pass
        return whole


def test_odd_requests_get_a_status_and_no_traceback(server: Installation) -> None:
    for raw, status in ODD.items():
        assert answer(server.port, raw + b"\r\n").split(b" ")[1] == status, raw[:60]
    assert "Traceback" not in server.log("gateway") + server.log("console")


def test_health_is_open_to_all_and_says_ok(server: Installation) -> None:
    found = httpx.get(f"{server.place.address}/healthz", trust_env=False)
    assert (found.status_code, found.text) == (200, "ok\n")
    assert "server" not in found.headers
    assert len(found.headers.get_list("date")) == 1


def test_slow_senders_do_not_hold_the_console(server: Installation) -> None:
    form = b"Cookie: predvid_csrf=" + b"a" * 32 + b"\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with ExitStack() as links:
        for _ in range(80):
            link = links.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            link.sendall(b"POST /sign-in/ HTTP/1.1\r\n" + HEAD + form + b"Content-Length: 9\r\n\r\na")
        page = httpx.get(f"{server.place.address}/sign-in/", trust_env=False, timeout=10)
    assert page.status_code == 200


def test_a_form_in_chunks_is_taken_and_one_too_large_is_not(server: Installation) -> None:
    url = f"{server.place.address}/sign-in/"
    with httpx.Client(trust_env=False) as browser:
        assert browser.get(url).status_code == 200
        form = f"csrfmiddlewaretoken={browser.cookies['predvid_csrf']}&email=a@example.com&password=x"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.place.address}
        taken = browser.post(url, content=iter((form[:20].encode(), form[20:].encode())), headers=headers)
        assert taken.status_code == 422
        assert "a@example.com" in taken.text
        large = browser.post(url, content=b"a" * (proxy.MAX_REQUEST + 1), headers=headers)
        assert large.status_code == 413


def passed_on(*headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers that the console is told for a request that came with `headers`."""
    scope = {"headers": list(headers), "client": ("192.0.2.9", 1)}
    return proxy.ConsoleProxy(Place(Path("/nowhere")))._headers(scope)


def test_nobody_forges_what_only_the_gateway_says() -> None:
    forged = (b"x-forwarded-for", b"x_forwarded_for", b"x-forwarded_for", b"x-forwarded-proto")
    told = passed_on((b"host", b"h"), *((name, b"6.6.6.6") for name in forged))
    assert told == [(b"host", b"h"), (b"x-forwarded-proto", b"http"), (b"x-forwarded-for", b"192.0.2.9")]
    told = passed_on((b"host", b"h"), (b"connection", b"Host, X-Once"), (b"x-once", b"1"))
    assert [name for name, _ in told] == [b"host", b"x-forwarded-proto", b"x-forwarded-for"]


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "BODY_SECONDS", 0.01)
    monkeypatch.setattr(proxy, "REQUEST_SECONDS", 0.01)

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    with pytest.raises(gateway.Refused, match="did not come"):
        asyncio.run(gateway._body({}, never, {"content-length": "9"}))
    with pytest.raises(proxy.CannotPass) as cannot:
        asyncio.run(proxy._body({"headers": [(b"content-length", b"9")]}, never))
    assert cannot.value.status == 408


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server with the gateway's protocol and little patience."""
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)

    async def well(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(well, port=0, http=patience.PatientProtocol, log_config=None, lifespan="off")
    one, listener = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=one.run, args=([listener],))
    thread.start()
    yield int(listener.getsockname()[1])
    one.should_exit = True
    thread.join()
    listener.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX-"])
def test_a_head_that_does_not_come_ends_the_connection(patient: int, sent: bytes) -> None:
    assert answer(patient, sent) == b""


def test_a_connection_kept_alive_is_awaited_and_its_next_head_is_not(patient: int) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    seen = answer(patient, whole + whole + b"GET / HT")
    assert seen.count(b"HTTP/1.1 204") == 2


def test_a_database_that_hangs_up_is_a_503_and_no_traceback() -> None:
    """Django calls a lost connection InterfaceError, which is no DatabaseError."""
    one, told = gateway.Gateway.__new__(gateway.Gateway), []
    one.limits = Limits()

    async def lost(path: str, headers: dict[str, str], body: bytes) -> bytes:
        raise InterfaceError("connection already closed")

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    one._routes, one.refusals = {("GET", "/agent/v1/plan"): lost}, RefusalLog()  # type: ignore[dict-item]
    scope = {"method": "GET", "path": "/agent/v1/plan", "headers": [], "client": ("192.0.2.9", 1)}
    asyncio.run(one._agent(scope, receive, send))
    assert told[0]["status"] == 503
    assert (b"retry-after", b"5") in told[0]["headers"]
