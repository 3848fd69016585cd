"""Antivirus: which product guards the device, whether it is on and current, and threats it has not removed.

Windows: `readers.windows_antivirus`. Linux: ClamAV, and folders of known products as facts; a Linux device
without any is no fault. macOS: XProtect, Apple's own (Info.plist of its bundle).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from predvid.checks.readers import clamav, plain, plists, windows_antivirus
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Sample, Source, Text

DAY = 86400
XPROTECT = "/Library/Apple/System/Library/CoreServices/XProtect.bundle/Contents/Info.plist"
FOLDERS = {
    "/opt/microsoft/mdatp": "Microsoft Defender", "/opt/CrowdStrike": "CrowdStrike Falcon",
    "/opt/eset": "ESET", "/opt/sophos-spl": "Sophos", "/opt/sentinelone": "SentinelOne",
    "/opt/kaspersky": "Kaspersky", "/opt/bitdefender-security-tools": "Bitdefender",
}  # fmt: skip


@dataclass(frozen=True)
class AntivirusParams:
    """Ages are in seconds, `threats` counts, the others guard 1."""

    protection: Levels = Levels(1, None)
    real_time: Levels = Levels(None, 1)
    threats: Levels = Levels(None, 1)
    daemon: Levels = Levels(1, None)
    outdated: Levels = Levels(1, None)
    signature_age: Levels = Levels(5 * DAY, 14 * DAY)
    scan_age: Levels = Levels(45 * DAY, None)
    tamper: Levels = Levels()
    xprotect_age: Levels = Levels(120 * DAY, None)


WATCHES = {
    "antivirus_missing": "protection",
    "antivirus_real_time_off": "real_time",
    "antivirus_threats": "threats",
    "antivirus_daemon_down": "daemon",
    "antivirus_outdated": "outdated",
    "antivirus_signature_age_seconds": "signature_age",
    "antivirus_scan_age_seconds": "scan_age",
    "antivirus_tamper_off": "tamper",
    "antivirus_xprotect_age_seconds": "xprotect_age",
}


def collect(source: Source, params: AntivirusParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the state of each product and, as a fact, the products."""
    yield from READERS[source.platform](source)


def _linux(source: Source) -> Iterator[Sample | Fact]:
    rows: list[dict[str, Any]] = []
    try:
        for thing in clamav.read(source):
            if isinstance(thing, Sample):
                yield thing
            else:
                rows.append(thing)
    except NotHere:
        pass
    for folder, name in FOLDERS.items():
        try:
            source.listing(folder)
        except NotHere:
            continue
        rows.append({"key": name, "on": True})
    yield Sample("antivirus_products", len(rows))
    yield Fact("antivirus.products", sorted(rows, key=lambda row: str(row["key"])))


def _windows(source: Source) -> Iterator[Sample | Fact]:
    guards = windows_antivirus.Guards()
    readers: tuple[Callable[[Source, windows_antivirus.Guards], Iterator[Sample | Fact]], ...] = (
        windows_antivirus.center,
        windows_antivirus.services,
        windows_antivirus.defender,
    )
    parts = [partial(read, source, guards) for read in readers]
    yield from piecewise([*parts, partial(_summary, guards)])


def _summary(guards: windows_antivirus.Guards) -> Iterator[Sample | Fact]:
    on = any(row["on"] for row in guards.rows.values())
    # Where Defender is to guard and does not, that is said of Defender already.
    if on or (guards.whole() and not guards.judged):
        yield Sample("antivirus_missing", float(not on))
    if guards.whole():
        yield Sample("antivirus_products", len(guards.rows))
        yield Fact("antivirus.products", [guards.rows[name] for name in sorted(guards.rows)])


def _macos(source: Source) -> Iterator[Sample | Fact]:
    version = plain.text(plists.read(source, XPROTECT).get("CFBundleShortVersionString"))
    modified = plain.number(plain.within(source.query("status", XPROTECT), "modified"))
    if modified is not None:
        yield Sample("antivirus_xprotect_age_seconds", max(0, round(source.now() - modified)))
    yield Fact("antivirus.products", [{"key": "XProtect", "on": True, "version": version}])


READERS = {"linux": _linux, "windows": _windows, "macos": _macos}


def judge(samples: list[Sample], params: AntivirusParams) -> Iterator[Result]:
    """Judge each metric by its level, for each product."""
    yield from verdicts("antivirus", WATCHES, TEXTS, samples, params)


