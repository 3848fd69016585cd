"""A peer for the agent's tests: a real HTTP(S) server that speaks the agent protocol and verifies everything.

It is not the gateway: it keeps what it acknowledged in memory, and a test can make it refuse, lose or delay.
"""

import base64
import json
import secrets
import ssl
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from predvid.core.trust import digest, public_key, sign, verify
from predvid.wire.token import Token, ca_fingerprint, format_token, plan_fingerprint
from predvid.wire.v1 import (
    PLAN_CONTEXT,
    PREFIX,
    Ack,
    AuditHead,
    Batch,
    Enrolled,
    Enrolment,
    Plan,
    PlannedCheck,
    Refusal,
    SignedPlan,
    envelope,
)

LOSE = "lose"  # an answer that never comes: the batch is taken, then the connection is cut


@dataclass
class Known:
    """An agent as the peer knows it."""

    key: bytes
    state: str = "approved"
    starts: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Peer:
    """What the peer holds and what it was told to do; `script` answers the next batches instead of it."""

    plan_seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    new_state: str = "approved"
    checks: list[PlannedCheck] = field(default_factory=list)
    version: int = 1
    ahead_ms: int = 0
    agents: dict[str, Known] = field(default_factory=dict)
    taken: dict[tuple[str, int], bytes] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    waited: list[int] = field(default_factory=list)
    repeated: int = 0
    forks: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    script: deque[Any] = field(default_factory=deque)
    ca_pem: bytes | None = None
    journal: Path | None = None
    audit: list[AuditHead] = field(default_factory=list)
    address: tuple[str, int] = ("127.0.0.1", 0)
    mutex: threading.Lock = field(default_factory=threading.Lock)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """Return the peer's address."""
        return f"http{'s' if self.ca_pem else ''}://127.0.0.1:{self.address[1]}"

    def token(self, *, plan_key: bytes | None = None) -> str:
        """Return a token for this peer (or one that names another plan key)."""
        ca = ca_fingerprint(ssl.PEM_cert_to_DER_cert(self.ca_pem.decode())) if self.ca_pem else ""
        return format_token(Token(self.secret, plan_fingerprint(plan_key or public_key(self.plan_seed)), ca))

    def now(self) -> int:
        """Return the peer's clock in ms."""
        return int(time.time() * 1000) + self.ahead_ms

    def wait(self, promise: Any, seconds: float = 20.0) -> None:
        """Wait until `promise()` holds; fail the test otherwise."""
        until = time.monotonic() + seconds
        while not promise():
            assert time.monotonic() < until, f"not within {seconds} s; last requests: {self.requests[-5:]}"
            with self.changed:
                self.changed.wait(0.05)

    def samples(self) -> int:
        """Return how many samples were taken."""
        return sum(len(batch.columns.values) // 8 for batch in self.batches)

    def _plan(self, agent: str) -> SignedPlan:
        plan = Plan(agent, self.version, self.now(), self.checks, batch_seconds=1)
        blob = msgspec.msgpack.encode(plan)
        return SignedPlan(blob, sign(self.plan_seed, PLAN_CONTEXT + blob))

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Return (status, struct or bytes, headers) for one request."""
        if (method, path) == ("GET", f"{PREFIX}/ca"):
            return (200, self.ca_pem, {}) if self.ca_pem else (404, Refusal("no_ca", "none"), {})
        if (method, path) == ("POST", f"{PREFIX}/enrol"):
            return self._enrol(path, headers, body)
        refusal = self._door(path, headers, body)
        if refusal is not None:
            return refusal
        agent = headers["predvid-agent"]
        if path == f"{PREFIX}/status":
            return 200, {"now": self.now(), "state": "approved"}, {}
        if path == f"{PREFIX}/plan":
            return 200, self._plan(agent), {}
        if path == f"{PREFIX}/push":
            return 404, Refusal("no_such_path", "a server that does not push"), {}
        return self._batch(headers, body)

    def _signed(self, key: bytes, path: str, headers: Any, body: bytes) -> bool:
        numbers = [int(headers[f"predvid-{name}"]) for name in ("generation", "time", "waited")]
        message = envelope(headers["predvid-agent"], path, headers["predvid-boot"], *numbers, digest(body))
        return verify(key, message, base64.b64decode(headers["predvid-signature"]))

    def _enrol(self, path: str, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        request = msgspec.msgpack.decode(body, type=Enrolment)
        if not self._signed(request.sign_key, path, headers, body):
            return 401, Refusal("signature", "not signed by its own key"), {}
        if request.token.split(".")[1] != self.secret:
            return 403, Refusal("token", "the token is unknown"), {}
        agent = next((name for name, known in self.agents.items() if known.key == request.sign_key), "")
        agent = agent or f"agent-{len(self.agents) + 1}"
        self.agents.setdefault(agent, Known(request.sign_key, self.new_state))
        return 200, Enrolled(agent, self.new_state, public_key(self.plan_seed), self.now()), {}

    def _door(self, path: str, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]] | None:
        known = self.agents.get(headers.get("predvid-agent", ""))
        if known is None or not self._signed(known.key, path, headers, body):
            return 401, Refusal("signature", "the signature does not hold"), {}
        if known.state != "approved":
            return 403, Refusal(known.state, f"the agent is {known.state}"), {}
        start = (int(headers["predvid-generation"]), headers["predvid-boot"])
        last = known.starts[-1] if known.starts else (0, "")
        if start != last and start[0] <= last[0]:
            known.state = "locked"
            return 403, Refusal("locked", "the identity was used by two machines"), {}
        if start != last:
            known.starts.append(start)
        return None

    def _batch(self, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        scripted = self.script.popleft() if self.script else None
        if scripted is not None and scripted != LOSE:
            status, refusal, extra = scripted
            return status, refusal, extra
        batch = msgspec.msgpack.decode(zlib.decompress(body), type=Batch)
        key = (batch.boot, batch.seq)
        before = self.taken.get(key)
        if before is not None and before != digest(body):
            self.forks += 1
            return 409, Refusal("fork", "same sequence, other content"), {}
        self.repeated += before is not None
        if before is None:
            self.taken[key] = digest(body)
            self.batches.append(batch)
            self.waited.append(int(headers["predvid-waited"]))
            if self.journal is not None:
                with self.journal.open("a") as file:
                    file.write(json.dumps(key) + "\n")
        if scripted == LOSE:
            raise ConnectionAbortedError
        told = Ack(batch.boot, batch.seq, self.now(), self.version, before is not None, audit=self.audit)
        return 200, told, {}


def handler(peer: Peer) -> type[BaseHTTPRequestHandler]:
    """Return the request handler that asks `peer`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keep the test's output quiet."""

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.split("127.0.0.1")[-1].lstrip(":0123456789") if "://" in self.path else self.path
            try:
                with peer.mutex:
                    status, content, extra = peer.answer(self.command, path, self.headers, body)
            except ConnectionAbortedError:
                self.close_connection = True
                return
            finally:
                with peer.changed:
                    peer.requests.append((self.command, path))
                    peer.changed.notify_all()
            payload = content if isinstance(content, bytes) else msgspec.msgpack.encode(content)
            self.send_response(status)
            for name, value in {**extra, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = _serve  # noqa: N815 the names that http.server calls

    return Handler


class Quiet(ThreadingHTTPServer):
    """A server that does not print the errors of clients that were killed."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet: a killed agent cuts its connections."""


def serve(peer: Peer, tls: ssl.SSLContext | None = None, port: int = 0) -> ThreadingHTTPServer:
    """Start serving `peer` in a thread and return the server, to be shut down by the caller."""
    server = Quiet(("127.0.0.1", port), handler(peer))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    peer.address = server.server_address[:2]  # type: ignore[assignment]  # typeshed allows for bytes there
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server
