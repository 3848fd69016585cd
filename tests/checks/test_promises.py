"""What every check promises: words for all it says, levels that agree with its judge, sane defaults."""

import json
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.expectation import RECORDINGS
from predvid.checks import registry
from predvid.checks.recording import load, replay
from predvid.checks.v1 import Check, Result, Sample, State
from predvid.core.events import KINDS, known
from predvid.core.model import Said
from predvid.core.policy import with_values
from predvid.core.wording import LANGUAGES

PLACE = re.compile(r"\{(\w+)")
CHECKS = [pytest.param(check, id=name) for name, check in registry.checks().items()]
JUDGED = [pytest.param(check, id=name) for name, check in registry.checks().items() if check.judge]


def shapes(check: Check) -> list[Sample]:
    """Return the samples that the recordings of `check` bring: real metrics with real labels."""
    return _shapes(check.name)


@cache
def _shapes(name: str) -> list[Sample]:
    check = registry.checks()[name]
    samples: list[Sample] = []
    for path in RECORDINGS:
        if path.parent.name == name:
            text = path.read_text(encoding="utf-8")
            params = with_values(name, check.params, json.loads(text).get("params", {}))
            samples += replay(check, load(text), params).samples
    return samples


def variants(check: Check) -> list[Any]:
    """Return the params of `check` as built in and for each device type."""
    return [check.params, *(with_values(check.name, check.params, kind) for kind in check.defaults.values())]


def is_ok(check: Check, params: Any, sample: Sample) -> bool:
    """Tell whether a sample is fine by the level that watches it."""
    name = check.watches.get(sample.metric)
    return name is None or getattr(params, name).judge(sample.value) is State.OK


VALUES = st.one_of(st.sampled_from([0.0, 1.0, 50.0, 100.0]), st.floats(0, 100), st.floats(0, 1e14))


@pytest.mark.parametrize("check", JUDGED)
@settings(deadline=None)
@given(data=st.data())
def test_samples_fine_by_the_levels_are_fine_for_the_judge(check: Check, data: st.DataObject) -> None:
    params = data.draw(st.sampled_from(variants(check)))
    drawn = [
        Sample(shape.metric, data.draw(VALUES), shape.labels)
        for shape in data.draw(st.lists(st.sampled_from(shapes(check)), max_size=8))
    ]
    fine = [sample for sample in drawn if is_ok(check, params, sample)]
    assert check.judge is not None
    assert {result.state for result in check.judge(fine, params)} <= {State.OK}


def said(results: list[Result]) -> list[Said]:
    """Return every sentence that results carry."""
    return [sentence for r in results for sentence in (r.said, r.reason) if sentence is not None]


@pytest.mark.parametrize("check", JUDGED)
@settings(deadline=None)
@given(data=st.data())
def test_every_sentence_has_words_for_its_values(check: Check, data: st.DataObject) -> None:
    samples = [Sample(shape.metric, data.draw(VALUES), shape.labels) for shape in shapes(check)]
    assert check.judge is not None
    for sentence in said(list(check.judge(samples, check.params))):
        text = registry.texts()[sentence.id]
        for language in LANGUAGES:
            assert set(PLACE.findall(text.pattern(language))) <= set(sentence.values), sentence.id


@pytest.mark.parametrize("check", CHECKS)
def test_the_check_is_whole(check: Check) -> None:
    assert registry.flaw(check) is None
    assert check.title.en
    assert check.title.hr
    metrics = {sample.metric for sample in shapes(check)}
    assert set(check.watches) <= metrics, "a watched metric that no recording brings"
    assert set(check.charts) <= metrics, "a charted metric that no recording brings"


@pytest.mark.parametrize("check", CHECKS)
def test_a_laptop_is_treated_no_more_strictly_than_a_workstation_by_oversight(check: Check) -> None:
    assert set(check.defaults.get("workstation", {})) <= set(check.defaults.get("laptop", {}))


@pytest.mark.parametrize("check", JUDGED)
def test_no_two_results_of_one_run_have_the_same_item(check: Check) -> None:
    for path in RECORDINGS:
        if path.parent.name == check.name:
            text = path.read_text(encoding="utf-8")
            params = with_values(check.name, check.params, json.loads(text).get("params", {}))
            items = [result.item for result in replay(check, load(text), params).results]
            assert len(items) == len(set(items)), path


def test_events_are_of_known_kinds_and_have_words() -> None:
    kinds = {
        event.split()[0]
        for path in RECORDINGS
        for event in json.loads(path.read_text())["expected"]["events"]
    }
    assert kinds
    assert all(known(kind) and kind in KINDS for kind in kinds)
