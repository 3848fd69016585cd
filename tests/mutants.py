"""Mutation testing of what decides over tasks and people: every decision turned round, some test must notice.

    python tests/mutants.py [--least 90]

Runs mutmut on the files that pyproject.toml names, prints each mutant that no test noticed and the score of
each file; exit status 1 where the score of any file is below `--least` percent.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WANTED = ("predvid.core.authority*", "predvid.wire.*", "predvid.edge.*", "predvid.modules.access.rules.*may*")
NOTICED = (1, 3, 24, 36, 37, 152, 255)  # exit status of a run in which a test failed, or did not end


@dataclass(frozen=True)
class Score:
    """How many mutants of one file were tried, and those that no test noticed."""

    file: str
    tried: int
    missed: tuple[str, ...]

    @property
    def percent(self) -> float:
        """Return the share that some test noticed."""
        return 100 * (1 - len(self.missed) / self.tried)


def scores(folder: Path) -> Iterator[Score]:
    """Yield the score of each file from what mutmut left in `folder`."""
    for meta in sorted(folder.rglob("*.meta")):
        ended = json.loads(meta.read_text())["exit_code_by_key"]
        tried = {name: code for name, code in ended.items() if code is not None}
        missed = tuple(name for name, code in tried.items() if code not in NOTICED)
        if tried:
            yield Score(
                str(meta.relative_to(folder / "src" / "predvid")).removesuffix(".meta"), len(tried), missed
            )


def main() -> int:
    """Run mutmut and score it; return the exit status."""
    parser = argparse.ArgumentParser(
        description="Mutation testing of task authority and the policy function."
    )
    parser.add_argument("--least", type=float, default=90.0)
    options = parser.parse_args()
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", "2", *WANTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = list(scores(ROOT / "mutants"))
    if not found:
        sys.stderr.write(f"mutmut tried nothing:\n{done.stdout[-3000:]}{done.stderr[-1000:]}\n")
        return 2
    for score in found:
        sys.stdout.writelines(f"  not noticed: {name}\n" for name in score.missed)
        sys.stdout.write(f"{score.percent:5.1f} %  {score.tried:>4} mutants  {score.file}\n")
    total = sum(score.tried for score in found)
    missed = sum(len(score.missed) for score in found)
    sys.stdout.write(f"{total} mutants, {total - missed} noticed: {100 * (1 - missed / total):.1f} %\n")
    return 0 if all(score.percent >= options.least for score in found) else 1


if __name__ == "__main__":
    sys.exit(main())
