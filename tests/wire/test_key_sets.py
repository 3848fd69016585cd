"""Who may sign is the root's word: key sets, new roots, placements, and the marks under them."""

import os
from typing import Any

import msgspec
import pytest

from predvid.core.authority import AHEAD, TaskRefused
from predvid.core.trust import Signer, digest
from predvid.wire import verifying
from predvid.wire.authority import (
    LONGEST_PUBLICATION,
    ORDER_CONTEXT,
    PLACEMENT_CONTEXT,
    ROOT_CONTEXT,
    Mark,
    OperatorKey,
    Order,
    Placement,
    RootChange,
    Signed,
)
from predvid.wire.signing import MAX_MARKS, MAX_SIGNED, marked, opened, seal, signers_of
from predvid.wire.verifying import Judge
from signed_world import (
    ANA,
    IVO,
    JAN,
    KEYS,
    NOW,
    OPERATORS,
    ORDER,
    PLAN,
    ROOT,
    STRANGER,
    judge,
    refused,
    sealed_keys,
)

Change = dict[str, Any]


def test_a_key_set_is_the_roots_word() -> None:
    root = digest(ROOT.public)
    assert verifying.keyset(sealed_keys(), root, 3, NOW) == KEYS
    assert verifying.believed(sealed_keys(expires=0), root).expires == 0
    assert refused(lambda: verifying.keyset(sealed_keys(STRANGER), root, 0, NOW)) == "keyset"
    body = sealed_keys().body
    forged = Signed(
        body, [Mark(ROOT.public, STRANGER.sign(body)), Mark(STRANGER.public, STRANGER.sign(body))]
    )
    assert refused(lambda: verifying.keyset(forged, root, 0, NOW)) == "keyset"
    with pytest.raises(TaskRefused) as found:
        verifying.keyset(sealed_keys(), root, 4, NOW)
    assert (found.value.code, found.value.said.values) == ("keyset_older", {"version": 3, "known": 4})
    assert refused(lambda: verifying.keyset(sealed_keys(version=0), root, 0, NOW)) == "keyset_older"
    assert verifying.keyset(sealed_keys(version=1), root, 0, NOW).version == 1
    order = seal(ORDER_CONTEXT, KEYS, [ROOT])
    assert refused(lambda: verifying.keyset(order, root, 0, NOW)) == "signature"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires": NOW}, "expired"),
        ({"issued": NOW + AHEAD + 1, "expires": NOW + 2 * AHEAD}, "future"),
        ({"issued": NOW + 1 - LONGEST_PUBLICATION - 1, "expires": NOW + 1}, "too_long"),
        ({"operators": [OPERATORS[0], OperatorKey("Ana", IVO.public)]}, "keyset"),
        ({"operators": [OPERATORS[0], OperatorKey("Eva", ANA.public)]}, "keyset"),
        ({"operators": [OPERATORS[0], OPERATORS[0]]}, "keyset"),
        ({"operators": [OperatorKey("Eva", b"x" * 31)]}, "keyset"),
        ({"operators": [OperatorKey("Eva", b"x" * 33)]}, "keyset"),
        ({"operators": [OperatorKey("", ANA.public)]}, "keyset"),
        ({"operators": [OperatorKey("Eva", ANA.public, (1, 2, 3))]}, "keyset"),
        ({"operators": [OperatorKey("Eva", ANA.public, (0,))]}, "keyset"),
    ],
)
def test_a_key_set_that_does_not_hold_is_refused(change: Change, why: str) -> None:
    assert refused(lambda: verifying.keyset(sealed_keys(**change), digest(ROOT.public), 0, NOW)) == why


def changed(*signers: Signer, **change: Any) -> Signed:
    found = msgspec.structs.replace(RootChange(ROOT.public, STRANGER.public, 2, NOW), **change)
    return seal(ROOT_CONTEXT, found, signers or (ROOT, STRANGER))


def test_a_root_follows_by_the_old_one_and_by_itself() -> None:
    root = digest(ROOT.public)
    assert verifying.root_change(changed(), root, 1).new == STRANGER.public
    for signed, serial in (
        (changed(ROOT), 1),
        (changed(STRANGER), 1),
        (changed(ROOT, ANA), 1),
        (changed(), 2),
        (changed(), 3),
        (changed(old=ANA.public), 1),
        (changed(ANA, STRANGER, old=ANA.public), 1),
        (changed(ROOT, new=ROOT.public), 1),
    ):
        assert refused(lambda s=signed, n=serial: verifying.root_change(s, root, n)) == "root"  # type: ignore[misc]


def placed(*signers: Signer, judged: Judge | None = None, serial: int = 4, **change: Any) -> Placement:
    place = msgspec.structs.replace(Placement("agent-1", "c", "s", 5, NOW, ["kiosk"]), **change)
    return (judged or judge()).placement(seal(PLACEMENT_CONTEXT, place, signers or [ANA]), serial)


def test_a_device_is_placed_by_an_operator_of_class_2() -> None:
    assert placed().tags == ["kiosk"]
    assert refused(lambda: placed(JAN)) == "signature"
    assert refused(lambda: placed(PLAN)) == "signature"
    assert refused(lambda: placed(agent="agent-2")) == "placement"
    assert refused(lambda: placed(serial=5)) == "placement"
    assert refused(lambda: placed(judged=judge(expires=NOW))) == "keyset_expired"
    assert placed(judged=judge(expires=NOW + 1)).serial == 5
    assert refused(lambda: judge().placement(seal(ORDER_CONTEXT, ORDER, [ANA]), 0)) == "signature"


def test_marks_and_bytes_have_their_bounds() -> None:
    body = ORDER_CONTEXT + os.urandom(20)
    mark = Mark(ANA.public, ANA.sign(body))
    assert signers_of(Signed(body, [mark] * MAX_MARKS), {ANA.public}) == {ANA.public}
    assert refused(lambda: signers_of(Signed(body, [mark] * (MAX_MARKS + 1)), {ANA.public})) == "too_large"
    large = bytes(MAX_SIGNED)
    assert signers_of(Signed(large, [Mark(ANA.public, ANA.sign(large))]), {ANA.public}) == {ANA.public}
    assert refused(lambda: signers_of(Signed(bytes(MAX_SIGNED + 1), []), {ANA.public})) == "too_large"
    assert signers_of(Signed(body, [mark]), {IVO.public}) == frozenset()
    assert signers_of(Signed(body, [Mark(IVO.public, mark.signature)]), {IVO.public}) == frozenset()


def test_a_second_mark_stands_beside_the_first() -> None:
    signed = marked(seal(ORDER_CONTEXT, ORDER, [ANA]), IVO)
    assert [mark.key for mark in signed.marks] == [ANA.public, IVO.public]
    assert signers_of(signed, {ANA.public, IVO.public}) == {ANA.public, IVO.public}
    assert [mark.key for mark in marked(signed, ANA).marks] == [IVO.public, ANA.public]
    assert opened(signed, ORDER_CONTEXT, Order) == ORDER
