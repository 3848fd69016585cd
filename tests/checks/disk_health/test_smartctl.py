"""smartctl's output in every shape that people bring: facts out of it, never an exception."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predvid.checks import registry
from predvid.checks.readers.smartctl import documents, parse_drive, parse_scan
from predvid.checks.readers.smartctl_drive import Attribute, celsius, count, hours
from predvid.checks.readers.torn_json import mended
from predvid.checks.recording import Outcome, load, replay
from predvid.checks.v1 import State
from predvid.cli import main

RAW = Path(__file__).parent / "raw"
CHECK = registry.checks()["disk_health"]


def told(text: str) -> tuple[Outcome, dict[str, Any]]:
    """Return what the check makes of raw output, and its flat summary."""
    outcome = replay(CHECK, load(text, CHECK.replay), CHECK.params)
    assert CHECK.summary is not None
    return outcome, dict(CHECK.summary(outcome.facts, outcome.samples))


def raw(name: str) -> str:
    """Return a file of raw output."""
    return (RAW / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "state", "facts"),
    [
        ("ata.json", "OK", {"protocol": "ATA", "model": "Velebit VB4000", "capacity": 4000787030016,
         "power_on_hours": 8760, "temperature": 34, "smart_passed": True, "reallocated": 0, "pending": 0,
         "media_errors": None, "failure_risk": None}),
        ("failing.json", "CRITICAL", {"smart_passed": False, "reallocated": 1312, "pending": 24}),
        ("nvme.json", "WARNING", {"protocol": "NVMe", "percentage_used": 93, "available_spare": 100,
         "media_errors": 0, "reallocated": None}),
        ("sas.json", "WARNING", {"protocol": "SCSI", "model": "DRAVA DR12T", "firmware": "C3D0",
         "grown_defects": 2, "uncorrectable": 0}),
        ("ata.txt", "CRITICAL", {"protocol": "ATA", "serial": "VB-100003", "capacity": 4000787030016,
         "power_on_hours": 41222, "temperature": 39, "reallocated": 1312, "pending": 8}),
        ("ata_brief.txt", "OK", {"protocol": "ATA", "power_on_hours": 4742, "percentage_used": 12,
         "temperature": 30, "reallocated": 0, "capacity": None}),
        ("nvme.txt", "CRITICAL", {"protocol": "NVMe", "capacity": 1000204886016, "power_on_hours": 20188,
         "percentage_used": 104, "available_spare": 4, "media_errors": 3, "smart_passed": False}),
        ("sas.txt", "CRITICAL", {"protocol": "SCSI", "model": "DRAVA DR12T", "power_on_hours": 31022,
         "grown_defects": 1844, "uncorrectable": 7, "temperature": 44, "smart_passed": False}),
    ],
)  # fmt: skip
def test_raw_output_is_judged_and_told(name: str, state: str, facts: dict[str, Any]) -> None:
    outcome, summary = told(raw(name))
    assert outcome.error is None
    assert max(result.state for result in outcome.results).name == state
    assert {field: summary[field] for field in facts} == facts


def test_several_outputs_are_several_drives() -> None:
    both, _ = told(raw("ata.json") + "\n-- next --\n" + raw("nvme.json"))
    listed, _ = told(f"[{raw('ata.json')}, {raw('nvme.json')}]")
    texts, _ = told(raw("ata.txt") + raw("sas.txt"))
    assert [r.item for r in both.results] == [r.item for r in listed.results]
    assert {r.item for r in both.results if " " not in r.item} == {"VB-100001", "NR0007A"}
    assert {r.item for r in texts.results if " " not in r.item} == {"VB-100003", "8DR00002"}


def test_torn_output_is_never_called_healthy_and_still_tells_of_damage() -> None:
    good, bad = raw("ata.json"), raw("failing.json")
    for cut in range(good.index("ata_smart_attributes"), len(good.rstrip()) - 1, 29):
        outcome, _ = told(good[:cut])
        assert outcome.results[0].state is State.UNKNOWN
    outcome, _ = told(bad[: bad.index("Offline_Uncorrectable")])
    assert outcome.results[0].state is State.CRITICAL


@pytest.mark.parametrize(("field", "value", "state"), [
    ("percentage_used", 100, "CRITICAL"), ("percentage_used", 89, "OK"), ("critical_warning", 4, "CRITICAL"),
    ("available_spare", 9, "CRITICAL"), ("available_spare", 15, "WARNING"), ("media_errors", 1, "WARNING"),
    ("media_errors", 100, "CRITICAL"),
])  # fmt: skip
def test_levels_of_nvme(field: str, value: int, state: str) -> None:
    data = json.loads(raw("nvme.json"))
    data["nvme_smart_health_information_log"] |= {"percentage_used": 1, field: value}
    assert told(json.dumps(data))[0].results[0].state.name == state


@pytest.mark.parametrize(("number", "value", "state"), [
    (5, 1, "WARNING"), (5, 100, "CRITICAL"), (197, 1, "WARNING"), (197, 10, "CRITICAL"), (198, 1, "WARNING"),
    (187, 1, "WARNING"), (199, 99, "OK"), (199, 100, "WARNING"),
])  # fmt: skip
def test_levels_of_ata(number: int, value: int, state: str) -> None:
    data = json.loads(raw("ata.json"))
    for row in data["ata_smart_attributes"]["table"]:
        row["raw"] = {"value": value, "string": str(value)} if row["id"] == number else row["raw"]
    assert told(json.dumps(data))[0].results[0].state.name == state


def attribute(raw_value: int | None, shown: str) -> Attribute:
    """Return an attribute of which only the raw value matters."""
    return Attribute(9, "x", 100, raw_value, shown, "", False)


def test_packed_raw_values() -> None:
    assert count(attribute((7 << 32) + 2111, "2111 (7 0)")) == 2111
    assert count(attribute(10, "10")) == 10
    assert count(attribute(None, "0x00000000000c")) == 12
    assert hours(attribute((53 << 24) + 8760, "8760 (53 0)")) == 8760
    assert hours(attribute(2473320, "41222h+00m")) == 41222
    assert hours(attribute((53 << 24) + 8760, "")) == 8760
    assert celsius(attribute((40 << 32) + (17 << 16) + 34, "34 (Min/Max 17/40)")) == 34
    assert celsius(attribute(0xFB, "-5")) == -5


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"devices": []}', "smartctl", "not of this kind: 1\n", "[" * 9999]
)
def test_what_is_no_output_of_smartctl_is_refused_in_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    assert main(["check", "run", "disk_health", "--replay", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_numbers_grouped_in_a_code_page_of_windows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.txt"
    text = raw("nvme.txt").replace("1 000 204 886 016", "1\u00a0000\u00a0204\u00a0886\u00a0016")
    assert "\u00a0" in text
    path.write_bytes(text.encode("cp1252"))
    main(["check", "run", "disk_health", "--replay", str(path), "--json"])
    assert json.loads(capsys.readouterr().out)["facts"]["capacity"] == 1000204886016


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_as_windows_writes_it(
    encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    path.write_text(raw("nvme.json"), encoding=encoding)
    assert main(["check", "run", "disk_health", "--replay", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["serial"] == "NR0007A"


def test_names_that_no_drive_has_are_not_handed_to_a_program() -> None:
    names = ["/dev/sda", "-d", "/dev/../etc/x", "/dev/a b", "sda", None, 1]
    rows = [{"name": name, "type": "sat"} for name in names]
    kinds = [{"name": "/dev/sdb", "type": kind} for kind in ("-x", "", None, "sat+megaraid,4")]
    found = parse_scan(json.dumps({"devices": [*rows, *kinds, 3]}))
    assert [(device.name, device.type) for device in found] == [
        ("/dev/sda", "sat"),
        ("/dev/sdb", "sat+megaraid,4"),
    ]


SEEDS = [raw(name.name) for name in sorted(RAW.iterdir())]
KEYS = sorted({key for text in SEEDS if text.startswith("{") for key in json.loads(text)} | {
    "table", "id", "raw", "value", "string", "flags", "current", "hours", "bytes", "read", "name", "passed",
})  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.integers(10**30, 10**45)
ODD = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=30,
)


def survives(text: str) -> None:
    """Read `text` in every way; the check's own failures would be its error `check.raised`."""
    parse_drive(text)
    parse_scan(text)
    mended(text)
    if documents(text):
        outcome, _ = told(text)
        assert outcome.error is None or outcome.error.id != "check.raised", outcome.error


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), ODD))
def test_any_json_is_survived(data: dict[str, Any]) -> None:
    survives(json.dumps({"smartctl": {}} | data))


@settings(deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_output_is_survived(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    survives(
        text[:start]
        + data.draw(st.text() | st.sampled_from(["9" * 5000, "NaN", "٣", '"', "{", ":"]))
        + text[end:]
    )


@settings(deadline=None)
@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    survives("smartctl 7.3\n" + text)
    survives(text)
