"""The drill in short, as part of every test run; `make drill` runs the long one."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from drill.run import Outcome, drill, report


def test_nothing_of_a_hostile_server_runs(tmp_path: Path) -> None:
    found = drill(60, 1, tmp_path)
    assert found.good, "\n".join(report(found, 0.0))
    assert list(report(found, 0.0))[-1] == "60 tasks, 0 executed"
    assert len(found.tried) >= 30


@pytest.mark.parametrize(
    "bad",
    [
        {"executed": 1},
        {"controls": 2},
        {"refused": Counter(signature=4)},
        {"told": {"signature": 4}},
        {"pages": (1, 1)},
        {"pages": (0, 0)},
    ],
)
def test_a_drill_in_which_anything_is_wrong_fails(bad: dict[str, object]) -> None:
    right = Outcome(5, 0, Counter(signature=5), {"signature": 5}, Counter(forged=5), 3, 3, (2, 0))
    assert right.good
    assert not replace(right, **bad).good  # type: ignore[arg-type]  # each value fits its field
