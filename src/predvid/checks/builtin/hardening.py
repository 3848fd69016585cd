"""Hardening: protections of the system that are switched off, and old protocols that are still on.

Windows: `readers.windows_hardening`. Linux: SELinux (/sys/fs/selinux/enforce and SELINUX= of its settings),
AppArmor (/sys/module/apparmor), address space layout randomisation (sysctl kernel.randomize_va_space). macOS:
System Integrity Protection (csrutil(8)) and Gatekeeper (spctl(8)).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from predvid.checks.readers import plain, windows_hardening
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

SELINUX = "/sys/fs/selinux/enforce"
SELINUX_CONFIG = "/etc/selinux/config"
APPARMOR = "/sys/module/apparmor/parameters/enabled"
RANDOM = "/proc/sys/kernel/randomize_va_space"
SIP = ("csrutil", "status")
GATEKEEPER = ("spctl", "--status")
Part = Callable[[Source], Iterator[Sample | Fact]]


@dataclass(frozen=True)
class HardeningParams:
    """Every level guards 1: the protection is off, or the old protocol on."""

    uac: Levels = Levels(1, None)
    smb1: Levels = Levels(1, None)
    wdigest: Levels = Levels(1, None)
    ntlm: Levels = Levels(1, None)
    selinux: Levels = Levels(1, None)
    randomisation: Levels = Levels(1, None)
    sip: Levels = Levels(1, None)
    gatekeeper: Levels = Levels(1, None)


WATCHES = {
    "hardening_uac_off": "uac",
    "hardening_smb1_server": "smb1",
    "hardening_wdigest": "wdigest",
    "hardening_old_ntlm": "ntlm",
    "hardening_selinux_not_enforcing": "selinux",
    "hardening_no_randomisation": "randomisation",
    "hardening_sip_off": "sip",
    "hardening_gatekeeper_off": "gatekeeper",
}


def collect(source: Source, params: HardeningParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield 1 for each protection that is off, 0 where it is on; and the settings as facts."""
    yield from piecewise(partial(read, source) for read in PARTS[source.platform])


def _mandatory(source: Source) -> Iterator[Sample | Fact]:
    """Yield which mandatory access control rules, and whether SELinux only watches though set to enforce."""
    enforcing, wanted = _maybe(source, SELINUX), _selinux_wanted(source)
    apparmor = _maybe(source, APPARMOR) == "Y"
    if enforcing is not None:
        kind = "SELinux (enforcing)" if enforcing == "1" else "SELinux (permissive)"
    else:
        kind = "AppArmor" if apparmor else ""
    if wanted == "enforcing":
        yield Sample("hardening_selinux_not_enforcing", float(enforcing != "1"))
    yield Fact("security.access_control", {"kind": kind, "selinux_wanted": wanted})


def _selinux_wanted(source: Source) -> str:
    match = re.search(r"^SELINUX=(\w{1,20})\s*$", _maybe(source, SELINUX_CONFIG) or "", re.MULTILINE)
    return match[1] if match else ""


def _maybe(source: Source, path: str) -> str | None:
    try:
        return source.text(path).strip()
    except NotHere:
        return None


def _randomisation(source: Source) -> Iterator[Sample]:
    yield Sample("hardening_no_randomisation", float(source.text(RANDOM).strip() == "0"))


def _sip(source: Source) -> Iterator[Sample | Fact]:
    on = _state(source.run(*SIP), "csrutil", "enabled", "disabled")
    yield Sample("hardening_sip_off", float(not on))
    yield Fact("security.sip", on)


def _gatekeeper(source: Source) -> Iterator[Sample | Fact]:
    on = _state(source.run(*GATEKEEPER, ok=(0, 1)), "spctl", "assessments enabled", "assessments disabled")
    yield Sample("hardening_gatekeeper_off", float(not on))
    yield Fact("security.gatekeeper", on)


def _state(text: str, tool: str, on: str, off: str) -> bool:
    """Return whether the first line says `on`; raise CannotRead where it says neither (a custom setting)."""
    line = text.strip().split("\n")[0].lower()
    if (on in line) == (off in line):
        raise CannotRead(say("read.unexpected", what=tool, detail=plain.text(line) or "–"))
    return on in line


PARTS: dict[str, tuple[Part, ...]] = {
    "linux": (_mandatory, _randomisation),
    "windows": windows_hardening.PARTS,
    "macos": (_sip, _gatekeeper),
}


def judge(samples: list[Sample], params: HardeningParams) -> Iterator[Result]:
    """Judge each setting by its level."""
    yield from verdicts("hardening", WATCHES, TEXTS, samples, params)


