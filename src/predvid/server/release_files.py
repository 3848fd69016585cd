"""Hands out the signed list of releases and the wheels in it, exactly as operators left them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PREFIX = "/agent/v1/releases/"
NAMES = re.compile(
    r"metadata/(timestamp|[0-9]{1,9}\.(root|snapshot|targets))\.json|"
    r"targets/[0-9a-f]{64}\.predvid-[0-9A-Za-z.+]{1,32}-py3-none-any\.whl"
)
CHUNK = 1 << 16
SECONDS = 900.0  # after which a reader that is slower is dropped


class ReleaseFiles:
    """Answers GET and HEAD; nobody needs to be known, for nothing here is secret and all of it is signed."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "releases"

    @staticmethod
    def asked(path: str) -> bool:
        """Tell whether `path` asks for a file of the releases."""
        return path.startswith(PREFIX)

    async def __call__(self, scope: MutableMapping[str, Any], send: Send) -> None:
        """Answer one request; 404 for whatever is no name of such a file."""
        name = scope["path"].removeprefix(PREFIX)
        known = NAMES.fullmatch(name) is not None and scope["method"] in ("GET", "HEAD")
        content = await asyncio.get_running_loop().run_in_executor(None, self._read, name) if known else None
        headers = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-cache")]
        kind = b"application/json" if name.endswith(".json") else b"application/zip"
        size = str(len(content or b"")).encode()
        headers += [(b"content-type", kind if content else b"text/plain"), (b"content-length", size)]
        status = 200 if content is not None else 404
        await send({"type": "http.response.start", "status": status, "headers": headers})
        try:
            async with asyncio.timeout(SECONDS):
                await self._body(b"" if scope["method"] == "HEAD" else content or b"", send)
        except TimeoutError:
            return

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    @staticmethod
    async def _body(content: bytes, send: Send) -> None:
        whole = memoryview(content)
        for start in range(0, len(whole), CHUNK):
            chunk = bytes(whole[start : start + CHUNK])
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
