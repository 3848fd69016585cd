"""What one run of each check costs on this machine; --write keeps it, --table prints docs/checks.md.

--settings prints docs/settings.md, what can be set of each check.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from checks import settings
from checks.budget import MEASURED, page
from predvid.checks import registry
from predvid.checks.collecting import collect, inapplicable
from predvid.checks.v1 import Check
from predvid.edge.sources import programs
from predvid.edge.sources.local import local_source

RUNS = 3  # the first warms up, the cheapest of the others counts


def cpu() -> float:
    """Return the seconds of processor time that this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measured(check: Check) -> list[int] | None:
    """Return ms of CPU, ms of duration and programs started of one run, None where it does not apply."""
    source = local_source()
    if inapplicable(check, source) is not None:
        return None
    begun = 0
    start = programs.subprocess.Popen

    def counted(*arguments: object, **options: object) -> object:
        nonlocal begun
        begun += 1
        return start(*arguments, **options)  # type: ignore[call-overload]

    state: dict[str, object] = {}
    rows = []
    programs.subprocess.Popen = counted  # type: ignore[assignment,misc]
    try:
        for _ in range(RUNS):
            used, began, begun = cpu(), time.monotonic(), 0
            inapplicable(check, source)
            got = collect(check, source, check.params, state)
            rows.append([round((cpu() - used) * 1000), round((time.monotonic() - began) * 1000), begun])
    finally:
        programs.subprocess.Popen = start  # type: ignore[misc]
    return None if got.not_here else min(rows[1:])


def main() -> None:
    """Print a JSON line for each check that applies here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the figures for docs/checks.md")
    parser.add_argument("--table", action="store_true", help="print the document instead of measuring")
    parser.add_argument("--settings", action="store_true", help="print the document of all settings instead")
    options = parser.parse_args()
    if options.table or options.settings:
        print("\n".join(page() if options.table else settings.page()))
        return
    found = {}
    for name, check in sorted(registry.checks().items()):
        if (row := measured(check)) is not None:
            found[name] = row
            print(json.dumps({"check": name, "cpu_ms": row[0], "took_ms": row[1], "programs": row[2]}))
    if options.write:
        lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(row)}" for name, row in found.items())
        MEASURED.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
