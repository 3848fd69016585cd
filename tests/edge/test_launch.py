"""A version on trial that does not prove itself is left again, whatever it does; one that does stays."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from predvid.edge import launch
from predvid.edge.installing import on_trial as on_trial_after

CODE = """
import sys
from pathlib import Path
from predvid.edge import launch
launch.PROOF, launch.KILL = float(sys.argv[2]), 1.0
sys.exit(launch.main(sys.argv[3:], Path(sys.argv[1])))
"""
CONFIRM = """
import json, pathlib
path = pathlib.Path({home!r}) / "versions.json"
now = json.loads(path.read_text())
path.write_text(json.dumps({{**now, "trial": False}}))
"""


def version(home: Path, name: str, script: str) -> None:
    """Put a version below `home` whose interpreter is a shell script; it writes down that it ran."""
    inside = home / "versions" / name / "bin" if name else home / "bin"
    inside.mkdir(parents=True)
    program = inside / "python"
    program.write_text(f'#!/bin/sh\necho "{name or "first"} $*" >>"{home}/ran"\n{script}\n')
    program.chmod(0o755)


def start(home: Path, *arguments: str, proof: float = 60.0) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", CODE, str(home), str(proof), *(arguments or ("--state", "S"))]
    return subprocess.Popen(command)


def once(home: Path, *arguments: str, proof: float = 60.0) -> int:
    return start(home, *arguments, proof=proof).wait(30)


def ran(home: Path) -> list[str]:
    return [line.split()[0] for line in (home / "ran").read_text().splitlines()]


def on_trial(home: Path, **words: Any) -> None:
    launch.write(home, {**launch.FIRST, "current": "2-1", "trial": True, "counter": 1, **words})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    version(tmp_path, "", "exit 0")
    return tmp_path


def test_without_a_word_the_first_installation_runs(home: Path) -> None:
    assert once(home) == 0
    assert (home / "ran").read_text() == "first -I -m predvid agent run --state S\n"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"current": 7, "trial": "yes"}', '{"current": "9-9"}'])
def test_a_damaged_note_or_a_missing_version_means_the_first_installation(home: Path, content: str) -> None:
    (home / "versions.json").write_text(content)
    assert once(home) == 0
    assert ran(home) == ["first"]


def test_a_version_that_crashes_is_left_after_three_starts(home: Path) -> None:
    version(home, "2-1", "exit 7")
    on_trial(home)
    assert [once(home) for _ in range(4)] == [7, 7, 7, 0]
    assert ran(home) == ["2-1", "2-1", "2-1", "first"]
    standing = launch.read(home)
    assert (standing["failed"], standing["told"], standing["counter"]) == ("2-1", False, 1)


def test_a_version_that_ends_well_but_never_delivers_is_left_too(home: Path) -> None:
    version(home, "2-1", "exit 0")
    on_trial(home)
    assert [once(home) for _ in range(4)] == [1, 1, 1, 0]


def test_a_status_after_which_nobody_starts_it_again_is_turned_back_at_once(home: Path) -> None:
    version(home, "2-1", "exit 2")
    on_trial(home)
    assert once(home) == 1
    assert launch.read(home)["current"] == ""


def test_a_version_that_hangs_is_ended_when_its_time_is_over(home: Path) -> None:
    version(home, "2-1", "trap '' TERM; while :; do sleep 0.1; done")
    on_trial(home)
    assert once(home, proof=0.5) == 1
    assert once(home) == 0
    assert ran(home) == ["2-1", "first"]


def test_a_version_that_delivers_stays(home: Path) -> None:
    confirm = home / "confirm.py"
    confirm.write_text(CONFIRM.format(home=str(home)))
    version(home, "2-1", f'"{sys.executable}" "{confirm}"; exit 5')
    on_trial(home)
    assert [once(home, proof=1.0) for _ in range(5)] == [5] * 5
    assert ran(home) == ["2-1"] * 5


def test_a_stop_from_outside_is_no_failure(home: Path) -> None:
    ready = home / "ready"  # for the signal: it comes after the trap is set
    version(home, "2-1", f"trap 'exit 0' TERM; : > '{ready}'; while :; do sleep 0.1; done")
    on_trial(home)
    for _ in range(4):
        ready.unlink(missing_ok=True)
        running = start(home)
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
    assert ran(home) == ["2-1"] * 4


def test_the_way_back_leads_to_the_version_before(home: Path) -> None:
    version(home, "2-1", "exit 0")
    version(home, "3-2", "exit 1")
    on_trial(home, current="3-2", previous="2-1", counter=2)
    assert [once(home) for _ in range(4)] == [1, 1, 1, 0]
    assert ran(home) == ["3-2", "3-2", "3-2", "2-1"]


def test_commands_go_to_the_current_version(home: Path) -> None:
    version(home, "2-1", "exit 4")
    launch.write(home, {**launch.FIRST, "current": "2-1"})
    assert once(home, "--command", "agent", "status") == 4
    assert (home / "ran").read_text() == "2-1 -I -m predvid agent status\n"


def test_the_note_is_whole_after_a_start(home: Path) -> None:
    version(home, "2-1", "exit 1")
    on_trial(home)
    once(home)
    assert json.loads((home / "versions.json").read_text())["starts"] == 1


def test_a_command_imports_nothing_of_the_folder_it_is_given_in(tmp_path: Path) -> None:
    inside, trap = tmp_path / "bin", tmp_path / "trap"
    inside.mkdir()
    (inside / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (inside / "python").chmod(0o755)
    trap.mkdir()
    for name in ("predvid", "json", "argparse"):
        (trap / f"{name}.py").write_text(f'open("{tmp_path}/caught", "w")\nraise SystemExit(99)\n')
    launcher = tmp_path / "launch.py"
    launcher.write_bytes(Path(launch.__file__).read_bytes())
    command = [sys.executable, "-I", str(launcher), "--command", "--version"]
    assert subprocess.run(command, cwd=trap, check=False, timeout=30).returncode == 0
    assert not (tmp_path / "caught").exists()


@pytest.mark.parametrize("standing", [{}, {"starts": launch.STARTS}])
def test_where_nothing_can_be_noted_the_version_before_runs(home: Path, standing: dict[str, Any]) -> None:
    version(home, "2-1", "exit 7")
    on_trial(home, **standing)
    (home / "versions.json.new").mkdir()  # as on a full disk or a read-only one: no note is ever written
    assert [once(home) for _ in range(2)] == [0, 0]
    assert ran(home) == ["first", "first"]
    (home / "versions.json.new").rmdir()
    assert once(home) == (0 if standing else 7)


def test_a_disk_that_fills_up_during_a_trial_breaks_nothing(home: Path) -> None:
    version(home, "2-1", f'mkdir "{home}/versions.json.new"; exit 7')
    on_trial(home)
    assert [once(home) for _ in range(2)] == [7, 0]
    assert ran(home) == ["2-1", "first"]


def test_the_way_back_never_leads_to_a_version_that_proved_nothing(home: Path) -> None:
    version(home, "2-1", "exit 0")
    version(home, "3-2", "exit 1")
    on_trial(home)
    launch.write(home, on_trial_after(launch.read(home), "3-2", 2))
    assert [once(home) for _ in range(4)] == [1, 1, 1, 0]
    assert ran(home)[-1] == "first"
    assert launch.read(home)["trial"] is False
