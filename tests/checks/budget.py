"""What every check costs by its recordings: `docs/checks.md` is made from this, and a test holds it.

make tables
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checks.expectation import RECORDINGS
from predvid.checks import registry
from predvid.checks.collecting import collect, inapplicable
from predvid.checks.groups import grouped
from predvid.checks.recording import RecordedSource, Recording, load
from predvid.checks.v1 import Check
from predvid.core.policy import with_values
from predvid.core.wording import duration
from predvid.edge.sources.powershell_host import own_timeout

MEASURED = Path(__file__).parents[2] / "docs/checks-measured.json"
SYSTEMS = {"linux": "Linux", "windows": "Windows", "macos": "macOS"}
HEAD = """# What the checks cost

Made from the checks and their recordings by `make tables`; a test holds it, and that no check breaks its
budget.

- **Every**: the pause between two runs, where the policy sets no other one.
- **At most**: after so many seconds a run is given up and told as a failure.
- **Starts a run**: the most programs or questions to PowerShell that any recording of the check needs for
  one run, the question whether it applies included, for each system in turn. 0 means files, tables and the
  registry only, all read by the agent itself.
- **Measured**: processor time and duration of one run in ms, programs included, on a virtual Debian 12
  server with two cores (`bench/check_costs.py`); "–" where the check does not apply there.

A check that runs every few minutes starts nothing, or on Linux one small program. On Windows what asks
PowerShell runs every 15 minutes or less often, and all such checks of a device at the same moments, so that
the one PowerShell wakes four times an hour, answers, and ends after an idle minute.
"""


class Counting(RecordedSource):
    """A recorded device that remembers which programs and questions it was asked."""

    def __init__(self, recording: Recording, step: int) -> None:
        super().__init__(recording, step)
        self.asked: list[str] = []

    def _answer(self, key: str, kind: type) -> Any:
        if key.startswith(("run:", "query:wmi ", "query:powershell ")):
            self.asked.append(key)
        return super()._answer(key, kind)


def starts(check: Check) -> dict[str, list[str]]:
    """Return by platform what the most costly run of any recording starts or asks PowerShell."""
    found: dict[str, list[str]] = {platform: [] for platform in check.platforms}
    for path in RECORDINGS:
        if path.parent.name != check.name:
            continue
        text = path.read_text(encoding="utf-8")
        recording, data = load(text), json.loads(text)
        params = with_values(check.name, check.params, data.get("params", {}))
        state: dict[str, Any] = {}
        for step in range(len(recording.steps)):
            source = Counting(recording, step)
            if inapplicable(check, source) is None:
                collect(check, source, params, state)
            found[recording.platform] = max(found.get(recording.platform, []), source.asked, key=len)
    return found


def row(check: Check, measured: dict[str, list[int]]) -> str:
    """Return the line of one check."""
    cost = starts(check)
    every = {duration(check.every(platform), "en"): platform for platform in reversed(check.platforms)}
    pauses = " / ".join(reversed(every)) if len(every) > 1 else next(iter(every))
    named = ", ".join(SYSTEMS[platform] for platform in check.platforms)
    begun = " / ".join(str(len(cost[platform])) for platform in check.platforms)
    cpu, took, *_ = [figure or "<1" for figure in measured.get(check.name, [])] or ["–", "–"]
    return f"| {check.name} | {named} | {pauses} | {check.timeout} s | {begun} | {cpu} / {took} |"


def page() -> Iterator[str]:
    """Yield the lines of the document."""
    measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    yield from HEAD.splitlines()
    for group, members in grouped(registry.checks().values()).items():
        yield ""
        yield f"## {group.capitalize()}"
        yield ""
        yield "| Check | Runs on | Every | At most | Starts a run | Measured |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from (row(check, measured) for check in sorted(members, key=lambda check: check.name))


def slow_enough(check: Check) -> Iterator[str]:
    """Yield why a check costs too much for how often it runs."""
    for platform, asked in starts(check).items():
        every = check.every(platform)
        if platform == "windows" and asked and (every < 900 or every % 900):
            yield f"{check.name} asks PowerShell every {every} s: {asked}"
        if platform != "windows" and len(asked) * 60 / every > 1:
            yield f"{check.name} starts {len(asked)} programs every {every} s"
    if check.timeout > min(check.every(platform) for platform in check.platforms):
        yield f"{check.name} may take longer than its interval"


def too_long(check: Check) -> Iterator[str]:
    """Yield the packaged scripts that may take longer than the check that asks them."""
    for key in starts(check).get("windows", []):
        if key.startswith("query:powershell "):
            name = key.split()[1]
            if (limit := own_timeout(name)) is not None and limit > check.timeout:
                yield f"{check.name}: the script {name} may take {limit} s, the check {check.timeout} s"
