"""Whatever a check yields can be sealed: odd names, huge numbers and foreign types become plain."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.collecting import collect
from predvid.checks.recording import RecordedSource, load
from predvid.checks.v1 import CannotRead, Check, Event, Fact, Sample, Text, say
from predvid.core import plain
from predvid.edge.gathering import Gathering
from predvid.edge.run_check import Run
from predvid.edge.sealing import encode

SOURCE = RecordedSource(load('{"platform": "linux", "at": 0, "answers": {}}'))
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | st.text(), inner, max_size=3),
)


@given(ODD)
def test_every_tree_can_go_over_the_wire(value: Any) -> None:
    made = plain.tree(value)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made)) == made


def test_what_is_plain_already_stays_as_it_is() -> None:
    value = {"key": "Žito", "size": 2**63, "share": 0.5, "on": True, "rows": [None, -1]}
    assert plain.tree(value) == value
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep]
    msgspec.msgpack.encode(plain.tree(deep))
    assert plain.scalar(math.inf) is None


@pytest.mark.parametrize(
    "thing",
    [
        Sample("disk_used_percent", 1.0, {"mount": "/media/\udcc5\udcbdu"}),
        Fact("storage.drives", [{"key": "S1", "capacity": 2**100}]),
        Event("device.rebooted", say("device.rebooted", n=2**80, name="\udc80"), source={"x": 10**400}),
        CannotRead(say("read.missing", what="/srv/\udcff")),
        ValueError("\udcff"),
    ],
)
def test_an_odd_name_or_number_never_keeps_a_batch_from_being_sealed(thing: Any) -> None:
    def odd(source: Any, params: Any, state: Any) -> Any:
        yield Sample("m", 1.0)
        if isinstance(thing, Exception):
            raise thing
        yield thing

    got = collect(Check("odd", Text("odd", "odd"), odd), SOURCE, None, {})
    gathering = Gathering()
    gathering.run("odd", 1, Run(got.samples, got.facts, got.events, got.error, 1), 0.0)
    (batch,) = gathering.batches(1, 0.0)
    assert encode(batch)
    assert len(batch.columns.place) // 2 == len(got.samples) >= 1
