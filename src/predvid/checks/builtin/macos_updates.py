"""Updates that macOS has found for itself, and whether it looks for them (softwareupdate(8)).

The list is that of the last scan (`-l --no-scan`): no traffic. Lines: `* Label: NAME`, then `Title: T,
Version: V, Size: S, Recommended: YES, Action: restart`; before macOS 10.15 `* NAME` and
`T (V), SIZE [restart]`. The settings lie in /Library/Preferences/com.apple.SoftwareUpdate.plist.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from predvid.checks.readers import plists
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.v1 import Check, Fact, Levels, Result, Sample, Source, Text

DAY = 86400
SETTINGS = "/Library/Preferences/com.apple.SoftwareUpdate.plist"
LIST = ("softwareupdate", "-l", "--no-scan")
MOST = 500
SYSTEM = re.compile(r"macOS|OS X|Security|Safari|Supplemental|Rapid", re.IGNORECASE)
_LABEL = re.compile(r"\s*\* (?:Label: )?(\S.{0,200})")
_DETAIL = re.compile(r"\s*Title: (.{1,200}?), Version: ([^,]{0,60}),")
_OLD = re.compile(r"\s*(\S.{0,200}?) \(([^()]{1,60})\), \d")


@dataclass(frozen=True)
class MacosUpdatesParams:
    """`system` counts updates of macOS and its security, `search_age` is in seconds, the others guard 1."""

    system: Levels = Levels(1, None)
    pending: Levels = Levels()
    search_age: Levels = Levels(14 * DAY, None)
    automatic: Levels = Levels(1, None)
    security: Levels = Levels(1, None)


WATCHES = {
    "macos_updates_system": "system",
    "macos_updates_pending": "pending",
    "macos_updates_search_age_seconds": "search_age",
    "macos_updates_check_off": "automatic",
    "macos_updates_security_off": "security",
}


def collect(source: Source, params: MacosUpdatesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield what waits, and the settings of the search."""
    yield from piecewise(partial(read, source) for read in (_settings, _pending))


def _settings(source: Source) -> Iterator[Sample]:
    found = plists.read(source, SETTINGS)
    # A setting that nobody has touched is not in the file, and it is on.
    yield Sample("macos_updates_check_off", float(found.get("AutomaticCheckEnabled", True) is False))
    security = [found.get(name, True) is False for name in ("CriticalUpdateInstall", "ConfigDataInstall")]
    yield Sample("macos_updates_security_off", float(any(security)))
    last = plists.moment(found.get("LastSuccessfulDate"))
    if last is not None:
        yield Sample("macos_updates_search_age_seconds", max(0, round(source.now() - last)))


def _pending(source: Source) -> Iterator[Sample | Fact]:
    rows = parse_list(source.run(*LIST, timeout=60))
    yield Sample("macos_updates_pending", len(rows))
    yield Sample(
        "macos_updates_system", sum(bool(SYSTEM.search(f"{row['key']} {row['name']}")) for row in rows)
    )
    yield Fact("macos.updates_pending", rows)


def parse_list(text: str) -> list[dict[str, Any]]:
    """Return rows of `key` (the label), `name`, `to` and `restart`."""
    rows: dict[str, dict[str, Any]] = {}
    row: dict[str, Any] = {}
    for line in text.splitlines()[:MOST]:
        if label := _LABEL.fullmatch(line):
            row = {"key": label[1], "name": label[1], "to": "", "restart": False}
            rows[label[1]] = row
        elif row and (detail := _DETAIL.match(line) or _OLD.match(line)):
            lower = line.lower()
            row.update(
                name=detail[1], to=detail[2], restart="action: restart" in lower or "[restart]" in lower
            )
            row = {}
    return [rows[key] for key in sorted(rows)]


def judge(samples: list[Sample], params: MacosUpdatesParams) -> Iterator[Result]:
    """Judge each metric by its level."""
    yield from verdicts("macos_updates", WATCHES, TEXTS, samples, params)


TEXTS = {
    "macos_updates.system": Text(
        "{n:int} {n|update|updates} of macOS or for its security {n|waits|wait} to be installed",
        "{n|Čeka|Čekaju|Čeka} na instalaciju: {n:int} {n|nadogradnja|nadogradnje|nadogradnji} macOS-a ili "
        "njegove sigurnosti",
    ),
    "macos_updates.system_ok": Text("macOS itself is up to date", "macOS je ažuran"),
    "macos_updates.pending": Text(
        "{n:int} {n|update waits|updates wait} to be installed",
        "{n|Čeka|Čekaju|Čeka} na instalaciju: {n:int} {n|nadogradnja|nadogradnje|nadogradnji}",
    ),
    "macos_updates.pending_ok": Text("macOS offers no updates", "macOS ne nudi nadogradnje"),
    "macos_updates.search_age": Text(
        "macOS last looked for updates successfully {n:secs} ago",
        "macOS je nadogradnje posljednji put uspješno potražio prije: {n:secs}",
    ),
    "macos_updates.automatic": Text(
        "macOS does not look for updates by itself", "macOS ne traži nadogradnje sam od sebe"
    ),
    "macos_updates.automatic_ok": Text("macOS looks for updates by itself", "macOS sam traži nadogradnje"),
    "macos_updates.security": Text(
        "macOS does not install security responses and protection data by itself",
        "macOS ne instalira sam sigurnosne ispravke i podatke za zaštitu",
    ),
    "macos_updates.security_ok": Text(
        "macOS installs security responses by itself", "macOS sam instalira sigurnosne ispravke"
    ),
    "fact.macos.updates_pending": Text("Pending updates of macOS", "Nadogradnje macOS-a na čekanju"),
    "part.restart": Text("Needs a restart", "Traži ponovno pokretanje"),
    "metric.macos_updates_pending": Text("Updates that wait", "Nadogradnje na čekanju"),
    "metric.macos_updates_system": Text("Updates of macOS that wait", "Nadogradnje macOS-a na čekanju"),
    "metric.macos_updates_search_age_seconds": Text(
        "Last search for updates", "Posljednje traženje nadogradnji"
    ),
    "metric.macos_updates_check_off": Text("Search for updates off", "Traženje nadogradnji isključeno"),
    "metric.macos_updates_security_off": Text("Security responses off", "Sigurnosni ispravci isključeni"),
}

check = Check(
    name="macos_updates",
    title=Text("Updates of macOS", "Nadogradnje macOS-a"),
    group="patches",
    collect=collect,
    judge=judge,
    params=MacosUpdatesParams(),
    platforms=("macos",),
    interval=6 * 3600,
    timeout=90,
    hold=7 * DAY,  # the owner of a Mac decides when it restarts
    watches=WATCHES,
    charts=("macos_updates_pending", "macos_updates_system"),
    texts=TEXTS,
)
