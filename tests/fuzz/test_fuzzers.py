"""The coverage-guided fuzzers find nothing uncaught; `make fuzz` runs them long and prints the figures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SHORT, LONG = 3_000, 1_000_000


@pytest.mark.parametrize("harness", ["task_verifier", "batch_decoder"])
@pytest.mark.parametrize("runs", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
def test_nothing_gets_out(harness: str, runs: int, tmp_path: Path) -> None:
    runs = int(os.environ.get("INPUTS", runs))
    command = [
        sys.executable,
        "-m",
        f"fuzz.{harness}",
        f"-runs={runs}",
        "-max_len=4096",
        "-seed=1",
        "-rss_limit_mb=4096",
    ]
    path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-4000:]}"
    tried = re.search(r"Done (\d+) runs in (\d+) second", done.stderr)
    assert tried, done.stderr[-2000:]
    assert int(tried.group(1)) >= runs
    sys.stderr.write(f"\n{harness}: {tried.group(1)} inputs in {tried.group(2)} s, 0 uncaught\n")
