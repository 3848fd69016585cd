"""What Windows' tools export is read whole, whatever its line ends, encoding marks, types and damage."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks import registry
from predvid.checks.readers.reg_text import parse_export
from predvid.checks.readers.windows_export import replay
from predvid.checks.readers.windows_software import last_five
from predvid.checks.readers.wmi_text import parse_instances
from predvid.checks.recording import load
from predvid.checks.recording import replay as run

HEAD = "Windows Registry Editor Version 5.00\r\n\r\n"
DISK = (
    "\r\r\n\r\r\nCaption=Disk &amp; Co\r\r\nCreationClassName=Win32_DiskDrive\r\r\n"
    "Index=0\r\r\nModel=ACME 1&lt;2\r\r\nSerialNumber=S1\r\r\n"
    "Size=1000\r\r\nCapabilities={3,4}\r\r\nMediaLoaded=TRUE\r\r\n"
    "InstallDate=20240105103000.000000+060\r\r\n\r\r\n\r\r\n"
)


def facts(text: str, check: str = "inventory") -> dict[str, Any]:
    found = registry.checks()[check]
    outcome = run(found, load(text, found.replay), found.params)
    assert outcome.error is None
    return {fact.name: fact.value for fact in outcome.facts}


def test_instances_are_read_with_types_as_windows_gives_them() -> None:
    (row,) = parse_instances("# a comment\r\n" + DISK)
    assert row["Caption"] == "Disk & Co"
    assert row["Capabilities"] == ["3", "4"]
    assert row["MediaLoaded"] is True
    assert row["InstallDate"] == "2024-01-05T09:30:00Z"


def test_instances_without_a_blank_line_between_them_are_told_apart() -> None:
    rows = parse_instances("Name=a\nState=1\nName=b\nmore of b\nState=\n")
    assert rows == [{"Name": "a", "State": "1"}, {"Name": "b\nmore of b", "State": None}]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r\r\n"])
def test_line_ends_make_no_difference(ends: str) -> None:
    assert facts(DISK.replace("\r\r\n", ends)) == facts(DISK)
    assert facts(DISK)["hardware.disks"][0]["model"] == "ACME 1<2"


def test_every_type_of_registry_value_is_read() -> None:
    wide = ",".join(f"{byte:02x}" for byte in "C:\\č\0".encode("utf-16-le"))
    many = ",".join(f"{byte:02x}" for byte in "one\0two\0\0".encode("utf-16-le"))
    lines = [
        "; a comment", "[HKEY_LOCAL_MACHINE\\A\\B]", '@="default"', '"q\\"uote\\\\"="back\\\\slash"',
        '"d"=dword:000000ff', '"q"=hex(b):01,00,00,00,00,00,00,80',
        f'"e"=hex(2):{wide[:20]}\\', f"  {wide[20:]}",
        f'"m"=hex(7):{many}', '"h"=hex:de,ad', '"big"=hex(5):00,00,01,00', '"gone"=-', '"n"=hex(0):',
        '"lines"="first', 'second"', "", "[-HKEY_LOCAL_MACHINE\\Gone]", '"x"="1"',
    ]  # fmt: skip
    text = HEAD + "\r\n".join(lines)
    keys = parse_export(text)
    assert keys["HKEY_LOCAL_MACHINE"]["keys"] == ["A"]
    assert "HKEY_LOCAL_MACHINE/Gone" not in keys
    assert keys["HKEY_LOCAL_MACHINE/A/B"]["values"] == {
        "": "default", 'q"uote\\': "back\\slash", "d": 255, "q": 2**63 + 1, "e": "C:\\č", "m": ["one", "two"],
        "h": "dead", "big": 256, "n": "", "lines": "first\nsecond",
    }  # fmt: skip


def test_a_program_in_a_registry_export_is_told_by_both_checks() -> None:
    path = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Acme"
    text = f'{HEAD}[{path}]\r\n"DisplayName"="Acme"\r\n"DisplayVersion"="1.2"\r\n'
    expected = [{"key": "Acme", "version": "1.2", "vendor": "", "installed": "", "origin": "machine"}]
    assert facts(text)["software.packages"] == expected
    assert facts(text, "software")["software.packages"] == expected


def test_a_battery_report_is_read_and_one_with_entities_refused() -> None:
    report = (
        '<?xml version="1.0"?><BatteryReport xmlns="http://schemas.microsoft.com/battery/2012">'
        "<SystemInformation><ComputerName>PC9</ComputerName><BIOSDate>07/21/2022</BIOSDate>"
        "</SystemInformation><Batteries><Battery><Id>B1</Id><SerialNumber> 541</SerialNumber>"
        "<DesignCapacity>23540</DesignCapacity>"
        "</Battery></Batteries></BatteryReport>"
    )
    found = facts(report)
    assert found["network.hostname"] == "PC9"
    assert found["hardware.bios"]["date"] == "2022-07-21"
    assert found["hardware.batteries"][0]["key"] == "B1 541"
    assert replay(report.replace("<BatteryReport", "<!DOCTYPE x [<!ENTITY a 'b'>]><BatteryReport")) is None


def test_store_packages_listed_as_text_are_programs() -> None:
    text = "\nNAME: Karte\nPUBLISHER: Microsoft\nVERSION: 1.2\n\nNAME: Satovi\nVERSION: 3\n"
    assert [row["key"] for row in facts(text)["software.packages"]] == ["Karte", "Satovi"]


def test_the_end_of_a_key_is_told_and_no_more() -> None:
    letters = "BCDFGHJKMPQRTVWXY2346789"
    number = 0
    for letter in "BCDFGHJKMPQRTVWXY23468BCD":
        number = number * 24 + letters.index(letter)
    content = bytes(52) + number.to_bytes(15, "little") + bytes(97)
    assert last_five(content.hex()) == "68BCD"
    assert last_five("zz") == last_five(bytes(164).hex()) == last_five(None) == ""


PIECES = st.sampled_from(
    [HEAD, "[HKEY_LOCAL_MACHINE\\A]\r\n", "[[]]\n", '"a"=hex(7):61,00,\\\r\n',
     '"a"="b', '"\\', "@=", "dword:zz",
     DISK, "Name=", "={1,", '{"a","', "CreationClassName=Win32_Processor\n", "NumberOfCores=9e9\n", "\ufeff",
     "<?xml schemas.microsoft.com/battery", "NAME: x\nVERSION: 1\n\n", "\x00", "&#x110000;", "\n\n",
     "hex(99999999):0"]
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=12))
def test_torn_and_mixed_exports_end_in_facts_or_in_one_sentence(pieces: list[str]) -> None:
    made = replay("".join(pieces))
    if made is not None:
        json.dumps(made)
        for name in ("inventory", "software", "licences"):
            check = registry.checks()[name]
            outcome = run(check, load(json.dumps(made)), check.params)
            assert outcome.error is None or outcome.error.id != "check.raised", outcome.error
