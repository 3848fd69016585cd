"""The signed way to the server: one kept connection, by a proxy if there is one, TLS always verified."""

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from predvid.core import plain
from predvid.core.trust import Signer, digest
from predvid.edge.proxy import Address
from predvid.wire.v1 import HEADERS, Refusal, envelope

TIMEOUT = 20.0  # seconds that one reading or writing may take
LONGEST = 180.0  # seconds for a whole request: the largest batch on a slow line, but no end of single bytes
MAX_ANSWER = 4 << 20
MAX_CODE, MAX_MESSAGE = 60, 300  # characters of a refusal that are kept and shown
LATEST = 253_402_300_800_000  # ms since the epoch: the year 10000
# How OpenSSL calls an answer in plain text to the first words of TLS; which one depends on its version.
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)  # what decoding foreign bytes raises
Message = TypeVar("Message")


class LinkFailed(Exception):
    """No usable answer: not reachable, TLS not verified, cut off, or not our server; the text says which."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `sent` and `received` are steady seconds around the request; `retry_after` in seconds."""

    status: int
    body: bytes
    retry_after: float
    sent: float
    received: float

    def refusal(self) -> Refusal:
        """Return the Refusal in the body, or one made of the status where a middlebox answered."""
        try:
            found = msgspec.msgpack.decode(self.body, type=Refusal)
        except UNREADABLE:
            return Refusal(f"http_{self.status}", f"the answer was HTTP status {self.status}")
        return Refusal(_shown(found.code, MAX_CODE), _shown(found.message, MAX_MESSAGE), found.retry_after)

    @property
    def foreign(self) -> bool:
        """Tell whether a middlebox refused, not the server: the body is no Refusal."""
        return self.refusal().code.startswith("http_")

    def decoded(self, kind: type[Message]) -> Message:
        """Return the body as a message of `kind`, its `now` a possible one. Raises LinkFailed."""
        try:
            found = msgspec.msgpack.decode(self.body, type=kind)
        except UNREADABLE:
            raise LinkFailed("the answer does not come from a Predvid server (a captive portal?)") from None
        if not 0 <= getattr(found, "now", 0) < LATEST:
            raise LinkFailed("the server's clock cannot be right")
        return found


def _shown(text: str, length: int) -> str:
    """Return a text of the server as a terminal may show it: short, one line, no control characters."""
    return "".join(char if char.isprintable() else " " for char in plain.text(text[:length]))


@dataclass(frozen=True)
class Sender:
    """Who signs the requests of one process, and with what clock (`now` in ms, `elapsed` in seconds)."""

    agent: str
    boot: str
    generation: int
    signer: Signer
    now: Callable[[], int]
    elapsed: Callable[[], float]

    def headers(self, path: str, body: bytes, waited: int) -> dict[str, str]:
        """Return the signed headers of one request; see `wire.v1.envelope`."""
        now = self.now()
        message = envelope(self.agent, path, self.boot, self.generation, now, waited, digest(body))
        signature = base64.b64encode(self.signer.sign(message)).decode()
        values = (self.agent, self.boot, str(self.generation), str(now), str(waited), signature)
        return dict(zip(HEADERS, values, strict=True))


def verifying(ca: Path | None) -> ssl.SSLContext:
    """Return a TLS context that trusts `ca` alone, or the system's store where it is None."""
    return ssl.create_default_context(cafile=str(ca) if ca else None)


def blind() -> ssl.SSLContext:
    """Return a TLS context that verifies nothing: only for fetching a CA that a fingerprint then checks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Answer:
    """An answer that goes on; `read` returns what was asked for, or less where it has ended."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer at the end of the answer."""
        return self._response.read(size)

    def reply(self) -> Reply:
        """Return the whole of a refusal."""
        after = _seconds(self._response.getheader("Retry-After"))
        return Reply(self.status, self._response.read(MAX_ANSWER), after, 0.0, 0.0)


