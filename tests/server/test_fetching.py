"""The server's calls out: a corpus of addresses leads nowhere, counted by servers that really listen."""

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from nameserver import Nameserver
from predvid.core.errors import UserError
from predvid.core.outgoing import opened
from predvid.server import certificates
from predvid.server.fetching import Fetcher, NotFetched, fetcher
from predvid.server.place import Place

REFUSALS = {"url", "scheme", "credentials", "port", "address", "name"}
OPEN = "127.0.0.2"  # the one address that the operator of these tests opened
BOMB = gzip.compress(bytes(50 << 20))
CORPUS = Path(__file__).parent / "ssrf_corpus.txt"
NAMES = {
    "inside.example": ["127.0.0.1"], "metadata.example": ["169.254.169.254"], "lan.example": ["192.168.1.1"],
    "mixed.example": ["93.184.216.34", "127.0.0.1"], "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"], "sixtofour.example": ["2002:7f00:1::1"], "six.example": ["::1"],
    "open.example": [OPEN], "localhost": ["127.0.0.1"], "localhost.localdomain": ["127.0.0.1"],
}  # fmt: skip


class Counting:
    """Listens on loopback and counts who connects: nobody may."""

    def __init__(self) -> None:
        self.count = 0
        self._listening = [socket.create_server(("127.0.0.1", 0))]
        self.port = int(self._listening[0].getsockname()[1])
        if socket.has_ipv6:
            self._listening.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for listening in self._listening:
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            self.count += 1
            link.close()

    def connected(self) -> int:
        """Return how many connected so far; one of our own, after all others, shows that it counts."""
        before = self.count
        with socket.create_connection(("127.0.0.1", self.port)) as own:
            own.recv(1)
        assert self.count == before + 1
        self.count = 0
        return before

    def close(self) -> None:
        for listening in self._listening:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()


