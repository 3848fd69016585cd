"""Task authority v1: what root and operators sign, and the little that the server may add. All is msgpack.

The server holds no key that an agent would run anything for. An agent pins the root key; the root signs the
KeySet (who the operators are); operators sign Publications (class 1: content with allowed values, targets,
rate, expiry, within which the server may schedule) and Orders (class 2: exact bytes for exact agents), and
Placements (where an agent belongs, once that differs from what it pinned). `Signed` carries the very bytes
that were signed: nothing is ever encoded again to be verified. Times are milliseconds since the epoch by the
signer's clock; an agent compares them with its own uncorrected clock: the server could lie.
"""

from typing import Literal, get_args

import msgspec

KEYSET_CONTEXT = b"predvid keyset v1\x00"
ROOT_CONTEXT = b"predvid root v1\x00"
PUBLICATION_CONTEXT = b"predvid publication v1\x00"
ORDER_CONTEXT = b"predvid order v1\x00"
PLACEMENT_CONTEXT = b"predvid placement v1\x00"
START_CONTEXT = b"predvid start v1\x00"  # by the server's plan key: attribution, no authority

LONGEST_ORDER = 7 * 86_400_000  # ms from `issued` to `expires` of an Order, and of a Start
LONGEST_PUBLICATION = 2 * 366 * 86_400_000  # ms, likewise of a Publication
ALONE = 25  # an Order for more agents than this needs two operators
MAX_CONTENT = 256 << 10  # bytes of a script

Language = Literal["sh", "bash", "powershell", "python"]
LANGUAGES: frozenset[str] = frozenset(get_args(Language))


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """One signature: the 32-byte Ed25519 public key that made it, and its 64 bytes."""

    key: bytes
    signature: bytes


class Signed(msgspec.Struct, frozen=True, array_like=True):
    """Signed bytes as they were signed (context + body), and by whom."""

    body: bytes
    marks: list[Mark]


class OperatorKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """An operator: a name for people, the public key, and the classes (1, 2) that they may sign."""

    name: str
    key: bytes
    classes: tuple[int, ...] = (1, 2)


class KeySet(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may sign, by the root's word. Versions only grow; `revoked` names publications and orders."""

    version: int
    issued: int
    expires: int
    operators: list[OperatorKey]
    revoked: list[str] = []


class RootChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new root key, signed by the old one and by the new one; `serial` only grows."""

    old: bytes
    new: bytes
    serial: int
    issued: int


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What runs: a script in one language, at most `timeout` seconds. Parameters reach it as environment
    variables `PREDVID_<NAME>` and never as code.
    """

    language: Language
    body: str
    timeout: int = 300


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter and the values that its publisher allows: a list, a range of whole numbers, or free text
    of at most `longest` characters (0: no free text). What is in none of them is refused.
    """

    name: str
    values: list[str] = []
    low: int | None = None
    high: int | None = None
    longest: int = 0
    default: str | None = None


class Targets(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where content may run: any of these, of `platforms` (empty: any). Without a single one: nowhere."""

    everywhere: bool = False
    clients: list[str] = []
    sites: list[str] = []
    tags: list[str] = []
    agents: list[str] = []
    platforms: list[str] = []


class Publication(msgspec.Struct, frozen=True, omit_defaults=True):
    """Class 1: content of the library, published. `rate` is the most runs on one agent in 24 hours.

    With `by_server` False the server's own word does not start it: an operator's mark must stand on each
    Start beside the server's (`predvid trust sign` makes it).
    """

    id: str
    version: int
    title: str
    content: Content
    targets: Targets
    issued: int
    expires: int
    parameters: list[Parameter] = []
    rate: int = 24
    by_server: bool = True
    minutes_by_hand: int = 0
    description: str = ""


class Start(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server's word that a publication runs on one agent now: `task` runs once."""

    task: str
    agent: str
    publication: str
    version: int
    issued: int
    expires: int
    params: dict[str, str] = {}


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """Class 2: an ad-hoc command for exactly these agents; each runs it once. `widens`: it widens rights."""

    id: str
    title: str
    content: Content
    agents: list[str]
    issued: int
    expires: int
    params: dict[str, str] = {}
    widens: bool = False


class Placement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an agent belongs, by an operator's word (class 2): `serial` only grows."""

    agent: str
    client: str
    site: str
    serial: int
    issued: int
    tags: list[str] = []


class Leased(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `TaskLease.signed` holds: an Order, or a Publication with the Start that the server signed.

    `keyset`, `roots` and `placement` come along whenever the server knows newer ones than the agent told of;
    `roots` are all RootChanges from the agent's serial on, in order (`root` alone: the same as one of them).
    A lease may also hold nothing but these: an agent then runs nothing and answers `done`.
    """

    order: Signed | None = None
    publication: Signed | None = None
    start: Signed | None = None
    keyset: Signed | None = None
    root: Signed | None = None
    placement: Signed | None = None
    roots: list[Signed] = []
