"""SQL Server on Windows: its instances from the registry, its counters from WMI, its databases from a script.

Sources (learn.microsoft.com/sql): "File locations for default and named instances", "SQL Server, Databases
object", sys.databases (`state`), backupset, "Editions and supported features" (size of an Express database).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers.plain import records, text, whole, within
from predvid.checks.source import Source

ROOT = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/Microsoft SQL Server"
DEFAULT = "MSSQLSERVER"
BROKEN = (3, 4, 5)  # RECOVERY_PENDING, SUSPECT, EMERGENCY; RESTORING and OFFLINE are somebody's will
STATES = {0: "ONLINE", 1: "RESTORING", 2: "RECOVERING", 3: "RECOVERY_PENDING", 4: "SUSPECT", 5: "EMERGENCY",
          6: "OFFLINE", 7: "COPYING", 10: "OFFLINE_SECONDARY"}  # fmt: skip
RECOVERY = {1: "FULL", 2: "BULK_LOGGED", 3: "SIMPLE"}
# Events of the log Application: a page that was read wrong, a file or log that is full, a backup that failed.
EVENTS = {"corrupt": (823, 824, 825), "full": (1105, 9002), "backup": (3041,)}
_NAME = re.compile(r"[A-Za-z_][\w-]{0,30}$", re.ASCII)
_GB = 1 << 30


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance: `limit` bytes that one database may have in the Express edition, None in the others."""

    name: str
    edition: str
    version: str
    limit: int | None

    @property
    def provider(self) -> str:
        """Return the name under which it writes into the event log and offers its service."""
        return DEFAULT if self.name == DEFAULT else f"MSSQL${self.name}"


def instances(source: Source) -> list[Instance]:
    """Return the instances that Setup wrote into the registry; raise NotHere where there are none."""
    values = within(source.query("registry", f"{ROOT}/Instance Names/SQL"), "values")
    found = []
    for name, folder in sorted(values.items()) if isinstance(values, dict) else ():
        if _NAME.match(name) and isinstance(folder, str) and re.fullmatch(r"[\w.$-]{1,60}", folder):
            found.append(_instance(source, name, folder))
    return found


def _instance(source: Source, name: str, folder: str) -> Instance:
    try:
        told = within(source.query("registry", f"{ROOT}/{folder}/Setup"), "values")
    except CannotRead:
        told = None
    edition = text(within(told, "Edition"))
    version = text(within(told, "PatchLevel")) or text(within(told, "Version"))
    return Instance(name, edition, version, _limit(edition, version))


def _limit(edition: str, version: str) -> int | None:
    """Return the size that a database of Express may reach: 10 GB since 2008 R2, 50 GB since 2025 (17)."""
    if "express" not in edition.lower():
        return None
    major = version.partition(".")[0]
    return (50 if major.isascii() and major.isdecimal() and int(major[:4]) >= 17 else 10) * _GB


def sizes(source: Source, instance: Instance) -> dict[str, int]:
    """Return the bytes of the data files of each database; empty where the counters are missing."""
    own = "SQLServer" if instance.name == DEFAULT else f"MSSQL{instance.name}"
    service = "MSSQLSERVER" if instance.name == DEFAULT else f"MSSQL{instance.name}"
    question = f"Win32_PerfRawData_{service}_{own}Databases Name,DataFilesSizeKB"
    try:
        rows = records(source.query("wmi", question))
    except CannotRead:
        return {}
    named = {text(row.get("Name")): whole(row.get("DataFilesSizeKB")) for row in rows}
    skipped = ("", "_Total", "tempdb", "mssqlsystemresource", "master", "model", "msdb")
    return {name: max(0, size) << 10 for name, size in sorted(named.items()) if size and name not in skipped}


def databases(answer: Any) -> Iterator[dict[str, Any]]:
    """Yield {name, state, recovery, full_age, log_age}: ages of the last backups in seconds, None: never."""
    answer = answer[0] if isinstance(answer, list) and answer else answer
    seen = set()
    for row in records(within(answer, "databases")):
        name, state = text(row.get("name")), whole(row.get("state"))
        if name and state is not None and name not in seen:
            seen.add(name)
            yield {
                "name": name,
                "state": state,
                "recovery": RECOVERY.get(whole(row.get("recovery")) or 0, ""),
                "full_age": _age(row.get("full_age")),
                "log_age": _age(row.get("log_age")),
            }


def _age(value: Any) -> int | None:
    seconds = whole(value)
    return None if seconds is None else max(0, seconds)


def incidents(source: Source) -> dict[str, dict[str, int]]:
    """Return how often each kind of EVENTS came within a day, by the provider that wrote it."""
    ids = ",".join(str(number) for numbers in EVENTS.values() for number in numbers)
    counts: dict[str, dict[str, int]] = {}
    try:
        rows = records(source.query("powershell", f"events Application {ids} 86400"))
    except NotHere:
        return {}
    for row in rows:
        mine = counts.setdefault(text(row.get("provider")).upper(), dict.fromkeys(EVENTS, 0))
        for kind, numbers in EVENTS.items():
            mine[kind] += row.get("id") in numbers
    return counts
