"""The question `registry` of a Windows device: the values and sub-keys of one key, read in this process."""

import importlib
import sys
from typing import Any

from predvid.checks.errors import NotHere
from predvid.core.model import say

MOST_KEYS, MOST_VALUES = 5000, 1000
MOST_TEXT = 64 << 10  # characters of one value
HIVES = ("HKEY_LOCAL_MACHINE", "HKEY_USERS", "HKEY_CLASSES_ROOT", "HKEY_CURRENT_USER")
SECRET = ("sam", "security")  # keys of accounts and of the system's own secrets
_MULTI = 7  # REG_MULTI_SZ (winnt.h)
winreg: Any = importlib.import_module("winreg") if sys.platform == "win32" else None


def read(argument: str) -> dict[str, Any]:
    """Return {"values": {name: text, number, list of texts or hex}, "keys": [names]} of "HIVE/KEY/KEY".

    The default value has the name "". The 64-bit view is read. Raises OSError as winreg does, ValueError for
    what is no such path, NotHere elsewhere than on Windows.
    """
    hive, _, path = argument.partition("/")
    if hive not in HIVES or path.split("/")[0].lower() in SECRET:
        raise ValueError("the argument is not HIVE/KEY of a readable key")
    if winreg is None:
        raise NotHere(say("read.not_supported", what="registry"))
    access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    with winreg.OpenKey(getattr(winreg, hive), path.replace("/", "\\"), 0, access) as key:
        keys, values, _ = winreg.QueryInfoKey(key)
        rows = [winreg.EnumValue(key, number) for number in range(min(values, MOST_VALUES))]
        names = [winreg.EnumKey(key, number) for number in range(min(keys, MOST_KEYS))]
    return {"values": {name: plain(value, kind) for name, value, kind in rows}, "keys": names}


def plain(value: Any, kind: int) -> Any:
    """Return a registry value of type `kind` as JSON-like data; bytes become hex."""
    if value is None:
        return [] if kind == _MULTI else ""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)[: MOST_TEXT // 2].hex()
    if isinstance(value, list):
        return [str(each)[:MOST_TEXT] for each in value[:MOST_VALUES]]
    return value if isinstance(value, int) else str(value)[:MOST_TEXT]
