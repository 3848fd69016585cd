"""Reads what regedit exports (.reg, "Windows Registry Editor Version 5.00" and REGEDIT4): keys and values.

Format: Microsoft, "How to add, modify, or delete registry subkeys and values by using a .reg file".
"""

import re
from collections.abc import Iterator
from typing import Any

MOST_KEYS = 50_000
MOST_DEPTH = 60
HEADS = ("Windows Registry Editor Version 5.00", "REGEDIT4")
_NAMED = re.compile(r'(?:@|"(?P<name>(?:[^"\\]|\\.)*)")=(?P<data>.*)', re.DOTALL)
_HEX = re.compile(r"hex(?:\((?P<kind>[0-9a-f]{1,8})\))?:(?P<bytes>[0-9a-f,\s]*)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_STRING, _EXPAND, _NUMBER, _NUMBER_BE, _LINK, _MULTI, _LONG = 1, 2, 4, 5, 6, 7, 11  # REG_... of winnt.h


def is_export(text: str) -> bool:
    """Tell whether `text` begins as an export of the registry does."""
    return text.lstrip("\ufeff \r\n\t").startswith(HEADS)


def parse_export(text: str) -> dict[str, dict[str, Any]]:
    """Return {"HIVE/KEY/KEY": {"values": {name: value}, "keys": [names]}}, as `registry` answers.

    Numbers are int, lists of texts are list, other bytes are hex; what the file deletes is left out.
    """
    wide = not text.lstrip("\ufeff \r\n\t").startswith(HEADS[1])
    keys: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] | None = None
    for line in _logical_lines(text):
        if line.startswith("[") and line.endswith("]"):
            current = None if line.startswith("[-") or len(keys) >= MOST_KEYS else _key(keys, line[1:-1])
        elif current is not None and (found := _NAMED.fullmatch(line)):
            value = _value(found["data"].strip(), wide)
            if value is not None:
                current["values"][_ESCAPE.sub(r"\1", found["name"] or "")] = value
    return {path: {"values": entry["values"], "keys": list(entry["keys"])} for path, entry in keys.items()}


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the lines joined where hex data goes on (a backslash at the end) or a quoted text does."""
    parts: list[str] = []
    quoted = False
    for line in text.replace("\r\n", "\n").split("\n"):
        if quoted:
            parts.append("\n" + line)
            quoted = not _ends_quoted(line)
        else:
            plain = line.strip()
            goes_on = plain.endswith("\\") and bool(parts or "=hex" in plain)
            parts.append(plain[:-1] if goes_on else plain)
            if goes_on:
                continue
            quoted = len(parts) == 1 and _begins_quoted(plain)
        if not quoted:
            yield "".join(parts)
            parts = []
    yield "".join(parts)


def _begins_quoted(line: str) -> bool:
    """Tell whether `line` opens a quoted value that it does not close."""
    found = _NAMED.fullmatch(line)
    return bool(found and found["data"].startswith('"')) and not _ends_quoted(
        found["data"][1:] if found else ""
    )


def _ends_quoted(text: str) -> bool:
    bare = text.rstrip()
    if not bare.endswith('"'):
        return False
    before = bare[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _key(keys: dict[str, dict[str, Any]], path: str) -> dict[str, Any]:
    """Return the entry of the key at `path`; the keys above it are made and name it."""
    parts = path.strip("\\").split("\\", MOST_DEPTH)
    for length in range(1, len(parts)):
        above = keys.setdefault("/".join(parts[:length]), {"values": {}, "keys": {}})
        above["keys"][parts[length]] = None
    return keys.setdefault("/".join(parts), {"values": {}, "keys": {}})


def _value(data: str, wide: bool) -> Any:
    if data.startswith('"'):
        return _ESCAPE.sub(r"\1", data[1:-1] if data.endswith('"') and len(data) > 1 else data[1:])
    if data[:6].lower() == "dword:":
        digits = data[6:].strip()
        return int(digits, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,8}", digits) else None
    found = _HEX.fullmatch(data)
    if not found:
        return None
    digits = re.sub(r"[,\s]", "", found["bytes"])
    content = bytes.fromhex(digits if len(digits) % 2 == 0 else digits[:-1])
    return _typed(content, int(found["kind"], 16) if found["kind"] else 3, wide)


def _typed(content: bytes, kind: int, wide: bool) -> Any:
    if kind in (_STRING, _EXPAND, _LINK, _MULTI):
        text = (
            content[: len(content) // 2 * 2].decode("utf-16-le", "replace")
            if wide
            else content.decode("cp1252", "replace")
        )
        if kind == _MULTI:
            return [part for part in text.split("\0") if part]
        return text.partition("\0")[0]
    if kind in (_NUMBER, _LONG):
        return int.from_bytes(content[:8], "little")
    return int.from_bytes(content[:4], "big") if kind == _NUMBER_BE else content.hex()
