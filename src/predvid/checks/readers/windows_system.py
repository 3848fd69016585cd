"""Windows itself, by WMI and registry: edition and build, membership, accounts, last sign-in, guests.

Sources: learn.microsoft.com/windows/win32/cimwin32prov and /hyperv_v2; CloudDomainJoin is what
`dsregcmd /status` reads.
"""

import re
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.readers.keyed import keyed, told
from predvid.checks.readers.plain import text, whole
from predvid.checks.readers.windows_asking import first, rows, sub_keys, values
from predvid.checks.readers.windows_hardware import COMPUTER
from predvid.checks.source import Source

OS = "Win32_OperatingSystem Caption,Version,BuildNumber,OSArchitecture,InstallDate,ProductType,CSName"
VERSION = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/Windows NT/CurrentVersion"
USERS = "Win32_UserAccount Name,FullName,SID,Disabled,PasswordRequired,LocalAccount WHERE LocalAccount=TRUE"
LOGON = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/Windows/CurrentVersion/Authentication/LogonUI"
CLOUD_USERS = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/IdentityStore/Cache"
CLOUD_JOIN = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Control/CloudDomainJoin"
GUESTS = "root/virtualization/v2:Msvm_ComputerSystem Name,ElementName,EnabledState,InstallDate"
GUEST_MEMORY = "root/virtualization/v2:Msvm_MemorySettingData InstanceID,VirtualQuantity"
GUEST_CPUS = "root/virtualization/v2:Msvm_ProcessorSettingData InstanceID,VirtualQuantity"

ROLES = ("standalone workstation", "member workstation", "standalone server", "member server",
         "backup domain controller", "primary domain controller")  # fmt: skip
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_GUEST_STATES = {2: "running", 3: "off", 6: "saved", 9: "paused", 32768: "paused", 32769: "saved"}


def release(source: Source) -> Any:
    """Return name, version with the update's number, edition, release (23H2) and day of install."""
    row, key, host = first(source, OS), values(source, VERSION), _host(source)
    version = text(row.get("Version")) or text(host.get("version"))
    revision = whole(key.get("UBR"))
    name = text(row.get("Caption")).removeprefix("Microsoft ").strip()
    if not name and host.get("system"):
        name = f"{text(host.get('system'))} {text(host.get('release'))}".strip()
    if not name and not version:
        return None
    return {
        "name": name or "Windows",
        "id": "windows",
        "version": f"{version}.{revision}" if version and revision is not None else version,
        "architecture": text(host.get("machine")) or _bits(text(row.get("OSArchitecture"))),
        "edition": text(key.get("EditionID")),
        "release": text(key.get("DisplayVersion") or key.get("ReleaseId")),
        "installed": text(row.get("InstallDate"))[:10],
    }


def _bits(words: str) -> str:
    """Return the architecture from words that Windows translates: `64-bit`, `64 bits`."""
    digits = re.match(r"\d\d", words)
    return f"{digits[0]}-bit" if digits else words


def _host(source: Source) -> dict[str, Any]:
    try:
        table = source.table("host")
    except CannotRead:
        return {}
    return table if isinstance(table, dict) else {}


def hostname(source: Source) -> Any:
    """Return the name of the device."""
    name = _host(source).get("name") or first(source, COMPUTER).get("Name") or first(source, OS).get("CSName")
    return text(name) or None


def kernel(source: Source) -> Any:
    """Return the release of Windows as its users call it (`11`)."""
    return text(_host(source).get("release")) or None


def membership(source: Source) -> Any:
    """Return what the device belongs to: `domain`, `azure_ad`, `hybrid` or `workgroup`, and its name."""
    row, tenant = first(source, COMPUTER), _tenant(source)
    if not tenant and row.get("PartOfDomain") is None and not text(row.get("Workgroup")):
        return None
    joined = row.get("PartOfDomain") is True
    cloud = bool(tenant) or text(row.get("UserName")).lower().startswith("azuread\\")
    role = whole(row.get("DomainRole"))
    return {
        "kind": _kind(joined, cloud),
        "domain": text(row.get("Domain")) if joined else "",
        "workgroup": "" if joined else text(row.get("Workgroup") or row.get("Domain")),
        "tenant": tenant,
        "role": ROLES[role] if role is not None and 0 <= role < len(ROLES) else "",
    }


