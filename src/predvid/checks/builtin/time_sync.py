"""Time: how far the clock is off from several time servers; logons, certificates and logs need it right."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from predvid.checks.readers import time_servers
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

MOST_SERVERS = 4
KNOWN = ("time.cloudflare.com", "time.apple.com")  # asked where a device names none
FILES = {
    "/etc/systemd/timesyncd.conf": time_servers.timesyncd,
    "/etc/chrony/chrony.conf": time_servers.ntp,
    "/etc/chrony.conf": time_servers.ntp,
    "/etc/ntp.conf": time_servers.ntp,
    "/etc/ntpsec/ntp.conf": time_servers.ntp,
}
W32TIME = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/W32Time/Parameters"


@dataclass(frozen=True)
class TimeSyncParams:
    """`offset` in seconds, either way (Kerberos refuses 300); `servers` replaces those of the device."""

    offset: Levels = Levels(5, 60, margin=1)
    servers: tuple[str, ...] = ()


def _configured(source: Source) -> list[str]:
    """Return the servers that the device itself is set to ask."""
    if source.platform == "windows":
        values = source.query("registry", W32TIME).get("values", {})
        return time_servers.windows(str(values.get("NtpServer", "")))
    found: list[str] = []
    for path, read in FILES.items():
        try:
            found += read(source.text(path))
        except CannotRead:
            continue
    return found


def _servers(source: Source, params: TimeSyncParams) -> tuple[str, ...]:
    if params.servers:
        return params.servers[:MOST_SERVERS]
    try:
        found = _configured(source)
    except (CannotRead, AttributeError):
        found = []
    return tuple(dict.fromkeys([*found[: MOST_SERVERS - 1], *KNOWN]))[:MOST_SERVERS]


def collect(source: Source, params: TimeSyncParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the median offset of the servers that answer; one that lies is outvoted by two that do not."""
    rows, offsets = [], []
    for server in _servers(source, params):
        try:
            answer = source.query("sntp", server)
        except CannotRead:
            continue
        offsets.append(float(answer["offset"]))
        rows.append(
            {"key": server, "offset_seconds": round(answer["offset"], 3), "stratum": answer["stratum"]}
        )
    if not offsets:
        reason = say("time_sync.silent")
        raise CannotRead(reason) if params.servers else NotHere(reason)
    yield Fact("state.time_servers", rows)
    yield Sample("time_sync_offset_seconds", round(median(offsets), 4))
    yield Sample("time_sync_off_seconds", round(abs(median(offsets)), 4))


def judge(samples: list[Sample], params: TimeSyncParams) -> Iterator[Result]:
    """Judge how far the clock is off, whichever way."""
    values = {sample.metric: sample.value for sample in samples}
    if (off := values.get("time_sync_off_seconds")) is not None:
        behind = values.get("time_sync_offset_seconds", 0.0) >= 0
        said = say("time_sync.behind" if behind else "time_sync.ahead", ms=round(off * 1000), off=off)
        yield Result(
            "", params.offset.judge(off), said if off >= 1 else say("time_sync.right", ms=said.values["ms"])
        )


check = Check(
    name="time_sync",
    title=Text("Clock", "Sat"),
    group="system",
    collect=collect,
    judge=judge,
    params=TimeSyncParams(),
    interval=1800,
    timeout=45,
    hold=1800,
    watches={"time_sync_off_seconds": "offset"},
    defaults={
        "workstation": {"offset": Levels(30, None, margin=5)},
        "laptop": {"offset": Levels(30, None, margin=5)},
    },
    charts=("time_sync_offset_seconds",),
    texts={
        "metric.time_sync_offset_seconds": Text("Clock offset", "Odstupanje sata"),
        "metric.time_sync_off_seconds": Text("Clock wrong by", "Pogreška sata"),
        "time_sync.right": Text("The clock is right to {ms:int} ms", "Sat je točan, razlika je {ms:int} ms"),
        "time_sync.behind": Text("The clock is behind by {off:secs}", "Sat kasni, razlika: {off:secs}"),
        "time_sync.ahead": Text("The clock is ahead by {off:secs}", "Sat žuri, razlika: {off:secs}"),
        "time_sync.silent": Text(
            "No time server answers (UDP port 123); the platform still compares the clock with its own",
            "Nijedan poslužitelj vremena ne odgovara (UDP 123); platforma i dalje uspoređuje sat sa svojim",
        ),
        "fact.state.time_servers": Text("Time servers asked", "Upitani poslužitelji vremena"),
        "part.offset_seconds": Text("Offset (s)", "Razlika (s)"),
        "part.stratum": Text("Stratum", "Razina"),
    },
)
