"""Windows Update: what waits and how bad it is, what failed, whether searching works at all.

Sources: the Windows Update Agent API (learn.microsoft.com/windows/win32/wua_sdk), the policies of
learn.microsoft.com/windows/deployment/update/waas-wu-settings; a service whose Start is 4 is disabled.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from predvid.checks.readers import moments, plain
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.readers.windows_lifecycle import KEY, support_ends
from predvid.checks.readers.windows_update import failures, pending, replay
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, Result, Sample, Source, Text, say

DAY = 86400
POLICY = "HKEY_LOCAL_MACHINE/SOFTWARE/Policies/Microsoft/Windows/WindowsUpdate"
SERVICE = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/wuauserv"
DISABLED = 4
HISTORY = 30 * DAY


@dataclass(frozen=True)
class WindowsUpdatesParams:
    """Ages are in seconds: of the oldest security update since it was published, of the last successes.

    `support` is in days until Microsoft ends the updates of this release; the others count, or guard 1.
    """

    security_age: Levels = Levels(21 * DAY, 60 * DAY)
    pending: Levels = Levels()
    failed: Levels = Levels(1, None)
    search_age: Levels = Levels(14 * DAY, 45 * DAY)
    install_age: Levels = Levels(60 * DAY, None)
    disabled: Levels = Levels(1, None)
    wsus: Levels = Levels(1, None)
    support: Levels = Levels(60, None, lower_is_worse=True)


WATCHES = {
    "windows_updates_security_age_seconds": "security_age",
    "windows_updates_pending": "pending",
    "windows_updates_failed": "failed",
    "windows_updates_search_age_seconds": "search_age",
    "windows_updates_install_age_seconds": "install_age",
    "windows_updates_disabled": "disabled",
    "windows_updates_wsus_unreachable": "wsus",
    "windows_updates_support_days": "support",
}
PLAIN = {metric: field for metric, field in WATCHES.items() if field != "support"}


def collect(source: Source, params: WindowsUpdatesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the state of the service, of the update server, of the release, and what waits and failed."""
    readers = (_service, _wsus, _support, _agent)
    yield from piecewise(partial(read, source) for read in readers)


def _service(source: Source) -> Iterator[Sample]:
    start = plain.whole(plain.within(source.query("registry", SERVICE), "values", "Start"))
    if start is not None:
        yield Sample("windows_updates_disabled", float(start == DISABLED))


def _wsus(source: Source) -> Iterator[Sample | Fact]:
    use = plain.within(source.query("registry", f"{POLICY}/AU"), "values", "UseWUServer")
    address = plain.text(plain.within(source.query("registry", POLICY), "values", "WUServer"))
    server = _server(address) if plain.whole(use) == 1 else None
    if server is None:
        return
    yield Fact("windows.update_server", server)
    try:
        source.query("connect", server)
    except CannotRead:
        yield Sample("windows_updates_wsus_unreachable", 1.0, {"server": server})
    else:
        yield Sample("windows_updates_wsus_unreachable", 0.0, {"server": server})


