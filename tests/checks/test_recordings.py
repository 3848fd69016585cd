"""Every recording, replayed, gives what it expects; every check has one."""

import json
from pathlib import Path

import pytest

from checks.expectation import RECORDINGS, name_of, summary
from predvid.checks import registry
from predvid.checks.recording import load, replay
from predvid.core.policy import with_values


@pytest.mark.parametrize("path", RECORDINGS, ids=name_of)
def test_the_recording_gives_what_it_expects(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    check = registry.checks()[path.parent.name]
    params = with_values(check.name, check.params, data.get("params", {}))
    assert summary(replay(check, load(text), params)) == data["expected"]


def test_every_check_has_a_recording() -> None:
    recorded = {path.parent.name for path in RECORDINGS}
    assert set(registry.checks()) - recorded == set()
