"""Reads who guards a Windows device: the Security Center, Microsoft Defender, and services of known products.

Sources: MSFT_MpComputerStatus and MSFT_MpThreat (learn.microsoft.com, Windows Defender WMIv2 APIs), of which
Get-MpComputerStatus is a view; WSC_SECURITY_PRODUCT_STATE of iwscapi.h (0 off, 1 on, 2 snoozed, 3 expired as
productState carries it in bits 12-15), bits 4-7 not 0 where signatures are out of date. Servers have no
Security Center.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from predvid.checks.errors import NotHere
from predvid.checks.readers import moments, plain
from predvid.checks.source import Source
from predvid.core.model import Fact, Sample

CENTER = "root/SecurityCenter2:AntiVirusProduct displayName,productState"
DEFENDER = (
    "root/Microsoft/Windows/Defender:MSFT_MpComputerStatus AMRunningMode,AMServiceEnabled,AntivirusEnabled,"
    "RealTimeProtectionEnabled,IsTamperProtected,AntivirusSignatureLastUpdated,QuickScanEndTime,"
    "FullScanEndTime,AMProductVersion"
)
THREATS = "root/Microsoft/Windows/Defender:MSFT_MpThreat ThreatID,ThreatName,SeverityID,IsActive"
SERVICES = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services"
NAME = "Microsoft Defender"
GUARDS = {
    "ekrn": "ESET", "csfalconservice": "CrowdStrike Falcon", "sentinelagent": "SentinelOne",
    "savservice": "Sophos", "sophos endpoint defense service": "Sophos", "epsecurityservice": "Bitdefender",
    "ntrtscan": "Trend Micro", "mcshield": "McAfee", "mfemms": "Trellix", "sepmasterservice": "Symantec",
    "wrsvc": "Webroot", "cylancesvc": "Cylance", "cbdefense": "Carbon Black", "fshoster": "WithSecure",
    "avast! antivirus": "Avast", "avg antivirus": "AVG", "psuaservice": "Panda", "cyserver": "Cortex XDR",
}  # fmt: skip


@dataclass
class Guards:
    """What the parts have found: rows by product, and how many of the parts could be asked."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0
    judged: bool = False  # Defender is the one that guards, and its state is told

    def whole(self) -> bool:
        """Tell whether every part answered, so that what was not found is not there."""
        return self.asked == 3


def center(source: Source, guards: Guards) -> Iterator[Sample]:
    """Yield for each product of the Security Center but Defender whether it is off or out of date."""
    for row in _rows(source, CENTER, guards):
        name, state = plain.text(row.get("displayName")), plain.whole(row.get("productState"))
        if not name or state is None or "Defender" in name or name in guards.rows:
            continue
        on, current = state >> 12 & 0xF == 0x1, state >> 4 & 0xF == 0
        guards.rows[name] = {"key": name, "on": on, "current": current}
        if on:
            yield Sample("antivirus_outdated", float(not current), {"product": name})


def services(source: Source, guards: Guards) -> Iterator[Sample]:
    """Note products by their services; they are all that a server tells of foreign ones."""
    try:
        names = plain.within(source.query("registry", SERVICES), "keys")
    except NotHere:
        names = []
    guards.asked += 1
    for name in names if isinstance(names, list) else ():
        product = GUARDS.get(str(name).lower())
        if product and not any(product.split()[0].lower() in key.lower() for key in guards.rows):
            guards.rows[product] = {"key": product, "on": True}
    yield from ()


def defender(source: Source, guards: Guards) -> Iterator[Sample | Fact]:
    """Yield the state of Defender where it is the one that guards, and threats that it has not removed."""
    status = next(iter(_rows(source, DEFENDER, guards)), None)
    if status is None:
        return
    mode = plain.text(status.get("AMRunningMode"))
    guarding = mode in ("", "Normal") and status.get("AMServiceEnabled") is not False
    real_time = status.get("RealTimeProtectionEnabled")
    others = any(row["on"] for row in guards.rows.values())
    guards.rows[NAME] = {"key": NAME, "on": guarding and real_time is True, "mode": mode}
    if guarding and not (others and real_time is not True):
        guards.judged = isinstance(real_time, bool)
        yield from _guarding(status, source.now())
        yield from _threats(source)


def _guarding(status: dict[str, Any], now: float) -> Iterator[Sample]:
    labels = {"product": NAME}
    for metric, name in (
        ("antivirus_real_time_off", "RealTimeProtectionEnabled"),
        ("antivirus_tamper_off", "IsTamperProtected"),
    ):
        if isinstance(status.get(name), bool):
            yield Sample(metric, float(not status[name]), labels)
    signatures = moments.age(status.get("AntivirusSignatureLastUpdated"), now)
    if signatures is not None:
        yield Sample("antivirus_signature_age_seconds", signatures, labels)
    scans = [moments.age(status.get(name), now) for name in ("QuickScanEndTime", "FullScanEndTime")]
    known = [age for age in scans if age is not None]
    if known:
        yield Sample("antivirus_scan_age_seconds", min(known), labels)


def _threats(source: Source) -> Iterator[Sample | Fact]:
    try:
        rows = plain.records(source.query("wmi", THREATS))
    except NotHere:
        return
    active = {}
    for row in rows:
        name = plain.text(row.get("ThreatName")) or plain.text(row.get("ThreatID"))
        if row.get("IsActive") is True and name:
            active[name] = {"key": name, "severity": plain.whole(row.get("SeverityID"))}
    yield Sample("antivirus_threats", len(active), {"product": NAME})
    yield Fact("antivirus.threats", [active[name] for name in sorted(active)])


def _rows(source: Source, query: str, guards: Guards) -> list[dict[str, Any]]:
    try:
        rows = plain.records(source.query("wmi", query))
    except NotHere:
        rows = []
    guards.asked += 1
    return rows
