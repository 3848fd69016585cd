"""Flatpaks of the whole system that wait for an update (flatpak-remote-ls(1), columns split by tabs)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.verdicts import verdicts
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Said, Sample, Source, Text, say

DAY = 86400
FOLDER = "/var/lib/flatpak/repo"
PENDING = (
    "flatpak", "remote-ls", "--system", "--updates", "--columns=application,branch,arch,version,origin",
)  # fmt: skip
MOST = 1000
WATCHES = {"flatpaks_pending": "pending"}


@dataclass(frozen=True)
class FlatpaksParams:
    """The level counts applications and runtimes that have waited for two weeks (the check's hold)."""

    pending: Levels = Levels(1, None)


def applies(source: Source) -> bool | Said:
    """Tell whether Flatpak holds anything here."""
    try:
        source.listing(FOLDER)
    except NotHere:
        return say("flatpaks.none")
    return True


def collect(source: Source, params: FlatpaksParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many wait, and which."""
    rows = parse_updates(source.run(*PENDING, timeout=60))
    yield Sample("flatpaks_pending", len(rows))
    yield Fact("flatpaks.pending", rows)


def parse_updates(text: str) -> list[dict[str, str]]:
    """Return rows of `key` (APPLICATION//BRANCH), `to` (a version; it may be empty) and `origin`."""
    found = {}
    for line in text.splitlines()[:MOST]:
        fields = [field.strip()[:200] for field in line.split("\t")]
        if len(fields) == 5 and fields[0]:
            key = f"{fields[0]}//{fields[1]}"
            found[key] = {"key": key, "to": fields[3], "origin": fields[4]}
    return [found[key] for key in sorted(found)]


def judge(samples: list[Sample], params: FlatpaksParams) -> Iterator[Result]:
    """Judge how many wait."""
    yield from verdicts("flatpaks", WATCHES, TEXTS, samples, params)


TEXTS = {
    "flatpaks.none": Text(
        "Flatpak holds nothing on this device", "Na ovom uređaju nema programa iz Flatpaka"
    ),
    "flatpaks.pending": Text(
        "{n:int} {n|Flatpak waits|Flatpaks wait} for an update",
        "{n|Čeka|Čekaju|Čeka} na nadogradnju: {n:int} {n|paket|paketa|paketa} Flatpak",
    ),
    "flatpaks.pending_ok": Text("All Flatpaks are up to date", "Svi su paketi Flatpak ažurni"),
    "fact.flatpaks.pending": Text(
        "Flatpaks that wait for an update", "Paketi Flatpak koji čekaju nadogradnju"
    ),
    "part.origin": Text("Origin", "Izvor"),
    "metric.flatpaks_pending": Text(
        "Flatpaks that wait for an update", "Paketi Flatpak koji čekaju nadogradnju"
    ),
}

check = Check(
    name="flatpaks",
    title=Text("Flatpaks", "Paketi Flatpak"),
    group="patches",
    applies=applies,
    collect=collect,
    judge=judge,
    params=FlatpaksParams(),
    platforms=("linux",),
    interval=6 * 3600,
    timeout=90,
    hold=14 * DAY,
    watches=WATCHES,
    charts=("flatpaks_pending",),
    texts=TEXTS,
)
