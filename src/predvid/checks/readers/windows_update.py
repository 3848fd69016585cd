"""Reads what Windows Update's own programming interface tells, and what the module PSWindowsUpdate writes.

Sources: learn.microsoft.com/windows/win32/wua_sdk (IUpdate, IUpdateHistoryEntry, OperationResultCode,
IAutomaticUpdatesResults); classifications: learn.microsoft.com/previous-versions/windows/desktop/ff357803.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from predvid.checks.readers import moments, plain

SECURITY = (
    "0fa1201d-4330-4fa8-8ae9-b877473b6441",
    "e6cf1350-c01b-414d-a61f-263d14d133b4",
)  # and critical ones
DEFINITIONS = "e0789628-ce08-4437-be74-2495b842f43b"
INSTALL, SUCCEEDED, FAILED = 1, (2, 3), (4, 5)
SCRIPT = "query:powershell windows_updates"
_KB = re.compile(r"KB ?(\d{5,8})", re.IGNORECASE)
_RESULTS = {"succeeded": 2, "succeededwitherrors": 3, "failed": 4, "aborted": 5}


def pending(answer: Any) -> list[dict[str, Any]]:
    """Return rows of `key` (the title), `kb`, `severity`, `security`, `at` (published), no definitions."""
    found = {}
    for row in plain.records(plain.within(answer, "pending")):
        categories = [plain.text(each).lower() for each in _list(row.get("categories"))]
        title, severity = plain.text(row.get("title")), plain.text(row.get("severity"))
        if not title or DEFINITIONS in categories:
            continue
        found[title] = {
            "key": title,
            "kb": " ".join(_kb(each) for each in _list(row.get("kb")) if plain.text(each)),
            "severity": severity,
            "security": bool(severity) or any(each in SECURITY for each in categories),
            "at": moments.seconds(row.get("published")),
        }
    return [found[title] for title in sorted(found)]


def _kb(value: Any) -> str:
    return f"KB{plain.text(value).upper().removeprefix('KB')}"


def failures(answer: Any, since: float) -> list[dict[str, str]]:
    """Return the installations that failed after `since` and have not succeeded later: `key`, `name`, `code`.

    The key is the KB number, by which an update is known also when it is offered anew under another id.
    """
    entries = [
        (at, row)
        for row in plain.records(plain.within(answer, "history"))
        if (at := moments.seconds(row.get("at")))
        and at >= since
        and plain.whole(row.get("operation")) == INSTALL
    ]
    last: dict[str, dict[str, str] | None] = {}
    for _, row in sorted(entries, key=lambda entry: entry[0]):
        title, result = plain.text(row.get("title")), plain.whole(row.get("result"))
        match = _KB.search(title)
        key = f"KB{match[1]}" if match else plain.text(row.get("id")) or title
        if result in SUCCEEDED:
            last[key] = None
        elif result in FAILED:
            last[key] = {
                "key": key,
                "name": title,
                "code": f"0x{(plain.whole(row.get('code')) or 0) & 0xFFFFFFFF:08X}",
            }
    return [row for _, row in sorted(last.items()) if row is not None]


def _list(value: Any) -> list[Any]:
    return value[:50] if isinstance(value, list) else [value]


def replay(text: str) -> Mapping[str, Any] | None:
    """Return a recording of what Get-WindowsUpdate, Get-WUHistory or Get-WULastResults gave as JSON."""
    try:
        rows = plain.records(json.loads(text.lstrip("\ufeff")))
    except (ValueError, RecursionError):
        return None
    answer: dict[str, Any] = {"pending": [], "history": []}
    known = [_take(row, answer) for row in rows]
    if not any(known):
        return None
    times = [moments.seconds(value) for row in rows for value in row.values()]
    at = max((time for time in times if time), default=0.0)
    return {"platform": "windows", "at": at, "answers": {SCRIPT: [answer]}}


def _take(row: dict[str, Any], answer: dict[str, Any]) -> bool:
    if "LastSearchSuccessDate" in row:
        answer["last_search"] = row["LastSearchSuccessDate"]
        answer["last_install"] = row.get("LastInstallationSuccessDate")
        return True
    if "Title" not in row:
        return False
    if "Result" in row and "Date" in row:
        result = _RESULTS.get(plain.text(row["Result"]).lower())
        code = plain.whole(row.get("HResult"))
        entry = {
            "title": row["Title"],
            "at": row["Date"],
            "operation": INSTALL,
            "result": result,
            "code": code,
        }
        answer["history"].append(entry)
        return True
    if "KB" in row:
        names = {
            "title": "Title",
            "kb": "KB",
            "severity": "MsrcSeverity",
            "published": "LastDeploymentChangeTime",
        }
        answer["pending"].append({name: row.get(theirs) for name, theirs in names.items()})
        return True
    return False
