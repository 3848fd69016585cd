"""Readers of how a device is guarded: what they promise beyond the recordings, and garbage."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.errors import CannotRead
from predvid.checks.readers.addresses import exposed, is_public
from predvid.checks.readers.nftables import refuses
from predvid.checks.readers.plists import parsed
from predvid.checks.readers.sshd import server

BASE = {"family": "inet", "table": "filter", "name": "input", "type": "filter", "hook": "input"}


def ruleset(policy: str, *rules: tuple[str, list[Any]]) -> str:
    chain = {"chain": BASE | {"policy": policy}}
    where = {"family": "inet", "table": "filter"}
    made = [{"rule": where | {"chain": name, "expr": expression}} for name, expression in rules]
    return json.dumps({"nftables": [chain, *made]})


MATCH = {
    "match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.1"}
}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], False),
        ([("input", [{"drop": None}])], True),
        ([("input", [MATCH, {"drop": None}])], False),
        ([("input", [{"jump": {"target": "more"}}]), ("more", [{"reject": None}])], True),
        ([("input", [{"jump": {"target": "input"}}])], False),
        ([("other", [{"drop": None}])], False),
    ],
)
def test_a_firewall_refuses_by_a_rule_without_condition(rules: list[Any], expected: bool) -> None:
    assert refuses(ruleset("accept", *rules)) is expected
    assert refuses(ruleset("drop", *rules))


@given(first=st.booleans(), second=st.booleans())
def test_the_first_word_counts_and_a_match_block_does_not(first: bool, second: bool) -> None:
    words = {True: "yes", False: "no"}
    lines = [f"PasswordAuthentication {words[first]}", f"passwordauthentication {words[second]}"]
    text = "\n".join([*lines, "Match User x", "PermitRootLogin yes"])
    assert server(text).password is first
    assert not server(text).root_password


@given(text=st.text())
def test_any_configuration_is_read(text: str) -> None:
    assert server(text).ports


@given(text=st.text("[{}, x", max_size=20))
def test_what_is_no_ruleset_is_said(text: str) -> None:
    with pytest.raises(CannotRead):
        refuses("[" + text + "x")


@given(content=st.text())
def test_what_is_no_property_list_is_said(content: str) -> None:
    with pytest.raises(CannotRead):
        parsed(content, "/Library/x.plist")


def test_an_inner_address_is_not_public() -> None:
    assert [
        a for a in ("10.0.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fe80::1", "x") if is_public(a)
    ] == []
    assert is_public("1.2.3.4")
    assert exposed("*", ["1.2.3.4"]) == exposed("[::]", ["1.2.3.4"]) == ["1.2.3.4"]
    assert exposed("127.0.0.1", ["1.2.3.4"]) == exposed("10.0.0.1", ["1.2.3.4"]) == []
