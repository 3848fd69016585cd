"""Uptime, and restarts of the device."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from predvid.checks.v1 import (
    Check,
    Event,
    Fact,
    Levels,
    Result,
    Sample,
    Severity,
    Source,
    Text,
    say,
)

DAY = 86400
JUST_BOOTED = 300  # seconds after a start within which the agent's first run reports it


@dataclass(frozen=True)
class UptimeParams:
    """Levels of `uptime` are in seconds."""

    uptime: Levels = Levels()


def collect(source: Source, params: UptimeParams, state: dict[str, Any]) -> Iterator[Sample | Fact | Event]:
    """Yield uptime, the boot id as a fact, an event on a new boot id."""
    boot = source.table("boot")
    yield Sample("uptime_seconds", round(boot["uptime"]))
    yield Fact("device.boot_id", boot["id"])
    before, state["boot"] = state.get("boot"), boot["id"]
    # An agent starts with its device, so the old boot id is seldom remembered: a young uptime tells as well.
    if before != boot["id"] and (before is not None or boot["uptime"] < JUST_BOOTED):
        at = datetime.fromtimestamp(max(0.0, source.now() - boot["uptime"]), UTC)
        yield Event(
            "device.rebooted", say("device.rebooted"), Severity.NOTICE, at, source={"boot": boot["id"]}
        )


def judge(samples: list[Sample], params: UptimeParams) -> Iterator[Result]:
    """Judge the item `uptime`."""
    for sample in samples:
        if sample.metric == "uptime_seconds":
            state = params.uptime.judge(sample.value)
            yield Result("uptime", state, say("uptime.up", seconds=sample.value))


OWN = {"uptime": Levels(30 * DAY, None)}  # computers of people, not of services

check = Check(
    name="uptime",
    title=Text("Uptime and restarts", "Vrijeme rada i ponovna pokretanja"),
    group="system",
    collect=collect,
    judge=judge,
    params=UptimeParams(),
    watches={"uptime_seconds": "uptime"},
    defaults={"workstation": OWN, "laptop": OWN},
    charts=("uptime_seconds",),
    texts={
        "uptime.up": Text("Running for {seconds:secs}", "Neprekidno radi: {seconds:secs}"),
    },
)
