"""Firewall: whether the device refuses what nobody asked for.

Linux: the rules of nftables (iptables-nft, ufw and firewalld among them), and whether ufw or firewalld is
meant to be on. Windows: the profiles, policy before setting (learn.microsoft.com/openspecs, MS-GPFAS:
EnableFirewall, DefaultInboundAction 0 allow, 1 block), another product of the Security Center. macOS: the
application firewall (globalstate 0 off, 1 on, 2 blocks all).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import nftables, plain, plists
from predvid.checks.readers.addresses import public_addresses
from predvid.checks.readers.verdicts import verdicts
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

RULES = ("nft", "-j", "-t", "list", "ruleset")
LEGACY = "/proc/net/ip_tables_names"
UFW = "/etc/ufw/ufw.conf"
WANTED = "/etc/systemd/system/multi-user.target.wants"
MACHINE = "HKEY_LOCAL_MACHINE/"
SETTING = f"{MACHINE}SYSTEM/CurrentControlSet/Services/SharedAccess/Parameters/FirewallPolicy"
POLICY = f"{MACHINE}SOFTWARE/Policies/Microsoft/WindowsFirewall"
SERVICE = f"{MACHINE}SYSTEM/CurrentControlSet/Services/MpsSvc"
DISABLED = 4
PROFILES = {"domain": "DomainProfile", "private": "StandardProfile", "public": "PublicProfile"}
CENTER = "root/SecurityCenter2:FirewallProduct displayName,productState"
ALF = "/Library/Preferences/com.apple.alf.plist"
ALF_TOOL = ("/usr/libexec/ApplicationFirewall/socketfilterfw", "--getglobalstate")


@dataclass(frozen=True)
class FirewallParams:
    """Every level guards 1: `host` a Linux device without rules, `exposed` one with a public address."""

    profile: Levels = Levels(1, None)
    inbound: Levels = Levels(1, None)
    meant: Levels = Levels(1, None)
    exposed: Levels = Levels(1, None)
    host: Levels = Levels()
    mac: Levels = Levels(1, None)


WATCHES = {
    "firewall_profile_off": "profile",
    "firewall_inbound_open": "inbound",
    "firewall_meant_but_off": "meant",
    "firewall_exposed": "exposed",
    "firewall_host_off": "host",
    "firewall_mac_off": "mac",
}


def collect(source: Source, params: FirewallParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield 1 for each thing that is off or open, 0 where it is in order; and the state as a fact."""
    yield from READERS[source.platform](source)


def _linux(source: Source) -> Iterator[Sample | Fact]:
    on, meant = _filters(source), _meant(source)
    yield Sample("firewall_host_off", float(not on))
    if meant:
        yield Sample("firewall_meant_but_off", float(not on), {"tool": meant})
    public = public_addresses(source)
    if public:
        yield Sample("firewall_exposed", float(not on))
    yield Fact("firewall.state", {"on": on, "tool": meant})


def _filters(source: Source) -> bool:
    try:
        if nftables.refuses(source.run(*RULES)):
            return True
    except CannotRead as error:
        if error.said.id not in ("read.tool_missing", "read.not_recorded"):
            raise
        # Without nft only the tables of the older iptables can tell.
        return "filter" in source.text(LEGACY).split()
    try:
        return "filter" in source.text(LEGACY).split()
    except CannotRead:
        return False


def _meant(source: Source) -> str:
    try:
        lines = [line.strip().lower() for line in source.text(UFW).splitlines()]
        if "enabled=yes" in lines:
            return "ufw"
    except NotHere:
        pass
    try:
        return "firewalld" if "firewalld.service" in source.listing(WANTED) else ""
    except NotHere:
        return ""


def _windows(source: Source) -> Iterator[Sample | Fact]:
    other = _other_product(source)
    values = {name: _profile(source, key) for name, key in PROFILES.items()}
    running = plain.whole(plain.within(_key(source, SERVICE), "Start")) != DISABLED
    rows = []
    for name, found in values.items():
        enabled, inbound = found
        if enabled is None:
            continue
        on = enabled == 1 and running
        rows.append({"key": name, "on": on})
        yield Sample("firewall_profile_off", float(not on and not other), {"profile": name})
        if on:
            yield Sample("firewall_inbound_open", float(inbound == 0 and not other), {"profile": name})
    if not rows:
        raise NotHere(say("firewall.none"))
    yield Fact("firewall.profiles", rows)
    yield Fact(
        "firewall.state", {"on": bool(other) or all(row["on"] for row in rows), "tool": other or "Windows"}
    )


def _other_product(source: Source) -> str:
    try:
        rows = plain.records(source.query("wmi", CENTER))
    except CannotRead:
        return ""  # a server has no Security Center
    on = [row for row in rows if (plain.whole(row.get("productState")) or 0) >> 12 & 0xF == 1]
    return next((name for row in on if (name := plain.text(row.get("displayName")))), "")


