"""How the agent stands with its server, kept in the outbox where `agent status` can read it."""

import msgspec

from predvid.edge.outbox import Outbox, OutboxFailed

NOTE = "link"


class Standing(msgspec.Struct, omit_defaults=True):
    """`state`: new, well, unreachable, outbox, or a refusal's code; `offset`: the clock's correction (ms).

    `since` is when that state began, `acked` when the last batch was acknowledged (both ms), `trip` the last
    round trip in ms.
    """

    state: str = "new"
    message: str = ""
    since: int = 0
    acked: int = 0
    offset: int = 0
    trip: int = 0

    def change(self, state: str, message: str, now: int) -> bool:
        """Set state and message at `now` (ms); return whether the state is another one."""
        other = state != self.state
        if other:
            self.since = now
        self.state, self.message = state, message
        return other

    def notes(self) -> dict[str, str]:
        """Return the note to store."""
        return {NOTE: msgspec.json.encode(self).decode()}


def read(notes: dict[str, str]) -> Standing:
    """Return the standing in the outbox's notes; a new one where there is none that can be read."""
    try:
        return msgspec.json.decode(notes.get(NOTE, "{}"), type=Standing)
    except msgspec.MsgspecError:
        return Standing()


def recall(outbox: Outbox) -> Standing:
    """Return the standing that an earlier process left in `outbox`."""
    try:
        return read(outbox.notes())
    except OutboxFailed:
        return Standing()
