"""Signatures and digests: pure bytes in, verdict out (Ed25519, RFC 8032; SHA-256, FIPS 180-4)."""

import hashlib

from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

SEED_BYTES = 32
KEY_BYTES = 32


def public_key(seed: bytes) -> bytes:
    """Return the 32-byte public key of a 32-byte secret seed."""
    return crypto_sign_seed_keypair(seed)[0]


def sign(seed: bytes, message: bytes) -> bytes:
    """Return the 64-byte signature of `message` by the key of `seed` (32 bytes)."""
    return crypto_sign(message, crypto_sign_seed_keypair(seed)[1])[:crypto_sign_BYTES]


class Signer:
    """Signs many messages with one key, whose expansion is made once."""

    def __init__(self, seed: bytes) -> None:
        self.public, self._secret = crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`."""
        return crypto_sign(message, self._secret)[:crypto_sign_BYTES]


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` (64 bytes) over `message` is by public `key` (32 bytes); never raises."""
    if len(key) != KEY_BYTES or len(signature) != crypto_sign_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, key)
    except (BadSignatureError, ValueError):
        return False
    return True


def digest(body: bytes) -> bytes:
    """Return the SHA-256 digest (32 bytes) of `body`."""
    return hashlib.sha256(body).digest()


def fingerprint(key: bytes) -> str:
    """Return a key's fingerprint for people: SHA-256 as 16 groups of 4 hexadecimal digits."""
    text = digest(key).hex()
    return "-".join(text[n : n + 4] for n in range(0, len(text), 4))
