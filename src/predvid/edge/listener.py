"""Holds the answer to GET /push, by which the server hands over tasks without waiting for a batch.

A thread of its own with a connection of its own. Nothing depends on it: what it misses comes with an ack.
"""

import logging
import random
import threading
from collections.abc import Callable
from http import HTTPStatus

import msgspec

from predvid.edge.backoff import Backoff
from predvid.edge.link import UNREADABLE, Link, LinkFailed, Reply
from predvid.wire.v1 import PREFIX, Pushed

log = logging.getLogger("predvid.agent")
PATH = f"{PREFIX}/push"
SILENCE = 70.0  # seconds without a heartbeat after which the connection is given up
RENEW = 2.0  # seconds at most before an answer that ended well is asked for again
MAX_MESSAGE = 8 << 20  # bytes


class Listener:
    """Listens over `link`, whose time-out is SILENCE; `tell` takes each Pushed from the thread of this."""

    def __init__(self, link: Link, tell: Callable[[Pushed], None], network: Backoff | None = None) -> None:
        self._link, self._tell = link, tell
        self._network = network or Backoff()
        self._refused = Backoff(base=60, cap=900, spread=120)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to listen, once: the server must know this start of the agent already."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self, patience: float = 1.0) -> None:
        """Cut the connection and end."""
        self._stopping.set()
        self._link.cut()
        if self._thread.ident is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = self._listen()
            except LinkFailed as failed:
                log.debug("no push: %s", failed)
                pause = self._network.wait()
            except Exception as error:  # tasks still come with the acks
                log.error("the listener stumbled: %s: %s", type(error).__name__, error)
                pause = self._refused.wait()
            finally:
                self._link.close()
            self._stopping.wait(pause)

    def _listen(self) -> float:
        """Hear messages until the answer ends; return the pause before the next try in seconds."""
        with self._link.listening(PATH) as answer:
            if answer.status != HTTPStatus.OK:
                return self._not_ok(answer.reply())
            while (head := answer.read(4)) and not self._stopping.is_set():
                self._hear(answer.read(_length(head)))
                self._network.reset()
                self._refused.reset()
        return random.uniform(0.0, RENEW)  # noqa: S311 spreads load, guards no secret

    def _hear(self, body: bytes) -> None:
        try:
            message = msgspec.msgpack.decode(body, type=Pushed)
        except UNREADABLE:
            raise LinkFailed("a message of the push does not decode") from None
        if message.tasks or message.cancel or message.plan:
            self._tell(message)

    def _not_ok(self, reply: Reply) -> float:
        log.debug("no push: %s", reply.refusal().message)
        if reply.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            return self._network.wait(reply.retry_after)
        return self._refused.wait()


def _length(head: bytes) -> int:
    size = int.from_bytes(head, "big")
    if len(head) != 4 or not 0 < size <= MAX_MESSAGE:
        raise LinkFailed("a message of the push is cut short or too large")
    return size
