"""Snaps: what waits for a refresh, what is held, which refreshes fail, by snapd's socket.

Source: the snapd REST API (snapcraft.io/docs/snapd-api: /v2/snaps, /v2/find?select=refresh, /v2/changes,
/v2/system-info).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from predvid.checks.readers import moments, plain
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Said,
    Sample,
    Source,
    Text,
    say,
)

DAY = 86400
SOCKET = "/run/snapd.socket"


@dataclass(frozen=True)
class SnapsParams:
    """Levels count snaps; `refresh_age` is in seconds since snapd last looked for new ones."""

    pending: Levels = Levels()
    held: Levels = Levels()
    broken: Levels = Levels(1, None)
    failed: Levels = Levels(1, None)
    refresh_age: Levels = Levels(30 * DAY, None)


WATCHES = {
    "snaps_pending": "pending",
    "snaps_held": "held",
    "snaps_broken": "broken",
    "snaps_failed": "failed",
    "snaps_refresh_age_seconds": "refresh_age",
}


def applies(source: Source) -> bool | Said:
    """Tell whether snapd runs here."""
    try:
        source.query("status", SOCKET)
    except NotHere:
        return say("snaps.no_snapd")
    return True


def collect(source: Source, params: SnapsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield counts of snaps by what is wrong with them, and those that wait as a fact."""
    readers = (_installed, _failed, _looked, _pending)
    yield from piecewise(partial(read, source) for read in readers)


def _ask(source: Source, path: str) -> Any:
    """Return the `result` of an answer; raise CannotRead with what snapd says where it is an error."""
    answer = source.query("http", f"unix:{SOCKET} {path}")
    body = plain.parsed(str(plain.within(answer, "body") or ""), "snapd")
    result = plain.within(body, "result")
    if plain.within(body, "type") == "sync" and result is not None:
        return result
    detail = plain.text(plain.within(result, "message")) or "–"
    raise CannotRead(say("read.unexpected", what="snapd", detail=detail))


def _installed(source: Source) -> Iterator[Sample | Fact]:
    snaps = plain.records(_ask(source, "/v2/snaps"))
    held = [row for row in snaps if (moments.seconds(row.get("hold")) or 0) > source.now()]
    broken = [row for row in snaps if row.get("broken")]
    yield Sample("snaps_installed", len(snaps))
    yield Sample("snaps_held", len(held))
    yield Sample("snaps_broken", len(broken))


def _failed(source: Source) -> Iterator[Sample]:
    """Yield how many kinds of refresh ended in an error when they were last tried."""
    last: dict[str, tuple[float, bool]] = {}
    for row in plain.records(_ask(source, "/v2/changes?select=all")):
        kind, at = plain.text(row.get("kind")), moments.seconds(row.get("spawn-time"))
        if "refresh" in kind and row.get("ready") is True and at is not None:
            last[kind] = max(last.get(kind, (0.0, False)), (at, row.get("status") == "Error"))
    yield Sample("snaps_failed", sum(failed for _, failed in last.values()))


def _looked(source: Source) -> Iterator[Sample]:
    info = _ask(source, "/v2/system-info")
    age = moments.age(plain.within(info, "refresh", "last"), source.now())
    if age is not None:
        yield Sample("snaps_refresh_age_seconds", age)


def _pending(source: Source) -> Iterator[Sample | Fact]:
    """Yield what the store offers: last, since snapd must ask it over the network."""
    found = {}
    for row in plain.records(_ask(source, "/v2/find?select=refresh")):
        if name := plain.text(row.get("name")):
            found[name] = {"key": name, "to": plain.text(row.get("version"))}
    yield Sample("snaps_pending", len(found))
    yield Fact("snaps.pending", [found[name] for name in sorted(found)])


def judge(samples: list[Sample], params: SnapsParams) -> Iterator[Result]:
    """Judge each count by its level."""
    yield from verdicts("snaps", WATCHES, TEXTS, samples, params)


TEXTS = {
    "snaps.no_snapd": Text("snapd does not run on this device", "Na ovom uređaju ne radi snapd"),
    "snaps.pending": Text(
        "{n:int} {n|snap waits|snaps wait} for a refresh",
        "{n|Čeka|Čekaju|Čeka} na osvježavanje: {n:int} {n|paket|paketa|paketa} snap",
    ),
    "snaps.pending_ok": Text("All snaps are up to date", "Svi su paketi snap ažurni"),
    "snaps.held": Text(
        "{n:int} {n|snap is|snaps are} held back from refreshes",
        "{n|Zadržan je|Zadržana su|Zadržano je} od osvježavanja: {n:int} {n|paket|paketa|paketa} snap",
    ),
    "snaps.held_ok": Text("No snap is held back", "Nijedan paket snap nije zadržan"),
    "snaps.broken": Text(
        "{n:int} {n|snap is|snaps are} broken and cannot start",
        "{n|Neispravan je|Neispravna su|Neispravno je} {n:int} {n|paket|paketa|paketa} snap i ne "
        "{n|može|mogu|može} se pokrenuti",
    ),
    "snaps.broken_ok": Text("No snap is broken", "Nijedan paket snap nije neispravan"),
    "snaps.failed": Text(
        "The last refresh of snaps failed; see `snap changes`",
        "Posljednje osvježavanje paketa snap nije uspjelo; vidi `snap changes`",
    ),
    "snaps.failed_ok": Text("Refreshes of snaps succeed", "Osvježavanje paketa snap uspijeva"),
    "snaps.refresh_age": Text(
        "snapd last looked for new snaps {n:secs} ago",
        "Posljednja provjera novih paketa snap bila je prije: {n:secs}",
    ),
    "fact.snaps.pending": Text("Snaps that wait for a refresh", "Paketi snap koji čekaju osvježavanje"),
    "metric.snaps_pending": Text("Snaps that wait for a refresh", "Paketi snap koji čekaju osvježavanje"),
    "metric.snaps_installed": Text("Installed snaps", "Instalirani paketi snap"),
    "metric.snaps_held": Text("Snaps held back", "Zadržani paketi snap"),
    "metric.snaps_broken": Text("Broken snaps", "Neispravni paketi snap"),
    "metric.snaps_failed": Text("Failed refreshes of snaps", "Neuspjela osvježavanja paketa snap"),
    "metric.snaps_refresh_age_seconds": Text(
        "Last look for new snaps", "Posljednja provjera novih paketa snap"
    ),
}

check = Check(
    name="snaps",
    title=Text("Snaps", "Paketi snap"),
    group="patches",
    applies=applies,
    collect=collect,
    judge=judge,
    params=SnapsParams(),
    platforms=("linux",),
    interval=6 * 3600,
    timeout=60,
    hold=2 * DAY,  # snapd refreshes four times a day by itself
    watches=WATCHES,
    charts=("snaps_pending", "snaps_installed"),
    texts=TEXTS,
)
