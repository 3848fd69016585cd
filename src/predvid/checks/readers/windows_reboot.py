"""Why a Windows device waits for a restart, by what the parts of Windows leave in the registry.

Sources: learn.microsoft.com on Component Based Servicing and Windows Update (the sub-keys RebootPending and
RebootRequired exist), on MoveFileEx (PendingFileRenameOperations: pairs of source and target, an empty target
deletes), on NetSetupJoin (JoinDomain, AvoidSpnSet) and on Configuration Manager (Reboot Management).
"""

from collections.abc import Iterator
from typing import Any

from predvid.checks.errors import NotHere
from predvid.checks.readers import plain
from predvid.checks.source import Source

MACHINE = "HKEY_LOCAL_MACHINE/"
CURRENT = f"{MACHINE}SOFTWARE/Microsoft/Windows/CurrentVersion"
CONTROL = f"{MACHINE}SYSTEM/CurrentControlSet/Control"
NAMES = f"{CONTROL}/ComputerName"
NETLOGON = f"{MACHINE}SYSTEM/CurrentControlSet/Services/Netlogon"
MANAGER = f"{MACHINE}SOFTWARE/Microsoft/SMS/Mobile Client/Reboot Management"
MOST_DETAIL = 120


def reasons(source: Source) -> Iterator[tuple[str, str | None]]:
    """Yield each reason with a detail (it may be empty), or None where it does not hold.

    Raises CannotRead where the registry cannot be read; a key that is missing is no reason to wait.
    """
    servicing = _key(source, f"{CURRENT}/Component Based Servicing")
    yield "servicing", "" if "RebootPending" in _names(servicing) else None
    update = _key(source, f"{CURRENT}/WindowsUpdate/Auto Update")
    yield "windows_update", "" if "RebootRequired" in _names(update) else None
    yield "files", _renamed(_key(source, f"{CONTROL}/Session Manager"))
    yield "name", _new_name(source)
    netlogon = plain.within(_key(source, NETLOGON), "values")
    joining = isinstance(netlogon, dict) and bool({"JoinDomain", "AvoidSpnSet"} & netlogon.keys())
    yield "domain", "" if joining else None
    yield "manager", "" if "RebootData" in _names(_key(source, MANAGER)) else None


def _key(source: Source, path: str) -> Any:
    try:
        return source.query("registry", path)
    except NotHere:
        return {}


def _names(key: Any) -> list[Any]:
    found = plain.within(key, "keys")
    return found if isinstance(found, list) else []


def _renamed(key: Any) -> str | None:
    """Return the first file that is to be replaced at the start. Mere deletions hurry nobody."""
    pairs = plain.within(key, "values", "PendingFileRenameOperations")
    texts = [each if isinstance(each, str) else "" for each in pairs] if isinstance(pairs, list) else []
    targets = [target for _, target in zip(texts[::2], texts[1::2], strict=False) if target]
    return targets[0].lstrip("!").removeprefix("\\??\\")[:MOST_DETAIL] if targets else None


def _new_name(source: Source) -> str | None:
    names = [
        plain.text(plain.within(_key(source, f"{NAMES}/{key}"), "values", "ComputerName"))
        for key in ("ActiveComputerName", "ComputerName")
    ]
    if not all(names) or names[0].lower() == names[1].lower():
        return None
    return f"{names[0]} -> {names[1]}"