class Link:
    """Requests over one kept connection. Not for two threads at once; `cut` may come from another."""

    def __init__(
        self,
        server: Address,
        proxy: Address | None,
        tls: ssl.SSLContext | None,
        sender: Sender,
        timeout: float = TIMEOUT,
        longest: float = LONGEST,
    ) -> None:
        self._server, self._proxy, self._tls, self._sender = server, proxy, tls, sender
        self._timeout, self._longest = timeout, longest
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Reply:
        """Send a signed GET; `path` without query is what is signed. Raises LinkFailed."""
        return self._request("GET", path, b"", self._sender.headers(path, b"", -1))

    def post(self, path: str, body: bytes, *, deflated: bool = False, waited: int = -1) -> Reply:
        """Send a signed POST of msgpack; `waited` in ms, see `wire.v1.envelope`. Raises LinkFailed."""
        headers = self._sender.headers(path, body, waited)
        headers["Content-Type"] = "application/msgpack"
        if deflated:
            headers["Content-Encoding"] = "deflate"
        return self._request("POST", path, body, headers)

    @contextlib.contextmanager
    def listening(self, path: str) -> Iterator["Answer"]:
        """Give the answer to a signed GET that goes on for as long as it likes. Raises LinkFailed.

        Each read may take the link's time-out. It runs over a connection of its own, closed at the end.
        """
        self.close()
        try:
            response = self._ask("GET", path, b"", self._sender.headers(path, b"", -1))
            yield Answer(response)
        except (OSError, http.client.HTTPException) as error:
            raise LinkFailed(reason(error, self._server)) from None
        finally:
            self.close()

    def cut(self) -> None:
        """End whatever is under way at once; the request under way fails."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        kept = self._connection is not None and self._connection.sock is not None
        try:
            return self._once(method, path, body, headers)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, http.client.BadStatusLine) as error:
            self.close()
            if not kept:
                raise LinkFailed(reason(error, self._server)) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LinkFailed(reason(error, self._server)) from None
        # A server may close an idle connection at any moment; asking again is safe, for batches are numbered.
        try:
            return self._once(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LinkFailed(reason(error, self._server)) from None

    def _once(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """Do one request; the time-out of a socket begins again with each byte, so a timer ends the whole."""
        overdue = threading.Event()
        timer = threading.Timer(self._longest, self._cut_off, (overdue,))
        timer.daemon = True
        timer.start()
        try:
            reply = self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            if overdue.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
        if overdue.is_set():  # what was read is cut short
            raise TimeoutError
        return reply

    def _cut_off(self, overdue: threading.Event) -> None:
        overdue.set()
        self.cut()

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        sent = self._sender.elapsed()
        response = self._ask(method, path, body, headers)
        answer = response.read(MAX_ANSWER + 1)
        received = self._sender.elapsed()
        if len(answer) > MAX_ANSWER:
            raise http.client.HTTPException("the answer is too large")
        return Reply(response.status, answer, _seconds(response.getheader("Retry-After")), sent, received)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
        connection = self._connection = self._connection or self._open()
        target, extra = path, {"User-Agent": "predvid-agent"}
        if self._proxy is not None and not self._server.tls:
            target = f"http://{self._server.netloc}{path}"
            extra["Host"] = self._server.netloc
            if self._proxy.authorization:
                extra["Proxy-Authorization"] = self._proxy.authorization
        connection.request(method, target, body or None, headers | extra)
        return connection.getresponse()

    def _open(self) -> http.client.HTTPConnection:
        where = self._proxy or self._server
        if not self._server.tls:
            return http.client.HTTPConnection(where.host, where.port, timeout=self._timeout)
        connection = http.client.HTTPSConnection(
            where.host, where.port, timeout=self._timeout, context=self._tls
        )
        if self._proxy is not None:
            login = {"Proxy-Authorization": self._proxy.authorization} if self._proxy.authorization else {}
            connection.set_tunnel(self._server.host, self._server.port, login)
        return connection


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdecimal() else 0.0


def reason(error: Exception, server: Address) -> str:
    """Return in words, for a person at the device, why a request to `server` failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {server.netloc} is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason in NO_TLS:
        return (
            f"{server.netloc} does not speak TLS: on the server's own machine give http://{server.netloc}, "
            "elsewhere have it started with --listen"
        )
    if isinstance(error, TimeoutError):
        return f"{server.netloc} did not answer in time"
    if isinstance(error, socket.gaierror):
        return f"the name {server.host} is not known ({error.strerror})"
    return f"{server.netloc}: {error or type(error).__name__}"
