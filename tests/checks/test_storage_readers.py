"""Readers of storage tools: any text is survived, and what a tool says of a fault is never read as health."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.builtin.shadow_copies import parse_writers
from predvid.checks.readers.fstab import parse_fstab
from predvid.checks.readers.mdstat import parse_mdstat
from predvid.checks.readers.raid_model import Controller, Found, battery_state, disk_state, volume_state
from predvid.checks.readers.raid_tools import FAMILIES, command_of, parse, tool_of
from predvid.checks.readers.zpool import parse_list, parse_status

LINES = st.lists(
    st.text(max_size=60)
    | st.sampled_from([
        "md0 : active raid1 sda1[0] sdb1[1](F)", "[2/1] [U_]", "  pool: tank", " state: DEGRADED",
        "NAME SIZE ALLOC FREE CAP HEALTH", "Adapter #0", "Enclosure Device ID: 32", "Firmware state: Failed",
        "Virtual Drive: 0 (Target Id: 0)", "State : Degraded", "Smart Array P420i in Slot 0 (Embedded)",
        "      physicaldrive 1I:1:1", "Status: OK", "Logical device number 0", "Device #0", "Ctl   Model",
        "c0    9650SE-2LP   2       2        1       0        1       1       -", "Writer: 'A'", "[8]",
        "UUID=1 / ext4 defaults 0 1", "\tsda ONLINE 0 0 1.5K", '{"Controllers": [{"Command Status": {}}]}',
    ])
).map("\n".join)  # fmt: skip


@given(LINES)
def test_any_text_is_survived(text: str) -> None:
    for read in (parse_mdstat, parse_list, parse_status, parse, parse_fstab, parse_writers):
        read(text)
    tool = tool_of(text)
    assert tool is None or command_of(tool)[0] == tool


@pytest.mark.parametrize("word", [
    "Failed", "Offln", "UBad", "UBUnsp", "Unconfigured(bad)", "Offline", "Missing", "DRIVE-REMOVED", "Msng",
    "Predictive Failure", "Rbld", "Rebuild", "Rebuilding", "SMART-FAILURE", "ECC-ERROR", "DEVICE-ERROR",
])  # fmt: skip
def test_no_word_for_a_bad_disk_is_taken_for_health(word: str) -> None:
    assert disk_state(word) in (1, 2)


@pytest.mark.parametrize(
    "word",
    [
        "Degraded",
        "Dgrd",
        "Pdgd",
        "OfLn",
        "Offline",
        "Failed",
        "Interim Recovery Mode",
        "Recovering, 3% complete",
        "Ready for Rebuild",
        "REBUILDING",
        "INOPERABLE",
        "Partially Degraded",
        "Suboptimal, Fault Tolerant",
        "Impacted",
        "Rec",
    ],
)
def test_no_word_for_a_bad_volume_is_taken_for_health(word: str) -> None:
    assert volume_state(word) in (1, 2)


@pytest.mark.parametrize("word", [
    "Onln", "Online, Spun Up", "OK", "GHS", "DHS", "UGood", "Unconfigured(good), Spun down", "JBOD", "Ready",
    "Hotspare, Spun down", "Global Hot-Spare", "Raw (Pass Through)", "VERIFYING", "online", "Optimal",
])  # fmt: skip
def test_words_for_good_disks_are_health(word: str) -> None:
    assert disk_state(word) == 0


def test_a_battery_at_work_is_no_fault_and_an_absent_one_is_none() -> None:
    assert [battery_state(word) for word in ("Optimal", "Learning", "Charging", "Recharging", "OK")] == [
        0
    ] * 5
    assert battery_state("Failed (Replace Batteries)") == battery_state("Dgd(Needs Attention)") == 1
    assert battery_state("Not Installed") is None


def test_a_later_output_fills_gaps_and_changes_nothing_that_is_known() -> None:
    found, later = Found(), Found()
    found.add(Controller("c0", model="A", state=0))
    later.add(Controller("c0", model="B", state=2, battery=1))
    found.merge(later)
    assert found.controllers["c0"] == Controller("c0", model="A", state=0, battery=1)


def test_every_maker_has_a_tool_and_every_tool_a_command() -> None:
    assert all(commands for family in FAMILIES for _, commands in family)
