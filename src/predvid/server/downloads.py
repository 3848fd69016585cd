"""Hands out the agent's package: the one file that new devices install, with nothing secret in it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from predvid.modules.inventory.offered_wheels import Offer

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
FOLDER = "/agent/"
CHUNK = 1 << 16  # what one slow reader keeps in memory beside the one copy of all
SECONDS = 900.0
GONE = b"This server has no such version of the agent; its enrolment page names the one that it has.\n"
TEXT = (b"content-type", b"text/plain; charset=utf-8")


class Downloads:
    """Answers GET and HEAD for a package by its exact name; nobody needs to be signed in."""

    def __init__(self, data: Path) -> None:
        self._offer = Offer(data)

    @staticmethod
    def asked(path: str) -> bool:
        """Tell whether `path` asks for a package."""
        return path.startswith(FOLDER) and path.endswith(".whl")

    async def __call__(self, scope: MutableMapping[str, Any], send: Send) -> None:
        """Answer one request; a reader that takes longer than `SECONDS` is dropped."""
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, b"", [(b"allow", b"GET, HEAD")])
            return
        name = scope["path"].removeprefix(FOLDER)
        wheel = await asyncio.get_running_loop().run_in_executor(None, self._offer.find, name)
        if wheel is None:
            await _answer(send, 404, GONE, [TEXT])
            return
        tag = f'"{wheel.sha256}"'.encode()
        extra = [
            (b"etag", tag),
            (b"cache-control", b"no-cache"),  # a checkout that somebody works on changes under one name
            (b"content-type", b"application/zip"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if any(header == b"if-none-match" and tag in value for header, value in scope["headers"]):
            await _answer(send, 304, None, extra)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await _answer(send, 200, wheel.content, extra)


async def _answer(send: Send, status: int, content: bytes | None, extra: list[tuple[bytes, bytes]]) -> None:
    length = [] if content is None else [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*length, *extra]})
    whole = memoryview(content or b"")
    for start in range(0, len(whole), CHUNK):
        chunk = bytes(whole[start : start + CHUNK])
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
