"""Finds the time servers that a device is set to ask: systemd-timesyncd, chrony, ntpd, Windows Time."""

import re
from collections.abc import Iterable

# Forms by the manual pages of timesyncd.conf, chrony.conf and ntp.conf.
_TIMESYNCD = re.compile(r"^\s*(?:NTP|FallbackNTP)\s*=\s*(.+)$", re.MULTILINE)
_NTP = re.compile(r"^\s*(?:server|pool|peer)\s+(\S+)", re.MULTILINE | re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252})")
LOCAL = ("127.", "localhost", "::1")  # reference clocks and the device itself


def timesyncd(text: str) -> list[str]:
    """Return the servers that a timesyncd configuration names, in their order."""
    return _hosts(name for line in _TIMESYNCD.findall(text) for name in line.split("#")[0].split())


def ntp(text: str) -> list[str]:
    """Return the servers and pools that a chrony or ntpd configuration names."""
    return _hosts(_NTP.findall(text))


def windows(text: str) -> list[str]:
    """Return the servers of the registry's `NtpServer`: "time.example.org,0x9 other,0x1" (MS-W32T)."""
    return _hosts(part.partition(",")[0] for part in text.split())


def _hosts(names: Iterable[str]) -> list[str]:
    good = (name for name in names if _HOST.fullmatch(name) and not name.lower().startswith(LOCAL))
    return list(dict.fromkeys(good))
