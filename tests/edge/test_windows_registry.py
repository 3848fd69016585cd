"""The registry's values as JSON-like data, and which keys are never read."""

from types import SimpleNamespace
from typing import Any

import pytest

from predvid.checks.errors import NotHere
from predvid.edge.sources import windows_registry
from predvid.edge.sources.windows_registry import plain, read


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("text", 1, "text"),
        ("%SystemRoot%\\x", 2, "%SystemRoot%\\x"),
        (b"\x01\xff", 3, "01ff"),
        (None, 3, ""),
        (4294967295, 4, 4294967295),
        (["a", "č"], 7, ["a", "č"]),
        (None, 7, []),
        (2**63, 11, 2**63),
        ("x" * 100_000, 1, "x" * 65536),
        (b"x" * 100_000, 0, "78" * 32768),
    ],
)
def test_every_type_of_value_is_plain(value: Any, kind: int, expected: Any) -> None:
    assert plain(value, kind) == expected


@pytest.mark.parametrize(
    "path", ["", "HKLM/X", "HKEY_LOCAL_MACHINE/SAM/SAM", "HKEY_LOCAL_MACHINE/Security", "C:/x"]
)
def test_secrets_and_odd_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="HIVE/KEY"):
        read(path)


class Key:
    """Stands for winreg and for the one key that it opens: winreg itself exists on Windows alone."""

    KEY_READ, KEY_WOW64_64KEY, HKEY_LOCAL_MACHINE = 0x20019, 0x0100, object()

    def __enter__(self) -> "Key":
        return self

    def __exit__(self, *error: object) -> None: ...

    def OpenKey(self, hive: object, path: str, reserved: int, access: int) -> "Key":  # noqa: N802 - winreg's name
        if path != "SOFTWARE\\Microsoft" or hive is not self.HKEY_LOCAL_MACHINE or access != 0x20119:
            raise FileNotFoundError(path)
        return self


def test_a_key_is_read_with_its_values_and_sub_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Key()
    functions = SimpleNamespace(
        QueryInfoKey=lambda key: (2, 2, 0),
        EnumValue=lambda key, number: [("", "default", 1), ("Count", 7, 4)][number],
        EnumKey=lambda key, number: ["Office", "Windows"][number],
    )
    for name, function in vars(functions).items():
        setattr(module, name, function)
    monkeypatch.setattr(windows_registry, "winreg", module)
    found = read("HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft")
    assert found == {"values": {"": "default", "Count": 7}, "keys": ["Office", "Windows"]}
    with pytest.raises(FileNotFoundError):
        read("HKEY_LOCAL_MACHINE/SOFTWARE/Nothing")


def test_elsewhere_than_on_windows_there_is_no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_registry, "winreg", None)
    with pytest.raises(NotHere):
        read("HKEY_LOCAL_MACHINE/SOFTWARE")
