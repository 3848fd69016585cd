"""Atheris feeds the task verifier: whatever comes, signed by an operator or by nobody, is judged or refused.

python -m fuzz.task_verifier [libFuzzer's options]
"""

import sys
from collections.abc import Callable

import atheris
import msgspec

with atheris.instrument_imports(include=["predvid.wire", "predvid.core.authority"]):
    from predvid.core.authority import TaskRefused
    from predvid.core.trust import digest
    from predvid.wire import verifying
    from predvid.wire.authority import (
        KEYSET_CONTEXT,
        ORDER_CONTEXT,
        PLACEMENT_CONTEXT,
        PUBLICATION_CONTEXT,
        ROOT_CONTEXT,
        START_CONTEXT,
        Leased,
        Signed,
    )
    from predvid.wire.signing import UNREADABLE, marked, seal

from fuzz.feeding import feed
from signed_world import ANA, IVO, NOW, ORDER, PLAN, PUBLICATION, ROOT, START, STRANGER, judge, sealed_keys

RIGHT_ORDER = seal(ORDER_CONTEXT, ORDER, [ANA])
RIGHT_PUBLICATION = seal(PUBLICATION_CONTEXT, PUBLICATION, [ANA])
RIGHT_START = seal(START_CONTEXT, START, [PLAN])
RIGHT = (judge().order(RIGHT_ORDER), judge().publication(RIGHT_PUBLICATION, RIGHT_START))


def by_nobody(data: bytes) -> None:
    """A lease as it comes: it may only ever be one of the two that were signed."""
    try:
        leased = msgspec.msgpack.decode(data, type=Leased)
    except UNREADABLE:
        return
    if leased.order is not None and judge().order(leased.order) not in RIGHT:
        raise AssertionError("a forged order was admitted")
    if leased.publication is None:
        return
    if judge().publication(leased.publication, leased.start) not in RIGHT:
        raise AssertionError("a forged publication was admitted")


def _signed(context: bytes, data: bytes) -> Signed:
    return marked(marked(Signed(context + data, []), ANA), IVO)


KINDS: tuple[Callable[[bytes], object], ...] = (
    by_nobody,
    lambda data: judge().order(_signed(ORDER_CONTEXT, data)),
    lambda data: judge().publication(_signed(PUBLICATION_CONTEXT, data), RIGHT_START),
    lambda data: judge().publication(RIGHT_PUBLICATION, marked(Signed(START_CONTEXT + data, []), PLAN)),
    lambda data: judge().placement(_signed(PLACEMENT_CONTEXT, data), 0),
    lambda data: verifying.keyset(
        marked(Signed(KEYSET_CONTEXT + data, []), ROOT), digest(ROOT.public), 0, NOW
    ),
    lambda data: verifying.root_change(
        marked(marked(Signed(ROOT_CONTEXT + data, []), ROOT), STRANGER), digest(ROOT.public), 0
    ),
)
SEEDS = (
    b"\x00" + msgspec.msgpack.encode(Leased(order=RIGHT_ORDER)),
    b"\x00" + msgspec.msgpack.encode(Leased(publication=RIGHT_PUBLICATION, start=RIGHT_START)),
    *(bytes([n]) + msgspec.msgpack.encode(one) for n, one in enumerate((ORDER, PUBLICATION, START), 1)),
    b"\x05" + sealed_keys().body.removeprefix(KEYSET_CONTEXT),
)


def one_input(data: bytes) -> None:
    """Judge one input; its first byte chooses who signed it. Anything but a refusal is a defect."""
    if not data:
        return
    try:
        KINDS[data[0] % len(KINDS)](data[1:])
    except TaskRefused as refused:
        if refused.said.id != f"task.refused.{refused.code}":
            raise


if __name__ == "__main__":
    feed(sys.argv, one_input, SEEDS)
