"""Words of the wire survive the way, and agents and servers of different ages understand each other."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.wire import v1

WORDS = [kind for kind in vars(v1).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
TEXT = st.text(max_size=10)
COLUMNS = st.builds(
    v1.Columns, st.binary(max_size=20), st.binary(max_size=8), st.binary(max_size=8), st.binary()
)
BATCHES = st.builds(
    v1.Batch,
    boot=TEXT,
    seq=st.integers(0, 2**63 - 1),
    sealed=st.integers(0, 2**53),
    columns=COLUMNS,
    ran=st.lists(st.builds(v1.Ran, TEXT, st.integers(0, 2**53)), max_size=3),
    facts=st.lists(
        st.builds(v1.FactRow, TEXT, TEXT, st.none() | st.integers(-9, 9) | st.lists(TEXT)), max_size=3
    ),
    events=st.lists(
        st.builds(v1.EventRow, TEXT, st.builds(v1.Sentence, TEXT), st.integers(0, 9)), max_size=3
    ),
    dropped=st.integers(0, 9),
)


@given(BATCHES)
def test_a_batch_survives_the_way(batch: v1.Batch) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(batch), type=v1.Batch) == batch


def _newer(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the word as a later version would have it: with one more field at its end."""
    config = kind.__struct_config__
    return msgspec.defstruct(
        f"Newer{kind.__name__}",
        [("added_later", dict[str, Any], {})],
        bases=(kind,),
        frozen=True,
        array_like=config.array_like,
        omit_defaults=False,
    )


def _sample(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Return one instance of the word with its required fields filled."""
    empty: dict[Any, Any] = {str: "x", int: 1, bytes: b"x", Any: None, v1.Sentence: v1.Sentence("x")}
    fields = msgspec.structs.fields(kind)
    given = {field.name: empty.get(field.type, "pending") for field in fields if field.required}
    if kind is v1.TaskOutcome:
        given["state"] = "done"
    return kind(**given)


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_every_word_ignores_what_a_later_version_adds(kind: type[msgspec.Struct]) -> None:
    newer = _newer(kind)
    old = _sample(kind)
    sent = newer(**{name: getattr(old, name) for name in kind.__struct_fields__}, added_later={"a": 1})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=kind) == old


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_later_version_reads_what_every_word_is_today(kind: type[msgspec.Struct]) -> None:
    old = _sample(kind)
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=_newer(kind))
    assert [getattr(read, name) for name in kind.__struct_fields__] == [
        getattr(old, name) for name in kind.__struct_fields__
    ]
    assert read.added_later == {}


@given(st.binary(max_size=200))
def test_garbage_is_a_decoding_error(body: bytes) -> None:
    with suppress(msgspec.DecodeError):
        assert isinstance(msgspec.msgpack.decode(body, type=v1.Batch), v1.Batch)


FIELDS = ("agent", "/agent/v1/batch", "boot", 1, 2, 3, b"d" * 32)


@pytest.mark.parametrize("place", range(len(FIELDS)))
def test_every_field_of_the_envelope_counts(place: int) -> None:
    changed = list(FIELDS)
    changed[place] = b"e" * 32 if isinstance(changed[place], bytes) else f"{changed[place]}9"
    assert v1.envelope(*changed) != v1.envelope(*FIELDS)


@given(
    st.lists(st.sampled_from(["a", "b", "ab"]), min_size=3, max_size=3),
    st.integers(0, 99),
    st.integers(0, 99),
)
def test_no_two_requests_share_an_envelope(words: list[str], one: int, two: int) -> None:
    made = v1.envelope(*words, one, two, -1, b"d")
    assert made.decode().split("\n")[:3] == [f"predvid request v1\x00{words[0]}", *words[1:]]
    assert v1.envelope(*words, two, one, -1, b"d") != made or one == two
