"""The set-up names what is missing in one line, and a second `make` has nothing left to set up."""

import shutil
import subprocess
from pathlib import Path

import pytest

from house.tree import ROOT


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of programs without a package manager, as the only one on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("id", "sh"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def _program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def _run(bare: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", *command], cwd=ROOT, env={"PATH": str(bare)}, capture_output=True, text=True, check=False
    )


def test_missing_programs_are_named_with_their_packages(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("# command, package, why\n\nid coreutils here\nhas-not not-here a test\n")
    done = _run(bare, "packaging/need.sh", str(tmp_path / "list"))
    assert done.returncode == 1
    assert done.stderr == "missing system packages: not-here; as root run: apt-get install not-here\n"


def test_nothing_is_said_where_nothing_is_missing(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("id coreutils here\n")
    done = _run(bare, "packaging/need.sh", str(tmp_path / "list"))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('[ "$1" = -V ] && echo Python 3.9.2; exit 1', "is Python 3.9.2, Predvid needs 3.11 or newer"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
)
def test_a_python_that_will_not_do_is_named(bare: Path, script: str, words: str) -> None:
    _program(bare, "python3", script)
    done = _run(bare, "packaging/need-python.sh", "python3")
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_python_at_all_is_named(bare: Path) -> None:
    done = _run(bare, "packaging/need-python.sh", "python3")
    assert (done.returncode, done.stderr.split(";")[0]) == (1, "no Python found")


def test_every_stamp_depends_on_what_it_installs() -> None:
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    for stamp, source in (
        ("served-with", "requirements/server.lock requirements/build.lock"),
        ("tested-with", "requirements/dev.lock"),
        ("installed", "pyproject.toml hatch_build.py $(TRANSLATIONS)"),
    ):
        assert f"$(VENV)/{stamp}: {source}" in rules