TEXTS = {
    "antivirus.protection": Text(
        "No antivirus is on: nothing guards this device",
        "Nijedan antivirusni program nije uključen: uređaj nije zaštićen",
    ),
    "antivirus.protection_ok": Text("An antivirus is on", "Antivirusni program je uključen"),
    "antivirus.real_time": Text(
        "{product}: real-time protection is off", "{product}: zaštita u stvarnom vremenu je isključena"
    ),
    "antivirus.real_time_ok": Text(
        "{product}: real-time protection is on", "{product}: zaštita u stvarnom vremenu je uključena"
    ),
    "antivirus.threats": Text(
        "{product} has found {n:int} {n|threat that is|threats that are} still active: act now",
        "{product}: još aktivne prijetnje, ukupno {n:int}; odmah djelujte",
    ),
    "antivirus.threats_ok": Text("{product}: no active threat", "{product}: nema aktivnih prijetnji"),
    "antivirus.daemon": Text(
        "The daemon of {product} does not answer", "Pozadinski servis ({product}) ne odgovara"
    ),
    "antivirus.daemon_ok": Text("The daemon of {product} answers", "Pozadinski servis ({product}) odgovara"),
    "antivirus.outdated": Text(
        "{product}: the signatures are out of date", "{product}: baza virusnih definicija je zastarjela"
    ),
    "antivirus.outdated_ok": Text(
        "{product}: the signatures are up to date", "{product}: baza virusnih definicija je ažurna"
    ),
    "antivirus.signature_age": Text(
        "{product}: the signatures are {n:secs} old", "{product}: starost virusnih definicija: {n:secs}"
    ),
    "antivirus.scan_age": Text(
        "{product}: the last scan ended {n:secs} ago",
        "{product}: posljednji pregled završio je prije: {n:secs}",
    ),
    "antivirus.tamper": Text(
        "{product}: tamper protection is off", "{product}: zaštita od neovlaštenih izmjena je isključena"
    ),
    "antivirus.tamper_ok": Text(
        "{product}: tamper protection is on", "{product}: zaštita od neovlaštenih izmjena je uključena"
    ),
    "antivirus.xprotect_age": Text(
        "XProtect was last updated {n:secs} ago", "XProtect je posljednji put ažuriran prije: {n:secs}"
    ),
    "fact.antivirus.products": Text("Antivirus", "Antivirusna zaštita"),
    "fact.antivirus.threats": Text("Active threats", "Aktivne prijetnje"),
    "part.on": Text("On", "Uključeno"),
    "part.current": Text("Up to date", "Ažurno"),
    "part.mode": Text("Mode", "Način rada"),
    "part.severity": Text("Severity", "Ozbiljnost"),
    "metric.antivirus_signature_age_seconds": Text("Age of the signatures", "Starost virusnih definicija"),
    "metric.antivirus_threats": Text("Active threats", "Aktivne prijetnje"),
    "metric.antivirus_products": Text("Antivirus products", "Antivirusni programi"),
    "metric.antivirus_missing": Text("No antivirus", "Bez antivirusne zaštite"),
    "metric.antivirus_real_time_off": Text(
        "Real-time protection off", "Zaštita u stvarnom vremenu isključena"
    ),
    "metric.antivirus_daemon_down": Text("Antivirus daemon down", "Antivirusni servis ne radi"),
    "metric.antivirus_outdated": Text("Signatures out of date", "Zastarjele virusne definicije"),
    "metric.antivirus_scan_age_seconds": Text("Last scan", "Posljednji pregled"),
    "metric.antivirus_tamper_off": Text("Tamper protection off", "Zaštita od izmjena isključena"),
    "metric.antivirus_xprotect_age_seconds": Text(
        "Last update of XProtect", "Posljednje ažuriranje XProtecta"
    ),
}

AWAY = {
    "protection": Levels(None, 1),
    "signature_age": Levels(10 * DAY, 30 * DAY),
}  # it may have been off for long

check = Check(
    name="antivirus",
    title=Text("Antivirus", "Antivirusna zaštita"),
    group="protection",
    collect=collect,
    judge=judge,
    params=AntivirusParams(),
    interval=1800,
    timeout=60,
    hold=1800,  # an update of the product switches it off for minutes
    watches=WATCHES,
    defaults={"workstation": AWAY, "laptop": AWAY},
    charts=("antivirus_signature_age_seconds", "antivirus_threats"),
    texts=TEXTS,
)
