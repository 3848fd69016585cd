"""Reads who may do everything on a device: members of Administrators, sudo and wheel, accounts of number 0.

Sources: well-known SIDs (learn.microsoft.com, MS-DTYP 2.4.2.4), passwd(5), group(5), sudoers(5), and the
records of macOS below /var/db/dslocal.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers import plain, plists
from predvid.checks.source import Source
from predvid.core.model import say

GROUPS = ("sudo", "wheel", "admin")
SUDOERS = "/etc/sudoers"
MAC_GROUP = "/var/db/dslocal/nodes/Default/groups/admin.plist"
EVERYBODY = ("S-1-1-0", "S-1-5-11", "S-1-5-32-545", "S-1-5-32-546", "S-1-5-7")
BUILT_IN, GUEST, DOMAIN_USERS = "-500", "-501", "-513"
MOST_LINES, MOST_FILES = 20_000, 100
_UNASKED = re.compile(r"^\s*([^#\s=]\S*)\s+\S+\s*=\s*(?:\([^)]{0,80}\)\s*)?NOPASSWD:\s*ALL\s*$")
Row = dict[str, Any]


def linux(source: Source) -> list[Row]:
    """Return the accounts of number 0 and the members of GROUPS: `key`, `why`."""
    found: dict[str, set[str]] = {}
    gids: dict[str, str] = {}
    for fields in _lines(source.text("/etc/group"), 4):
        if fields[0] in GROUPS:
            gids[fields[2]] = fields[0]
            for name in filter(None, fields[3].split(",")):
                found.setdefault(name.strip(), set()).add(fields[0])
    for fields in _lines(source.text("/etc/passwd"), 7):
        if fields[2].isdecimal() and int(fields[2]) == 0:
            found.setdefault(fields[0], set()).add("uid 0")
        elif fields[3] in gids:
            found.setdefault(fields[0], set()).add(gids[fields[3]])
    return [{"key": name, "why": ", ".join(sorted(found[name]))} for name in sorted(found) if name]


def _lines(text: str, fields: int) -> Iterator[list[str]]:
    for line in text.splitlines()[:MOST_LINES]:
        parts = line[:4000].split(":")
        if len(parts) >= fields and not line.startswith("#"):
            yield parts


def unasked(source: Source) -> list[str]:
    """Return who may run everything by sudo without a password; raise CannotRead where only root may know."""
    texts = []
    try:
        texts.append(source.text(SUDOERS))
        names = source.listing(f"{SUDOERS}.d")
    except NotHere:
        names = []
    # sudo passes over names with a dot or a tilde at the end (sudoers(5), @includedir).
    texts += [
        source.text(f"{SUDOERS}.d/{name}")
        for name in names[:MOST_FILES]
        if "." not in name and name[-1] != "~"
    ]
    lines = [line for text in texts for line in text.splitlines()[:MOST_LINES] if len(line) < 500]
    return sorted({match[1][:100] for line in lines if (match := _UNASKED.match(line))})


def macos(source: Source) -> list[Row]:
    """Return the members of the group admin, root aside."""
    users = plists.read(source, MAC_GROUP).get("users")
    names = {plain.text(each) for each in users} if isinstance(users, list) else set()
    return [{"key": name, "why": "admin"} for name in sorted(names - {"", "root"})]


def windows(source: Source) -> tuple[list[Row], list[Row]]:
    """Return the members of Administrators (`key`, `why`, `sid`), local accounts (`name`, `sid`, `enabled`).

    Raises CannotRead where the script gave no list of members.
    """
    answer = next(iter(plain.records(source.query("powershell", "local_admins"))), {})
    if not isinstance(answer.get("members"), list):
        raise CannotRead(say("read.unexpected", what="local_admins", detail="–"))
    computer = plain.text(answer.get("computer")).lower()
    rows = {}
    for row in plain.records(answer["members"]):
        sid = plain.text(row.get("sid"))
        name = _account(plain.text(row.get("path")), computer) or sid
        if name:
            rows[name] = {"key": name, "why": plain.text(row.get("kind")), "sid": sid}
    users = [
        {
            "name": plain.text(row.get("name")),
            "sid": plain.text(row.get("sid")),
            "enabled": row.get("enabled") is True,
        }
        for row in plain.records(answer.get("users"))
    ]
    return [rows[name] for name in sorted(rows)], users


def _account(path: str, computer: str) -> str:
    r"""Return `DOMAIN\name` of `WinNT://DOMAIN/name`, and `name` of `WinNT://DOMAIN/COMPUTER/name`."""
    parts = [part for part in path.removeprefix("WinNT:").split("/") if part]
    if len(parts) > 1 and parts[-2].lower() != computer:
        return f"{parts[-2]}\\{parts[-1]}"
    return parts[-1] if parts else ""


def open_to_everybody(rows: Iterable[Row]) -> list[str]:
    """Return the members that stand for everybody: Everyone, signed-in users, Users, Guests, Domain Users."""
    sids = [(row["key"], row.get("sid", "")) for row in rows]
    return [
        name
        for name, sid in sids
        if sid in EVERYBODY or (sid.startswith("S-1-5-21-") and sid.endswith(DOMAIN_USERS))
    ]


def enabled(users: Iterable[Row], ending: str) -> bool:
    """Tell whether the account whose SID ends so (BUILT_IN, GUEST) is enabled."""
    return any(row["enabled"] and row["sid"].endswith(ending) for row in users)
