"""Programs of a Windows device: the registry's uninstall entries, store packages, Office and SQL Server.

Sources: learn.microsoft.com/windows/win32/msi/uninstall-registry-key; /powershell/module/appx.
"""

import re
from collections.abc import Iterator
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.readers.keyed import keyed
from predvid.checks.readers.plain import records, text, whole
from predvid.checks.readers.windows_asking import sub_keys, values
from predvid.checks.source import Source

MACHINE = "HKEY_LOCAL_MACHINE/SOFTWARE"
UNINSTALL = "Microsoft/Windows/CurrentVersion/Uninstall"
STORE = "store_apps"
SQL = f"{MACHINE}/Microsoft/Microsoft SQL Server"
OFFICE = f"{MACHINE}/Microsoft/Office"
MOST_USERS = 50
_PERSON = re.compile(r"S-1-(?:5-21|12-1)-[\d-]+")
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_UPDATE = re.compile(r"(?:KB\d{6,8}|.*\(KB\d{6,8}\))", re.ASCII | re.IGNORECASE)


def programs(source: Source) -> list[dict[str, Any]]:
    """Return one row for each program: its name as key, version, vendor, day of install, origin."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path, origin in _places(source):
        for name in sub_keys(source, path)[:3000]:
            row = _program(name, values(source, f"{path}/{name}"), origin)
            if row:
                found.setdefault((row["key"], row["version"]), row)
    for row in _store(source):
        found.setdefault((row["key"], row["version"]), row)
    return keyed(list(found.values()))


def _places(source: Source) -> Iterator[tuple[str, str]]:
    yield f"{MACHINE}/{UNINSTALL}", "machine"
    yield f"{MACHINE}/WOW6432Node/{UNINSTALL}", "machine"
    people = [sid for sid in sub_keys(source, "HKEY_USERS") if _PERSON.fullmatch(sid)]
    for sid in people[:MOST_USERS]:
        yield f"HKEY_USERS/{sid}/Software/{UNINSTALL}", "user"


def _program(key: str, held: dict[str, Any], origin: str) -> dict[str, Any] | None:
    """Return the row of an entry; parts of another program, system components and updates are none."""
    name = text(held.get("DisplayName"))
    part = held.get("SystemComponent") == 1 or held.get("ParentKeyName") or _UPDATE.fullmatch(name)
    if not name or part or text(held.get("ReleaseType")).lower() in ("update", "hotfix", "security update"):
        return None
    day = _DAY.fullmatch(text(held.get("InstallDate")))
    return {
        "key": name,
        "version": text(held.get("DisplayVersion")),
        "vendor": text(held.get("Publisher")),
        "installed": f"{day[1]}-{day[2]}-{day[3]}" if day else "",
        "origin": origin,
    }


def _store(source: Source) -> Iterator[dict[str, Any]]:
    try:
        apps = records(source.query("powershell", STORE))
    except CannotRead:
        return
    for app in apps:
        if name := text(app.get("Name")):
            publisher = re.sub(r"^CN=([^,]*),.*", r"\1", text(app.get("Publisher")))
            version = text(app.get("Version"))
            yield {"key": name, "version": version, "vendor": publisher, "installed": "", "origin": "store"}


def sql_servers(source: Source) -> Any:
    """Return the instances of SQL Server with edition and version."""
    names = values(source, f"{SQL}/Instance Names/SQL")
    folders = {text(folder): name for name, folder in names.items()}
    for folder in sub_keys(source, SQL)[:200]:
        if folder.upper().startswith("MSSQL") and "." in folder:
            folders.setdefault(folder, folder.partition(".")[2])
    found = []
    for folder, name in folders.items():
        setup = values(source, f"{SQL}/{folder}/Setup")
        edition, version = text(setup.get("Edition")), text(setup.get("PatchLevel") or setup.get("Version"))
        if name and (edition or version or names):
            found.append({"key": name, "edition": edition, "version": version})
    return keyed(found) or None


def office(source: Source) -> Any:
    """Return the Office products that are registered here: version, product id, the last five of the key."""
    found = []
    for version in sub_keys(source, OFFICE)[:50]:
        for guid in sub_keys(source, f"{OFFICE}/{version}/Registration")[:100]:
            held = values(source, f"{OFFICE}/{version}/Registration/{guid}")
            name = text(
                held.get("ConvertToEdition") or held.get("ProductName") or held.get("ProductNameNonQualified")
            )
            if name:
                found.append({
                    "key": name,
                    "version": version,
                    "product_id": text(held.get("ProductID")),
                    "partial_key": last_five(held.get("DigitalProductID")),
                    "trial": whole(held.get("TrialType")) not in (None, 0),
                })  # fmt: skip
    distinct = {tuple(sorted((name, str(part)) for name, part in row.items())): row for row in found}
    return keyed(list(distinct.values())) or None


_LETTERS = "BCDFGHJKMPQRTVWXY2346789"


def last_five(product_id: Any) -> str:
    """Return the last five letters of the key in a DigitalProductId (hex), nothing where it holds none.

    The key is a number of 15 bytes, the least first, to the base 24 (52 bytes in; 808 from Office 2010
    on). Only the end is kept: it tells licences apart, as Windows itself shows it, and installs nothing.
    """
    if not isinstance(product_id, str) or not re.fullmatch(r"(?:[0-9a-f]{2}){67,}", product_id):
        return ""
    content = bytes.fromhex(product_id)
    start = 808 if len(content) >= 823 else 52
    packed = bytearray(content[start : start + 15])
    with_n = packed[14] >> 3 & 1  # Windows 8 and later: the key holds an N, whose place is told apart
    packed[14] &= 0xF7
    number = int.from_bytes(packed, "little")
    if number == 0 or with_n:
        return ""
    letters = ""
    for _ in range(5):
        number, rest = divmod(number, 24)
        letters = _LETTERS[rest] + letters
    return letters
