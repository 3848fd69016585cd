"""Packages that Chocolatey would upgrade (docs.chocolatey.org: choco outdated --limit-output).

A line reads `NAME|INSTALLED|OFFERED|PINNED`; the exit status is 2 where something is outdated and the feature
useEnhancedExitCodes is on, else 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import plain
from predvid.checks.readers.verdicts import verdicts
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

FILE = "C:/ProgramData/chocolatey/bin/choco.exe"
FINE = (0, 2)
MOST = 2000
WATCHES = {"chocolatey_pending": "pending"}


@dataclass(frozen=True)
class ChocolateyParams:
    """The level counts packages that are not pinned."""

    pending: Levels = Levels()


def applies(source: Source) -> bool | Said:
    """Tell whether Chocolatey stands in its usual folder."""
    try:
        source.query("status", FILE)
    except NotHere:
        return say("chocolatey.none")
    return True


def collect(source: Source, params: ChocolateyParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many packages wait or are pinned, and which."""
    answer = next(iter(plain.records(source.query("powershell", "chocolatey"))), {})
    if answer.get("found") is not True:
        raise NotHere(say("chocolatey.none"))
    text, status = str(answer.get("text") or ""), plain.whole(answer.get("status"))
    rows = parse_outdated(text)
    if not rows and status not in FINE:
        lines = text.strip().splitlines() or ["–"]
        detail = plain.text(lines[-1])
        raise CannotRead(say("read.failed", what="choco", status=status or 0, detail=detail))
    yield Sample("chocolatey_pending", sum(not row["pinned"] for row in rows))
    yield Sample("chocolatey_pinned", sum(bool(row["pinned"]) for row in rows))
    yield Fact("chocolatey.pending", rows)


def parse_outdated(text: str) -> list[dict[str, Any]]:
    """Return rows of `key`, `from`, `to`, `pinned`; lines of another form are messages."""
    found = {}
    for line in text.splitlines()[:MOST]:
        fields = [field.strip()[:100] for field in line.split("|")]
        if len(fields) == 4 and fields[0] and fields[3].lower() in ("true", "false"):
            row = {"from": fields[1], "to": fields[2], "pinned": fields[3].lower() == "true"}
            found[fields[0]] = {"key": fields[0], **row}
    return [found[key] for key in sorted(found)]


def judge(samples: list[Sample], params: ChocolateyParams) -> Iterator[Result]:
    """Judge how many wait."""
    yield from verdicts("chocolatey", WATCHES, TEXTS, samples, params)


TEXTS = {
    "chocolatey.none": Text(
        "Chocolatey is not installed on this device", "Chocolatey nije instaliran na ovom uređaju"
    ),
    "chocolatey.pending": Text(
        "Chocolatey offers new versions of {n:int} {n|package|packages}",
        "Chocolatey nudi novije inačice: {n:int} {n|paket|paketa|paketa}",
    ),
    "chocolatey.pending_ok": Text(
        "All packages of Chocolatey are up to date", "Svi su paketi Chocolatey ažurni"
    ),
    "fact.chocolatey.pending": Text("Upgrades that Chocolatey offers", "Nadogradnje koje nudi Chocolatey"),
    "part.pinned": Text("Pinned", "Zaključana inačica"),
    "metric.chocolatey_pending": Text("Upgrades that Chocolatey offers", "Nadogradnje koje nudi Chocolatey"),
    "metric.chocolatey_pinned": Text("Pinned packages that are behind", "Zastarjeli zaključani paketi"),
}

check = Check(
    name="chocolatey",
    title=Text("Packages of Chocolatey", "Paketi Chocolatey"),
    group="patches",
    applies=applies,
    collect=collect,
    judge=judge,
    params=ChocolateyParams(),
    platforms=("windows",),
    interval=24 * 3600,
    timeout=150,
    watches=WATCHES,
    charts=("chocolatey_pending", "chocolatey_pinned"),
    texts=TEXTS,
)
