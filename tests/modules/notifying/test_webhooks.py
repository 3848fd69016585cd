"""Webhooks by a real server: signed, retried, and never posted where the server may not call."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from django.core import serializers
from django.utils import timezone

from console_fixture import World
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring.models import Event, GatewayBeat
from predvid.modules.monitoring.store import Store
from predvid.modules.notifying import actions, beating, queries, sending, telling
from predvid.modules.notifying.failures import NotSent
from predvid.modules.notifying.models import Channel, Delivery, Route
from predvid.server.fetching import Fetcher

KEY = "tajni ključ primatelja"


@dataclass
class Receiver:
    """What came in, and with what it is answered."""

    url: str = ""
    status: int = 204
    got: list[tuple[Any, bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    box = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.got.append((self.headers, body))
            self.send_response(box.status)
            self.end_headers()

        def do_GET(self) -> None:
            box.got.append((self.headers, b""))
            self.send_response(box.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        box.url = f"http://127.0.0.1:{server.server_port}/kuka"
        yield box
        server.shutdown()
        thread.join()


def allowed(receiver: Receiver) -> Fetcher:
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])
    return Fetcher((ip_network("127.0.0.0/8"),), frozenset({port}))


def kept(receiver: Receiver) -> Channel:
    return actions.keep_channel(
        PLATFORM, "webhook", "Dežurni", {"url": receiver.url, "key": KEY}, timezone.now()
    )


def opened(world: World) -> Event:
    event = world.alerts[0].events.get()
    telling.tell([event], None)  # type: ignore[arg-type] # it reads no store
    return event


def test_a_webhook_gets_signed_json(world: World, receiver: Receiver) -> None:
    Route.objects.create(name="Kuka", channel=kept(receiver))
    opened(world)
    assert sending.send_due("https://rmm.example.com", allowed(receiver), timezone.now) == 1
    headers, body = receiver.got[0]
    moment = int(headers["Predvid-Timestamp"])
    expected = hmac.new(KEY.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["Predvid-Signature"] == f"v1={expected}"
    told = json.loads(body)
    assert (told["event"], told["alerts"][0]["state"]) == ("alert.opened", "critical")
    assert told["alerts"][0]["device"] == "Hot-SRV-01"


@pytest.mark.parametrize(("status", "state"), [(500, "queued"), (410, "failed")])
def test_what_the_receiver_answers_decides(world: World, receiver: Receiver, status: int, state: str) -> None:
    Route.objects.create(name="Kuka", channel=kept(receiver))
    receiver.status = status
    opened(world)
    assert sending.send_due("https://x", allowed(receiver), timezone.now) == 0
    row = Delivery.objects.get()
    assert (row.state, row.error, row.error_values) == (state, "not_sent.http", {"code": status})


def test_nothing_is_posted_to_the_servers_own_machine(world: World, receiver: Receiver) -> None:
    with pytest.raises(NotSent):
        sending.send_test(kept(receiver), "", ("Proba", "Radi"), Fetcher(), timezone.now())
    assert not receiver.got


def test_no_table_holds_an_address_or_a_key(world: World, receiver: Receiver) -> None:
    kept(receiver)
    rows = serializers.serialize("json", Channel.objects.all())
    assert "Dežurni" in rows
    assert "kuka" not in rows
    assert KEY not in rows


def test_one_of_two_workers_sends(world: World, receiver: Receiver) -> None:
    Route.objects.create(name="Kuka", channel=kept(receiver))
    opened(world)
    now, row = timezone.now(), Delivery.objects.get()
    assert [sending._claimed(row, now) for _ in range(2)] == [True, False]
    assert sending.send_due("https://x", allowed(receiver), lambda: now) == 0, "another worker has it in hand"
    assert sending.send_due("https://x", allowed(receiver), lambda: now + sending.CLAIM) == 1, (
        "which has died"
    )


def test_the_heartbeat_speaks_only_while_a_gateway_takes_batches(
    world: World, receiver: Receiver, store: Store
) -> None:
    now = timezone.now()
    actions.keep_channel(PLATFORM, "heartbeat", "Otkucaj", {"url": receiver.url}, now)
    fetch = allowed(receiver)
    assert beating.beat(store, fetch, now) == 0, "no gateway has said that it works"
    GatewayBeat.objects.create(name="g", since=now, at=now)
    assert beating.beat(store, fetch, now) == 1
    assert beating.beat(store, fetch, now + timedelta(minutes=1)) == 0, "it has fallen silent"
    receiver.status = 500
    assert beating.beat(store, fetch, now) == 0
    assert len(receiver.got) == 2


def test_the_heartbeat_is_silent_while_the_store_is_away(world: World, receiver: Receiver) -> None:
    now = timezone.now()
    actions.keep_channel(PLATFORM, "heartbeat", "Otkucaj", {"url": receiver.url}, now)
    GatewayBeat.objects.create(name="g", since=now, at=now)
    gone = Store("127.0.0.1", 9, "x", timeout=1.0)
    assert beating.beat(gone, allowed(receiver), now) == 0
    assert not receiver.got


def test_no_route_ends_in_a_heartbeat(world: World, receiver: Receiver) -> None:
    kept(receiver)
    actions.keep_channel(PLATFORM, "heartbeat", "Otkucaj", {"url": receiver.url}, timezone.now())
    assert [row.name for row in queries.channels(PLATFORM)] == ["Dežurni"]


def test_over_a_slow_receiver_each_claim_is_of_its_own_moment(world: World, receiver: Receiver) -> None:
    Route.objects.create(name="Kuka", channel=kept(receiver))
    events = [alert.events.get() for alert in world.alerts[:2]]
    telling.tell(events, None)  # type: ignore[arg-type] # it reads no store
    moments, fetch = [timezone.now()], allowed(receiver)

    def slow(*words: Any, **named: Any) -> Any:
        left = Delivery.objects.filter(claimed_until__gt=moments[-1]).count()
        assert left == 1, "what is being sent is in hand, however long the ones before took"
        moments.append(moments[-1] + sending.CLAIM * 0.9)
        return fetch(*words, **named)

    assert sending.send_due("https://x", slow, lambda: moments[-1]) == len(events)
    assert [row.sent_at for row in Delivery.objects.order_by("pk")] == moments[1:]


def test_who_lost_a_claim_overwrites_nothing(world: World, receiver: Receiver) -> None:
    Route.objects.create(name="Kuka", channel=kept(receiver))
    opened(world)
    now = timezone.now()
    late, next_one = Delivery.objects.get(), Delivery.objects.get()
    assert sending._claimed(late, now)
    assert sending._claimed(next_one, now + sending.CLAIM)
    sending._end(late, state=Delivery.State.FAILED)
    assert Delivery.objects.get().state == Delivery.State.QUEUED
    sending._end(next_one, state=Delivery.State.SENT)
    assert Delivery.objects.get().state == Delivery.State.SENT
