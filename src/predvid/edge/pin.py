"""The trust root that this device pins: by its administrator or at enrolment, never by a server's word."""

import re
import secrets

import msgspec

from predvid.core.errors import UserError
from predvid.edge import durable
from predvid.edge.identity import StateFolder

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Pin(msgspec.Struct, frozen=True, omit_defaults=True):
    """`root` is the SHA-256 of the root's public key (empty: none is pinned), `id` names this act of pinning.

    `at` is when it was done (ms).
    """

    root: bytes = b""
    id: str = ""
    at: int = 0


def read(state: StateFolder) -> Pin:
    """Return the pin of this device; an empty one where there is none, or none that can be read."""
    try:
        found = msgspec.json.decode(state.pin.read_bytes(), type=Pin)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return Pin()
    return found if len(found.root) == 32 else Pin()


def write(state: StateFolder, root: bytes, now: int) -> Pin:
    """Pin the root of that SHA-256 durably (empty: none from now on); return the pin. Raises OSError."""
    pin = Pin(root, secrets.token_hex(8), now)
    durable.write(state.pin, msgspec.json.encode(pin) + b"\n")
    return pin


def fingerprint(text: str) -> bytes:
    """Return the SHA-256 that a person typed, dashes, blanks and case forgiven. Raises UserError."""
    plain = re.sub(r"[\s:-]", "", text).lower()
    if not _FINGERPRINT.fullmatch(plain):
        raise UserError(
            "this is no whole fingerprint: 16 groups of 4 digits 0-9 a-f, as 'predvid trust status' shows"
        )
    return bytes.fromhex(plain)
