"""A signature holds for exactly its bytes and its key; whatever else comes is refused, never an error."""

import hashlib
import os

from hypothesis import given
from hypothesis import strategies as st

from predvid.core import trust

SEED = bytes(range(32))
KEY = trust.public_key(SEED)
MESSAGES = st.binary(max_size=200)


def test_known_answer() -> None:
    """RFC 8032, section 7.1, test 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    signature = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert trust.public_key(seed).hex() == key
    assert trust.sign(seed, b"\x72").hex() == signature


@given(MESSAGES)
def test_what_is_signed_verifies(message: bytes) -> None:
    signature = trust.Signer(SEED).sign(message)
    assert signature == trust.sign(SEED, message)
    assert trust.verify(KEY, message, signature)


@given(MESSAGES, st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_refused(message: bytes, where: int, change: int) -> None:
    parts = [bytearray(KEY), bytearray(message), bytearray(trust.sign(SEED, message))]
    where %= sum(map(len, parts))
    for part in parts:
        if where < len(part):
            part[where] ^= change
            break
        where -= len(part)
    assert not trust.verify(*map(bytes, parts))


@given(st.binary(max_size=40), MESSAGES, st.binary(max_size=80))
def test_garbage_is_refused(key: bytes, message: bytes, signature: bytes) -> None:
    assert not trust.verify(key, message, signature)


def test_another_key_is_refused() -> None:
    assert not trust.verify(trust.public_key(os.urandom(32)), b"x", trust.sign(SEED, b"x"))


def test_the_all_zero_key_signs_nothing() -> None:
    """A point of small order would verify anything; libsodium refuses it."""
    assert not trust.verify(bytes(32), b"x", bytes(64))


def test_digest_and_fingerprint() -> None:
    assert trust.digest(b"x") == hashlib.sha256(b"x").digest()
    groups = trust.fingerprint(KEY).split("-")
    assert (len(groups), {len(group) for group in groups}) == (16, {4})
    assert "".join(groups) == hashlib.sha256(KEY).hexdigest()
