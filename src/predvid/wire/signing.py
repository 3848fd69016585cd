"""Makes and opens Signed: the bytes that were signed stay as they are and are what is verified."""

from collections.abc import Collection, Iterable
from typing import TypeVar

import msgspec

from predvid.core.authority import TaskRefused
from predvid.core.trust import Signer, verify
from predvid.wire.authority import MAX_CONTENT, Mark, Signed

MAX_MARKS = 8
MAX_SIGNED = 4 * MAX_CONTENT  # bytes of one Signed body: the content, and room for what stands around it
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)  # what decoding foreign bytes raises
Message = TypeVar("Message", bound=msgspec.Struct)


def seal(context: bytes, message: msgspec.Struct, signers: Iterable[Signer]) -> Signed:
    """Return `message` signed under `context` by each of `signers`."""
    body = context + msgspec.msgpack.encode(message)
    return Signed(body, [Mark(signer.public, signer.sign(body)) for signer in signers])


def marked(signed: Signed, signer: Signer) -> Signed:
    """Return `signed` with the mark of one more signer over the same bytes."""
    others = [mark for mark in signed.marks if mark.key != signer.public]
    return Signed(signed.body, [*others, Mark(signer.public, signer.sign(signed.body))])


def signers_of(signed: Signed, keys: Collection[bytes]) -> frozenset[bytes]:
    """Return those of `keys` (32 bytes each) whose mark on exactly these bytes is good."""
    if len(signed.body) > MAX_SIGNED or len(signed.marks) > MAX_MARKS:
        raise TaskRefused("too_large")
    return frozenset(
        mark.key
        for mark in signed.marks
        if mark.key in keys and verify(mark.key, signed.body, mark.signature)
    )


def opened(signed: Signed, context: bytes, kind: type[Message]) -> Message:
    """Return the message in `signed`, which says nothing of who signed it. Raises TaskRefused."""
    if not signed.body.startswith(context):
        raise TaskRefused("signature")  # signed for another purpose, or not by this program at all
    try:
        return msgspec.msgpack.decode(signed.body[len(context) :], type=kind)
    except UNREADABLE:
        raise TaskRefused("unreadable") from None