def _kind(joined: bool, cloud: bool) -> str:
    if cloud:
        return "hybrid" if joined else "azure_ad"
    return "domain" if joined else "workgroup"


def _tenant(source: Source) -> str:
    """Return the name or id of the Azure AD tenant that the device is joined to."""
    for number in sub_keys(source, f"{CLOUD_JOIN}/JoinInfo")[:5]:
        tenant = text(values(source, f"{CLOUD_JOIN}/JoinInfo/{number}").get("TenantId"))
        if tenant:
            return text(values(source, f"{CLOUD_JOIN}/TenantInfo/{tenant}").get("DisplayName")) or tenant
    return ""


def users(source: Source) -> Any:
    """Return the local accounts."""
    found = [
        {
            "key": text(row.get("Name")),
            "full_name": text(row.get("FullName")),
            "sid": text(row.get("SID")),
            "disabled": row.get("Disabled") is True,
            "password_required": row.get("PasswordRequired") is not False,
        }
        for row in rows(source, USERS)
        if text(row.get("Name")) and row.get("LocalAccount") is not False
    ]
    return keyed(found) or None


def cloud_users(source: Source) -> Any:
    """Return the people of a cloud directory who signed in here: `key` is their sign-in name."""
    found = []
    for sid in sub_keys(source, CLOUD_USERS)[:100]:
        row = values(source, f"{CLOUD_USERS}/{sid}/IdentityCache/{sid}")
        if name := text(row.get("UserName")):
            provider = text(row.get("ProviderName"))
            found.append(
                {"key": name, "account": text(row.get("SAMName")), "provider": provider, "sid": sid[:100]}
            )
    return keyed(found) or None


def last_user(source: Source) -> Any:
    """Return who signed in last, with the domain or the directory of the account."""
    row = values(source, LOGON)
    account = text(row.get("LastLoggedOnSAMUser") or row.get("LastLoggedOnUser"))
    if not account:
        return None
    domain, _, name = account.rpartition("\\")
    given = text(row.get("LastLoggedOnUser"))
    return {
        "name": name or account,
        "domain": "" if domain == "." else domain,
        "full_name": text(row.get("LastLoggedOnDisplayName")),
        "login": given if "@" in given else "",
    }


def guests(source: Source) -> Any:
    """Return the virtual machines of Hyper-V, those whose name is a GUID: the host itself has another."""
    memory, cpus = _quantities(source, GUEST_MEMORY), _quantities(source, GUEST_CPUS)
    found = []
    for row in rows(source, GUESTS):
        guid = text(row.get("Name"))
        if not _GUID.fullmatch(guid):
            continue
        size = memory.get(guid.lower())
        found.append({
            "key": text(row.get("ElementName")) or guid,
            "uuid": guid.lower(),
            "state": _GUEST_STATES.get(whole(row.get("EnabledState")) or 0, "other"),
            "memory_bytes": size << 20 if size else None,
            "cores": cpus.get(guid.lower()),
        })  # fmt: skip
    return keyed(found) or None


def _quantities(source: Source, question: str) -> dict[str, int]:
    """Return {GUID of the guest: quantity}; InstanceID is `Microsoft:GUID\\...`, or of a template."""
    found = {}
    for row in rows(source, question):
        owner = _GUID.match(text(row.get("InstanceID")).removeprefix("Microsoft:"))
        quantity = whole(row.get("VirtualQuantity"))
        if owner and quantity and 0 < quantity < 1 << 40:
            found[owner[0].lower()] = quantity
    return found


def processors_of_registry(source: Source) -> Any:
    """Return the processor as the kernel entered it at its start, where WMI is silent."""
    key = "HKEY_LOCAL_MACHINE/HARDWARE/DESCRIPTION/System/CentralProcessor"
    numbers = sub_keys(source, key)
    held = values(source, f"{key}/{numbers[0]}") if numbers else {}
    name = text(held.get("ProcessorNameString"))
    return told({"model": name, "threads": len(numbers), "mhz": whole(held.get("~MHz"))}) if name else None
