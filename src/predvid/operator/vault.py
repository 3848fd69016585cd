"""Keys under one passphrase: argon2id (RFC 9106) makes the key that locks each seed in a secretbox.

Each key is one file of the trust folder, readable by its owner only; nothing but this file opens one.
"""

import secrets
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from predvid.core.errors import UserError
from predvid.core.trust import SEED_BYTES, Signer
from predvid.edge import durable

COST = (argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE)  # 3 passes over 256 MiB
SHORTEST = 10  # characters of a passphrase
MOST_MEMORY = 4 << 30  # bytes: what a damaged file may ask for at most


class LockedKey(msgspec.Struct, frozen=True):
    """A seed under a passphrase: the public key, argon2id's cost and salt, the box that holds the seed."""

    name: str
    public: bytes
    operations: int
    memory: int
    salt: bytes
    box: bytes


def make(name: str, passphrase: str) -> LockedKey:
    """Return a new key of that name, locked by `passphrase`."""
    seed, salt = secrets.token_bytes(SEED_BYTES), secrets.token_bytes(argon2id.SALTBYTES)
    box = SecretBox(argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), salt, *COST)).encrypt(seed)
    return LockedKey(name, Signer(seed).public, *COST, salt, bytes(box))


def unlock(key: LockedKey, passphrase: str) -> Signer:
    """Return the signer that `key` holds. Raises UserError for a wrong passphrase or a damaged key."""
    if not 0 < key.memory <= MOST_MEMORY or not 0 < key.operations <= 16:
        raise UserError(f"the key of {key.name} is damaged")
    try:
        cost = (key.operations, key.memory)
        lock = argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), key.salt, *cost)
        signer = Signer(SecretBox(lock).decrypt(key.box))
    except (CryptoError, ValueError, TypeError):
        raise UserError(f"the passphrase does not open the key of {key.name}", status=1) from None
    if signer.public != key.public:
        raise UserError(f"the key of {key.name} is damaged")
    return signer


def store(path: Path, key: LockedKey) -> None:
    """Write a locked key durably, for its owner's eyes only. Raises UserError."""
    try:
        durable.write(path, msgspec.json.encode(key) + b"\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", status=1) from None


def load(path: Path) -> LockedKey:
    """Return the locked key in `path`. Raises UserError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=LockedKey)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UserError(f"{path} is no key of 'predvid trust', or damaged") from None
