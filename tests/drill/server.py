"""The hostile server: speaks the agents' protocol over TLS and hands over whatever it likes, by both ways."""

import threading
from collections import deque
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from edge.peer import Peer
from predvid.wire.v1 import PREFIX, Ack, Enrolled, Pushed, TaskLease, TaskOutcome

AT_ONCE = 20  # leases in one message


@dataclass
class HostileServer(Peer):
    """A Peer that hands over what lies in `by_ack` and `by_push`."""

    client: str = "client-1"
    site: str = "site-1"
    by_ack: deque[TaskLease] = field(default_factory=deque)
    by_push: deque[TaskLease] = field(default_factory=deque)
    pushed: int = 0
    something: threading.Event = field(default_factory=threading.Event)

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Answer one request; a push is an answer of several messages, after which the agent asks again."""
        status, content, extra = super().answer(method, path, headers, body)
        if (
            path == f"{PREFIX}/push" and status == HTTPStatus.NOT_FOUND
        ):  # a Peer knows the agent, but not push
            return 200, self._messages(), extra
        if isinstance(content, Enrolled):
            content = msgspec.structs.replace(content, client=self.client, site=self.site)
        return status, content, extra

    def _batch(self, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        status, content, extra = super()._batch(headers, body)
        if isinstance(content, Ack) and not content.repeated:
            content = msgspec.structs.replace(content, tasks=_taken(self.by_ack))
        return status, content, extra

    def _messages(self) -> bytes:
        parts = []
        while leases := _taken(self.by_push):
            self.pushed += len(leases)
            message = msgspec.msgpack.encode(Pushed(self.now(), leases))
            parts.append(len(message).to_bytes(4, "big") + message)
        return b"".join(parts)

    def outcomes(self) -> list[TaskOutcome]:
        """Return every outcome that came, in order."""
        return [outcome for batch in self.batches for outcome in batch.outcomes]

    def refused_events(self) -> dict[str, int]:
        """Return how many refusals the security events told of, by code."""
        told: dict[str, int] = {}
        for batch in self.batches:
            for event in batch.events:
                if event.kind == "security.task_refused":
                    code = str(event.source["code"])
                    told[code] = told.get(code, 0) + int(event.source["n"])
        return told


def _taken(leases: deque[TaskLease]) -> list[TaskLease]:
    return [leases.popleft() for _ in range(min(AT_ONCE, len(leases)))]
