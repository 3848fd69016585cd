"""Formulae and casks that Homebrew would upgrade (docs.brew.sh/Manpage: outdated --json=v2)."""

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

FOLDERS = ("/opt/homebrew/Cellar", "/usr/local/Cellar")
OUTDATED = ("brew", "outdated", "--json=v2")
WATCHES = {"brew_pending": "pending"}


@dataclass(frozen=True)
class BrewParams:
    """The level counts formulae and casks that are not pinned."""

    pending: Levels = Levels()


def applies(source: Source) -> bool | Said:
    """Tell whether Homebrew holds anything here."""
    for folder in FOLDERS:
        try:
            source.listing(folder)
        except NotHere:
            continue
        return True
    return say("brew.none")


def collect(source: Source, params: BrewParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many wait or are pinned, and which."""
    try:
        text = source.run(*OUTDATED, timeout=120)
    except CannotRead as error:
        if "root" in str(error.said.values.get("detail", "")):
            raise CannotRead(say("brew.root")) from None
        raise
    rows = parse_outdated(text)
    yield Sample("brew_pending", sum(not row["pinned"] for row in rows))
    yield Sample("brew_pinned", sum(bool(row["pinned"]) for row in rows))
    yield Fact("brew.pending", rows)


def parse_outdated(text: str) -> list[dict[str, Any]]:
    """Return rows of `key`, `from`, `to`, `pinned`; raise CannotRead where `text` is no such JSON."""
    document = plain.parsed(text, "brew")
    if not isinstance(document, dict) or not {"formulae", "casks"} & document.keys():
        raise CannotRead(say("read.unexpected", what="brew", detail=plain.text(text[:80]) or "–"))
    found = {}
    for row in plain.records(document.get("formulae")) + plain.records(document.get("casks")):
        if name := plain.text(row.get("name")):
            versions = row.get("installed_versions")
            # A cask's JSON of older releases of Homebrew holds one text where now there is a list.
            have = versions[-1] if isinstance(versions, list) and versions else versions
            found[name] = {
                "key": name,
                "from": plain.text(have),
                "to": plain.text(row.get("current_version")),
                "pinned": row.get("pinned") is True,
            }
    return [found[name] for name in sorted(found)]


def judge(samples: list[Sample], params: BrewParams) -> Iterator[Result]:
    """Judge how many wait."""
    yield from verdicts("brew", WATCHES, TEXTS, samples, params)


TEXTS = {
    "brew.none": Text("Homebrew is not installed on this device", "Homebrew nije instaliran na ovom uređaju"),
    "brew.root": Text(
        "Homebrew refuses to run as root, so the agent cannot ask it",
        "Homebrew odbija raditi s pravima sustava (root), pa ga agent ne može pitati",
    ),
    "brew.pending": Text(
        "Homebrew offers new versions of {n:int} {n|package|packages}",
        "Homebrew nudi novije inačice: {n:int} {n|paket|paketa|paketa}",
    ),
    "brew.pending_ok": Text("All packages of Homebrew are up to date", "Svi su paketi Homebrew ažurni"),
    "fact.brew.pending": Text("Upgrades that Homebrew offers", "Nadogradnje koje nudi Homebrew"),
    "metric.brew_pending": Text("Upgrades that Homebrew offers", "Nadogradnje koje nudi Homebrew"),
    "metric.brew_pinned": Text("Pinned packages that are behind", "Zastarjeli zaključani paketi"),
}

check = Check(
    name="brew",
    title=Text("Packages of Homebrew", "Paketi Homebrew"),
    group="patches",
    applies=applies,
    collect=collect,
    judge=judge,
    params=BrewParams(),
    platforms=("macos",),
    interval=24 * 3600,
    timeout=150,
    watches=WATCHES,
    charts=("brew_pending", "brew_pinned"),
    texts=TEXTS,
)
