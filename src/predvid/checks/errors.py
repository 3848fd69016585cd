"""The two ways in which a reading may fail without being a bug."""

from predvid.core.model import Said


class CannotRead(Exception):
    """A reading failed (tool missing, permission denied, time-out, half-written output); `said` tells why."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.id)
        self.said = said


class NotHere(CannotRead):
    """The thing to read does not exist on this device: no fault, the check does not apply."""
