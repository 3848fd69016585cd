"""The enrolment token reads back as written, and anything else is refused without repeating it."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.wire.token import BadToken, Token, ca_fingerprint, format_token, parse, plan_fingerprint

RAW = st.binary(min_size=16, max_size=48)
SECRETS = RAW.map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))
TOKENS = st.builds(
    Token,
    SECRETS,
    st.binary(min_size=32, max_size=32).map(plan_fingerprint),
    st.just("") | st.binary(min_size=1, max_size=99).map(ca_fingerprint),
    st.just("") | st.binary(min_size=32, max_size=32).map(bytes.hex),
)


@given(TOKENS)
def test_a_token_reads_back_as_written(token: Token) -> None:
    assert parse(f"  {format_token(token)}\n") == token
    assert token.secret not in repr(token)


@given(TOKENS, st.data())
def test_a_token_cut_short_is_refused(token: Token, data: st.DataObject) -> None:
    text = format_token(token)
    whole_without_root = format_token(replace(token, root_fingerprint=""))  # pins nothing: less, not more
    text = text[: data.draw(st.integers(0, len(text) - 1))]
    if (token.ca_fingerprint or token.root_fingerprint) and text != whole_without_root:
        with pytest.raises(BadToken) as shown:
            parse(text)
        assert token.secret not in str(shown.value)


def test_a_token_of_before_there_was_a_root_still_holds() -> None:
    old = f"pv1.{'s' * 32}.{'a' * 32}.-"
    assert parse(old) == Token("s" * 32, "a" * 32)
    assert parse(f"{old}.{'b' * 64}") == Token("s" * 32, "a" * 32, "", "b" * 64)
    for bad in (f"{old}.", f"{old}.{'b' * 63}", f"{old}.-", f"{old}.{'b' * 64}.x"):
        with pytest.raises(BadToken):
            parse(bad)


@given(st.text())
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadToken):
        parse(text)
