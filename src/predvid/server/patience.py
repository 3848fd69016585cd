"""The gateway's patience with a connection: the head of a request must come in time and be of a sane size.

uvicorn waits for ever for a head, and takes one of any length; neither needs a signature or a sign-in.
"""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0
MAX_HEAD = 1 << 16  # bytes
WHOLE = "predvid.whole"  # in the scope of a request that has come to its end
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits for the head of each request, the first and every one kept alive."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._timer: TimerHandle | None = None
        self._heading = True
        self._head_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Count what comes while a head goes on; a piece that begins or ends one does not count.

        Only for a head that did not come whole a timer is needed: most do.
        """
        before = self._heading
        super().data_received(data)
        if self._heading and self._timer is None:
            self._wait()
        if before and self._heading:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD and not self.transport.is_closing():
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of the head."""
        super().on_message_begin()
        self._heading, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Stop waiting: bodies are waited for by whoever reads them."""
        self._end()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._end()
        super().connection_lost(exc)

    def on_message_complete(self) -> None:
        """Mark a request whose body is here: nobody needs to wait for it."""
        self.scope[WHOLE] = True  # type: ignore[literal-required]
        super().on_message_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _end(self) -> None:
        self._heading = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
