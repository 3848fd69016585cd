"""The enrolment token reads back as written, and anything else is refused without repeating it."""

import base64

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
)


@given(TOKENS)
def test_a_token_reads_back_as_written(token: Token) -> None:
    assert parse(f"  {format_token(token)}\n") == token
    assert token.secret not in repr(token)


@given(TOKENS, st.data())
def test_a_token_cut_short_is_refused(token: Token, data: st.DataObject) -> None:
    text = format_token(token)
    if token.ca_fingerprint:
        text = text[: data.draw(st.integers(0, len(text) - 1))]
        with pytest.raises(BadToken) as shown:
            parse(text)
        assert token.secret not in str(shown.value)


@given(st.text())
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadToken):
        parse(text)
