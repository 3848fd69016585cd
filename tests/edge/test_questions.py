"""Questions to the device's own services: who may be asked, and what a wrong answer becomes."""

import http.server
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from predvid.checks.errors import CannotRead, NotHere
from predvid.edge.sources import sntp
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.questions import QUERIES
from predvid.edge.sources.sntp import EPOCH

SOURCE = HostSource("linux", {}, queries=QUERIES)


@contextmanager
def web(folder: Path) -> Iterator[int]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def time_server(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            question, peer = sock.recvfrom(512)
            sock.sendto(answer(question), peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{sock.getsockname()[1]}"
        thread.join(5)


def ahead(question: bytes, by: float, stratum: int = 2, leap: int = 0) -> bytes:
    moment = time.time() + EPOCH + by
    stamp = struct.pack(">II", int(moment), int(moment % 1 * 2**32))
    return bytes([leap << 6 | 0x24, stratum, 0, 0]) + bytes(20) + question[40:48] + stamp + stamp


def test_a_service_of_this_device_answers(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Active connections: 1")
    with web(tmp_path) as port:
        assert SOURCE.query("http", f"127.0.0.1:{port} /status") == {
            "status": 200,
            "body": "Active connections: 1",
        }
        assert SOURCE.query("http", f"127.0.0.1:{port} /none")["status"] == 404
        assert SOURCE.query("connect", f"127.0.0.1:{port}")["seconds"] < 3


@pytest.mark.parametrize("address", ["192.0.2.1:80", "example.org:80", "127.0.0.1", "[2001:db8::1]:80", "x"])
def test_nothing_beyond_this_device_is_fetched(address: str) -> None:
    with pytest.raises(CannotRead) as caught:
        SOURCE.query("http", f"{address} /")
    assert caught.value.said.id == "read.unexpected"


def test_a_missing_socket_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        SOURCE.query("http", f"unix:{tmp_path}/none.sock /")


def test_the_offset_of_a_clock_is_told() -> None:
    with time_server(lambda question: ahead(question, 90.0)) as server:
        answer = SOURCE.query("sntp", server)
    assert answer["offset"] == pytest.approx(90.0, abs=1.0)
    assert answer["stratum"] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda question: b"short",
        lambda question: ahead(bytes(48), 0.0),  # the answer to somebody else's question
        lambda question: ahead(question, 0.0, stratum=0),  # kiss of death
        lambda question: ahead(question, 0.0, leap=3),  # says itself that it is not synchronised
    ],
)
def test_a_wrong_time_server_is_not_believed(wrong: Callable[[bytes], bytes]) -> None:
    with time_server(wrong) as server, pytest.raises(CannotRead):
        SOURCE.query("sntp", server)


@contextmanager
def two_addresses(monkeypatch: pytest.MonkeyPatch, first: str, second: str) -> Iterator[None]:
    """Give the name `time.example.test` two addresses; whatever else is asked goes the way it always does."""
    real = socket.getaddrinfo

    def answer(host: str, *arguments: Any, **options: Any) -> Any:
        if host != "time.example.test":
            return real(host, *arguments, **options)
        return [row for address in (first, second) for row in real(address, *arguments, **options)]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", answer)
        yield


def test_a_time_server_whose_first_address_is_dead_answers_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        time_server(lambda question: ahead(question, 30.0)) as server,
        two_addresses(monkeypatch, "::1", "127.0.0.1"),
    ):
        port = server.rpartition(":")[2]
        answer = SOURCE.query("sntp", f"time.example.test:{port}")
    assert answer["offset"] == pytest.approx(30.0, abs=1.0)


def test_of_several_dead_addresses_the_question_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute,
        two_addresses(monkeypatch, "127.0.0.1", "127.0.0.2"),
    ):
        mute.bind(("0.0.0.0", 0))  # noqa: S104 - it only has to be silent on both
        began = time.monotonic()
        with pytest.raises(CannotRead) as caught:
            SOURCE.query("sntp", f"time.example.test:{mute.getsockname()[1]}")
        assert time.monotonic() - began < sntp.TIMEOUT + 1
    assert caught.value.said.id == "read.no_answer"


@pytest.mark.parametrize(
    ("argument", "parted"),
    [
        ("time.example.org", ("time.example.org", 123)),
        ("time.example.org:1123", ("time.example.org", 1123)),
        ("2001:db8::7", ("2001:db8::7", 123)),
        ("::1", ("::1", 123)),
        ("[2001:db8::7]:1123", ("2001:db8::7", 1123)),
        ("[2001:db8::7]", ("2001:db8::7", 123)),
    ],
)
def test_a_time_server_is_named_in_every_form(argument: str, parted: tuple[str, int]) -> None:
    assert sntp.parted(argument) == parted


def test_bytes_and_status_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "table"
    file.write_bytes(b"\xff\x00")
    assert SOURCE.query("bytes", str(file)) == "/wA="
    assert SOURCE.query("status", str(file))["size"] == 2
    with pytest.raises(NotHere):
        SOURCE.query("status", str(tmp_path / "none"))
    with pytest.raises(CannotRead):
        SOURCE.query("bytes", str(tmp_path))


def test_an_unknown_question_does_not_exist() -> None:
    with pytest.raises(NotHere):
        SOURCE.query("exec", "rm -rf /")


def test_an_echo_comes_back() -> None:
    assert SOURCE.query("ping", "127.0.0.1")["seconds"] < 1.5
    with pytest.raises(CannotRead):
        SOURCE.query("ping", "gateway.example")


@pytest.mark.parametrize("kind", ["nut", "apcupsd"])
def test_ups_daemons_are_asked_on_this_device_only(kind: str) -> None:
    with pytest.raises(CannotRead) as caught:
        SOURCE.query(kind, "192.0.2.1:3493")
    assert "no address of this device" in str(caught.value.said.values["detail"])