def _server(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return f"{parts.hostname}:{port}" if parts.hostname else None


def _support(source: Source) -> Iterator[Sample]:
    ends = support_ends(plain.within(source.query("registry", KEY), "values"))
    if ends is not None:
        days = int((ends[1] - source.now()) // DAY)
        yield Sample("windows_updates_support_days", days, {"release": ends[0]})


def _agent(source: Source) -> Iterator[Sample | Fact]:
    answer = next(iter(plain.records(source.query("powershell", "windows_updates"))), {})
    now = source.now()
    for name in ("search", "install"):
        age = moments.age(answer.get(f"last_{name}"), now)
        if age is not None:
            yield Sample(f"windows_updates_{name}_age_seconds", age)
    if isinstance(answer.get("history"), list):
        failed = failures(answer, now - HISTORY)
        yield Sample("windows_updates_failed", len(failed))
        yield Fact("windows.update_failures", failed)
    if not isinstance(answer.get("pending"), list):
        code = (plain.whole(answer.get("error")) or 0) & 0xFFFFFFFF
        raise CannotRead(say("read.unexpected", what="Windows Update", detail=f"0x{code:08X}"))
    yield from _waiting(pending(answer), now)


def _waiting(rows: list[dict[str, Any]], now: float) -> Iterator[Sample | Fact]:
    secure = [row for row in rows if row["security"]]
    published = [row["at"] for row in secure if row["at"] is not None]
    yield Sample("windows_updates_pending", len(rows))
    yield Sample("windows_updates_security", len(secure))
    yield Sample("windows_updates_critical", sum(row["severity"] == "Critical" for row in rows))
    yield Sample("windows_updates_security_age_seconds", max(0, round(now - min(published, default=now))))
    shown = [{name: row[name] for name in ("key", "kb", "severity", "security")} for row in rows]
    yield Fact("windows.updates_pending", shown)


def judge(samples: list[Sample], params: WindowsUpdatesParams) -> Iterator[Result]:
    """Judge each metric by its level; the item `support` tells the release."""
    yield from verdicts("windows_updates", PLAIN, TEXTS, samples, params)
    for sample in samples:
        if sample.metric == "windows_updates_support_days":
            said = "windows_updates.support" if sample.value > 0 else "windows_updates.unsupported"
            release = sample.labels.get("release", "")
            state = params.support.judge(sample.value)
            yield Result("support", state, say(said, n=abs(sample.value), release=release))
            return


TEXTS = {
    "windows_updates.security_age": Text(
        "A security update that waits was published {n:secs} ago: install it",
        "Sigurnosna nadogradnja na čekanju objavljena je prije: {n:secs}; instalirajte je",
    ),
    "windows_updates.security_age_ok": Text(
        "No security update has been waiting", "Nema sigurnosnih nadogradnji na čekanju"
    ),
    "windows_updates.pending": Text(
        "{n:int} {n|update waits|updates wait} to be installed",
        "{n|Čeka|Čekaju|Čeka} na instalaciju: {n:int} {n|nadogradnja|nadogradnje|nadogradnji}",
    ),
    "windows_updates.pending_ok": Text("All updates are installed", "Sve su nadogradnje instalirane"),
    "windows_updates.failed": Text(
        "{n:int} {n|update|updates} failed in the last 30 days and {n|has|have} not been installed since",
        "U posljednjih 30 dana {n|nije uspjela|nisu uspjele|nije uspjelo} {n:int} "
        "{n|nadogradnja|nadogradnje|nadogradnji}, ni u ponovljenim pokušajima",
    ),
    "windows_updates.failed_ok": Text(
        "No update has failed", "Nijedna instalacija nadogradnje nije zakazala"
    ),
    "windows_updates.search_age": Text(
        "Windows last searched for updates successfully {n:secs} ago",
        "Windows je nadogradnje posljednji put uspješno tražio prije: {n:secs}",
    ),
    "windows_updates.install_age": Text(
        "Windows last installed an update {n:secs} ago",
        "Windows je nadogradnju posljednji put instalirao prije: {n:secs}",
    ),
    "windows_updates.disabled": Text(
        "The Windows Update service is disabled: no updates will come",
        "Usluga Windows Update je onemogućena: nadogradnje neće stizati",
    ),
    "windows_updates.disabled_ok": Text(
        "The Windows Update service can start", "Usluga Windows Update može se pokrenuti"
    ),
    "windows_updates.wsus": Text(
        "The update server {server} does not answer", "Poslužitelj nadogradnji {server} ne odgovara"
    ),
    "windows_updates.wsus_ok": Text(
        "The update server {server} answers", "Poslužitelj nadogradnji {server} odgovara"
    ),
    "windows_updates.support": Text(
        "This release of Windows ({release}) gets security updates for {n:int} more {n|day|days}",
        "Ovo izdanje Windowsa ({release}) dobiva sigurnosne nadogradnje još {n:int} {n|dan|dana|dana}",
    ),
    "windows_updates.unsupported": Text(
        "Security updates for this release of Windows ({release}) ended {n:int} {n|day|days} ago, unless "
        "extended ones are bought",
        "Sigurnosne nadogradnje za ovo izdanje Windowsa ({release}) prestale su prije {n:int} "
        "{n|dan|dana|dana}, osim ako su kupljene produžene",
    ),
    "fact.windows.updates_pending": Text("Pending updates of Windows", "Nadogradnje Windowsa na čekanju"),
    "fact.windows.update_failures": Text("Updates of Windows that failed", "Neuspjele nadogradnje Windowsa"),
    "fact.windows.update_server": Text("Update server", "Poslužitelj nadogradnji"),
    "part.kb": Text("Article", "Članak"),
    "part.severity": Text("Severity", "Ozbiljnost"),
    "part.code": Text("Error code", "Oznaka pogreške"),
    "metric.windows_updates_pending": Text("Updates that wait", "Nadogradnje na čekanju"),
    "metric.windows_updates_security": Text(
        "Security updates that wait", "Sigurnosne nadogradnje na čekanju"
    ),
    "metric.windows_updates_failed": Text("Updates that failed", "Neuspjele nadogradnje"),
    "metric.windows_updates_security_age_seconds": Text(
        "Oldest security update that waits", "Najstarija sigurnosna nadogradnja na čekanju"
    ),
    "metric.windows_updates_search_age_seconds": Text(
        "Last search for updates", "Posljednje traženje nadogradnji"
    ),
    "metric.windows_updates_install_age_seconds": Text(
        "Last installed update", "Posljednja instalirana nadogradnja"
    ),
    "metric.windows_updates_disabled": Text("Windows Update disabled", "Windows Update onemogućen"),
    "metric.windows_updates_wsus_unreachable": Text(
        "Update server does not answer", "Poslužitelj nadogradnji ne odgovara"
    ),
    "metric.windows_updates_support_days": Text("Days of support left", "Preostali dani podrške"),
}

check = Check(
    name="windows_updates",
    title=Text("Windows Update", "Windows Update"),
    group="patches",
    collect=collect,
    judge=judge,
    params=WindowsUpdatesParams(),
    platforms=("windows",),
    interval=6 * 3600,
    timeout=280,
    hold=DAY,
    watches=WATCHES,
    charts=("windows_updates_security", "windows_updates_pending", "windows_updates_failed"),
    texts=TEXTS,
    replay=replay,
)
