"""The four judges of the code: formatting, lint, types and floors, each run as it is on the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from house.tree import ROOT

BIN = Path(sys.executable).parent
CODE = [
    name
    for name in ("src", "tests", "bench", "docs", "packaging", "hatch_build.py")
    if (ROOT / name).exists()
]
CLOCK = '"""A module."""\n\nimport time\n\nSTARTED = time.time()\n'
CHECKS = {
    "ruff format": ["ruff", "format", "--check", "--quiet", "--diff", *CODE],
    "ruff check": ["ruff", "check", "--quiet", "--output-format=concise", *CODE],
    "mypy": ["mypy", "--no-error-summary"],
    "import-linter": ["lint-imports", "--no-logo"],
}


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The types of Django's models are read from the settings, which make their data directory."""
    monkeypatch.setenv("PREDVID_DATA", str(tmp_path))


def _run(command: list[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, input=text, capture_output=True, text=True
    )


@pytest.mark.parametrize("name", CHECKS)
def test_quality(name: str) -> None:
    done = _run(CHECKS[name])
    assert done.returncode == 0, f"{' '.join(CHECKS[name])}\n{(done.stdout + done.stderr)[-6000:]}"


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("src/predvid/core/a.py", True),
        ("src/predvid/checks/builtin/a.py", True),
        ("src/predvid/wire/a.py", True),
        ("src/predvid/modules/monitoring/rules.py", True),
        ("src/predvid/edge/a.py", False),
    ],
)
def test_ruff_keeps_the_clock_out_of_the_pure_rooms(path: str, refused: bool) -> None:
    done = _run(["ruff", "check", "--quiet", "--select=TID251", f"--stdin-filename={path}", "-"], CLOCK)
    assert (done.returncode == 1) is refused, done.stdout