class Answering(BaseHTTPRequestHandler):
    """Answers what the query asks for: a redirect, a body, one that never ends, one that is packed."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        words = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        assert isinstance(self.server, Serving)
        self.server.seen.append(dict(self.headers))
        if "to" in words or "again" in words:
            self._head(302, {"Location": words.get("to", self.path)})
        elif "drip" in words:
            self._drip()
        else:
            body = {"bomb": BOMB, "zlib": zlib.compress(b"packed"), "long": bytes(2 << 20)}
            packing = {"bomb": "gzip", "zlib": "deflate", "odd": "br"}.get(words.get("as", ""))
            self._head(200, {"Content-Encoding": packing} if packing else {})
            self.wfile.write(body.get(words.get("as", ""), b"hello"))

    def do_POST(self) -> None:
        self.do_GET()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self) -> None:
        self._head(200, {})
        assert isinstance(self.server, Serving)
        while not self.server.over.wait(0.05):
            self.wfile.write(b".")

    def log_message(self, format: str, *args: object) -> None: ...


@dataclass
class World:
    """A forbidden server that counts, an open one that answers, a nameserver, and the fetcher under test."""

    inside: Counting
    names: Nameserver
    fetch: Fetcher
    seen: list[dict[str, str]]

    def refused(self, url: str) -> str:
        code, answered = outcome(self.fetch, url)
        assert not answered, url
        return code

    def address(self, query: str = "", host: str = "open.example") -> str:
        return f"http://{host}:{self.inside.port}/?{query}"


class Serving(ThreadingHTTPServer):
    """The open server; it notes the headers that it was sent."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Answering)
        self.seen: list[dict[str, str]] = []
        self.over = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what these tests are about."""


@contextmanager
def serving(server: Serving) -> Iterator[Serving]:
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


def outcome(fetch: Fetcher, url: str) -> tuple[str, str]:
    """Return the code of a refusal and nothing, or nothing and the address that answered."""
    try:
        return "", fetch(url).url
    except NotFetched as refused:
        return refused.code, ""


@pytest.fixture
def world() -> Iterator[World]:
    inside = Counting()
    with serving(Serving((OPEN, inside.port))) as server, Nameserver(NAMES) as names:
        fetch = Fetcher((opened(f"{OPEN}/32"),), frozenset({inside.port}), 5.0, 1 << 20, names.resolve)
        yield World(inside, names, fetch, server.seen)
    inside.close()


def corpus(port: int) -> list[str]:
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    return [line.replace("PORT", str(port)) for line in lines if line and not line.startswith("#")]


def test_no_address_of_the_corpus_is_connected_to(world: World) -> None:
    urls = corpus(world.inside.port)
    assert len(urls) >= 100
    assert {world.refused(url) for url in urls} <= REFUSALS
    assert world.inside.connected() == 0
    assert world.seen == []


def test_no_redirect_leads_to_an_address_of_the_corpus(world: World) -> None:
    urls = [url for url in corpus(world.inside.port) if "#" not in url and "&" not in url and url.isascii()]
    assert len(urls) >= 80
    for url in urls:
        code, answered = outcome(world.fetch, world.address("to=" + quote(url, safe="")))
        at_home = answered.startswith(
            world.address().removesuffix("/?")
        )  # read as relative: another path there
        assert code in REFUSALS or at_home, url
    assert world.inside.connected() == 0
    assert len(world.seen) >= len(urls)


def test_a_name_that_changes_its_address_is_called_where_it_was_judged(world: World) -> None:
    world.names.turns["rebinding.example"] = [[OPEN], ["127.0.0.1"]]
    url = world.address(host="rebinding.example")
    assert world.fetch(url).body == b"hello"
    assert world.names.asked["rebinding.example"] == 1
    assert world.refused(url) == "address"
    onward = world.address("to=" + world.address(host="turning.example"))
    world.names.turns["turning.example"] = [["127.0.0.1"], [OPEN]]
    assert world.refused(onward) == "address"
    assert world.inside.connected() == 0


def test_redirects_end_and_keep_what_is_not_theirs(world: World) -> None:
    loop = world.address("to=" + world.address("to=/").replace("&", "%26"))
    assert world.fetch(loop).body == b"hello"
    world.names.turns["elsewhere.example"] = [[OPEN]]
    away = world.address("to=" + world.address(host="elsewhere.example"))
    world.fetch(away, headers={"Authorization": "Bearer secret"})
    assert ["Authorization" in headers for headers in world.seen[-2:]] == [True, False]
    assert world.refused(world.address("again=1")) == "redirects"
    posted = world.fetch(world.address("to=/"), method="POST", body=b"x")
    assert posted.status == 302
    with pytest.raises(NotFetched, match="not the caller's"):
        world.fetch(world.address(), headers={"Host": "127.0.0.1"})
    with pytest.raises(NotFetched):
        world.fetch(world.address(), headers={"X": "a\r\nHost: 127.0.0.1"})


def test_bodies_are_bounded_in_size_and_time(world: World) -> None:
    assert world.fetch(world.address("as=zlib")).body == b"packed"
    assert world.refused(world.address("as=long")) == "too_large"
    assert world.refused(world.address("as=bomb")) == "too_large"
    assert world.refused(world.address("as=odd")) == "encoding"
    world.fetch = replace(world.fetch, seconds=0.3)
    assert world.refused(world.address("drip=1")) == "too_slow"


def test_tls_is_verified_against_the_name_asked_for(tmp_path: Path) -> None:
    chain, key = certificates.ensure(tmp_path, ("open.example",), datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    server = Serving((OPEN, 0))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    port, trusting = server.server_address[1], ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    fetch = Fetcher((opened(f"{OPEN}/32"),), frozenset({port}), 5.0, resolve=lambda *_: [OPEN], tls=trusting)
    with serving(server):
        url = f"https://open.example:{port}/"
        assert outcome(fetch, url) == ("", url)
        assert outcome(fetch, url.replace("open", "other"))[0] == "tls"
        assert outcome(replace(fetch, tls=ssl.create_default_context()), url)[0] == "tls"


def test_only_the_operators_configuration_opens_ranges_and_ports() -> None:
    words = {"PREDVID_FETCH_RANGES": "10.1.0.0/16,fd00:1::/32", "PREDVID_FETCH_PORTS": "9000"}
    place = Place.from_environment(words)
    assert Place.from_environment(place.environment()) == place
    fetch = fetcher(place)
    assert [str(network) for network in fetch.allowed] == ["10.1.0.0/16", "fd00:1::/32"]
    assert {443, 9000} <= fetch.ports
    for wrong in ({"PREDVID_FETCH_RANGES": "169.254.0.0/16"}, {"PREDVID_FETCH_PORTS": "https"}):
        with pytest.raises(UserError):
            Place.from_environment(wrong)
    with pytest.raises(NotFetched) as unknown:
        replace(fetch, resolve=lambda *_: [])("http://no.example/")
    assert unknown.value.code == "name"
