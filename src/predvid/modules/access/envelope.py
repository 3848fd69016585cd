"""Seals fields: AES-256-GCM under a data key per tenant, each wrapped by the installation's master key.

Pure: bytes in, bytes out. A sealed field and a wrapped key begin with a version and the number or id of the
key that opens them; those bytes, and where the value stands (`Field`), are associated data (NIST SP 800-38D):
a value moved to another row, field or tenant does not open, nor one of which any bit was changed.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
KEY_BYTES, NONCE_BYTES, TAG_BYTES, ID_BYTES, NUMBER_BYTES = 32, 12, 16, 8, 4
TITLE = "predvid secrets key 1"
PLATFORM_TENANT = "msp"  # of rows that belong to no client


class Damaged(Exception):
    """A sealed value does not open: altered, swapped, or cut. The text never holds any of it."""


class UnknownMaster(Exception):
    """The master key that a data key was wrapped with is not among those at hand; the text is its id."""


class BadKeyFile(ValueError):
    """The text of a key file is not one; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a sealed value stands: the tenant (a client's id, or PLATFORM_TENANT), table, row and field."""

    tenant: str
    table: str
    row: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name} of row {self.row} ({self.tenant})"


@dataclass(frozen=True, slots=True)
class DataKey:
    """One tenant's data key (32 bytes) and its number, which grows with each rotation."""

    number: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Master:
    """One master key (32 bytes)."""

    key: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Return the id by which wrapped keys name it: 16 hexadecimal digits that tell nothing of it."""
        return hashlib.sha256(b"predvid master key\x00" + self.key).hexdigest()[: 2 * ID_BYTES]


Masters = tuple[Master, ...]  # the first is in force; the others only open what an unfinished rotation left


def new_master() -> Master:
    """Return a new random master key."""
    return Master(secrets.token_bytes(KEY_BYTES))


def new_data_key(number: int) -> DataKey:
    """Return a new random data key with that number."""
    return DataKey(number, secrets.token_bytes(KEY_BYTES))


def written(masters: Iterable[Master]) -> str:
    """Return the text of a key file: a title, then one line `id key` (hexadecimal) for each key."""
    return "".join([f"{TITLE}\n", *(f"{master.id} {master.key.hex()}\n" for master in masters)])


def read(text: str) -> Masters:
    """Return the master keys of a key file's text, the one in force first. Raises BadKeyFile."""
    title, *lines = text.splitlines() or [""]
    if title != TITLE:
        raise BadKeyFile("it does not begin as a key file does")
    masters = tuple(_line(number, line) for number, line in enumerate(lines, 2) if line.strip())
    if not masters:
        raise BadKeyFile("it holds no key")
    return masters


def _line(number: int, line: str) -> Master:
    id_, _, key = line.partition(" ")
    try:
        master = Master(bytes.fromhex(key))
    except ValueError:
        raise BadKeyFile(f"line {number} is no key") from None
    if len(master.key) != KEY_BYTES or master.id != id_:
        raise BadKeyFile(f"the key in line {number} is damaged")
    return master


def wrap(master: Master, tenant: str, data: DataKey) -> bytes:
    """Return `data` wrapped by `master`: version, id of the master key, nonce, ciphertext with tag."""
    return _seal(master.key, VERSION + bytes.fromhex(master.id), _key_place(tenant, data.number), data.key)


def unwrap(masters: Masters, tenant: str, number: int, blob: bytes) -> DataKey:
    """Return the data key in `blob`. Raises UnknownMaster or Damaged."""
    id_ = master_of(blob)
    master = next((master for master in masters if master.id == id_), None)
    if master is None:
        raise UnknownMaster(id_)
    return DataKey(number, _open(master.key, blob, 1 + ID_BYTES, _key_place(tenant, number)))


def master_of(blob: bytes) -> str:
    """Return the id of the master key that a wrapped key names. Raises Damaged."""
    if len(blob) != 1 + ID_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES or blob[:1] != VERSION:
        raise Damaged("a data key is damaged")
    return blob[1 : 1 + ID_BYTES].hex()


def seal(data: DataKey, place: Field, plain: bytes) -> bytes:
    """Return `plain` sealed for `place`: version, number of the data key, nonce, ciphertext with tag."""
    return _seal(data.key, VERSION + data.number.to_bytes(NUMBER_BYTES, "big"), _place(place), plain)


def unseal(data: DataKey, place: Field, blob: bytes) -> bytes:
    """Return what `seal` took. Raises Damaged, whatever of it is another than it was."""
    if number_of(blob) != data.number:
        raise Damaged(f"{place} is sealed with another data key")
    try:
        return _open(data.key, blob, 1 + NUMBER_BYTES, _place(place))
    except Damaged:
        raise Damaged(f"{place} is damaged") from None


def number_of(blob: bytes) -> int:
    """Return the number of the data key that a sealed value names, -1 where it cannot be one."""
    if blob[:1] != VERSION or len(blob) < 1 + NUMBER_BYTES + NONCE_BYTES + TAG_BYTES:
        return -1
    return int.from_bytes(blob[1 : 1 + NUMBER_BYTES], "big")


def _place(place: Field) -> bytes:
    return b"predvid field v1" + _joined(place.tenant, place.table, place.row, place.name)


def _key_place(tenant: str, number: int) -> bytes:
    return b"predvid data key v1" + _joined(tenant, str(number))


def _joined(*parts: str) -> bytes:
    """Return the parts, each behind its length, so that no two lists of parts give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _seal(key: bytes, head: bytes, place: bytes, plain: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head + place)


def _open(key: bytes, blob: bytes, head: int, place: bytes) -> bytes:
    nonce = blob[head : head + NONCE_BYTES]
    try:
        return AESGCM(key).decrypt(nonce, blob[head + NONCE_BYTES :], blob[:head] + place)
    except InvalidTag:
        raise Damaged("a data key is damaged") from None
