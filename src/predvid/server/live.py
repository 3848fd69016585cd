"""Server-sent events: which clients and devices changed, of those that a viewer may see."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error as DatabaseFault
from django.db import close_old_connections
from django.http import HttpRequest
from django.utils import timezone

from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.queries_sessions import standing
from predvid.modules.access.rules import Viewer
from predvid.modules.access.session_store import SessionStore, stored_key
from predvid.modules.access.sign_in_state import factor_overdue
from predvid.modules.monitoring.queries_live import LiveChange, Told, changes_since, nothing_yet

log = logging.getLogger(__name__)
PAUSE = 1.0  # seconds between two looks at the event table, one look for all open pages
TICK = 15.0  # seconds between two heartbeats, at which pages refresh their times
MAX_PAGES = 500
ENDED = b"event: ended\ndata: {}\n\n"
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(eq=False)
class Page:
    """One open page: whose it is, and the messages on their way to it."""

    viewer: Viewer
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    rights: int | None = None  # the version of its person's rights when `viewer` was last read
    ended: bool = False
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(50))


class Live:
    """All open pages of one gateway."""

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._opened = asyncio.Event()

    async def run(self) -> None:
        """Look for changes while pages are open, until cancelled."""
        loop = asyncio.get_running_loop()
        told: Told | None = None
        ticked = loop.time()
        while True:
            if not self._pages:
                self._opened.clear()
                told = None
                await self._opened.wait()
            try:
                await self._look_again()
                if told is None:
                    told = await loop.run_in_executor(self._thread, _afresh, nothing_yet)
                self._tell(await loop.run_in_executor(self._thread, _afresh, changes_since, told))
                if loop.time() - ticked >= TICK:
                    ticked = loop.time()
                    for page in self._pages:  # what changes without a verb of people is noticed too
                        page.rights = None
                    self._put(b"event: tick\ndata: {}\n\n", self._pages)
            except DatabaseFault as error:  # InterfaceError, of a lost connection, is no DatabaseError
                log.warning("live pages wait: %s", error)
            await asyncio.sleep(PAUSE)

    async def _look_again(self) -> None:
        """End the streams whose session has ended; let those see anew whose person's rights have changed."""
        loop = asyncio.get_running_loop()
        keys = {page: _key_hash(page.headers) for page in self._pages}
        now = datetime.now(UTC)
        rights = await loop.run_in_executor(self._thread, _afresh, standing, set(keys.values()), now)
        for page, key in keys.items():
            if page.rights is not None and page.rights == rights.get(key):
                continue
            viewer = await loop.run_in_executor(self._thread, _viewer, page.headers)
            page.viewer, page.rights, page.ended = viewer or page.viewer, rights.get(key), viewer is None
            if page.ended:
                self._put(ENDED, {page})

    def _tell(self, changes: list[LiveChange]) -> None:
        for page in self._pages:
            mine = [change for change in changes if page.viewer.may("device.view", change.client)]
            if mine:
                data = {
                    "clients": _ids(change.client for change in mine),
                    "devices": _ids(c.device for c in mine),
                    "alerts": any(change.alert for change in mine),
                }
                self._put(b"event: changed\ndata: " + msgspec.json.encode(data) + b"\n\n", {page})

    @staticmethod
    def _put(message: bytes, pages: set[Page]) -> None:
        for page in pages:
            with contextlib.suppress(asyncio.QueueFull):  # a page that does not read gets the next one
                page.queue.put_nowait(message)

    def let_go(self) -> None:
        """End every stream: the gateway is about to end, and its pages ask again in a moment."""
        for page in self._pages:
            page.ended = True
        self._put(b": bye\n\n", self._pages)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Stream changes to one signed-in page (401 otherwise, 503 when too many are open)."""
        viewer = await asyncio.get_running_loop().run_in_executor(self._thread, _viewer, scope["headers"])
        if viewer is None or len(self._pages) >= MAX_PAGES:
            await send({"type": "http.response.start", "status": 503 if viewer else 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        page = Page(viewer, list(scope["headers"]))
        self._pages.add(page)
        self._opened.set()
        gone = asyncio.create_task(_gone(receive))
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [
                        (b"content-type", b"text/event-stream"),
                        (b"cache-control", b"no-store"),
                        (b"x-accel-buffering", b"no"),
                    ],
                }
            )
            await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
            await self._stream(page, gone, send)
        finally:
            self._pages.discard(page)
            gone.cancel()

    @staticmethod
    async def _stream(page: Page, gone: asyncio.Task[None], send: Send) -> None:
        while not gone.done():
            message = asyncio.create_task(page.queue.get())
            await asyncio.wait((message, gone), return_when=asyncio.FIRST_COMPLETED)
            if not message.done():
                message.cancel()
                return
            await send({"type": "http.response.body", "body": message.result(), "more_body": not page.ended})
            if page.ended:
                return


def _afresh(look: Callable[..., Any], *arguments: Any) -> Any:
    """Look at the tables over a connection that is still good."""
    close_old_connections()
    return look(*arguments)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _ids(ids: Any) -> list[str]:
    return sorted({str(each) for each in ids if isinstance(each, UUID)})


def _key_hash(headers: list[tuple[bytes, bytes]]) -> str:
    return stored_key(_cookie(headers) or "")


def _cookie(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the key of the session whose cookie the request carries, or None."""
    raw = b"; ".join(value for name, value in headers if name == b"cookie").decode("latin-1")
    try:
        cookie = SimpleCookie(raw).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return cookie.value if cookie else None


def _viewer(headers: list[tuple[bytes, bytes]]) -> Viewer | None:
    """Return the viewer whose session cookie the request carries, or None."""
    close_old_connections()
    key = _cookie(headers)
    if key is None:
        return None
    request = HttpRequest()
    request.session = SessionStore(key)
    person = get_user(request)
    if not isinstance(person, Person) or factor_overdue(request.session, timezone.now()):
        return None
    return viewer_of(person) if person.is_active else None
