"""Tells each restart of the device once: a check forgets with its process which boots it has told."""

import contextlib
from collections.abc import Iterable

from predvid.core.model import Event
from predvid.edge.outbox import Outbox, OutboxFailed
from predvid.wire.v1 import Batch

KIND, NOTE = "device.rebooted", "boot"


class Restarts:
    """Remembers in the outbox's notes the last boot that an event told."""

    def __init__(self, outbox: Outbox) -> None:
        self._told = ""
        with contextlib.suppress(OutboxFailed):  # at worst one restart is told twice
            self._told = outbox.notes().get(NOTE, "")

    def untold(self, events: Iterable[Event]) -> list[Event]:
        """Return `events` without a restart that was told; one that is new counts as told."""
        return [event for event in events if event.kind != KIND or self._new(event)]

    def _new(self, event: Event) -> bool:
        boot = str(event.source.get("boot", ""))
        before, self._told = self._told, boot
        return not boot or boot != before

    def notes(self, batches: Iterable[Batch]) -> dict[str, str]:
        """Return what to note in the transaction that makes `batches` durable."""
        told = any(event.kind == KIND for batch in batches for event in batch.events)
        return {NOTE: self._told} if told else {}
