"""`predvid import`: the dry run tells, `--apply` does, a second time changes nothing; trouble is one line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from predvid.server.place import Place


def imported(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    command, environment = [sys.executable, "-m", "predvid", "import", *arguments], place.environment()
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
    )


def test_the_dry_run_tells_apply_does_and_a_second_time_changes_nothing(place: Place, tmp_path: Path) -> None:
    file, name = tmp_path / "klijenti.csv", f"Žito {uuid4().hex[:6]}"
    file.write_bytes(f"naziv;djelatnost\n{name};Trgovina\n".encode("cp1250"))
    for arguments, state, applied in (
        ((), "add", False),
        (("--apply",), "add", True),
        (("--apply",), "same", True),
    ):
        done = imported(place, str(file), "--kind", "clients", "--json", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        assert (told["encoding"], told["delimiter"], told["applied"]) == ("cp1250", ";", applied)
        assert told["rows"] == [{"line": 2, "state": state, "name": name, "reason": None}]
        assert told[state] == 1


def test_a_bad_line_leaves_everything_as_it_was(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "lokacije.csv"
    file.write_text("klijent,lokacija\nNema ga,Plaža\n")
    done = imported(place, str(file), "--kind", "sites", "--apply", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["bad"], told["applied"]) == (1, 1, False)
    assert "no client called Nema ga" in told["rows"][0]["reason"]
    assert "no client called" in imported(place, str(file), "--kind", "sites").stdout


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"a;b\n1;2\n"])
def test_trouble_with_the_file_is_one_line(place: Place, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "x.csv"
    if content is not None:
        file.write_bytes(content)
    done = imported(place, str(file), "--kind", "clients")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
