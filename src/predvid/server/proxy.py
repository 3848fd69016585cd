"""Passes people's requests to the console over its Unix socket: people and agents share one address.

The console has a few threads, one for each request under way. So a request goes there whole, and an answer is
taken from there at once: whoever sends or reads slowly keeps only this process waiting, which can wait long.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from predvid.modules.api.problems import Problem, away
from predvid.modules.monitoring.delivery import Refused
from predvid.server.limits import API
from predvid.server.lone_pages import STARTING, TOO_MANY, LonePage, page
from predvid.server.place import Place

TIMEOUTS = {"timeout": httpx.Timeout(60.0).as_dict()}
MAX_REQUEST = 4 << 20  # bytes
MAX_HELD = 4 << 20  # bytes of an answer; what is longer, or of unknown length, is streamed
REQUEST_SECONDS = 30.0
ANSWER_SECONDS = 300.0
HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
OURS = HOP | {b"content-length", b"expect", b"x-forwarded-for", b"x-forwarded-proto"}
ITS_OWN = HOP | {b"date", b"server"}  # the gateway says when and nobody says what answers
Header = tuple[bytes, bytes]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class CannotPass(Exception):
    """The request does not go to the console: the status to answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ConsoleProxy:
    """Kept connections to the console's socket.

    The bare transport is used, not a client: a client keeps cookies, and would hand one person's to the next.
    """

    def __init__(self, place: Place) -> None:
        self._scheme = place.address.partition(":")[0].encode()
        self._transport = httpx.AsyncHTTPTransport(
            uds=str(place.socket), limits=httpx.Limits(max_connections=64, max_keepalive_connections=16)
        )

    async def close(self) -> None:
        """Close the kept connections."""
        await self._transport.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and give the answer back; 502 and a page that reloads while it is away."""
        try:
            url, headers = _target(scope), self._headers(scope)
            body = await _body(scope, receive)
        except CannotPass as cannot:
            closing = [(b"content-type", b"text/plain"), (b"content-length", b"0"), (b"connection", b"close")]
            await _whole(send, cannot.status, closing, b"")
            return
        if body:
            headers.append((b"content-length", str(len(body)).encode()))
        request = httpx.Request(
            scope["method"], url, headers=headers, stream=httpx.ByteStream(body), extensions=TIMEOUTS
        )
        try:
            response = await self._transport.handle_async_request(request)
            held = await _held(response)
        except httpx.TransportError:
            await _away(scope, send)
            return
        with suppress(TimeoutError, httpx.TransportError):  # half an answer is cut off, and logged as such
            async with asyncio.timeout(ANSWER_SECONDS):
                await _answer(send, response, held)

    def _headers(self, scope: Scope) -> list[Header]:
        """Return what the console is told, without what only its gateway may say.

        A name with an underscore means the same to WSGI as one with a hyphen: nobody may forge ours that way.
        """
        headers: Sequence[Header] = scope["headers"]
        named = {
            word.strip().lower()
            for name, value in headers
            if name == b"connection"
            for word in value.split(b",")
        }
        client = scope.get("client")
        return [
            *((n, v) for n, v in headers if n not in OURS and n not in named - {b"host"} and b"_" not in n),
            (b"x-forwarded-proto", self._scheme),
            (b"x-forwarded-for", (client[0] if client else "").encode()),
        ]


def _target(scope: Scope) -> httpx.URL:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    if not path.startswith(b"/") or sum(name == b"host" for name, _ in scope["headers"]) != 1:
        raise CannotPass(400)
    query: bytes = scope["query_string"]
    return httpx.URL("http://console", raw_path=path + (b"?" + query if query else b""))


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body of a request. Raises CannotPass where it is too large, too slow or cut short."""
    if not any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]):
        return b""
    whole, more = bytearray(), True
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise CannotPass(400)
                whole += message.get("body", b"")
                more = message.get("more_body", False)
                if len(whole) > MAX_REQUEST:
                    raise CannotPass(413)
    except TimeoutError:
        raise CannotPass(408) from None
    return bytes(whole)


async def _held(response: httpx.Response) -> bytes | None:
    """Return the whole content of an answer, None where it is to be streamed."""
    length = response.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_HELD:
        return None
    try:
        return b"".join([chunk async for chunk in response.aiter_raw()])
    finally:
        await response.aclose()


async def _answer(send: Send, response: httpx.Response, held: bytes | None) -> None:
    headers = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in ITS_OWN]
    if held is not None:
        await _whole(send, response.status_code, headers, held)
        return
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    try:
        async for chunk in response.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await response.aclose()


def wishes(scope: Scope) -> str:
    """Return the Accept-Language headers of a request, joined."""
    told = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
    return told.decode("latin-1")


async def too_many(scope: Scope, send: Send, refused: Refused) -> None:
    """Answer a request over its limit: a program in problem+json (RFC 9457), a person with a page."""
    if scope["path"].startswith(API):
        wait = {"Retry-After": str(refused.retry)}
        await _problem(send, Problem(429, "too-many", refused.message, headers=wait))
    else:
        await give(send, 429, page(TOO_MANY, wishes(scope), seconds=refused.retry))


async def _away(scope: Scope, send: Send) -> None:
    """Answer while the console does not: a program in problem+json, a person with a page."""
    if scope["path"].startswith(API):
        await _problem(send, away("console"))
    else:
        await give(send, 502, page(STARTING, wishes(scope), seconds=2, again=True))


async def _problem(send: Send, problem: Problem) -> None:
    response = problem.response()
    told = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    length = (b"content-length", str(len(response.content)).encode())
    await _whole(send, response.status_code, [*told, length], response.content)


async def give(send: Send, status: int, alone: LonePage) -> None:
    """Answer with a page of the gateway's own."""
    await _whole(send, status, alone.headers, alone.content)


async def _whole(send: Send, status: int, headers: list[Header], content: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
