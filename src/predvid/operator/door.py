"""The operator's way to the server: plain HTTP(S) requests, each signed with the operator's own key."""

import base64
import http.client
import secrets
import ssl
import time
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from predvid.core.errors import UserError
from predvid.core.trust import Signer, digest
from predvid.operator.folder import Server
from predvid.wire.operator import HEADERS, PREFIX, Done, envelope
from predvid.wire.signing import UNREADABLE
from predvid.wire.v1 import Refusal

TIMEOUT = 20.0
MAX_ANSWER = 16 << 20
Answer = TypeVar("Answer")


class Door:
    """Requests of one operator to one server; all raise UserError with status 1 where it fails."""

    def __init__(self, server: Server, signer: Signer) -> None:
        self._server, self._signer = server, signer

    def get(self, name: str, kind: type[Answer]) -> Answer:
        """Return what the server answers to GET `name`, decoded as `kind`."""
        body = self._ask("GET", f"{PREFIX}/{name}", b"")
        try:
            return msgspec.msgpack.decode(body, type=kind)
        except UNREADABLE:
            raise UserError("the answer does not come from a Predvid server", status=1) from None

    def post(self, name: str, message: msgspec.Struct) -> Done:
        """Hand `message` over; return what the server says became of it."""
        body = self._ask("POST", f"{PREFIX}/{name}", msgspec.msgpack.encode(message))
        try:
            return msgspec.msgpack.decode(body, type=Done)
        except UNREADABLE:
            raise UserError("the answer does not come from a Predvid server", status=1) from None

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        now, nonce = int(time.time() * 1000), secrets.token_hex(16)
        signature = self._signer.sign(envelope(method, path, now, nonce, digest(body)))
        values = (self._signer.public.hex(), str(now), nonce, base64.b64encode(signature).decode())
        return dict(zip(HEADERS, values, strict=True))

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        connection = _connection(self._server)
        try:
            headers = {**self._headers(method, path, body), "Content-Type": "application/msgpack"}
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise UserError(f"cannot reach {self._server.url}: {error}", status=1) from None
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise UserError(_refusal(response.status, answer), status=1)
        return answer


def _connection(server: Server) -> http.client.HTTPConnection:
    parts = urlsplit(server.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"'{server.url}' is no address: give --server https://HOST[:PORT]")
    if parts.scheme == "http":
        if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise UserError("another machine is reached by https:// only")
        return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT)
    try:
        tls = ssl.create_default_context(cadata=server.ca or None)
    except (ssl.SSLError, ValueError):
        raise UserError("the CA certificate of the server cannot be used: give it in PEM form") from None
    return http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=TIMEOUT, context=tls)


def _refusal(status: int, answer: bytes) -> str:
    try:
        refusal = msgspec.msgpack.decode(answer, type=Refusal)
    except UNREADABLE:
        return f"the server answered with HTTP status {status}"
    text = "".join(char if char.isprintable() else " " for char in refusal.message[:300])
    return f"the server refused: {text}"
