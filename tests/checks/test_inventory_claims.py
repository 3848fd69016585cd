"""What identifies a device comes of its hardware and installation, alike on every system, and stays."""

from pathlib import Path

import pytest

from predvid.checks.builtin.inventory import claims
from predvid.checks.recording import RecordedSource, load

FOLDER = Path(__file__).with_name("inventory")
EXPECTED = {
    "windows_workstation": [
        ("serial", "7HJ4KT3"),
        ("machine_id", "9f0c2b1a-0000-4111-8222-333344445555"),
        ("mac", "d0:8e:79:00:00:07"),
        ("hostname", "RACUN-07"),
    ],
    "macos_laptop": [
        ("serial", "C02XY1Z2ABCD"),
        ("machine_id", "12345678-9abc-5def-8123-456789abcdef"),
        ("mac", "f0:2f:4b:00:00:70"),
        ("hostname", "MBP-Ana.local"),
    ],
    "linux_firmware_tables": [("serial", "AC-123456"), ("hostname", "srv2")],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_claims_of_a_device_are_these(name: str) -> None:
    recording = load(FOLDER.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    assert claims(RecordedSource(recording)) == EXPECTED[name]
