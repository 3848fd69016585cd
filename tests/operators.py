"""Throw-away root and operators for tests, who sign with real keys what agents then verify."""

import os
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from predvid.core.trust import Signer, digest
from predvid.wire import authority as wire
from predvid.wire.signing import marked, seal

DAY = 86_400_000


def now_ms() -> int:
    return int(time.time() * 1000)


def signer() -> Signer:
    return Signer(os.urandom(32))


@dataclass
class Office:
    """A root key and two operators; `version` counts the key sets that it made."""

    root: Signer = field(default_factory=signer)
    ana: Signer = field(default_factory=signer)
    ivo: Signer = field(default_factory=signer)
    version: int = 0
    revoked: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> bytes:
        """Return the SHA-256 of the root that agents pin."""
        return digest(self.root.public)

    def keyset(self, **words: Any) -> wire.Signed:
        """Return the next key set, signed by the root."""
        self.version += 1
        operators = [wire.OperatorKey("Ana", self.ana.public), wire.OperatorKey("Ivo", self.ivo.public)]
        given = {"operators": operators, "revoked": list(self.revoked)} | words
        now = now_ms() - 1000
        return seal(
            wire.KEYSET_CONTEXT, wire.KeySet(self.version, now, now + 300 * DAY, **given), [self.root]
        )

    def publication(self, body: str, language: Any = "sh", **words: Any) -> wire.Signed:
        """Return a template that runs `body` everywhere, signed by Ana."""
        timeout = words.pop("timeout", 60)
        now = now_ms() - 1000
        given = {"id": f"t-{uuid4().hex[:12]}", "version": 1, "title": "Očisti privremene datoteke"} | words
        given.setdefault("targets", wire.Targets(everywhere=True))
        published = wire.Publication(
            content=wire.Content(language, body, timeout), issued=now, expires=now + 30 * DAY, **given
        )
        return seal(wire.PUBLICATION_CONTEXT, published, [self.ana])

    def sign(self, body: bytes, *operators: Signer) -> wire.Signed:
        """Return what waits, signed by `operators` (Ana if none is given)."""
        signed = wire.Signed(body, [])
        for one in operators or (self.ana,):
            signed = marked(signed, one)
        return signed
