"""Every answer of the one address carries the browser's rules, and errors say nothing of what is inside."""

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from browser_fixture import PASSWORD, Site
from console_fixture import World
from house.safety_rules import nothing_inline
from installation import Installation
from predvid.server import assets
from predvid.server.headers import guarded
from up_process import wait

NONCE = re.compile(r"'nonce-([\w-]{16,})'")
PAGES = ("/", "/clients/", "/devices/", "/alerts/", "/audit/", "/profile/", "/enrol/", "/search?q=a")
ERRORS = {
    ("GET", "/no/such/page"): 404,
    ("GET", "/devices/00000000-0000-0000-0000-000000000000/"): 404,
    ("POST", "/sign-in/"): 403,
    ("POST", "/audit/"): 403,
    ("DELETE", "/search"): 403,
    ("GET", "/alerts/1/note"): 405,
    ("GET", "/welcome/none"): 404,
}
OTHERS = (
    "/healthz", "/audit/export.csv", "/audit/export.jsonl", "/agent/v1/ca", "/agent/v1/nothing",
    "/agent/v1/plan", "/agent/none.whl", assets.address("css/base.css"), assets.address("js/live.js"),
    "/static/none",
)  # fmt: skip
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def server(site: Site) -> Installation:
    address = f"{site.one.place.address}/healthz"
    wait(lambda: httpx.get(address, trust_env=False).status_code == 200, "the console answers")
    return site.one


@pytest.fixture(scope="module")
def browser(server: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.place.address, trust_env=False) as browser:
        browser.get("/sign-in/")
        words = {"csrfmiddlewaretoken": browser.cookies["predvid_csrf"]}
        words |= {"email": "en@example.com", "password": PASSWORD}
        assert browser.post("/sign-in/", data=words).status_code == 302
        yield browser


def judged(answer: httpx.Response) -> str:
    """Hold an answer to what each one carries; return its policy."""
    where = f"{answer.request.method} {answer.request.url}"
    for name, value in ALWAYS.items():
        assert answer.headers.get_list(name) == [value], f"{where}: {name}"
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "strict-transport-security" not in answer.headers  # this one speaks plain HTTP on loopback
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers
    return policy


def judged_page(answer: httpx.Response) -> None:
    """Hold a page to its policy: nothing inline, one nonce of its own, nothing cached."""
    (nonce,) = set(NONCE.findall(judged(answer)))
    assert not list(nothing_inline(answer.text)), answer.request.url
    told = set(re.findall(r'nonce="([^"]*)"', answer.text))
    assert told <= {nonce}
    assert answer.headers["cache-control"] == "no-store" or answer.headers["cache-control"].startswith(
        "max-age=0"
    )
    assert "Traceback" not in answer.text


def test_every_page_brings_its_own_nonce_and_nothing_inline(browser: httpx.Client) -> None:
    nonces = []
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        judged_page(answer)
        nonces += NONCE.findall(answer.headers["content-security-policy"])[:1]
    assert len(set(nonces)) == len(PAGES)


@pytest.mark.parametrize(("method", "path"), ERRORS)
def test_every_error_is_a_page_with_the_same_rules(browser: httpx.Client, method: str, path: str) -> None:
    answer = browser.request(method, path)
    assert answer.status_code == ERRORS[method, path]
    judged_page(answer)
    assert "gate-card" in answer.text


def test_a_stranger_and_a_wrong_name_get_them_too(server: Installation) -> None:
    url = server.place.address
    judged_page(httpx.get(f"{url}/sign-in/", trust_env=False))
    judged(httpx.get(url, trust_env=False))
    wrong = httpx.get(url, trust_env=False, headers={"Host": "evil.example"})
    assert wrong.status_code == 400
    judged_page(wrong)
    assert "gate-card" in wrong.text


@pytest.mark.parametrize("path", OTHERS)
def test_what_is_no_page_carries_them_as_well(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    judged(answer)
    cached = path.startswith("/static/css") or path.startswith("/static/js")
    assert ("max-age=31536000" in answer.headers["cache-control"]) is cached


def test_the_stream_and_a_request_that_is_none_carry_them(
    browser: httpx.Client, server: Installation
) -> None:
    with browser.stream("GET", "/live") as stream:
        assert stream.status_code == 200
        judged(stream)
    assert httpx.get(f"{server.place.address}/live", trust_env=False).status_code == 401
    with socket.create_connection(("127.0.0.1", server.port), 10) as link:
        link.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"x-content-type-options: nosniff" in link.recv(65536)


def test_over_tls_a_browser_is_told_to_stay_there() -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    start = {"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"max-age=9")]}
    asyncio.run(guarded(send, tls=True)(start))  # type: ignore[arg-type]
    headers = told[0]["headers"]
    assert (b"strict-transport-security", b"max-age=31536000") in headers
    assert [value for name, value in headers if name.lower() == b"cache-control"] == [b"max-age=9"]


def test_an_error_that_nobody_foresaw_has_a_number_that_is_in_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner = world.person("vlasnica@example.com", role="owner", all_clients=True)
    browser = world.signed_in(owner)
    browser.raise_request_exception = False
    secret = "lozinka-u-iznimci"
    monkeypatch.setattr(
        "predvid.modules.access.views_audit._asked", lambda request: 1 / 0 if secret else None
    )
    answer = browser.get("/audit/")
    page = answer.content.decode()
    assert answer.status_code == 500
    (number,) = re.findall(r"<code>([A-Z2-9]{8})</code>", page)
    for inside in ("Traceback", "ZeroDivisionError", secret, str(Path(__file__).parent)):
        assert inside not in page
    assert 'lang="en"' in page
    assert "Something went wrong" in page
    assert any(f"incident {number}: ZeroDivisionError at GET" in line for line in caplog.messages)
    assert NONCE.search(answer.headers["Content-Security-Policy"])
    assert not list(nothing_inline(page))
