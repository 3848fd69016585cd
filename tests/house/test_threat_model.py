"""The threat model's proofs are real: every control names tests that exist, every adversary meets one."""

import re

import pytest

from house.tree import ROOT, sources

TEXT = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
ADVERSARIES = {f"A{number}" for number in range(1, 9)}
CONTROLS = [
    line.strip("| ").split(" | ")
    for line in TEXT.splitlines()
    if line.count(" | ") == 2 and "`tests/" in line
]


def named(cell: str) -> list[tuple[str, str]]:
    """Return the files and, where one is given, the tests that a cell names."""
    return re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", cell)


@pytest.mark.parametrize(("control", "against", "proof"), CONTROLS, ids=[row[0][:40] for row in CONTROLS])
def test_every_control_is_proven_by_tests_that_exist(control: str, against: str, proof: str) -> None:
    found = {source.path: source for source in sources("tests")}
    assert named(proof)
    assert proof.count("`") == 2 * len(named(proof))
    for path, test in named(proof):
        assert path in found, path
        tests = {function.name for function in found[path].functions if function.name.startswith("test_")}
        assert tests
        assert test in (tests if test else {""}), f"{path}::{test}"
    assert against.split()
    assert set(against.split()) <= ADVERSARIES


def test_every_adversary_meets_a_control() -> None:
    assert len(CONTROLS) >= 20
    assert {one for _, against, _ in CONTROLS for one in against.split()} == ADVERSARIES
    assert {
        line.split(" | ")[0].strip("| ") for line in TEXT.splitlines() if re.match(r"\| A\d \|", line)
    } == ADVERSARIES


def test_a_proof_that_is_none_is_seen() -> None:
    assert named("`tests/house/none.py::test_x`, `tests/a.py`") == [
        ("tests/house/none.py", "test_x"),
        ("tests/a.py", ""),
    ]
    assert named("`docs/a.md`") == []
