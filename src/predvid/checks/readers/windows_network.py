"""Network adapters of a Windows device, by WMI and registry: what they are, addresses, DHCP, DNS, gateways.

Sources: Win32_NetworkAdapter and -Configuration (learn.microsoft.com/windows/win32/cimwin32prov),
MSFT_NetAdapter and MSFT_NetIPAddress (/windows/win32/fwp/wmi/netadaptercimprov and /nettcpipprov).
"""

import re
from typing import Any

from predvid.checks.readers.identity import usable_mac
from predvid.checks.readers.keyed import keyed
from predvid.checks.readers.plain import text, whole
from predvid.checks.readers.windows_asking import rows, sub_keys, values
from predvid.checks.source import Source

ADAPTERS = (
    "Win32_NetworkAdapter Index,InterfaceIndex,Name,NetConnectionID,MACAddress,PhysicalAdapter,PNPDeviceID,"
    "ServiceName,AdapterTypeId"
)
CONFIGURATIONS = (
    "Win32_NetworkAdapterConfiguration Index,Description,MACAddress,IPEnabled,IPAddress,DHCPEnabled,"
    "DHCPServer,DNSServerSearchOrder,DefaultIPGateway"
)
MODERN = (
    "root/StandardCimv2:MSFT_NetAdapter Name,InterfaceDescription,InterfaceIndex,PermanentAddress,"
    "HardwareInterface,Virtual,InterfaceType,NdisPhysicalMedium,Hidden"
)
IP_ADDRESSES = "root/StandardCimv2:MSFT_NetIPAddress IPAddress,SuffixOrigin"
CONNECTIONS = (
    "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Control/Network/{4D36E972-E325-11CE-BFC1-08002BE10318}"
)
PROFILES = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/Windows NT/CurrentVersion/NetworkList/Profiles"
FIREWALL = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/SharedAccess/Parameters/FirewallPolicy"
FIREWALL_POLICY = "HKEY_LOCAL_MACHINE/SOFTWARE/Policies/Microsoft/WindowsFirewall"

CATEGORIES = {0: "public", 1: "private", 2: "domain"}
_RANDOM = 5  # SuffixOrigin: an address that Windows changes every day
_VPN = ("vpn", "fortinet", "tap-windows", "wireguard", "wintun", "anyconnect", "pangp", "globalprotect",
        "sonicwall", "check point virtual", "juniper", "pulse secure", "zerotier", "tailscale", "softether",
        "nordlynx", "netextender", "cisco secure client", "wan miniport", "netbird")  # fmt: skip
_SOFTWARE = ("hyper-v", "vmware", "virtualbox", "npcap", "loopback", "wi-fi direct", "kernel debug", "teredo",
             "isatap", "6to4", "vethernet", "multiplexor", "bridge")  # fmt: skip


def adapters(source: Source) -> Any:
    """Return one row for each adapter that people see: its name as key, addresses, model, kind, DHCP, DNS."""
    modern = {whole(row.get("InterfaceIndex")): row for row in rows(source, MODERN)}
    settings = {whole(row.get("Index")): row for row in rows(source, CONFIGURATIONS)}
    temporary = {text(row.get("IPAddress")).lower() for row in rows(source, IP_ADDRESSES)
                 if whole(row.get("SuffixOrigin")) == _RANDOM}  # fmt: skip
    found = []
    for row in rows(source, ADAPTERS):
        name = text(row.get("NetConnectionID"))
        if not name and not (row.get("PhysicalAdapter") is True and row.get("MACAddress")):
            continue
        exact = modern.get(whole(row.get("InterfaceIndex"))) or {}
        setting = settings.get(whole(row.get("Index"))) or {}
        model = text(row.get("Name"))
        kind = _kind(model, exact, text(row.get("PNPDeviceID")), name)
        found.append(_row(name or model, row.get("MACAddress"), model, kind, setting, temporary))
    if not found:
        found = _of_settings(settings, temporary) or _of_modern(modern) or _of_registry(source)
    return keyed(found) or None


def _of_settings(settings: dict[int | None, dict[str, Any]], temporary: set[str]) -> list[dict[str, Any]]:
    used = [row for row in settings.values() if row.get("IPEnabled") is True and text(row.get("Description"))]
    return [
        _row(model, row.get("MACAddress"), model, _kind(model, {}, "", ""), row, temporary)
        for row in used
        if (model := text(row.get("Description")))
    ]


