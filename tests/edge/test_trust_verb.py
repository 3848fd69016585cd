"""`predvid agent trust`: the administrator's word on the device, and the token's at enrolment."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge.peer import Peer
from operators import Office
from predvid.core.errors import UserError
from predvid.core.trust import fingerprint
from predvid.edge import pin
from predvid.edge.enrol import Request, enrol
from predvid.edge.identity import StateFolder, load_membership
from predvid.edge.verbs import agent
from predvid.wire.token import format_token, parse

Answer = Callable[[str], None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Return a function that lets a person type an answer."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def shown(state: StateFolder, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """Run the verb with --json and return what it says."""
    assert agent(["trust", *arguments, "--state", str(state.path), "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_only_a_yes_pins_and_it_says_what_that_means(
    enrolled: StateFolder, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = fingerprint(Office().root.public)
    where = ["--state", str(enrolled.path), "--lang", "hr"]
    for text in ("", "\n", "ne\n", "yes, maybe\n"):
        answer(text)
        assert agent(["trust", typed, *where]) == 1
        assert pin.read(enrolled).root == b""
    said = capsys.readouterr().out
    assert "potpisale osobe" in said
    assert typed in said
    answer("da\n")
    assert agent(["trust", typed.upper().replace("-", " "), *where]) == 0
    capsys.readouterr()
    assert shown(enrolled, capsys) == {
        "root": typed,
        "classes": [0, 1, 2],
        "operators": [],
        "keyset": 0,
        "serial": 0,
        "placement": 0,
    }
    before = pin.read(enrolled)
    assert agent(["trust", typed, "--yes", *where]) == 0
    assert pin.read(enrolled) == before, "the same root again changes nothing that was learnt since"
    capsys.readouterr()
    assert shown(enrolled, capsys, "--none")["root"] is None
    assert pin.read(enrolled).root == b""


@pytest.mark.parametrize("typed", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_half_a_fingerprint_pins_nothing(enrolled: StateFolder, typed: str) -> None:
    if typed:
        with pytest.raises(UserError, match="no whole fingerprint"):
            agent(["trust", typed, "--yes", "--state", str(enrolled.path)])
    assert pin.read(enrolled).root == b""


def test_an_agent_that_is_not_enrolled_pins_nothing(state: StateFolder) -> None:
    with pytest.raises(UserError, match="no agent is enrolled"):
        agent(["trust", "0" * 64, "--yes", "--state", str(state.path)])


def test_a_token_with_a_root_pins_at_enrolment_and_one_without_pins_nothing(
    peer: Peer, state: StateFolder, enrolled: StateFolder
) -> None:
    assert pin.read(enrolled).root == b""
    other = StateFolder(state.path.with_name("other"))
    root = Office().fingerprint
    token = replace(parse(peer.token()), root_fingerprint=root.hex())
    enrol(other, Request(peer.url, format_token(token), proxy="none"), [])
    assert pin.read(other).root == root
    assert load_membership(other).agent
