"""Asks the advisory source about every locked package; exit status 1: a known hole, 3: it cannot be asked."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("src/predvid/edge/agent.lock", "requirements/server.lock", "requirements/build.lock")
AUDIT = [str(Path(sys.executable).parent / "pip-audit"), "--disable-pip", "--require-hashes", "-f", "json"]
NOT_ASKED = 3


def verdict(lock: str, answer: dict[str, Any]) -> tuple[int, list[str]]:
    """Return exit status and lines for what `pip-audit -f json` answered about one lock."""
    rows = answer["dependencies"]
    holes = [
        f"{row['name']} {row['version']}: {hole['id']}, fixed in {', '.join(hole['fix_versions']) or '-'}"
        for row in rows
        for hole in row.get("vulns", [])
    ]
    unknown = [row["name"] for row in rows if "skip_reason" in row]
    if holes:
        return 1, [f"{lock}: {len(holes)} known holes", *holes]
    if unknown:
        return NOT_ASKED, [
            f"{lock}: NOT AUDITED, the source knows nothing of {len(unknown)} of {len(rows)} packages"
        ]
    return 0, [f"{lock}: {len(rows)} packages, no known hole"]


def ask(lock: str, options: Sequence[str] = ()) -> tuple[int, list[str]]:
    """Audit one lock; a source that does not answer is said to be so."""
    done = subprocess.run(
        [*AUDIT, *options, "-r", lock], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return NOT_ASKED, [f"{lock}: NOT AUDITED, the advisory source does not answer ({last[:200]})"]
    return verdict(lock, answer)


def main(options: Sequence[str]) -> int:
    """Audit every lock and say what came of it; return the worst: a hole, then a source not reached."""
    states = []
    for lock in LOCKS:
        status, lines = ask(lock, options)
        states.append(status)
        sys.stdout.write("\n".join(lines) + "\n")
    return 1 if 1 in states else max(states)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
