"""Passes people's requests to the console over its Unix socket: people and agents share one address."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import httpx

from predvid.server.place import Place

TIMEOUTS = {"timeout": httpx.Timeout(60.0).as_dict()}
HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-forwarded-for",
        b"x-forwarded-proto",
    )
)
AWAY = (
    b"<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=2><title>Predvid</title>"
    b"<p>Konzola se pokre\xc4\x87e\xe2\x80\xa6 / The console is starting\xe2\x80\xa6"
)
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


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

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass one request on and stream the answer back; 502 and a page that reloads while it is away."""
        headers = [(name, value) for name, value in scope["headers"] if name not in HOP]
        client = scope.get("client")
        headers += [
            (b"x-forwarded-proto", self._scheme),
            (b"x-forwarded-for", (client[0] if client else "").encode()),
        ]
        path = scope.get("raw_path") or scope["path"].encode()
        url = httpx.URL(
            "http://console", raw_path=path + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        )
        bodied = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        stream = _Body(receive) if bodied else None
        request = httpx.Request(scope["method"], url, headers=headers, stream=stream, extensions=TIMEOUTS)
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.TransportError:
            await _away(send)
            return
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": response.status_code,
                    "headers": [
                        (name.lower(), value)
                        for name, value in response.headers.raw
                        if name.lower() not in HOP
                    ],
                }
            )
            async for chunk in response.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a request, passed on as it comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return
            yield message.get("body", b"")
            if not message.get("more_body"):
                return


async def _away(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 502,
            "headers": [(b"content-type", b"text/html; charset=utf-8"), (b"retry-after", b"2")],
        }
    )
    await send({"type": "http.response.body", "body": AWAY})