TEXTS = {
    "hardening.uac": Text(
        "User Account Control is off: programs get all rights unasked",
        "Kontrola korisničkih računa (UAC) je isključena: programi bez pitanja dobivaju sva prava",
    ),
    "hardening.uac_ok": Text("User Account Control is on", "Kontrola korisničkih računa (UAC) je uključena"),
    "hardening.smb1": Text(
        "The server still offers SMB 1, by which malware spreads: switch it off",
        "Poslužitelj još nudi SMB 1, kojim se šire zlonamjerni programi: isključite ga",
    ),
    "hardening.smb1_ok": Text("The server does not offer SMB 1", "Poslužitelj ne nudi SMB 1"),
    "hardening.wdigest": Text(
        "Windows keeps readable passwords in memory (WDigest UseLogonCredential is 1)",
        "Windows u memoriji drži čitljive lozinke (WDigest, UseLogonCredential je 1)",
    ),
    "hardening.wdigest_ok": Text(
        "Windows keeps no readable passwords for WDigest", "Windows ne drži čitljive lozinke za WDigest"
    ),
    "hardening.ntlm": Text(
        "The device still sends answers of LM or NTLM 1 (LmCompatibilityLevel is below 3)",
        "Uređaj još šalje odgovore LM ili NTLM 1 (LmCompatibilityLevel je ispod 3)",
    ),
    "hardening.ntlm_ok": Text("The device sends NTLM 2 only", "Uređaj šalje samo NTLM 2"),
    "hardening.selinux": Text(
        "SELinux is set to enforce, yet it does not", "SELinux bi prema postavci trebao štititi, ali ne štiti"
    ),
    "hardening.selinux_ok": Text("SELinux enforces its rules", "SELinux provodi svoja pravila"),
    "hardening.randomisation": Text(
        "The kernel does not shuffle addresses (kernel.randomize_va_space is 0)",
        "Jezgra ne razmješta adrese nasumično (kernel.randomize_va_space je 0)",
    ),
    "hardening.randomisation_ok": Text("The kernel shuffles addresses", "Jezgra adrese razmješta nasumično"),
    "hardening.sip": Text(
        "System Integrity Protection is off", "Zaštita cjelovitosti sustava (SIP) je isključena"
    ),
    "hardening.sip_ok": Text(
        "System Integrity Protection is on", "Zaštita cjelovitosti sustava (SIP) je uključena"
    ),
    "hardening.gatekeeper": Text(
        "Gatekeeper is off: unsigned programs start unasked",
        "Gatekeeper je isključen: nepotpisani programi pokreću se bez pitanja",
    ),
    "hardening.gatekeeper_ok": Text("Gatekeeper is on", "Gatekeeper je uključen"),
    "fact.security.uac": Text("User Account Control", "Kontrola korisničkih računa"),
    "fact.security.smb": Text("File sharing (SMB)", "Dijeljenje datoteka (SMB)"),
    "fact.security.logon": Text("Protection of logons", "Zaštita prijava"),
    "fact.security.llmnr": Text("Asks neighbours for names (LLMNR)", "Imena traži od susjeda (LLMNR)"),
    "fact.security.access_control": Text("Mandatory access control", "Obvezna kontrola pristupa"),
    "fact.security.sip": Text("System Integrity Protection", "Zaštita cjelovitosti sustava"),
    "fact.security.gatekeeper": Text("Gatekeeper", "Gatekeeper"),
    "part.smb1_server": Text("SMB 1 as a server", "SMB 1 kao poslužitelj"),
    "part.smb1_client": Text("SMB 1 as a client", "SMB 1 kao klijent"),
    "part.signing_required": Text("Signing required", "Potpisivanje obavezno"),
    "part.lsa_protection": Text("LSA protection", "Zaštita LSA"),
    "part.ntlm_level": Text("NTLM level", "Razina NTLM"),
    "part.kind": Text("Kind", "Vrsta"),
    "part.selinux_wanted": Text("SELinux as set", "SELinux prema postavci"),
    "metric.hardening_uac_off": Text("User Account Control off", "Kontrola korisničkih računa isključena"),
    "metric.hardening_smb1_server": Text("SMB 1 offered", "Nudi se SMB 1"),
    "metric.hardening_wdigest": Text("Readable passwords in memory", "Čitljive lozinke u memoriji"),
    "metric.hardening_old_ntlm": Text("Old NTLM answers", "Stari odgovori NTLM"),
    "metric.hardening_selinux_not_enforcing": Text("SELinux does not enforce", "SELinux ne štiti"),
    "metric.hardening_no_randomisation": Text("Addresses not shuffled", "Adrese nisu nasumične"),
    "metric.hardening_sip_off": Text(
        "System Integrity Protection off", "Zaštita cjelovitosti sustava isključena"
    ),
    "metric.hardening_gatekeeper_off": Text("Gatekeeper off", "Gatekeeper isključen"),
}

check = Check(
    name="hardening",
    title=Text("Protections of the system", "Zaštite sustava"),
    group="protection",
    collect=collect,
    judge=judge,
    params=HardeningParams(),
    interval=6 * 3600,
    timeout=60,
    watches=WATCHES,
    texts=TEXTS,
)
