"""Times value -> problem under load: marked batches go in, the `problem` table is polled for them."""

import threading
import time
from collections.abc import Callable, Iterable

import psycopg

from peers.trapper import send

GAP_S = 0.2  # between marked batches
POLL_S = 0.02  # the resolution of the waits
FOUND = "SELECT objectid FROM problem WHERE source = 0 AND object = 0 AND objectid = ANY(%s)"


class Probe:
    """Sends one marked request every GAP_S until `deadline`, and notes how long each took to be a problem."""

    def __init__(
        self,
        address: tuple[str, int],
        marked: Iterable[tuple[int, bytes]],
        connect: Callable[[], psycopg.Connection[tuple[int]]],
        deadline: float,
    ) -> None:
        """`marked`: pairs of a trigger id, used once, and the request that makes it a problem.

        `deadline`: on time.monotonic()'s scale. `connect` opens a database connection for the poller.
        """
        self.requests = 0
        self.values = 0
        self.waits: list[float] = []  # seconds, from before the request was sent
        self._address = address
        self._marked = marked
        self._deadline = deadline
        self._outstanding: dict[int, float] = {}
        self._database = connect()
        self._stop = threading.Event()
        self._error: OSError | None = None
        self._sender = threading.Thread(target=self._send, daemon=True)
        self._poller = threading.Thread(target=self._poll, daemon=True)
        self._sender.start()
        self._poller.start()

    @property
    def backend(self) -> int:
        """Process id of the poller's database backend: the observer's CPU, not the peer's."""
        return self._database.info.backend_pid

    def finish_sending(self) -> None:
        """Wait for the deadline; raises what the sender met."""
        self._sender.join()
        if self._error is not None:
            raise self._error

    def finish(self, patience_s: float = 10) -> None:
        """Wait for problems still on their way, then hang up."""
        give_up = time.monotonic() + patience_s
        while self._outstanding and time.monotonic() < give_up:
            time.sleep(POLL_S)
        self._stop.set()
        self._poller.join()
        self._database.close()

    def _send(self) -> None:
        for trigger, request in self._marked:
            started = time.monotonic()
            if started >= self._deadline:
                return
            self._outstanding[trigger] = started
            try:
                self.values += send(self._address, request)
            except OSError as error:
                self._error = error
                return
            self.requests += 1
            time.sleep(max(0.0, started + GAP_S - time.monotonic()))

    def _poll(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                rows = self._database.execute(FOUND, [list(self._outstanding)]).fetchall()
            except psycopg.OperationalError:
                return  # the database is being stopped: whoever stops it says why
            now = time.monotonic()
            self.waits += [now - self._outstanding.pop(trigger) for (trigger,) in rows]
