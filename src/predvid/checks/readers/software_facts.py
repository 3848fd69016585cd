"""Installed programs and licences as facts, by name, for each system."""

from collections.abc import Callable, Mapping
from typing import Any

from predvid.checks.readers import licences, windows_software
from predvid.checks.readers.dpkg import parse_status
from predvid.checks.readers.keyed import keyed
from predvid.checks.readers.plain import parsed, records, text
from predvid.checks.source import Source

RPM = ("rpm", "-qa", "--queryformat", r"%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{VENDOR}\n")
APPLICATIONS = ("system_profiler", "-json", "SPApplicationsDataType")
DPKG = "/var/lib/dpkg/status"
MOST = 6000  # rows
Facts = Mapping[str, Callable[[Source], Any]]


def _linux(source: Source) -> Any:
    """Return the packages of dpkg, or of rpm where there is no dpkg."""
    if "dpkg" in source.listing("/var/lib") and "status" in source.listing("/var/lib/dpkg"):
        return [{"key": name, "version": version} for name, version in parse_status(source.text(DPKG))]
    return rpm_rows(source.run(*RPM, timeout=60))


def rpm_rows(output: str) -> list[dict[str, Any]]:
    """Return the packages of `rpm -qa`; keys of imported signatures are none."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in output.splitlines()[:MOST]:
        fields = line.split("\t")
        if len(fields) == 4 and fields[0] and fields[0] != "gpg-pubkey":
            vendor = "" if fields[3] == "(none)" else text(fields[3])
            found[fields[0], fields[1]] = {"key": fields[0], "version": fields[1], "vendor": vendor}
    return keyed(list(found.values()))


def _macos(source: Source) -> Any:
    """Return the applications of a Mac, without those of the system itself."""
    answer = parsed(source.run(*APPLICATIONS, timeout=90), "system_profiler")
    found = []
    for row in records(answer.get("SPApplicationsDataType") if isinstance(answer, dict) else None):
        name, path = text(row.get("_name")), text(row.get("path"))
        if name and not path.startswith(("/System/", "/Library/", "/usr/")):
            vendor, day = text(row.get("obtained_from")), text(row.get("lastModified"))[:10]
            version = text(row.get("version"))
            found.append({"key": name, "version": version, "vendor": vendor, "installed": day})
    return keyed(found)


def _windows(source: Source) -> Any:
    return windows_software.programs(source)[:MOST] or None


SOFTWARE: Mapping[str, Facts] = {
    "linux": {"software.packages": _linux},
    "macos": {"software.packages": _macos},
    "windows": {"software.packages": _windows, "software.sql_servers": windows_software.sql_servers},
}
LICENCES: Facts = {"licences.products": licences.products, "licences.office": windows_software.office}
