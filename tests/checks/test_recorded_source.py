"""Recordings: bad ones are refused with a reason, failures replay as failures, live ones can be kept."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.collecting import collect, judge
from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.recording import RecordedSource, RecordingSource, load, replay
from predvid.checks.v1 import Check, Result, Sample, Source, State, Text, say
from predvid.core.errors import UserError

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["platform", "steps", "answers", "at"]), inner)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not JSON"),
        ("{" * 100_000, "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "platform"),
        ('{"platform": "amiga"}', "platform"),
        ('{"platform": "linux", "answers": []}', "answers"),
        ('{"platform": "linux", "steps": []}', "steps"),
        ('{"platform": "linux", "steps": [1]}', "steps"),
        ('{"platform": "linux", "at": "noon"}', "at"),
    ],
)
def test_a_bad_recording_is_refused_with_what_is_wrong(text: str, word: str) -> None:
    with pytest.raises(UserError, match=word):
        load(text)


@given(JSON)
def test_any_json_is_a_recording_or_refused(data: Any) -> None:
    try:
        recording = load(json.dumps(data))
    except UserError:
        return
    with pytest.raises(NotHere):
        RecordedSource(recording).text("/no/such")


def test_failures_and_steps_are_replayed() -> None:
    denied = {"error": {"id": "read.permission_denied", "values": {"what": "x"}}}
    data = {"platform": "linux", "answers": {"text:/a": "base", "run:ls -l": denied},
            "steps": [{"at": 1}, {"at": 2.5, "answers": {"text:/a": "second", "table:t": [1]}}]}  # fmt: skip
    recording = load(json.dumps(data))
    first, second = RecordedSource(recording, 0), RecordedSource(recording, 1)
    assert (first.now(), first.text("/a")) == (1, "base")
    assert (second.now(), second.text("/a"), second.table("t")) == (2.5, "second", [1])
    with pytest.raises(CannotRead) as refused:
        first.run("ls", "-l")
    assert refused.value.said == say("read.permission_denied", what="x")
    assert not isinstance(refused.value, NotHere)


def test_what_is_recorded_replays_alike() -> None:
    answers = {"text:/a": "b", "list:/d": ["x"], "run:echo hi": "hi", "table:t": {"n": 1}}
    live = RecordedSource(load(json.dumps({"platform": "macos", "at": 7, "answers": answers})))
    keeper = RecordingSource(live)
    seen = (keeper.text("/a"), keeper.listing("/d"), keeper.run("echo", "hi"), keeper.table("t"))
    with pytest.raises(NotHere):
        keeper.text("/missing")
    again = RecordedSource(load(json.dumps(keeper.recording())))
    assert (again.text("/a"), again.listing("/d"), again.run("echo", "hi"), again.table("t")) == seen
    assert (again.platform, again.now()) == ("macos", 7)
    with pytest.raises(NotHere):
        again.text("/missing")


def _failing(how: Any) -> Check:
    def read(source: Source, params: Any, state: dict[str, Any]) -> Iterator[Any]:
        yield Sample("good", 1.0)
        yield how() if callable(how) else how

    return Check("bad", Text("Bad", "Loše"), read)


def _explode() -> None:
    raise ZeroDivisionError("by zero")


@pytest.mark.parametrize(
    ("how", "words"),
    [(_explode, "by zero"), (Sample("x", float("nan")), "nan"), (Result, "Result"), ("text", "str")],
)
def test_whatever_a_check_does_wrong_becomes_its_error(how: Any, words: str) -> None:
    source = RecordedSource(load('{"platform": "linux"}'))
    got = collect(_failing(how), source, None, {})
    assert [sample.metric for sample in got.samples] == ["good"]
    assert got.error is not None
    assert got.error.id == "check.raised"
    assert words in str(got.error.values["error"])


def test_a_judge_that_raises_keeps_what_it_said_before() -> None:
    def judging(samples: list[Sample], params: Any) -> Iterator[Result]:
        yield Result("a", State.OK, say("check.no_data", seconds=1))
        raise KeyError("b")

    results, error = judge(Check("j", Text("J", "J"), lambda *_: [], judge=judging), [], None)
    assert [result.item for result in results] == ["a"]
    assert error is not None
    assert error.id == "check.raised"


def test_a_check_of_another_platform_says_so() -> None:
    check = Check("p", Text("P", "P"), lambda *_: [], platforms=("windows",))
    outcome = replay(check, load('{"platform": "linux"}'), None)
    assert outcome.error == say("check.platform", check="p", platform="linux")
