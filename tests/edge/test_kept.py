"""What checks remember outlives the agent; a damaged or unwritable memory costs nothing else."""

import os
from pathlib import Path
from typing import Any

import pytest

from predvid.checks.recording import RecordedSource, load
from predvid.checks.registry import checks
from predvid.checks.v1 import State
from predvid.edge.kept import KEPT, MOST, Kept
from predvid.edge.run_check import run_check

CHIP = "/sys/class/hwmon/hwmon0"


def board(turns: int) -> RecordedSource:
    """Return a device with one fan that has a least speed and no name of its own."""
    return RecordedSource(load(
        f"""{{"platform": "linux", "answers": {{"list:/sys/class/hwmon": ["hwmon0"],
        "list:{CHIP}": ["fan1_input", "fan1_min", "temp1_input"], "text:{CHIP}/name": "nct6775",
        "text:{CHIP}/temp1_input": "30000",
        "text:{CHIP}/fan1_input": "{turns}", "text:{CHIP}/fan1_min": "300"}}}}"""
    ))  # fmt: skip


def fans_that_stand(source: RecordedSource, state: dict[str, Any]) -> list[str]:
    check = checks()["sensors"]
    run = run_check(check, source, check.params, state)
    assert check.judge is not None
    return [r.item for r in check.judge(run.samples, check.params) if r.state is State.CRITICAL]


def test_a_fan_that_died_is_known_after_a_restart_and_a_bare_header_never_was_one(tmp_path: Path) -> None:
    memory = Kept(tmp_path / "kept.json")
    assert fans_that_stand(board(0), memory.state("sensors")) == []
    state = memory.state("sensors")
    assert fans_that_stand(board(700), state) == []
    memory.note("sensors", state)
    again = Kept(tmp_path / "kept.json")
    assert fans_that_stand(board(0), again.state("sensors")) == ["nct6775 fan1 fan"]
    assert fans_that_stand(board(0), Kept(None).state("sensors")) == []


def test_the_file_is_written_only_when_the_memory_changes(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    memory = Kept(path)
    memory.note("one", {"counter": 1})
    assert not path.exists()
    memory.note("one", {KEPT: ["a"], "counter": 1})
    path.unlink()
    memory.note("one", {KEPT: ["a"], "counter": 2})
    assert not path.exists()
    memory.note("two", {KEPT: {"b": 1}})
    assert Kept(path).state("one") == {KEPT: ["a"]}
    assert Kept(path).state("two") == {KEPT: {"b": 1}}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_an_empty_memory(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kept.json").write_bytes(content)
    assert Kept(tmp_path / "kept.json").state("one") == {}


def test_what_is_no_json_or_too_much_is_not_kept(tmp_path: Path) -> None:
    memory = Kept(tmp_path / "kept.json")
    for value in ({1, 2}, float("nan"), "x" * MOST):
        memory.note("one", {KEPT: value})
    assert not (tmp_path / "kept.json").exists()


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    memory = Kept(tmp_path / "missing" / "kept.json")
    memory.note("one", {KEPT: 1})
    assert memory.state("one") == {KEPT: 1}
    assert not os.listdir(tmp_path)
