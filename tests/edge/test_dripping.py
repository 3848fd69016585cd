"""A server that gives its answer byte by byte holds nobody longer than a whole request may take."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from predvid.core.trust import Signer
from predvid.edge.link import Link, LinkFailed, Sender
from predvid.edge.proxy import Address

LONGEST = 1.0


@contextlib.contextmanager
def dripping(begin: bytes) -> Iterator[Address]:
    """Serve an answer that begins with `begin` and goes on for ever, a byte each 50 ms."""
    listener, ended = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):
            taken, _ = listener.accept()
            with taken:
                taken.recv(65536)
                taken.sendall(begin)
                while not ended.wait(0.05):
                    taken.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield Address("127.0.0.1", listener.getsockname()[1])
    finally:
        ended.set()
        listener.close()
        thread.join(5)


@pytest.mark.parametrize(
    "begin", [b"HTT", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"]
)
def test_the_whole_of_a_request_has_an_end(begin: bytes) -> None:
    sender = Sender("agent-1", "boot", 1, Signer(bytes(32)), lambda: 1, time.monotonic)
    with dripping(begin) as server:
        link = Link(server, None, None, sender, longest=LONGEST)
        began = time.monotonic()
        with pytest.raises(LinkFailed, match="did not answer in time"):
            link.get("/agent/v1/status")
        assert time.monotonic() - began < 10
        link.close()


def test_a_proxy_that_drips_is_no_exception() -> None:
    sender = Sender("agent-1", "boot", 1, Signer(bytes(32)), lambda: 1, time.monotonic)
    with dripping(b"HTTP/1.1 200 ") as proxy:
        link = Link(Address("192.0.2.1", 443, tls=True), proxy, None, sender, longest=LONGEST)
        with pytest.raises(LinkFailed, match="did not answer in time"):
            link.get("/agent/v1/status")
        link.close()
