"""Damaged answers of every kind: a check says why it cannot read, or reads on; it never fails inside."""

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.expectation import RECORDINGS, name_of
from checks.mutation import damaged_recording
from predvid.checks import registry
from predvid.checks.recording import load, replay
from predvid.core.policy import with_values
from predvid.core.wording import LANGUAGES, word

SHORT, LONG = 20, 300  # damaged versions of each recording


def holds(path: Path, data: st.DataObject) -> None:
    recording = json.loads(path.read_text(encoding="utf-8"))
    check = registry.checks()[path.parent.name]
    params = with_values(check.name, check.params, recording.get("params", {}))
    text = json.dumps(damaged_recording(data.draw, recording))
    outcome = replay(check, load(text), params)
    assert outcome.error is None or outcome.error.id != "check.raised", (outcome.error, text)
    assert all(math.isfinite(sample.value) for sample in outcome.samples)
    json.dumps([fact.value for fact in outcome.facts], allow_nan=False)
    items = [result.item for result in outcome.results]
    assert len(items) == len(set(items)), (items, text)
    for result in outcome.results:
        for language in LANGUAGES:
            assert word(result.said, language, registry.texts())


def fuzz(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=examples == SHORT,
    )


@pytest.mark.parametrize("path", RECORDINGS, ids=name_of)
@fuzz(SHORT)
@given(data=st.data())
def test_a_damaged_answer_is_a_sentence(path: Path, data: st.DataObject) -> None:
    holds(path, data)


@pytest.mark.long
@pytest.mark.parametrize("path", RECORDINGS, ids=name_of)
@fuzz(int(os.environ.get("EXAMPLES", LONG)))
@given(data=st.data())
def test_thousands_of_damaged_answers_are_sentences(path: Path, data: st.DataObject) -> None:
    holds(path, data)
