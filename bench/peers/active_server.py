"""Just enough of a Zabbix server for an agent's active checks: hands out items, swallows values.

Source: Zabbix 6.0 manual, "Passive and active agent checks".
"""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from peers.trapper import frame, read_frame


class ActiveServer(socketserver.ThreadingTCPServer):
    """Serves `keys` at `interval_s` to any agent that asks; `received` counts the values that came back."""

    daemon_threads = True

    def __init__(self, keys: Sequence[str], interval_s: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.keys = list(keys)
        self.checks = [
            {"key": key, "itemid": number, "delay": f"{interval_s}s", "lastlogsize": 0, "mtime": 0}
            for number, key in enumerate(keys, start=1)
        ]
        self.received = 0
        self.unsupported: dict[str, str] = {}  # item key -> what the agent said

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def answer(self, request: dict[str, object]) -> dict[str, object]:
        """The reply to one request of an agent."""
        if request["request"] == "active checks":
            return {"response": "success", "data": self.checks}
        values = request.get("data")
        for value in values if isinstance(values, list) else []:
            self.received += 1
            if value.get("state") == 1:
                self.unsupported[self.keys[int(value["itemid"]) - 1]] = value["value"]
        return {"response": "success", "info": "processed: all"}


class _Answer(socketserver.BaseRequestHandler):
    request: socket.socket
    server: ActiveServer

    def handle(self) -> None:
        message = json.loads(read_frame(self.request))
        self.request.sendall(frame(self.server.answer(message)))


@contextmanager
def active_server(keys: Sequence[str], interval_s: int) -> Iterator[ActiveServer]:
    """Run an ActiveServer on a free loopback port for as long as the block lasts."""
    with ActiveServer(keys, interval_s) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
