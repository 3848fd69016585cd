"""Seals bytes so that one key alone opens them: libsodium's sealed boxes (X25519, XSalsa20-Poly1305)."""

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox


class NotForUs(Exception):
    """A box that does not open with this key: made for another one, altered, or no box at all."""


def seal_to(public: bytes, plain: bytes) -> bytes:
    """Return `plain` in a box for the owner of `public` (32 bytes). Raises ValueError if it is no key."""
    try:
        return SealedBox(PublicKey(public)).encrypt(plain)
    except CryptoError as error:
        raise ValueError(f"no box can be sealed to this key: {error}") from None


def open_box(secret: bytes, box: bytes) -> bytes:
    """Return what is in `box`, sealed to the public key of `secret` (32 bytes). Raises NotForUs."""
    try:
        return SealedBox(PrivateKey(secret)).decrypt(box)
    except CryptoError:
        raise NotForUs from None
