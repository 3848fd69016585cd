"""A device simulated on the wire: real keys, real signatures, real batches, no agent process."""

import base64
import http.client
import os
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

from predvid.core.trust import Signer, digest
from predvid.wire import v1

ENCODE = msgspec.msgpack.encode


def now_ms() -> int:
    return int(time.time() * 1000)


@dataclass
class Device:
    """One simulated device: `agent` is set by `enrol`."""

    seed: bytes = field(default_factory=lambda: os.urandom(32))
    agent: str = ""
    boot: str = field(default_factory=lambda: uuid4().hex)
    generation: int = 1
    seq: int = 0
    clock_ms: int = 0  # how far the device's clock is ahead

    def __post_init__(self) -> None:
        self.signer = Signer(self.seed)

    def headers(self, path: str, body: bytes, waited: int = -1, **changed: str) -> dict[str, str]:
        sent = now_ms() + self.clock_ms
        signed = v1.envelope(self.agent, path, self.boot, self.generation, sent, waited, digest(body))
        headers = {
            "predvid-agent": self.agent,
            "predvid-boot": self.boot,
            "predvid-generation": str(self.generation),
            "predvid-time": str(sent),
            "predvid-waited": str(waited),
            "predvid-signature": base64.b64encode(self.signer.sign(signed)).decode(),
        }
        return {**headers, **changed}

    def enrolment(self, token: str, hostname: str = "sim", claims: Sequence[tuple[str, str]] = ()) -> bytes:
        return ENCODE(
            v1.Enrolment(
                token,
                self.signer.public,
                bytes(32),
                hostname,
                "linux",
                "0.1.0",
                [v1.Claim(*claim) for claim in claims],
            )
        )

    def batch(
        self,
        check: str,
        samples: Sequence[tuple[str, Mapping[str, str], float]],
        at: int | None = None,
        **parts: Any,
    ) -> bytes:
        """Seal the next batch: one run of `check` at `at` (ms) with `samples` (metric, labels, value)."""
        at = now_ms() if at is None else at
        self.seq += 1
        layout = ENCODE([v1.Series(check, metric, dict(labels)) for metric, labels, _ in samples])
        n = len(samples)
        columns = v1.Columns(
            layout,
            struct.pack(f"<{n}H", *range(n)),
            struct.pack(f"<{n}q", *[at] * n),
            struct.pack(f"<{n}d", *[value for *_, value in samples]),
        )
        parts.setdefault("ran", [v1.Ran(check, at)])
        return ENCODE(v1.Batch(self.boot, self.seq, at, columns, **parts))


class Link:
    """One kept connection to a gateway."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def post(
        self, device: Device, name: str, body: bytes, waited: int = 0, **changed: str
    ) -> tuple[int, bytes]:
        path = f"{v1.PREFIX}/{name}"
        return self.send("POST", path, device.headers(path, body, waited, **changed), body)

    def ack(self, device: Device, body: bytes, waited: int = 0) -> v1.Ack:
        status, answer = self.post(device, "batch", body, waited)
        assert status == 200, (status, answer)
        return msgspec.msgpack.decode(answer, type=v1.Ack)

    def close(self) -> None:
        self._connection.close()


def refusal(answer: bytes) -> v1.Refusal:
    return msgspec.msgpack.decode(answer, type=v1.Refusal)
