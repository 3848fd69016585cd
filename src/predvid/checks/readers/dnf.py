"""Reads pending updates and security advisories under dnf 4 and 5 (dnf(8): repoquery, updateinfo list).

dnf 4 writes `ADVISORY Severity/Sec. NEVRA`, dnf 5 `Name Type Severity Package Issued`; both are told by the
form of a package name (NAME-[EPOCH:]VERSION-RELEASE.ARCH).
"""

import re

from predvid.checks.readers.updates import Update, Updates, fetched_at
from predvid.checks.source import Source

# Only from the cache (-C): it needs no network, and the system's own timer keeps the cache fresh.
UPGRADES = ("dnf", "-q", "-C", "repoquery", "--upgrades", "--qf", "%{name} %{evr} %{arch} %{repoid}\\n")
ADVISORIES = ("dnf", "-q", "-C", "updateinfo", "list", "--updates")
CACHES = ("/var/cache/dnf", "/var/cache/libdnf5")
_NEVRA = re.compile(r"(\S+)-(?:\d+:)?[^-\s:]+-[^-\s]+\.\w+")


def read(source: Source) -> Updates:
    """Return what dnf would upgrade; raise CannotRead where it has no lists or does not answer."""
    fetched = fetched_at(source, CACHES, "dnf")
    security = security_names(source.run(*ADVISORIES, timeout=90))
    pending = parse_upgrades(source.run(*UPGRADES, timeout=90), security)
    return Updates(pending, sum(bool(update.security) for update in pending), (), fetched)


def parse_upgrades(text: str, security: set[str]) -> tuple[Update, ...]:
    """Return the upgrades in lines of `NAME EVR ARCH REPOSITORY`; of several versions the last one listed."""
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 4:
            name, version = fields[0][:200], fields[1][:100]
            found[name] = Update(name, "", version, name in security)
    return tuple(found.values())


def security_names(text: str) -> set[str]:
    """Return the names of the packages for which a security advisory waits."""
    names = set()
    for line in text.splitlines():
        words = line.split()
        secure = any(word.lower() == "security" or word.endswith("/Sec.") for word in words[1:3])
        package = next((match for word in words[1:] if (match := _NEVRA.fullmatch(word))), None)
        if secure and package:
            names.add(package[1][:200])
    return names
