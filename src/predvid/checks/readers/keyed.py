"""Rows of facts: those that say anything, each with a key of its own."""

from typing import Any


def told(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return `row` where it says anything, None otherwise."""
    return row if any(part not in ("", None, []) for name, part in row.items() if name != "key") else None


def keyed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows by key, those of one key told apart by a number."""
    seen: dict[str, int] = {}
    for row in sorted(found, key=lambda row: str(row["key"])):
        name = str(row["key"]) or "?"
        seen[name] = seen.get(name, 0) + 1
        row["key"] = name if seen[name] == 1 else f"{name} #{seen[name]}"
    return sorted(found, key=lambda row: str(row["key"]))