def _of_modern(modern: dict[int | None, dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for row in modern.values():
        model, mac = text(row.get("InterfaceDescription")), text(row.get("PermanentAddress"))
        name = text(row.get("Name"))
        if (name or model) and row.get("Hidden") is not True:
            dashed = ":".join(mac[at : at + 2] for at in range(0, 12, 2)) if len(mac) == 12 else mac
            found.append(_row(name or model, dashed, model, _kind(model, row, "", name), {}, set()))
    return found


def _of_registry(source: Source) -> list[dict[str, Any]]:
    found = []
    for guid in sub_keys(source, CONNECTIONS)[:200]:
        held = values(source, f"{CONNECTIONS}/{guid}/Connection")
        name, device = text(held.get("Name")), text(held.get("PnpInstanceID"))
        if name and device and guid.startswith("{"):
            media = {2: 71}.get(whole(held.get("MediaSubType")) or 0)
            found.append(_row(name, "", "", _kind("", {"InterfaceType": media}, device, name), {}, set()))
    return found


def _row(
    name: str, mac: Any, model: str, kind: str, setting: dict[str, Any], temporary: set[str]
) -> dict[str, Any]:
    return {
        "key": name,
        "mac": usable_mac(text(mac)),
        "addresses": _lasting(setting.get("IPAddress"), temporary),
        "model": model,
        "kind": kind,
        "dhcp": setting.get("DHCPEnabled") is True if setting else None,
        "dhcp_server": _address(setting.get("DHCPServer")),
        "dns": _texts(setting.get("DNSServerSearchOrder")),
        "gateways": _texts(setting.get("DefaultIPGateway")),
    }


def _lasting(value: Any, temporary: set[str]) -> list[str]:
    kept = {address.lower() for address in _texts(value)} - temporary
    return sorted(address for address in kept if not address.startswith("fe80:"))


def _texts(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else []
    return [found for part in parts[:50] if (found := text(part))]


def _address(value: Any) -> str:
    """Return the DHCP server; one that was never found is 255.255.255.255."""
    found = text(value)
    return "" if found == "255.255.255.255" else found


def _kind(model: str, exact: dict[str, Any], device: str, name: str) -> str:
    """Return `vpn`, `virtual`, `wifi`, `bluetooth`, `mobile` or `ethernet`."""
    words = f"{model} {name}".lower()
    if any(word in words for word in _VPN):
        return "vpn"
    if any(word in words for word in _SOFTWARE):
        return "virtual"
    interface, medium = whole(exact.get("InterfaceType")), whole(exact.get("NdisPhysicalMedium"))
    if device.upper().startswith("BTH\\") or medium == 10 or "bluetooth" in words:
        return "bluetooth"
    if interface == 71 or medium == 9 or re.search(r"wi-?fi|wireless|802\.11|wlan", words):
        return "wifi"
    if interface in (243, 244) or medium == 8:
        return "mobile"
    if exact.get("HardwareInterface") is False or device.upper().startswith("ROOT\\"):
        return "virtual"
    return "ethernet"


def profiles(source: Source) -> Any:
    """Return the networks that the device knows, each as public, private or the domain's."""
    found = []
    for guid in sub_keys(source, PROFILES)[:100]:
        held = values(source, f"{PROFILES}/{guid}")
        if name := text(held.get("ProfileName")):
            found.append({"key": name, "category": CATEGORIES.get(whole(held.get("Category")) or 0, "")})
    return keyed(found) or None


def firewall(source: Source) -> Any:
    """Return whether the firewall is on for domain, private and public networks; a policy comes first."""
    found = {}
    for name, key in (
        ("domain", "DomainProfile"),
        ("private", "StandardProfile"),
        ("public", "PublicProfile"),
    ):
        ruled = values(source, f"{FIREWALL_POLICY}/{key.replace('StandardProfile', 'PrivateProfile')}")
        on = whole(ruled.get("EnableFirewall", values(source, f"{FIREWALL}/{key}").get("EnableFirewall")))
        if on is not None:
            found[name] = bool(on)
    return found or None
