"""Finds the UPS daemons that a Linux device is set to run, and where they listen: NUT's upsd, apcupsd.

Sources: nut.conf(5), ups.conf(5), upsd.conf(5), apcupsd(8) "Configuration directives". Only a daemon whose
program is there counts: a removed package leaves its configuration behind.
"""

import ipaddress
import re
from dataclasses import dataclass

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

NUT_PORT, APCUPSD_PORT = 3493, 3551
NUT_FOLDERS = ("/etc/nut", "/etc/ups")  # Debian and its kin; Red Hat and its kin
UPSD = ("/usr/sbin/upsd", "/sbin/upsd", "/lib/nut/upsd")
APCUPSD = ("/usr/sbin/apcupsd", "/sbin/apcupsd")
SERVING = ("standalone", "netserver")
_MODE = re.compile(r"^\s*MODE\s*=\s*\"?(\w+)", re.MULTILINE)
_UNIT = re.compile(r"^\s*\[[^\]\n]{1,60}\]", re.MULTILINE)
_LISTEN = re.compile(r"^\s*LISTEN\s+(\S+)(?:\s+(\d{1,5}))?\s*$", re.MULTILINE)
_UNCONFIGURED = re.compile(r"^\s*ISCONFIGURED\s*=\s*\"?no\b", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Daemon:
    """Where to ask on loopback ("ADDRESS:PORT"), and whether the device is set to have an answer there."""

    address: str
    wanted: bool


def nut(source: Source) -> Daemon:
    """Return where upsd answers; wanted where this device serves a UPS of its own."""
    default = Daemon(f"127.0.0.1:{NUT_PORT}", wanted=False)
    for folder in NUT_FOLDERS:
        mode = _MODE.search(_text(source, f"{folder}/nut.conf"))
        if mode is None:
            continue
        serves = mode[1].lower() in SERVING and _UNIT.search(_text(source, f"{folder}/ups.conf"))
        heard = _LISTEN.findall(_text(source, f"{folder}/upsd.conf"))
        places = [place for host, port in heard if (place := _loopback(host, port or str(NUT_PORT)))]
        if heard and not places:
            return default  # it answers on other addresses only, which nobody here asks
        address = places[0] if places else default.address
        return Daemon(address, wanted=bool(serves) and _there(source, UPSD))
    return default


def apcupsd(source: Source) -> Daemon:
    """Return where the information server of apcupsd answers; wanted where it is switched on."""
    text = _text(source, "/etc/apcupsd/apcupsd.conf")
    host, port = _directive(text, "NISIP") or "127.0.0.1", _directive(text, "NISPORT") or str(APCUPSD_PORT)
    place = _loopback(host, port)
    off = _directive(text, "NETSERVER").lower() in ("off", "no")
    unset = _UNCONFIGURED.search(_text(source, "/etc/default/apcupsd"))
    serves = bool(text and place) and not off and not unset
    return Daemon(place or f"127.0.0.1:{APCUPSD_PORT}", wanted=serves and _there(source, APCUPSD))


def _directive(text: str, name: str) -> str:
    match = re.search(rf"^\s*{name}\s+([\w.:]{{1,60}})", text, re.MULTILINE)
    return match[1] if match else ""


def _loopback(host: str, port: str) -> str:
    """Return "ADDRESS:PORT" of loopback for a daemon that listens at `host`, "" where there is none."""
    if not port.isdecimal() or not 0 < int(port) < 65536:
        return ""
    if host in ("localhost", "*"):
        return f"127.0.0.1:{int(port)}"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if address.is_unspecified:
        return f"127.0.0.1:{int(port)}" if address.version == 4 else f"::1:{int(port)}"
    return f"{address}:{int(port)}" if address.is_loopback else ""


def _there(source: Source, places: tuple[str, ...]) -> bool:
    for place in places:
        try:
            source.query("status", place)
        except CannotRead:
            continue
        return True
    return False


def _text(source: Source, path: str) -> str:
    try:
        return source.text(path)
    except CannotRead:
        return ""
