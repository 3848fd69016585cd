"""What an agent runs is what operators signed for it, word for word, and nothing else."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from predvid.core.authority import AHEAD, TaskRefused
from predvid.core.trust import Signer, fingerprint
from predvid.wire import verifying
from predvid.wire.authority import (
    ALONE,
    KEYSET_CONTEXT,
    LONGEST_ORDER,
    LONGEST_PUBLICATION,
    MAX_CONTENT,
    ORDER_CONTEXT,
    PLACEMENT_CONTEXT,
    PUBLICATION_CONTEXT,
    START_CONTEXT,
    Content,
    Parameter,
    Signed,
    Targets,
)
from predvid.wire.signing import marked, seal
from predvid.wire.verifying import Here, Judge, Limits, Work
from signed_world import (
    ALL,
    ANA,
    HOUR,
    IVO,
    JAN,
    NOW,
    OPERATORS,
    ORDER,
    PLAN,
    PUBLICATION,
    ROOT,
    SCRIPT,
    START,
    STRANGER,
    judge,
    refused,
)

Change = dict[str, Any]


def an_order(*signers: Signer, judged: Judge | None = None, **change: Any) -> Work:
    order = msgspec.structs.replace(ORDER, **change)
    return (judged or judge()).order(seal(ORDER_CONTEXT, order, signers or [ANA]))


def a_start(judged: Judge | None = None, start: Change | None = None, **change: Any) -> Work:
    published = seal(PUBLICATION_CONTEXT, msgspec.structs.replace(PUBLICATION, **change), [JAN])
    started = seal(START_CONTEXT, msgspec.structs.replace(START, **(start or {})), [PLAN])
    return (judged or judge()).publication(published, started)


def test_an_order_is_the_work_that_was_signed() -> None:
    assert an_order(IVO, ANA) == Work(
        "order:order-1",
        "Clean",
        SCRIPT,
        {"days": "7"},
        2,
        NOW - 1000,
        NOW + HOUR,
        NOW - 1000,
        ("Ana", "Ivo"),
    )


def test_a_publication_is_the_work_that_was_signed_and_started() -> None:
    days = Parameter("days", low=1, high=30, default="14")
    assert a_start(parameters=[days], start={"params": {"days": "7"}}) == Work(
        "start:task-1",
        "Tidy up",
        SCRIPT,
        {"days": "7"},
        1,
        NOW - 1000,
        NOW + 1000,
        NOW - HOUR,
        ("Jan",),
        "tidy",
        4,
        6,
    )
    assert a_start(parameters=[days]).params == {"days": "14"}
    assert a_start(expires=NOW + 10).expires == NOW + 10
    assert a_start(rate=-1).rate == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires": NOW}, "expired"),
        ({"issued": NOW - 5, "expires": NOW - 1}, "expired"),
        ({"issued": NOW + AHEAD + 1, "expires": NOW + 2 * AHEAD}, "future"),
        ({"expires": NOW - 1000 + LONGEST_ORDER + 1}, "too_long"),
        ({"issued": NOW + 10, "expires": NOW + 10}, "too_long"),
        ({"id": "gone"}, "revoked"),
        ({"id": ""}, "unreadable"),
        ({"id": "a b"}, "unreadable"),
        ({"id": "x" * 65}, "unreadable"),
        ({"agents": ["agent-2"]}, "target"),
        ({"agents": []}, "target"),
        ({"agents": ["agent-1"] + ["x"] * verifying.MOST_AGENTS}, "target"),
        ({"agents": ["agent-1"] + ["x"] * ALONE}, "two_operators"),
        ({"widens": True}, "two_operators"),
        ({"params": {"a b": "1"}}, "parameter"),
        ({"params": {"a": "1\x00"}}, "parameter"),
        ({"params": {"a": "1" * 4097}}, "parameter"),
        ({"params": {"a": "1", "A": "2"}}, "parameter"),
        ({"params": {f"a{n}": "1" for n in range(65)}}, "parameter"),
        ({"content": Content("sh", "", 60)}, "content"),
        ({"content": Content("sh", "a\x00b", 60)}, "content"),
        ({"content": Content("sh", "č" * (MAX_CONTENT // 2) + "a", 60)}, "content"),
        ({"content": Content("sh", "a", 0)}, "content"),
        ({"content": Content("sh", "a", 86_401)}, "content"),
    ],
)
def test_an_order_that_does_not_hold_is_refused(change: Change, why: str) -> None:
    assert refused(lambda: an_order(**change)) == why


@pytest.mark.parametrize(
    "change",
    [
        {"expires": NOW + 1},
        {"issued": NOW + AHEAD, "expires": NOW + 2 * AHEAD},
        {"expires": NOW - 1000 + LONGEST_ORDER},
        {"id": "x" * 64},
        {"agents": ["agent-1"] + ["x"] * (ALONE - 1)},
        {"params": {"a": "1" * 4096}},
        {"params": {"a" * 48: ""}},
        {"params": {f"a{n}": "1" for n in range(64)}},
        {"content": Content("sh", "č" * (MAX_CONTENT // 2), 1)},
        {"content": Content("python", "a", 86_400)},
    ],
)
def test_an_order_at_the_edge_of_what_holds_runs(change: Change) -> None:
    assert an_order(**change).cls == 2


def test_a_fleet_of_the_largest_size_needs_two() -> None:
    agents = ["agent-1"] + ["x"] * (verifying.MOST_AGENTS - 1)
    assert an_order(ANA, IVO, agents=agents).operators == ("Ana", "Ivo")
    assert refused(lambda: an_order(ANA, ANA, agents=agents)) == "two_operators"
    assert refused(lambda: an_order(ANA, JAN, agents=agents)) == "two_operators"
    assert an_order(ANA, IVO, widens=True).operators == ("Ana", "Ivo")
    assert (
        refused(lambda: an_order(ANA, IVO, widens=True, judged=judge(replace(ALL, widening=False))))
        == "widening"
    )


@pytest.mark.parametrize(
    ("signers", "why"),
    [((STRANGER,), "signature"), ((PLAN,), "signature"), ((ROOT,), "signature"), ((JAN,), "signature")],
)
def test_an_order_by_anybody_else_is_refused(signers: tuple[Signer, ...], why: str) -> None:
    assert refused(lambda: an_order(*signers)) == why
    assert an_order(*signers, ANA).operators == ("Ana",)


def test_what_is_signed_for_one_purpose_is_nothing_else() -> None:
    for context in (PUBLICATION_CONTEXT, KEYSET_CONTEXT, START_CONTEXT, PLACEMENT_CONTEXT, b"", b"x"):
        assert refused(lambda c=context: judge().order(seal(c, ORDER, [ANA]))) == "signature"  # type: ignore[misc]
    junk = marked(Signed(ORDER_CONTEXT + b"\xc1", []), ANA)
    assert refused(lambda: judge().order(junk)) == "unreadable"
    trailing = marked(Signed(ORDER_CONTEXT + msgspec.msgpack.encode(ORDER) + b"\x00", []), ANA)
    assert refused(lambda: judge().order(trailing)) == "unreadable"
    deep = marked(Signed(ORDER_CONTEXT + b"\x81" * 50_000, []), ANA)
    assert refused(lambda: judge().order(deep)) == "unreadable"


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (replace(ALL, classes=frozenset({0, 1})), "class"),
        (replace(ALL, languages=frozenset({"bash"})), "language"),
        (replace(ALL, operators=frozenset({"Ivo"})), "signature"),
        (replace(ALL, operators=frozenset()), "signature"),
    ],
)
def test_the_owner_narrows_orders(limits: Limits, why: str) -> None:
    assert refused(lambda: an_order(judged=judge(limits))) == why


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (replace(ALL, classes=frozenset({0, 2})), "class"),
        (replace(ALL, languages=frozenset()), "language"),
        (replace(ALL, operators=frozenset({"Ana"})), "signature"),
    ],
)
def test_the_owner_narrows_publications(limits: Limits, why: str) -> None:
    assert refused(lambda: a_start(judge(limits))) == why


def test_the_owner_names_operators_by_name_or_fingerprint() -> None:
    by_key = replace(ALL, operators=frozenset({fingerprint(ANA.public)}))
    assert an_order(judged=judge(by_key)).operators == ("Ana",)
    assert an_order(ANA, IVO, judged=judge(replace(ALL, operators=frozenset({"Ivo"})))).operators == ("Ivo",)
    assert not Limits().trusts(OPERATORS[0]) if Limits().operators else Limits().trusts(OPERATORS[0])


def test_nothing_holds_once_the_key_set_has_expired() -> None:
    assert refused(lambda: an_order(judged=judge(expires=NOW))) == "keyset_expired"
    assert refused(lambda: a_start(judge(expires=NOW))) == "keyset_expired"
    assert an_order(judged=judge(expires=NOW + 1)).cls == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": "gone"}, "revoked"),
        ({"expires": NOW}, "expired"),
        ({"issued": NOW + AHEAD + 1, "expires": NOW + 2 * AHEAD}, "future"),
        ({"issued": NOW + 1 - LONGEST_PUBLICATION - 1, "expires": NOW + 1}, "too_long"),
        ({"content": Content("sh", "", 60)}, "content"),
        ({"version": 5}, "mismatch"),
        ({"id": "other"}, "mismatch"),
        ({"by_server": False}, "person"),
        ({"targets": Targets()}, "target"),
        ({"targets": Targets(clients=["client-2"], sites=["site-2"], tags=["x"], agents=["a"])}, "target"),
        ({"targets": Targets(everywhere=True, platforms=["windows"])}, "platform"),
        ({"parameters": [Parameter("days", values=["1"])]}, "parameter"),
    ],
)
def test_a_publication_that_does_not_hold_is_refused(change: Change, why: str) -> None:
    assert refused(lambda: a_start(**change)) == why


@pytest.mark.parametrize(
    ("start", "why"),
    [
        ({"agent": "agent-2"}, "target"),
        ({"publication": "other"}, "mismatch"),
        ({"version": 3}, "mismatch"),
        ({"task": "a b"}, "unreadable"),
        ({"expires": NOW}, "expired"),
        ({"issued": NOW + AHEAD + 1, "expires": NOW + 2 * AHEAD}, "future"),
        ({"expires": NOW - 1000 + LONGEST_ORDER + 1}, "too_long"),
        ({"params": {"days": "7"}}, "parameter"),
    ],
)
def test_a_start_that_does_not_hold_is_refused(start: Change, why: str) -> None:
    assert refused(lambda: a_start(start=start)) == why


def test_a_start_needs_the_agents_own_server() -> None:
    published = seal(PUBLICATION_CONTEXT, PUBLICATION, [ANA])
    assert refused(lambda: judge().publication(published, None)) == "start"
    foreign = seal(START_CONTEXT, START, [STRANGER, ANA])
    assert refused(lambda: judge().publication(published, foreign)) == "start"
    wrong = seal(ORDER_CONTEXT, START, [PLAN])
    assert refused(lambda: judge().publication(published, wrong)) == "signature"


def test_a_publication_for_people_needs_an_operator_on_each_start() -> None:
    published = seal(PUBLICATION_CONTEXT, msgspec.structs.replace(PUBLICATION, by_server=False), [JAN])
    both = seal(START_CONTEXT, START, [PLAN, JAN])
    assert judge().publication(published, both).once == "start:task-1"
    assert (
        refused(lambda: judge().publication(published, seal(START_CONTEXT, START, [PLAN, STRANGER])))
        == "person"
    )
    assert refused(lambda: judge().publication(published, seal(START_CONTEXT, START, [JAN]))) == "start"


@pytest.mark.parametrize(
    "targets",
    [
        Targets(clients=["client-1"]),
        Targets(sites=["site-1"]),
        Targets(tags=["kiosk", "till"]),
        Targets(agents=["agent-1"]),
        Targets(everywhere=True),
        Targets(everywhere=True, platforms=["windows", "linux"]),
    ],
)
def test_any_one_target_is_enough(targets: Targets) -> None:
    assert a_start(targets=targets).publication == "tidy"


def test_a_device_that_belongs_nowhere_is_no_target_by_that() -> None:
    lost = Here("agent-1", "linux", PLAN.public)
    for targets in (Targets(clients=[""]), Targets(sites=[""]), Targets(tags=[""])):
        assert refused(lambda t=targets: a_start(judge(here=lost), targets=t)) == "target"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (Parameter("x", values=["a", "b"]), ["a", "b"], ["c", "", "A"]),
        (
            Parameter("x", low=-3, high=30),
            ["-3", "0", "30"],
            ["-4", "31", "07", "+7", "7.0", " 7", "-0", "٣", ""],
        ),
        (Parameter("x", low=1), [], ["1", "2"]),
        (Parameter("x", high=1), [], ["1", "0"]),
        (Parameter("x", longest=3), ["a", "abc", "č š"], ["", "abcd", "a\x00"]),
        (Parameter("x", longest=9_000), ["a" * 4096], ["a" * 4097]),
        (Parameter("x", default="d"), ["d"], ["e", ""]),
        (Parameter("x", values=["a"], low=5, high=6, longest=1), ["a", "5", "z"], ["77", "ab"]),
        (Parameter("x", low=0, high=10**18), ["9" * 18], ["1" + "0" * 18]),
    ],
)
def test_a_parameter_takes_the_values_that_its_publisher_allows(
    parameter: Parameter, good: list[str], bad: list[str]
) -> None:
    for value in good:
        assert verifying.allowed_values([parameter], {"x": value}) == {"x": value}
    for value in bad:
        assert refused(lambda v=value: verifying.allowed_values([parameter], {"x": v})) == "parameter"  # type: ignore[misc]


def test_parameters_are_complete_or_refused() -> None:
    two = [Parameter("x", default="1"), Parameter("y", values=["2"])]
    assert verifying.allowed_values(two, {"y": "2"}) == {"x": "1", "y": "2"}
    with pytest.raises(TaskRefused) as found:
        verifying.allowed_values(two, {})
    assert found.value.said.values == {"name": "y"}
    with pytest.raises(TaskRefused) as found:
        verifying.allowed_values(two, {"y": "2", "z": "3"})
    assert found.value.said.values == {"name": "z"}
    with pytest.raises(TaskRefused) as found:
        verifying.allowed_values([], {"!" * 60: ""})
    assert found.value.said.values == {"name": "!" * 48}
    clash = [Parameter("x", default="1"), Parameter("X", default="2")]
    assert refused(lambda: verifying.allowed_values(clash, {})) == "parameter"
    assert refused(lambda: verifying.allowed_values([Parameter("x", default="\x00")], {})) == "parameter"
