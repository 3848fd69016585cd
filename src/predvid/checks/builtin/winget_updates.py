"""Programs that winget would upgrade, by Microsoft's module where it is installed, else by winget's table.

Source: learn.microsoft.com/windows/package-manager (Get-WinGetPackage; winget upgrade and its return codes).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import plain
from predvid.checks.readers.verdicts import verdicts
from predvid.checks.readers.winget import has_table, parse_upgrades
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

NOTHING = (0, -1978335212, -1978335189)  # 0x8A150014 nothing matches, 0x8A15002B no upgrade applies
WATCHES = {"winget_pending": "pending"}


@dataclass(frozen=True)
class WingetParams:
    """The level counts programs."""

    pending: Levels = Levels()


def collect(source: Source, params: WingetParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many programs wait for an upgrade, and which."""
    answer = next(iter(plain.records(source.query("powershell", "winget_updates"))), {})
    if answer.get("found") is not True:
        raise NotHere(say("winget_updates.none"))
    rows = _packages(answer) if "packages" in answer else _table(answer)
    yield Sample("winget_pending", len(rows))
    yield Fact("winget.pending", rows)


def _packages(answer: dict[str, Any]) -> list[dict[str, str]]:
    found = {}
    for row in plain.records(answer["packages"]):
        if key := plain.text(row.get("id")):
            found[key] = {
                "key": key,
                "name": plain.text(row.get("name")),
                "from": plain.text(row.get("installed")),
                "to": plain.text(row.get("offered")),
            }
    return [found[key] for key in sorted(found)]


def _table(answer: dict[str, Any]) -> list[dict[str, str]]:
    text, status = str(answer.get("text") or ""), plain.whole(answer.get("status"))
    if not has_table(text) and status not in NOTHING:
        lines = text.strip().splitlines() or ["–"]
        detail = plain.text(lines[-1])
        raise CannotRead(say("read.failed", what="winget", status=status or 0, detail=detail))
    return parse_upgrades(text)


def judge(samples: list[Sample], params: WingetParams) -> Iterator[Result]:
    """Judge how many wait."""
    yield from verdicts("winget_updates", WATCHES, TEXTS, samples, params)


TEXTS = {
    "winget_updates.none": Text(
        "winget is not installed on this device", "winget nije instaliran na ovom uređaju"
    ),
    "winget_updates.pending": Text(
        "winget offers new versions of {n:int} {n|program|programs}",
        "winget nudi novije inačice: {n:int} {n|program|programa|programa}",
    ),
    "winget_updates.pending_ok": Text(
        "winget offers no newer version of any program", "winget ne nudi novije inačice nijednog programa"
    ),
    "fact.winget.pending": Text("Upgrades that winget offers", "Nadogradnje koje nudi winget"),
    "metric.winget_pending": Text("Upgrades that winget offers", "Nadogradnje koje nudi winget"),
}

check = Check(
    name="winget_updates",
    title=Text("Programs upgraded by winget", "Programi koje nadograđuje winget"),
    group="patches",
    collect=collect,
    judge=judge,
    params=WingetParams(),
    platforms=("windows",),
    interval=24 * 3600,
    timeout=200,
    watches=WATCHES,
    charts=("winget_pending",),
    texts=TEXTS,
)
