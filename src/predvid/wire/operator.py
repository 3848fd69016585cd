"""What an operator's machine and the server say to each other, as msgpack, each request signed.

    GET  /trust/v1/keyset        -> Known: what the server holds
    GET  /trust/v1/waiting       -> Waiting: what asks for this operator's signature
    POST /trust/v1/signed        <- Answered: one request signed
    POST /trust/v1/publications  <- wire.authority.Signed (a Publication)
    POST /trust/v1/placements    <- wire.authority.Signed (a Placement)
    POST /trust/v1/keyset        <- Offered: a newer KeySet, after a root change with that too

The POSTs answer Done. Nothing of it gives authority by itself: agents verify what operators signed. What the
server says of devices and people is its own word, and shown as that.
"""

import msgspec

from predvid.wire.authority import Mark, Signed

PREFIX = "/trust/v1"
MAX_BODY = 2 << 20
TIMELY = 300_000  # ms that the operator's clock and the server's may be apart
CONTEXT = b"predvid operator request v1\x00"
HEADERS = ("predvid-operator", "predvid-time", "predvid-nonce", "predvid-signature")


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """The newest KeySet that the server holds (None: none), and the root changes up to it, oldest first."""

    keyset: Signed | None = None
    roots: list[Signed] = []
    now: int = 0


class Aimed(msgspec.Struct, frozen=True, array_like=True):
    """One agent of a request, in the server's words: its id, its device's name and its client's name."""

    agent: str
    device: str
    client: str = ""


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request that waits: `body` are the bytes to sign (an Order, or a Start of `publication`).

    `marks` are those so far; `needed` is how many operators must sign; `by` and `at` (ms) tell who asked and
    when, `why` what for.
    """

    id: str
    body: bytes
    marks: list[Mark] = []
    aimed: list[Aimed] = []
    publication: Signed | None = None
    needed: int = 1
    by: str = ""
    at: int = 0
    why: str = ""


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """All requests that wait for a signature, oldest first."""

    requests: list[Asked] = []


class Answered(msgspec.Struct, frozen=True):
    """A request with the operator's mark: the body must be the one that was asked."""

    id: str
    signed: Signed


class Offered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A newer KeySet; `root` is the RootChange by which its root follows the one known."""

    keyset: Signed
    root: Signed | None = None


class Done(msgspec.Struct, frozen=True, omit_defaults=True):
    """It was taken; `missing` is how many more operators must sign."""

    id: str = ""
    missing: int = 0


def envelope(method: str, path: str, time: int, nonce: str, digest: bytes) -> bytes:
    """Return the bytes that an operator signs for one request; `digest` is SHA-256 of the raw body."""
    return CONTEXT + "\n".join((method, path, str(time), nonce, digest.hex())).encode()
