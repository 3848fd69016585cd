"""Open pages are told every change once, and only while their session lives."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from django.utils import timezone

from console_fixture import World
from predvid.modules.access.rules import Viewer
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


def test_a_stream_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    viewers = [Viewer("Ana", "owner", None), Viewer("Ana", "owner", frozenset()), None]
    monkeypatch.setattr(live, "_viewer", lambda headers: viewers.pop(0))
    sent: list[MutableMapping[str, Any]] = []

    async def stream() -> None:
        one = live.Live()
        never = asyncio.Event()

        async def receive() -> MutableMapping[str, Any]:
            await never.wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        open_page = asyncio.create_task(one({"headers": []}, receive, send))
        while len(sent) < 2:
            await asyncio.sleep(0)
        (page,) = one._pages
        await one._look_again()
        assert (page.viewer.clients, page.ended) == (frozenset(), False)
        await one._look_again()
        one._put(b"x", {page})
        await asyncio.wait_for(open_page, 5)
        assert not one._pages

    asyncio.run(stream())
    assert sent[-1]["more_body"] is False


def test_numbers_are_the_viewers_own(world: World) -> None:
    Event.objects.all().delete()
    event(world, 1, place=1)
    mine, now = Viewer("Ana", "technician", frozenset({world.clients[0].pk})), timezone.now()
    assert numbers(mine, now).reactions["pending"] == 0
    nobody = numbers(Viewer("X", "technician", frozenset()), now)
    assert (nobody.last_batch, nobody.reactions["pending"]) == (None, 0)
