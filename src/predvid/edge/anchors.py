"""Heads of the audit that the server told, kept here: what it cuts off or rewrites later is found by them.

Kept are the chains of the device's own client and of the whole MSP; a head is number and hash, no content.
"""

import contextlib
import logging
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from predvid.core.model import Fact
from predvid.edge import durable
from predvid.wire.v1 import AuditHead

log = logging.getLogger("predvid.agent")
FACT = "state.audit_heads"
SPACING = (
    3600.0  # seconds between two kept heads of one chain: agents begin apart, so together they keep more
)
MOST = 32  # heads of one chain; the older they are the wider apart
CHAINS = 4
_CHAIN, _HASH = re.compile(r"[0-9a-z-]{1,36}"), re.compile(r"[0-9a-f]{64}")
_Kept = dict[str, list[tuple[int, str]]]


class Anchors:
    """The heads kept in `path` (None: in memory), per chain, oldest first."""

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._kept = path, _read(path)
        self._due: dict[str, float] = {}

    def hear(self, heads: Iterable[AuditHead], elapsed: float) -> list[str]:
        """Keep what is new at `elapsed` (steady seconds); return the chains whose head contradicts one.

        A lower number is no contradiction: another gateway may know less. Another hash of one number is.
        """
        wrong, changed = [], False
        for head in heads:
            if head.number < 1 or not (_CHAIN.fullmatch(head.chain) and _HASH.fullmatch(head.hash)):
                continue
            kept = self._kept.get(head.chain, [])
            if dict(kept).get(head.number, head.hash) != head.hash:
                wrong.append(head.chain)
            elif (not kept or head.number > kept[-1][0]) and elapsed >= self._due.get(head.chain, elapsed):
                self._keep(head, elapsed)
                changed = True
        if changed:
            self._write()
        return wrong

    def _keep(self, head: AuditHead, elapsed: float) -> None:
        kept = self._kept.pop(head.chain, [])
        kept.append((head.number, head.hash))
        if len(kept) > MOST:
            del kept[1 : MOST // 2 : 2]
        self._kept[head.chain] = kept  # the chain told last stands last
        self._due[head.chain] = elapsed + SPACING
        while len(self._kept) > CHAINS:
            del self._kept[next(iter(self._kept))]

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            durable.write(self._path, msgspec.json.encode(self._kept))
        except OSError as error:
            log.warning("the heads of the audit cannot be stored: %s", error.strerror)

    def fact(self) -> Fact | None:
        """Return all that is kept as a fact of the device, None where there is nothing."""
        rows = {chain: [list(head) for head in heads] for chain, heads in self._kept.items()}
        return Fact(FACT, rows) if rows else None


def _read(path: Path | None) -> _Kept:
    if path is not None:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(path.read_bytes(), type=_Kept)
    return {}
