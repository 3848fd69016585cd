"""Domain: which one the device belongs to, and whether the domain still trusts it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

SYSTEM = "Win32_ComputerSystem Domain,DomainRole,PartOfDomain,Workgroup"
JOINED = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Control/CloudDomainJoin/JoinInfo"
CONTROLLERS = (4, 5)  # DomainRole: backup and primary domain controller (Win32_ComputerSystem)
_SECURITY = re.compile(r"^\s*security\s*=\s*ads\s*$", re.MULTILINE | re.IGNORECASE)
_REALM = re.compile(r"^\s*realm\s*=\s*(\S{1,120})", re.MULTILINE | re.IGNORECASE)
_SSSD = re.compile(r"^\s*domains\s*=\s*([^\s,]{1,120})", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class DomainParams:
    """`trust` guards 1 (the domain trusts the device) and 0."""

    trust: Levels = Levels(None, 0, lower_is_worse=True)


@dataclass(frozen=True, slots=True)
class _Membership:
    """Name and kind (`domain`, `controller`, `cloud`, `workgroup`), and trust where it can be asked."""

    name: str
    kind: str
    trust: bool | None


def _windows(source: Source) -> _Membership | None:
    rows = source.query("wmi", SYSTEM)
    row: Any = rows[0] if isinstance(rows, list) and rows else None
    if not isinstance(row, Mapping):
        raise CannotRead(say("domain.unreadable"))
    if row.get("PartOfDomain") is True:
        controller = row.get("DomainRole") in CONTROLLERS
        kind = "controller" if controller else "domain"
        return _Membership(_word(row.get("Domain")), kind, None if controller else _channel(source))
    if _in_cloud(source):
        return _Membership("Entra ID", "cloud", None)
    return _Membership(_word(row.get("Workgroup") or row.get("Domain")), "workgroup", None)


def _word(value: object) -> str:
    return value[:120] if isinstance(value, str) else ""


def _channel(source: Source) -> bool | None:
    answer = source.query("powershell", "secure_channel")
    answer = answer[0] if isinstance(answer, list) and answer else answer
    trusted = answer.get("trusted") if isinstance(answer, dict) else None
    return trusted if isinstance(trusted, bool) else None


def _in_cloud(source: Source) -> bool:
    try:
        found = source.query("registry", JOINED)
    except CannotRead:
        return False
    return isinstance(found, dict) and bool(found.get("keys"))


def _linux(source: Source) -> _Membership | None:
    samba = _text(source, "/etc/samba/smb.conf")
    if _SECURITY.search(samba):
        realm = _REALM.search(samba)
        # wbinfo(1): -t tells by its exit status whether the machine account's secret is good.
        answer = source.run("wbinfo", "-t", ok=(0, 1), timeout=20)
        return _Membership(realm[1] if realm else "", "domain", "succeeded" in answer)
    sssd = _SSSD.search(_text(source, "/etc/sssd/sssd.conf"))
    return _Membership(sssd[1], "domain", None) if sssd else None


def _text(source: Source, path: str) -> str:
    try:
        return source.text(path)
    except CannotRead:
        return ""


def collect(source: Source, params: DomainParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the membership, and whether the domain trusts the device where that can be asked."""
    found = _windows(source) if source.platform == "windows" else _linux(source)
    if found is None:
        raise NotHere(say("domain.none"))
    yield Fact("system.domain", {"name": found.name, "kind": found.kind})
    if found.trust is not None:
        yield Sample("domain_trust", float(found.trust), {"domain": found.name})


def judge(samples: list[Sample], params: DomainParams) -> Iterator[Result]:
    """Judge the trust."""
    for sample in samples:
        said = say("domain.trusted" if sample.value else "domain.broken", domain=sample.labels["domain"])
        yield Result("", params.trust.judge(sample.value), said)


check = Check(
    name="domain",
    title=Text("Domain", "Domena"),
    group="protection",
    collect=collect,
    judge=judge,
    params=DomainParams(),
    platforms=("linux", "windows"),
    interval=6 * 3600,
    timeout=75,
    hold=7 * 3600,  # a controller that is out of reach for a while looks the same: two bad answers are needed
    watches={"domain_trust": "trust"},
    # Away from the office a laptop cannot ask its domain.
    defaults={"laptop": {"trust": Levels()}},
    texts={
        "metric.domain_trust": Text("Trusted by the domain", "Povjerenje domene"),
        "domain.trusted": Text(
            "The domain {domain} trusts this device", "Domena {domain} vjeruje ovom uređaju"
        ),
        "domain.broken": Text(
            "The trust of the domain {domain} is broken: people cannot log on. Join the device again, or on "
            "Windows repair it with Test-ComputerSecureChannel -Repair",
            "Povjerenje domene {domain} je prekinuto: ljudi se ne mogu prijaviti. Ponovno pridružite uređaj "
            "ili na Windowsu vezu popravite naredbom Test-ComputerSecureChannel -Repair",
        ),
        "domain.none": Text("This device belongs to no domain", "Uređaj nije član domene"),
        "domain.unreadable": Text("Windows does not tell its domain", "Windows ne govori svoju domenu"),
        "fact.system.domain": Text("Domain", "Domena"),
        "part.kind": Text("Kind", "Vrsta"),
    },
)
