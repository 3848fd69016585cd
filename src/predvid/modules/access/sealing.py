"""Seals what people prove themselves with: a dump of the database alone opens none of it."""

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY = "factors.key"  # in the installation's keys, never in the database
FORMAT = b"\x01"  # AES-256-GCM: format, 12 bytes of nonce, ciphertext with its tag
NONCE = 12


class Unreadable(Exception):
    """Sealed with another key, for another place, or damaged."""


def seal(plain: bytes, context: str) -> bytes:
    """Return `plain` encrypted for one place: `context` names it (person and field) and must fit again."""
    nonce = os.urandom(NONCE)
    return FORMAT + nonce + AESGCM(_key(b"seal")).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, context: str) -> bytes:
    """Return what `seal` was given. Raises Unreadable."""
    if sealed[:1] != FORMAT:
        raise Unreadable(context)
    nonce, text = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    try:
        return AESGCM(_key(b"seal")).decrypt(nonce, text, context.encode())
    except (InvalidTag, ValueError):
        raise Unreadable(context) from None


def seal_text(plain: str, context: str) -> str:
    """Return `seal` as letters, for a field of a form."""
    return base64.urlsafe_b64encode(seal(plain.encode(), context)).decode()


def unseal_text(sealed: str, context: str) -> str:
    """Return what `seal_text` was given. Raises Unreadable."""
    try:
        return unseal(base64.urlsafe_b64decode(sealed.encode()), context).decode()
    except ValueError:
        raise Unreadable(context) from None


def keyed_hash(text: str, context: str) -> bytes:
    """Return the HMAC-SHA-256 of a text that is too short to keep as a plain hash."""
    return hmac.digest(_key(b"hash"), f"{context}\n{text}".encode(), "sha256")


def _key(purpose: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(settings.PLACE.secret(KEY)), purpose, "sha256")
