"""Whatever is altered in a signed task, a byte on its way or a field before it is packed, it does not run."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from predvid.core.authority import TaskRefused
from predvid.core.trust import digest
from predvid.wire import verifying
from predvid.wire.authority import (
    ORDER_CONTEXT,
    PUBLICATION_CONTEXT,
    START_CONTEXT,
    Content,
    Leased,
    Mark,
    Order,
    Parameter,
    Publication,
    Signed,
    Start,
    Targets,
)
from predvid.wire.signing import UNREADABLE, seal
from predvid.wire.verifying import Work
from signed_world import ANA, IVO, KEYS, NOW, ORDER, PLAN, PUBLICATION, ROOT, START, judge, sealed_keys

SIGNED_ORDER = seal(ORDER_CONTEXT, ORDER, [ANA])
SIGNED_PUBLICATION = seal(PUBLICATION_CONTEXT, PUBLICATION, [ANA])
SIGNED_START = seal(START_CONTEXT, START, [PLAN])
LEASES = [
    msgspec.msgpack.encode(Leased(order=SIGNED_ORDER)),
    msgspec.msgpack.encode(Leased(publication=SIGNED_PUBLICATION, start=SIGNED_START)),
]

TEXT = st.text(max_size=20)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
PARAMS = st.dictionaries(TEXT, TEXT, max_size=3)
CONTENTS = st.builds(Content, st.sampled_from(["sh", "bash", "powershell", "python"]), TEXT, NUMBERS)
NAMES = st.lists(TEXT | st.just("agent-1"), max_size=3)
TARGETS = st.builds(Targets, st.booleans(), NAMES, NAMES, NAMES, NAMES, NAMES)


def admitted(lease: bytes) -> Work | None:
    """Return what would run, as an agent judges it; nothing but a refusal may come of anything else."""
    try:
        leased = msgspec.msgpack.decode(lease, type=Leased)
        if leased.order is not None:
            return judge().order(leased.order)
        return judge().publication(leased.publication, leased.start) if leased.publication else None
    except (TaskRefused, *UNREADABLE):
        return None


def alterations(lease: bytes) -> st.SearchStrategy[bytes]:
    """Return ways to alter bytes: turn some over, take some out, put some in, repeat some."""
    places = st.integers(0, len(lease) - 1)
    turned = st.builds(
        lambda at, bit: lease[:at] + bytes([lease[at] ^ (1 << bit)]) + lease[at + 1 :],
        places,
        st.integers(0, 7),
    )
    cut = st.builds(lambda at, n: lease[:at] + lease[at + n :], places, st.integers(1, 40))
    put = st.builds(
        lambda at, more: lease[:at] + more + lease[at:], places, st.binary(min_size=1, max_size=40)
    )
    twice = st.builds(
        lambda at, n: lease[:at] + lease[at : at + n] * 2 + lease[at + n :], places, st.integers(1, 60)
    )
    return turned | cut | put | twice


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(LEASES).flatmap(alterations))
def test_altered_bytes_never_run(lease: bytes) -> None:
    work = admitted(lease)
    # What stands outside the signed bytes (the map's own form) may vary; then it is the very task signed.
    if work is not None:
        assert work in (judge().order(SIGNED_ORDER), judge().publication(SIGNED_PUBLICATION, SIGNED_START))


def test_every_single_bit_of_what_is_signed_counts() -> None:
    for signed, context in ((SIGNED_ORDER, Order), (SIGNED_PUBLICATION, Publication)):
        for bit in range(len(signed.body) * 8):
            body = bytearray(signed.body)
            body[bit // 8] ^= 1 << bit % 8
            altered = Signed(bytes(body), signed.marks)
            lease = (
                Leased(order=altered) if context is Order else Leased(publication=altered, start=SIGNED_START)
            )
            assert admitted(msgspec.msgpack.encode(lease)) is None
    signature = SIGNED_ORDER.marks[0].signature
    for bit in range(len(signature) * 8):
        other = bytearray(signature)
        other[bit // 8] ^= 1 << bit % 8
        marks = [Mark(ANA.public, bytes(other))]
        assert admitted(msgspec.msgpack.encode(Leased(order=Signed(SIGNED_ORDER.body, marks)))) is None


ORDERS = st.builds(Order, TEXT, TEXT, CONTENTS, NAMES, NUMBERS, NUMBERS, PARAMS, st.booleans())
PUBLICATIONS = st.builds(
    Publication,
    *(TEXT, NUMBERS, TEXT, CONTENTS, TARGETS, NUMBERS, NUMBERS),
    st.lists(
        st.builds(Parameter, TEXT, NAMES, st.none() | NUMBERS, st.none() | NUMBERS, NUMBERS), max_size=2
    ),
    *(NUMBERS, st.booleans(), NUMBERS, TEXT),
)
STARTS = st.builds(Start, TEXT, TEXT, TEXT, NUMBERS, NUMBERS, NUMBERS, PARAMS)


@settings(max_examples=200, deadline=None)
@given(ORDERS, PUBLICATIONS, STARTS)
def test_other_fields_under_the_same_marks_never_run(
    order: Order, publication: Publication, start: Start
) -> None:
    for context, message, real in (
        (ORDER_CONTEXT, order, SIGNED_ORDER),
        (PUBLICATION_CONTEXT, publication, SIGNED_PUBLICATION),
        (START_CONTEXT, start, SIGNED_START),
    ):
        forged = Signed(context + msgspec.msgpack.encode(message), real.marks)
        for lease in (
            Leased(order=forged),
            Leased(publication=forged, start=SIGNED_START),
            Leased(publication=SIGNED_PUBLICATION, start=forged),
        ):
            assert admitted(msgspec.msgpack.encode(lease)) is None


@settings(max_examples=200, deadline=None)
@given(ORDERS, PUBLICATIONS, STARTS)
def test_whatever_operators_really_sign_is_judged_and_never_fails(
    order: Order, publication: Publication, start: Start
) -> None:
    orders = seal(ORDER_CONTEXT, order, [ANA, IVO])
    published = seal(PUBLICATION_CONTEXT, publication, [ANA])
    for lease in (
        Leased(order=orders),
        Leased(publication=published, start=seal(START_CONTEXT, start, [PLAN])),
    ):
        work = admitted(msgspec.msgpack.encode(lease))
        assert work is None or work.expires > NOW


@settings(max_examples=200, deadline=None)
@given(alterations(msgspec.msgpack.encode(sealed_keys())))
def test_an_altered_key_set_is_none(blob: bytes) -> None:
    try:
        found = verifying.keyset(msgspec.msgpack.decode(blob, type=Signed), digest(ROOT.public), 0, NOW)
    except (TaskRefused, *UNREADABLE):
        return
    assert found == KEYS
