"""Uptime, restarts of the device, and a restart that updates are waiting for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from predvid.checks.readers.kernels import newer_kernel
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Event,
    Fact,
    Levels,
    NotHere,
    Result,
    Sample,
    Severity,
    Source,
    Text,
    say,
)

DAY = 86400
JUST_BOOTED = 300  # seconds after a start within which the agent's first run reports it
REQUIRED = "/run/reboot-required"  # made by the packages of Debian and Ubuntu that need a restart


@dataclass(frozen=True)
class UptimeParams:
    """Levels of `uptime` in seconds; those of `pending` guard 1 (a restart is needed) and 0."""

    uptime: Levels = Levels()
    pending: Levels = Levels(1, None)


def collect(source: Source, params: UptimeParams, state: dict[str, Any]) -> Iterator[Sample | Fact | Event]:
    """Yield uptime, the boot id as a fact, an event on a new boot id, and what a restart is pending for."""
    boot = source.table("boot")
    yield Sample("uptime_seconds", round(boot["uptime"]))
    yield Fact("device.boot_id", boot["id"])
    before, state["boot"] = state.get("boot"), boot["id"]
    # An agent starts with its device, so the old boot id is seldom remembered: a young uptime tells as well.
    if before != boot["id"] and (before is not None or boot["uptime"] < JUST_BOOTED):
        at = datetime.fromtimestamp(source.now() - boot["uptime"], UTC)
        yield Event(
            "device.rebooted", say("device.rebooted"), Severity.NOTICE, at, source={"boot": boot["id"]}
        )
    if source.platform == "linux":
        yield from _pending(source)


def _pending(source: Source) -> Iterator[Sample | Fact]:
    packages = _required(source)
    running = source.text("/proc/sys/kernel/osrelease").strip()
    newer = newer_kernel(running, _installed(source))
    yield Sample("reboot_pending", float(packages is not None), {"reason": "packages"})
    yield Sample("reboot_pending", float(newer is not None), {"reason": "kernel"})
    waiting = [{"key": name, "detail": ""} for name in packages or ()]
    if newer:
        waiting.append({"key": "kernel", "detail": f"{running} -> {newer}"})
    yield Fact("device.reboot_pending", waiting)


def _required(source: Source) -> list[str] | None:
    """Return the packages that asked for a restart, or None where none did."""
    try:
        source.text(REQUIRED)
    except NotHere:
        return None
    try:
        return sorted(set(source.text(f"{REQUIRED}.pkgs").split()))
    except NotHere:
        return []


def _installed(source: Source) -> list[str]:
    """Return the kernels that the boot loader can start, else those that have modules."""
    for folder, prefix in (("/boot", "vmlinuz-"), ("/lib/modules", "")):
        try:
            names = source.listing(folder)
        except CannotRead:
            continue
        if kernels := [name.removeprefix(prefix) for name in names if name.startswith(prefix)]:
            return kernels
    return []


def judge(samples: list[Sample], params: UptimeParams) -> Iterator[Result]:
    """Judge items `uptime`, `restart packages` and `restart kernel`."""
    for sample in samples:
        if sample.metric == "uptime_seconds":
            state = params.uptime.judge(sample.value)
            yield Result("uptime", state, say("uptime.up", seconds=sample.value))
        elif sample.metric == "reboot_pending":
            reason = sample.labels["reason"]
            said = say(f"uptime.pending_{reason}" if sample.value else f"uptime.current_{reason}")
            yield Result(f"restart {reason}", params.pending.judge(sample.value), said)


check = Check(
    name="uptime",
    title=Text("Uptime and restarts", "Vrijeme rada i ponovna pokretanja"),
    collect=collect,
    judge=judge,
    params=UptimeParams(),
    watches={"uptime_seconds": "uptime", "reboot_pending": "pending"},
    defaults={"workstation": {"uptime": Levels(30 * DAY, None)}},
    charts=("uptime_seconds",),
    texts={
        "uptime.up": Text("Running for {seconds:secs}", "Neprekidno radi: {seconds:secs}"),
        "uptime.pending_packages": Text(
            "Installed updates wait for a restart", "Instalirane nadogradnje čekaju ponovno pokretanje"
        ),
        "uptime.current_packages": Text(
            "No update waits for a restart", "Nijedna nadogradnja ne čeka ponovno pokretanje"
        ),
        "uptime.pending_kernel": Text(
            "A newer kernel is installed and waits for a restart",
            "Novija jezgra sustava instalirana je i čeka ponovno pokretanje",
        ),
        "uptime.current_kernel": Text(
            "No newer kernel waits for a restart", "Nijedna novija jezgra sustava ne čeka ponovno pokretanje"
        ),
    },
)
