"""`predvid audit`: what the command exports it takes back, and anything else is refused in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from predvid.server.place import Place


def audit(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    command, environment = [sys.executable, "-m", "predvid", "audit", *arguments], place.environment()
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
    )


def test_exported_heads_are_taken_back(place: Place, tmp_path: Path) -> None:
    told = audit(place, "head", "--json")
    assert told.returncode == 0, told.stderr
    (tmp_path / "heads.json").write_text(told.stdout)
    verified = audit(place, "verify", "--head", str(tmp_path / "heads.json"))
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "status"), [('{"heads": []}', 0), ('{"heads": 1}', 2), ("junk", 2), ("", 2)]
)
def test_only_heads_are_taken_for_heads(place: Place, tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "heads").write_text(text)
    done = audit(place, "verify", "--head", str(tmp_path / "heads"))
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == (1 if status else 0)
