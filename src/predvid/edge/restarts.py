"""Tells each restart of the device once: a check forgets with its process which boots it has told."""

from collections.abc import Iterable

from predvid.core.model import Event
from predvid.edge.outbox import Outbox, OutboxFailed

KIND, NOTE = "device.rebooted", "boot"


class Restarts:
    """Remembers in the outbox's notes the last boot that an event told."""

    def __init__(self, outbox: Outbox) -> None:
        self._told = ""
        try:
            self._told = outbox.notes().get(NOTE, "")
        except OutboxFailed:  # at worst one restart is told twice
            pass

    def untold(self, events: Iterable[Event]) -> list[Event]:
        """Return `events` without a restart that was told; one that is new counts as told."""
        return [
            event for event in events if event.kind != KIND or self._new(str(event.source.get("boot", "")))
        ]

    def _new(self, boot: str) -> bool:
        before, self._told = self._told, boot
        return not boot or boot != before

    def notes(self) -> dict[str, str]:
        """Return the note to store with the events, in one transaction."""
        return {NOTE: self._told} if self._told else {}
