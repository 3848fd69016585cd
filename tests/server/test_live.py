"""Open pages are told every change once, and only while their session lives."""

import asyncio
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import World
from predvid.modules.access import people_actions
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.monitoring import queries_live
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.queries_status import numbers
from predvid.server import live


def event(world: World, pk: int, place: int = 0) -> None:
    now = timezone.now()
    Event.objects.create(
        pk=pk, client=world.clients[place], kind="agent.started", severity=0, at=now, recorded_at=now
    )


def test_a_lower_id_that_is_committed_later_is_told_once(world: World) -> None:
    event(world, 1_000_000)
    told = queries_live.nothing_yet()
    assert queries_live.changes_since(told) == []
    event(world, 1_000_003)
    assert len(queries_live.changes_since(told)) == 1
    event(world, 1_000_002)
    event(world, 999_999)
    assert len(queries_live.changes_since(told)) == 2
    assert queries_live.changes_since(told) == []


@pytest.fixture
def shared(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[BaseDatabaseWrapper]:
    """The connection whose transaction holds the test's world, for one more thread; closing would end it."""
    monkeypatch.setattr(live, "close_old_connections", lambda: None)
    tables = connections["default"]
    tables.inc_thread_sharing()
    yield tables
    tables.dec_thread_sharing()


def headers_of(browser: Browser) -> list[tuple[bytes, bytes]]:
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    return [(b"cookie", f"x=1; {cookie.key}={cookie.value}".encode())]


class Stream:
    """One open page, as the gateway streams to it; its thread sees the tables as the test has them."""

    def __init__(self, headers: list[tuple[bytes, bytes]], tables: BaseDatabaseWrapper) -> None:
        self.live = live.Live()
        self.live._thread = ThreadPoolExecutor(
            1, initializer=lambda: connections.__setitem__("default", tables)
        )
        self.sent: list[MutableMapping[str, Any]] = []
        self.gone = asyncio.Event()
        self.task = asyncio.create_task(self.live({"headers": headers}, self._receive, self._send))

    async def do(self, what: Callable[..., Any], *args: Any) -> None:
        """Do something with the tables, in the thread of the stream."""
        await asyncio.get_running_loop().run_in_executor(self.live._thread, what, *args)

    async def _receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    async def heard(self, many: int) -> None:
        """Wait until the page has been sent `many` messages."""
        while len(self.sent) < many:
            assert not self.task.done(), self.sent
            await asyncio.sleep(0)


@pytest.mark.parametrize("headers", [[], [(b"cookie", b"predvid_session=x")], [(b"cookie", b"\xff;=")]])
def test_strangers_get_no_stream(shared: BaseDatabaseWrapper, headers: list[tuple[bytes, bytes]]) -> None:
    async def stream() -> None:
        page = Stream(headers, shared)
        await asyncio.wait_for(page.task, 5)
        assert [message.get("status") for message in page.sent] == [401, None]

    asyncio.run(stream())


def test_a_stream_follows_its_persons_rights_and_ends_with_the_session(
    world: World, shared: BaseDatabaseWrapper
) -> None:
    person = world.person("ana@example.com", role="technician")
    person.clients.add(world.clients[0])
    browser = world.signed_in(person)
    changes = [queries_live.LiveChange(client.pk, None, alert=False) for client in world.clients]

    async def stream() -> None:
        page = Stream(headers_of(browser), shared)
        await page.heard(2)
        page.live._tell(changes)
        await page.heard(3)
        assert str(world.clients[0].pk).encode() in page.sent[2]["body"]
        assert str(world.clients[1].pk).encode() not in page.sent[2]["body"]
        await page.do(person.clients.clear)
        await page.live._look_again()
        page.live._tell(changes)
        assert all(one.queue.empty() for one in page.live._pages), "nothing is theirs any more"
        await page.do(browser.post, "/sign-out/")
        await page.live._look_again()
        page.live._put(b"x", page.live._pages)
        await asyncio.wait_for(page.task, 5)
        assert not page.live._pages
        assert page.sent[-1]["more_body"] is False

    asyncio.run(stream())


def test_a_stream_notices_new_rights_and_the_end_of_its_person_at_the_next_look(
    world: World, shared: BaseDatabaseWrapper
) -> None:
    person = world.person("ana@example.com", role="technician")
    person.clients.add(world.clients[0])
    browser = world.signed_in(person)
    changes = [queries_live.LiveChange(world.clients[0].pk, None, alert=False)]
    scope = {"role": "technician", "all_clients": False, "now": timezone.now()}

    def only_the_second() -> None:
        people_actions.change_rights(PLATFORM, person.pk, clients=[world.clients[1].pk], **scope)

    async def stream() -> None:
        page = Stream(headers_of(browser), shared)
        await page.heard(2)
        await page.live._look_again()
        await page.do(only_the_second)
        await page.live._look_again()
        page.live._tell(changes)
        assert all(one.queue.empty() for one in page.live._pages), "their first client is no longer theirs"
        await page.do(people_actions.deactivate, PLATFORM, person.pk, timezone.now())
        await page.live._look_again()
        await asyncio.wait_for(page.task, 5)
        assert page.sent[-1] == {"type": "http.response.body", "body": live.ENDED, "more_body": False}

    asyncio.run(stream())


@pytest.mark.parametrize("fault", [DatabaseError("locked"), InterfaceError("connection already closed")])
def test_no_fault_of_the_database_ends_the_watch(
    world: World, shared: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(live, "PAUSE", 0)
    answers: list[Any] = [fault, [queries_live.LiveChange(world.clients[0].pk, None, alert=True)]]

    def changes(told: object) -> list[queries_live.LiveChange]:
        answer = answers.pop(0) if answers else []
        if isinstance(answer, Exception):
            raise answer
        return cast("list[queries_live.LiveChange]", answer)

    monkeypatch.setattr(live, "changes_since", changes)
    browser = world.signed_in(world.person("ana@example.com", role="owner", all_clients=True))

    async def stream() -> None:
        page = Stream(headers_of(browser), shared)
        watch = asyncio.create_task(page.live.run())
        await asyncio.wait_for(page.heard(3), 5)
        assert b"event: changed" in page.sent[2]["body"]
        page.gone.set()
        await page.task
        watch.cancel()

    asyncio.run(stream())


def test_numbers_are_the_viewers_own(world: World) -> None:
    Event.objects.all().delete()
    event(world, 1, place=1)
    mine, now = Viewer("Ana", "technician", frozenset({world.clients[0].pk})), timezone.now()
    assert numbers(mine, now).reactions["pending"] == 0
    nobody = numbers(Viewer("X", "technician", frozenset()), now)
    assert (nobody.last_batch, nobody.reactions["pending"]) == (None, 0)
