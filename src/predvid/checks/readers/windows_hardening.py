"""Reads settings that open or close Windows: who is asked before changes, old protocols, kept passwords.

Sources on learn.microsoft.com: EnableLUA (UAC registry keys), MSFT_SmbServerConfiguration, EnableMulticast
(LLMNR policy), LmCompatibilityLevel (LAN Manager authentication level), RunAsPPL (LSA protection),
UseLogonCredential (WDigest, advisory 2871997).
"""

from collections.abc import Iterator
from typing import Any

from predvid.checks.errors import NotHere
from predvid.checks.readers import plain
from predvid.checks.source import Source
from predvid.core.model import Fact, Sample

MACHINE = "HKEY_LOCAL_MACHINE/"
SYSTEM = f"{MACHINE}SOFTWARE/Microsoft/Windows/CurrentVersion/Policies/System"
LSA = f"{MACHINE}SYSTEM/CurrentControlSet/Control/Lsa"
WDIGEST = f"{MACHINE}SYSTEM/CurrentControlSet/Control/SecurityProviders/WDigest"
DNS = f"{MACHINE}SOFTWARE/Policies/Microsoft/Windows NT/DNSClient"
SMB = "root/Microsoft/Windows/SMB:MSFT_SmbServerConfiguration EnableSMB1Protocol,RequireSecuritySignature"
SMB_KEY = f"{MACHINE}SYSTEM/CurrentControlSet/Services/LanmanServer/Parameters"
SMB1_CLIENT = f"{MACHINE}SYSTEM/CurrentControlSet/Services/mrxsmb10"
NTLM2_ONLY_SENT = 3  # LmCompatibilityLevel: what is lower still sends answers that are broken in minutes
DISABLED = 4


def uac(source: Source) -> Iterator[Sample | Fact]:
    """Yield whether changes are made without asking: EnableLUA is 0."""
    enabled = plain.whole(_values(source, SYSTEM).get("EnableLUA"))
    if enabled is not None:
        yield Sample("hardening_uac_off", float(enabled == 0))
        yield Fact("security.uac", enabled != 0)


def smb(source: Source) -> Iterator[Sample | Fact]:
    """Yield whether the server still speaks SMB 1, which malware such as WannaCry spread by."""
    try:
        row = next(iter(plain.records(source.query("wmi", SMB))), {})
    except NotHere:
        row = {}
    enabled = row.get("EnableSMB1Protocol")
    if not isinstance(enabled, bool):
        value = plain.whole(_values(source, SMB_KEY).get("SMB1"))
        enabled = None if value is None else value != 0
    start = plain.whole(_values(source, SMB1_CLIENT).get("Start"))
    client = start is not None and start != DISABLED
    if enabled is not None:
        yield Sample("hardening_smb1_server", float(enabled))
    signed = row.get("RequireSecuritySignature")
    yield Fact("security.smb", {"smb1_server": enabled, "smb1_client": client, "signing_required": signed})


def logon(source: Source) -> Iterator[Sample | Fact]:
    """Yield whether Windows keeps readable passwords in memory and still sends old NTLM answers."""
    lsa = _values(source, LSA)
    level = plain.whole(lsa.get("LmCompatibilityLevel"))
    readable = plain.whole(_values(source, WDIGEST).get("UseLogonCredential")) == 1
    yield Sample("hardening_wdigest", float(readable))
    yield Sample("hardening_old_ntlm", float(level is not None and level < NTLM2_ONLY_SENT))
    protected = (plain.whole(lsa.get("RunAsPPL")) or 0) > 0
    yield Fact("security.logon", {"lsa_protection": protected, "ntlm_level": level})


def names(source: Source) -> Iterator[Fact]:
    """Yield whether the device asks its neighbours for names (LLMNR): it does unless a policy forbids it."""
    yield Fact("security.llmnr", plain.whole(_values(source, DNS).get("EnableMulticast")) != 0)


def _values(source: Source, path: str) -> dict[str, Any]:
    try:
        values = plain.within(source.query("registry", path), "values")
    except NotHere:
        return {}
    return values if isinstance(values, dict) else {}


PARTS = (uac, smb, logon, names)