def _profile(source: Source, key: str) -> tuple[int | None, int | None]:
    """Return EnableFirewall and DefaultInboundAction, each by policy or else as set."""
    policy, setting = _key(source, f"{POLICY}/{key}"), _key(source, f"{SETTING}/{key}")
    found = [
        value if (value := plain.whole(policy.get(name))) is not None else plain.whole(setting.get(name))
        for name in ("EnableFirewall", "DefaultInboundAction")
    ]
    return found[0], found[1]


def _key(source: Source, path: str) -> dict[str, Any]:
    try:
        values = plain.within(source.query("registry", path), "values")
    except NotHere:
        return {}
    return values if isinstance(values, dict) else {}


def _macos(source: Source) -> Iterator[Sample | Fact]:
    try:
        state = plain.whole(plists.read(source, ALF).get("globalstate"))
    except NotHere:
        state = None  # macOS 15 keeps it elsewhere, and only its tool tells
    if state is None:
        text = source.run(*ALF_TOOL)
        digits = text.rpartition("State = ")[2][:1]
        if not digits.isdecimal() or "State = " not in text:
            raise CannotRead(say("read.unexpected", what="socketfilterfw", detail=plain.text(text) or "–"))
        state = int(digits)
    yield Sample("firewall_mac_off", float(state == 0))
    yield Fact("firewall.state", {"on": state > 0, "tool": "macOS"})


READERS = {"linux": _linux, "windows": _windows, "macos": _macos}


def judge(samples: list[Sample], params: FirewallParams) -> Iterator[Result]:
    """Judge each metric by its level."""
    yield from verdicts("firewall", WATCHES, TEXTS, samples, params)


TEXTS = {
    "firewall.none": Text(
        "The profiles of Windows Firewall are not there", "Profili Windows vatrozida ne postoje"
    ),
    "firewall.profile": Text(
        "Windows Firewall is off for the profile {profile}",
        "Windows vatrozid je isključen za profil {profile}",
    ),
    "firewall.profile_ok": Text(
        "The profile {profile} is guarded by a firewall", "Profil {profile} štiti vatrozid"
    ),
    "firewall.inbound": Text(
        "Windows Firewall lets everything in by default in the profile {profile}",
        "Windows vatrozid u profilu {profile} zadano propušta sve dolazne veze",
    ),
    "firewall.inbound_ok": Text(
        "The profile {profile} refuses incoming connections by default",
        "Profil {profile} zadano odbija dolazne veze",
    ),
    "firewall.meant": Text(
        "{tool} is enabled, yet the device refuses nothing: its rules are not in force",
        "{tool} je omogućen, a uređaj ne odbija ništa: njegova pravila nisu na snazi",
    ),
    "firewall.meant_ok": Text("{tool} is in force", "{tool} je na snazi"),
    "firewall.exposed": Text(
        "The device has a public address and no firewall", "Uređaj ima javnu adresu, a nema vatrozid"
    ),
    "firewall.exposed_ok": Text("The public address is guarded by a firewall", "Javnu adresu štiti vatrozid"),
    "firewall.host": Text(
        "The device refuses no incoming connection itself", "Uređaj sam ne odbija dolazne veze"
    ),
    "firewall.host_ok": Text(
        "The device refuses incoming connections that nobody asked for",
        "Uređaj odbija dolazne veze koje nitko nije tražio",
    ),
    "firewall.mac": Text("The firewall of macOS is off", "Vatrozid macOS-a je isključen"),
    "firewall.mac_ok": Text("The firewall of macOS is on", "Vatrozid macOS-a je uključen"),
    "fact.firewall.state": Text("Firewall", "Vatrozid"),
    "fact.firewall.profiles": Text("Profiles of Windows Firewall", "Profili Windows vatrozida"),
    "part.tool": Text("Tool", "Alat"),
    "metric.firewall_profile_off": Text("Firewall profile off", "Profil vatrozida isključen"),
    "metric.firewall_inbound_open": Text("Lets everything in", "Propušta sve dolazne veze"),
    "metric.firewall_meant_but_off": Text(
        "Firewall enabled but not in force", "Vatrozid omogućen, a nije na snazi"
    ),
    "metric.firewall_exposed": Text("Public address without a firewall", "Javna adresa bez vatrozida"),
    "metric.firewall_host_off": Text("No firewall of its own", "Bez vlastitog vatrozida"),
    "metric.firewall_mac_off": Text("Firewall of macOS off", "Vatrozid macOS-a isključen"),
}

check = Check(
    name="firewall",
    title=Text("Firewall", "Vatrozid"),
    group="protection",
    collect=collect,
    judge=judge,
    params=FirewallParams(),
    interval=3600,
    timeout=60,
    hold=1800,  # time to try something without it
    watches=WATCHES,
    texts=TEXTS,
)
