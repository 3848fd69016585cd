"""Pure decision what a device *is*: its roles, from its type, its system and what it told of itself."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from predvid.modules.inventory.group_rules import Traits

TAGGED = "role:"  # a tag that begins so gives the role that it names, for what no fact shows
# The facts that roles are read from; when one of them changes, the roles are worked out again.
TELLING = (
    *("network.listening", "virtual.guests", "state.print_queues", "device.class"),
    *("software.sql_server", "software.postgresql", "software.mysql", "software.iis"),
)
CLASSES = {  # what a device asked over SNMP says that it is (fact `device.class`)
    "printer": "printer",
    "switch": "switch",
    "router": "router",
    "firewall": "firewall",
    "wireless": "access_point",
    "ups": "ups",
    "nas": "nas",
}
SYSTEMS = (  # names of systems that are made for one purpose
    (re.compile(r"synology|\bdsm\b|\bqts\b|truenas|unraid|openmediavault", re.I), "nas"),
    (re.compile(r"pfsense|opnsense|fortios|sonicos|pan-os|sophos (?:fire|xg)", re.I), "firewall"),
    (re.compile(r"routeros|openwrt|vyos|edgeos", re.I), "router"),
    (re.compile(r"proxmox ve|\besxi\b|hyper-v server|xcp-ng|xenserver", re.I), "hypervisor"),
    (re.compile(r"multi-session", re.I), "terminal_server"),
)
# Programs that listen for others, in lower case and without .exe.
PROGRAMS = {
    "web_server": {"nginx", "apache2", "httpd", "caddy", "lighttpd", "w3wp"},
    "database_server": {"postgres", "mysqld", "mariadbd", "sqlservr", "mongod", "tnslsnr"},
    "file_server": {"smbd", "nfsd", "rpc.nfsd", "rpc.mountd"},
    "mail_server": {"dovecot", "exim4", "edgetransport", "msexchangefrontendtransport"},
    "terminal_server": {"tssdis", "xrdp"},
    "backup_server": {"veeam.backup.service", "proxmox-backup-proxy", "bareos-dir", "urbackupsrv"},
}
PRODUCTS = {
    "software.sql_server": "database_server",
    "software.postgresql": "database_server",
    "software.mysql": "database_server",
    "software.iis": "web_server",
    "virtual.guests": "hypervisor",
    "state.print_queues": "print_server",
}
# Kerberos and the directory together are a domain controller (MS-ADTS 3.1.1.3, RFC 4120).
DIRECTORY = {"tcp/88", "tcp/389"}
POST_OFFICE = {"tcp/143", "tcp/993", "tcp/465", "tcp/587"}  # beside tcp/25: people fetch or hand in mail
NFS = "tcp/2049"
BASE = ("server", "workstation", "laptop")


def roles_of(traits: Traits, facts: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """Return the roles of a device that are among `known`, in the order of `known` (weakest first).

    `facts` holds those of TELLING that the device has; whatever is malformed says nothing.
    """
    found = {traits.type} & set(BASE)
    found |= {role for pattern, role in SYSTEMS if pattern.search(traits.os)}
    told = facts.get("device.class")
    if isinstance(told, str):
        found |= {role for name, role in CLASSES.items() if name == told}
    if traits.type == "server" or not found & set(BASE):
        found |= _serving(facts)
    found |= {tag.removeprefix(TAGGED) for tag in traits.tags if tag.startswith(TAGGED)}
    return [role for role in known if role in found]


def _serving(facts: Mapping[str, Any]) -> set[str]:
    """Return the roles that follow from what a device offers to others; people's own machines have none."""
    found = {role for fact, role in PRODUCTS.items() if facts.get(fact)}
    ports, programs = _listening(facts.get("network.listening"))
    found |= {role for role, names in PROGRAMS.items() if names & programs}
    if ports >= DIRECTORY:
        found.add("domain_controller")
    if "tcp/25" in ports and ports & POST_OFFICE:
        found.add("mail_server")
    if NFS in ports:
        found.add("file_server")
    return found


def _listening(rows: object) -> tuple[set[str], set[str]]:
    """Return the ports that others can reach, and the programs that listen on them."""
    ports: set[str] = set()
    programs: set[str] = set()
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping) or _local(row.get("addresses")):
            continue
        ports.add(str(row.get("key", "")))
        names = str(row.get("process", "")).lower().split(", ")
        programs |= {name.removesuffix(".exe") for name in names}
    return ports, programs


def _local(addresses: object) -> bool:
    """Tell whether only the device itself reaches these addresses."""
    told = addresses if isinstance(addresses, list) else []
    return bool(told) and all(str(each).startswith(("127.", "::1")) for each in told)
