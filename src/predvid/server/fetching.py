"""The one way in which the server calls out: a name is resolved once, judged, and that address is called.

No proxy, no cookies, no connection kept: each request and each redirect goes the whole way from the start.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from predvid.core.outgoing import PORTS, Network, NotAllowed, Target, judge, opened, target
from predvid.server.place import Place

REDIRECTS = (301, 302, 303, 307, 308)
MAX_REDIRECTS = 5
CHUNK = 1 << 16
PLAIN_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "Predvid", "Connection": "close"}
OUR_HEADERS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
Resolve = Callable[[str, int], Sequence[str]]


class NotFetched(Exception):
    """The request was not made or not answered: `code` is stable, the text says why.

    Codes: those of `core.outgoing` (`url`, `scheme`, `credentials`, `port`, `address`), then `name`,
    `headers`, `unreachable`, `tls`, `answer`, `too_slow`, `too_large`, `encoding`, `redirects`.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its status, headers (lower case) and whole body, and the address that gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


@dataclass(frozen=True)
class Fetcher:
    """Fetches within limits: `allowed` private ranges and `ports` come from the operator's configuration.

    `seconds` is for one request with all that belongs to it, `most` bounds a body in bytes, unpacked.
    """

    allowed: tuple[Network, ...] = ()
    ports: frozenset[int] = PORTS
    seconds: float = 10.0
    most: int = 1 << 20
    resolve: Resolve = resolve
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def __call__(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Return what `url` answers. Raises NotFetched; then nothing that is not allowed was connected to.

        GET and HEAD follow redirects, each judged like the first address, never from https to http; `headers`
        go along only to the same origin.
        """
        extra = _own(headers or {})
        try:
            asked = target(url, self.ports)
            for _ in range(MAX_REDIRECTS + 1):
                answer = self._once(asked, method, body, extra)
                onward = answer.headers.get("location")
                if answer.status not in REDIRECTS or onward is None or method not in ("GET", "HEAD"):
                    return answer
                following = self._following(asked, onward)
                extra = extra if following.origin == asked.origin else {}
                asked = following
        except NotAllowed as error:
            raise NotFetched(error.code, str(error)) from None
        raise NotFetched("redirects", f"The answer leads on more than {MAX_REDIRECTS} times.")

    def _following(self, asked: Target, onward: str) -> Target:
        try:
            following = target(urljoin(asked.url, onward), self.ports)
        except ValueError:
            raise NotFetched("url", "The answer leads to an address that cannot be read.") from None
        if (asked.scheme, following.scheme) == ("https", "http"):
            raise NotFetched("redirects", "The answer leads from https to http.")
        return following

    def _once(self, asked: Target, method: str, body: bytes, extra: Mapping[str, str]) -> Fetched:
        addresses = self._addresses(asked)
        with _deadline(self.seconds) as watch:
            line = _Pinned(asked, addresses, self.tls, self.seconds, watch)
            try:
                line.request(method, asked.path, body or None, {**PLAIN_HEADERS, **extra})
                answer = line.getresponse()
                content = self._body(answer)
                if watch.ended:  # what ends by our own hand looks like any other end
                    raise TimeoutError
            except (TimeoutError, OSError, http.client.HTTPException, ValueError) as error:
                raise _failure(error, watch) from None
            finally:
                line.close()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Fetched(answer.status, named, content, asked.url)

    def _addresses(self, asked: Target) -> list[str]:
        """Return where to connect to: all that the name stands for. Raises if one of them is not allowed."""
        try:
            found = [asked.host] if _literal(asked.host) else list(self.resolve(asked.host, asked.port))
        except OSError:
            found = []
        if not found:
            raise NotFetched("name", f"The name {asked.host} is not known.")
        return [str(judge(address, self.allowed)) for address in found]

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        encoding = answer.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "deflate"):
            raise NotFetched("encoding", "The answer is packed in a way that was not asked for.")
        unpacker = zlib.decompressobj(wbits=47) if encoding in ("gzip", "deflate") else None
        whole = bytearray()
        while chunk := answer.read(CHUNK):
            whole += chunk if unpacker is None else _unpacked(unpacker, chunk, self.most + 1 - len(whole))
            if len(whole) > self.most:
                raise NotFetched("too_large", f"The answer is over {self.most} bytes.")
        return bytes(whole)


def fetcher(place: Place) -> Fetcher:
    """Return the fetcher of an installation: what its operator opened, and nothing else that is private."""
    return Fetcher(tuple(map(opened, place.fetch_ranges)), PORTS | frozenset(place.fetch_ports))


class _Watch:
    """Cuts the connection it is shown when time is up."""

    def __init__(self) -> None:
        self.ended = False
        self._socket: socket.socket | None = None

    def show(self, connection: socket.socket) -> None:
        self._socket = connection
        if self.ended:
            self.end()

    def end(self) -> None:
        self.ended = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # the plain shutdown: TLS's own is not for another thread
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[_Watch]:
    watch = _Watch()
    timer = threading.Timer(seconds, watch.end)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()


class _Pinned(http.client.HTTPConnection):
    """A connection to one of the addresses given, with TLS verified against the name asked for."""

    def __init__(
        self, asked: Target, addresses: Sequence[str], tls: ssl.SSLContext, seconds: float, watch: _Watch
    ) -> None:
        super().__init__(asked.host, asked.port, timeout=seconds)
        self.default_port = {"http": 80, "https": 443}[asked.scheme]  # decides how the header Host is written
        self._asked, self._addresses, self._tls, self._watch = asked, addresses, tls, watch

    def connect(self) -> None:
        """Connect to the first address that answers. Raises OSError."""
        plain = self._plain()
        self._watch.show(plain)
        self.sock: Any = plain
        if self._asked.scheme == "https":
            self.sock = self._tls.wrap_socket(
                plain, server_hostname=self._asked.host, do_handshake_on_connect=False
            )
            self._watch.show(self.sock)
            self.sock.do_handshake()

    def _plain(self) -> socket.socket:
        failed: OSError = ConnectionRefusedError()
        for address in self._addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            link = socket.socket(family, socket.SOCK_STREAM)
            link.settimeout(self.timeout)
            self._watch.show(link)
            try:
                link.connect((address, self._asked.port))
            except OSError as error:
                link.close()
                failed = error
            else:
                return link
        raise failed


def _literal(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()


def _own(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's headers. Raises NotFetched for one that only the fetcher may set."""
    if wrong := sorted(OUR_HEADERS & {name.lower() for name in headers}):
        raise NotFetched("headers", f"The header {wrong[0]} is not the caller's to set.")
    return dict(headers)


def _unpacked(unpacker: Any, chunk: bytes, most: int) -> bytes:
    try:
        plain: bytes = unpacker.decompress(chunk, most)
    except zlib.error:
        raise NotFetched("encoding", "The answer cannot be unpacked.") from None
    return plain


def _failure(error: Exception, watch: _Watch) -> NotFetched:
    if watch.ended or isinstance(error, TimeoutError):
        return NotFetched("too_slow", "The server did not answer in time.")
    if isinstance(error, ssl.SSLError):
        return NotFetched("tls", f"The server's certificate or TLS is not accepted: {error.reason or error}.")
    if isinstance(error, OSError):
        return NotFetched("unreachable", f"The server does not answer: {error.strerror or error}.")
    if isinstance(error, http.client.HTTPException):
        return NotFetched("answer", f"The server does not speak HTTP: {type(error).__name__}.")
    return NotFetched("headers", f"The request cannot be written: {error}.")
