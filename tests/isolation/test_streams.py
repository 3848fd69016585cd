"""The paths of the gateway itself: an open page hears of its own clients, an agent speaks for itself."""

import asyncio
import sys
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.db import connections
from django.test import Client as Browser

from isolation.marked import MARKED, TwoTenants
from looking import looking_at
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring.queries_live import LiveChange
from predvid.modules.monitoring.stores import store
from predvid.server import live
from predvid.server.gateway import COUNTS, Gateway
from predvid.server.place import Place
from predvid.wire.v1 import PREFIX
from simulated import Device as Simulated

Headers = list[tuple[bytes, bytes]]


@pytest.fixture(scope="module")
def tenants(either_place: Place) -> Iterator[TwoTenants]:
    """Both tenants, as the gateway sees them: it works for the whole platform."""
    with looking_at(either_place):
        yield TwoTenants()


def cookie_of(tenants: TwoTenants, place: int) -> Headers:
    browser = Browser()
    browser.force_login(tenants.people[place].person)
    return [
        (
            b"cookie",
            f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}".encode(),
        )
    ]


def test_an_open_page_is_told_of_its_viewers_clients_alone(tenants: TwoTenants) -> None:
    world, cells = tenants.world, 0
    changes = [
        LiveChange(client.pk, world.devices[2 * n].pk, alert=True) for n, client in enumerate(world.clients)
    ]
    changes.append(LiveChange(None, None, alert=True))
    for place, someone in enumerate(tenants.people):
        viewer = live._viewer(cookie_of(tenants, place))
        assert viewer is not None
        told = live.Live()
        page = live.Page(viewer)
        told._pages.add(page)
        told._tell(changes)
        said = page.queue.get_nowait().decode()
        foreign = str(tenants.other.pk) in said or str(world.devices[2].pk) in said
        assert str(tenants.own.pk) in said
        assert foreign is someone.viewer.sees(tenants.other.pk), someone.name
        cells += 1
    for headers in (
        [],
        [(b"cookie", b"predvid_session=x")],
        [(b"authorization", f"Bearer {tenants.people[0].token}".encode())],
    ):
        assert live._viewer(headers) is None, "a stranger, a made-up cookie and a token open no stream"
        cells += 1
    sys.stdout.write(f"\nmatrix, /live: {cells} cells, 0 wrong\n")


def ask(gateway: Gateway, method: str, path: str, headers: Headers, body: bytes) -> tuple[int, bytes]:
    """Ask the gateway's application one thing; return status and content."""
    sent: list[MutableMapping[str, Any]] = []
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    scope |= {"client": ("127.0.0.1", 1)}

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(gateway(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def gateway(tenants: TwoTenants, either_place: Place) -> Iterator[Gateway]:
    gateway = Gateway(either_place, store())
    gateway._threads = ThreadPoolExecutor(1)  # which holds a connection
    yield gateway
    gateway._threads.submit(connections.close_all).result(10)
    gateway._threads.shutdown()


def test_a_call_of_the_api_while_the_console_is_away_is_a_problem(gateway: Gateway) -> None:
    status, content = ask(gateway, "GET", "/api/v1/me", [(b"host", b"127.0.0.1")], b"")
    assert (status, msgspec.json.decode(content)["type"]) == (503, "urn:predvid:problem:console-away")


def callers(tenants: TwoTenants, path: str, body: bytes) -> Iterator[tuple[str, Headers]]:
    """Yield everyone who is not the foreign agent: a stranger, a person, an own agent in the other's name."""
    own, foreign = Simulated(), Simulated()
    mine = Agent.objects.filter(client=tenants.own, state="approved")[0]
    Agent.objects.filter(pk=mine.pk).update(sign_key=own.signer.public)
    other = Agent.objects.filter(client=tenants.other).exclude(state="pending")[0]
    own.agent = foreign.agent = str(other.pk)
    yield "stranger", []
    yield "person", cookie_of(tenants, -2)
    yield "token", [(b"authorization", f"Bearer {tenants.people[-2].token}".encode())]
    for name, device in (("own agent as the other", own), ("nobody as the other", foreign)):
        yield name, [(key.encode(), value.encode()) for key, value in device.headers(path, body).items()]


def test_no_path_of_agents_tells_anyone_of_the_others(tenants: TwoTenants, gateway: Gateway) -> None:
    cells = 0
    open_to_all = {f"{PREFIX}/ca"}
    paths = sorted({path for _, path in gateway._routes} | {f"{PREFIX}/none", "/agent/", COUNTS})
    for path in paths:
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
            body = msgspec.msgpack.encode({"x": 1}) if method in ("POST", "PUT") else b""
            for name, headers in callers(tenants, path, body):
                status, content = ask(gateway, method, path, headers, body)
                where = f"{name}: {method} {path}"
                assert status in (401, 403, 404, 422), where
                assert status == 404 or path not in open_to_all, where
                assert not MARKED.search(content.decode(errors="replace")), where
                cells += 1
    sys.stdout.write(f"\nmatrix, agents' paths: {cells} cells, 0 wrong\n")
    assert cells > 150
