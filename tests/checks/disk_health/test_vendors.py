"""Raw values as makers pack them: damage is seen on every make, and no healthy drive is called bad."""

import json
from typing import Any

import pytest

from predvid.checks import registry
from predvid.checks.recording import load, replay

CHECK = registry.checks()["disk_health"]
HEADER = """smartctl 7.3 2022-02-28 r5338 [x86_64-linux-6.1.0] (local build)
=== START OF INFORMATION SECTION ===
Device Model:     {model}
Serial Number:    VB-900001
Firmware Version: VA01
User Capacity:    500,107,862,016 bytes [500 GB]
Rotation Rate:    {rotation}

=== START OF READ SMART DATA SECTION ===
SMART overall-health self-assessment test result: PASSED

SMART Attributes Data Structure revision number: 10
ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE
"""


def told(text: str) -> tuple[str, dict[str, Any]]:
    """Return the worst state and the flat facts that the check tells of raw output."""
    outcome = replay(CHECK, load(text, CHECK.replay), CHECK.params)
    assert outcome.error is None
    assert CHECK.summary is not None
    return max(result.state for result in outcome.results).name, dict(
        CHECK.summary(outcome.facts, outcome.samples)
    )


def of_text(*rows: str, flash: bool = True) -> tuple[str, dict[str, Any]]:
    """Return the same of a text with these attributes: `ID NAME VALUE THRESH RAW`."""
    lines = []
    for row in rows:
        number, name, value, thresh, shown = row.split(" ", 4)
        failed = "FAILING_NOW" if 0 < int(value) <= int(thresh) else "-"
        flags = f"0x0033   {value:>3}   {value:>3}   {thresh:>3}    Pre-fail  Always   {failed:>11} {shown}"
        lines.append(f"{number:>3} {name:<23} {flags}")
    rotation = "Solid State Device" if flash else "7200 rpm"
    return told(HEADER.format(model="Velebit VB", rotation=rotation) + "\n".join(lines) + "\n")


def of_json(*rows: tuple[int, str, int, int, str]) -> tuple[str, dict[str, Any]]:
    """Return the same of JSON with these attributes: id, name, value, raw value and how it is shown."""
    table = [
        {"id": number, "name": name, "value": value, "worst": value, "thresh": 0, "when_failed": "",
         "flags": {"prefailure": False}, "raw": {"value": raw, "string": shown}}
        for number, name, value, raw, shown in rows
    ]  # fmt: skip
    data = {
        "smartctl": {"version": [7, 3], "exit_status": 0},
        "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
        "model_name": "Velebit VB", "serial_number": "VB-900002", "rotation_rate": 0,
        "smart_status": {"passed": True}, "ata_smart_attributes": {"table": table},
    }  # fmt: skip
    return told(json.dumps(data))


HEALTHY = {
    "Seagate packs errors and operations": (
        False,
        (
            "1 Raw_Read_Error_Rate 118 6 184467440",
            "5 Reallocated_Sector_Ct 100 10 0",
            "7 Seek_Error_Rate 87 30 4967296000",
            "187 Reported_Uncorrect 100 0 0",
            "188 Command_Timeout 100 0 4295032833",
            "190 Airflow_Temperature_Cel 66 45 34 (Min/Max 30/38)",
            "195 Hardware_ECC_Recovered 40 0 184467440",
            "197 Current_Pending_Sector 100 0 0",
        ),
    ),
    "Fujitsu keeps spare sectors in the high words": (
        False,
        (
            "5 Reallocated_Sector_Ct 100 24 0 (2000 0)",
            "9 Power_On_Seconds 65 0 17777h+05m+40s",
            "196 Reallocated_Event_Count 100 0 0 (16 12345)",
        ),
    ),
    "Samsung": (
        True,
        (
            "5 Reallocated_Sector_Ct 100 10 0",
            "9 Power_On_Hours 96 0 19497",
            "177 Wear_Leveling_Count 88 0 140",
            "187 Uncorrectable_Error_Cnt 100 0 0",
            "195 ECC_Error_Rate 200 0 0",
            "199 CRC_Error_Count 99 0 2",
            "235 POR_Recovery_Count 99 0 88",
        ),
    ),
    "SandForce": (
        True,
        (
            "1 Raw_Read_Error_Rate 120 50 0/0",
            "5 Retired_Block_Count 100 3 0",
            "9 Power_On_Hours_and_Msec 70 0 26711h+41m+05.560s",
            "195 ECC_Uncorr_Error_Count 120 0 0/0",
            "201 Unc_Soft_Read_Err_Rate 120 0 0/0",
            "231 SSD_Life_Left 92 10 0",
        ),
    ),
    "Intel": (
        True,
        (
            "5 Reallocated_Sector_Ct 100 0 0",
            "184 End-to-End_Error 100 90 0",
            "197 Current_Pending_Sector 100 0 0",
            "226 Workld_Media_Wear_Indic 100 0 9231",
            "233 Media_Wearout_Indicator 97 0 0",
        ),
    ),
    "Crucial and Micron": (
        True,
        (
            "5 Reallocate_NAND_Blk_Cnt 100 10 0",
            "180 Unused_Reserve_NAND_Blk 0 0 38",
            "197 Bogus_Current_Pend_Sect 100 0 1",
            "202 Percent_Lifetime_Remain 81 1 19",
            "206 Write_Error_Rate 100 0 0",
        ),
    ),
    "SanDisk and WD count their 230 upwards": (
        True,
        (
            "5 Reallocated_Sector_Ct 100 0 0",
            "165 Total_Write/Erase_Count 100 0 871",
            "230 Media_Wearout_Indicator 1 0 0x002600140026",
            "232 Available_Reservd_Space 100 4 100",
            "233 NAND_GB_Written_TLC 100 0 8801",
        ),
    ),
    "Toshiba": (
        False,
        (
            "5 Reallocated_Sector_Ct 100 50 0",
            "9 Power_On_Hours 3 0 41222",
            "194 Temperature_Celsius 100 0 33 (Min/Max 15/49)",
            "220 Disk_Shift 100 0 17170434",
            "197 Current_Pending_Sector 100 0 0",
            "240 Head_Flying_Hours 100 1 0",
        ),
    ),
    "Kingston and Phison": (
        True,
        (
            "9 Power_On_Hours 100 0 4742",
            "168 SATA_Phy_Error_Count 100 0 14",
            "170 Bad_Blk_Ct_Erl/Lat 93 10 0/41",
            "173 MaxAvgErase_Ct 100 0 91 (Average 60)",
            "218 CRC_Error_Count 100 0 0",
            "231 SSD_Life_Left 99 0 99",
        ),
    ),
    "Indilinx and OCZ count data where others count errors": (
        True,
        (
            "196 Erase_Failure_Blk_Ct 100 0 0",
            "198 Read_Sectors_Tot_Ct 100 0 812345678",
            "199 Write_Sectors_Tot_Ct 100 0 512345678",
            "209 Remaining_Lifetime_Perc 100 0 96",
        ),
    ),
    "Silicon Motion": (
        True,
        (
            "5 Reallocated_Sector_Ct 100 50 0",
            "160 Uncorrectable_Error_Cnt 100 50 0",
            "163 Initial_Bad_Block_Count 100 50 22",
            "169 Remaining_Lifetime_Perc 100 50 88",
            "197 Current_Pending_Sector 100 50 0",
        ),
    ),
}


@pytest.mark.parametrize("make", HEALTHY)
def test_a_healthy_drive_of_this_make_is_healthy(make: str) -> None:
    flash, rows = HEALTHY[make]
    assert of_text(*rows, flash=flash)[0] == "OK"


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ("5 Retired_Block_Count 100 3 2", "WARNING"),
        ("5 Reallocate_NAND_Blk_Cnt 100 10 1", "WARNING"),
        ("5 Reallocated_Sector_Ct 100 24 3 (2000 0)", "WARNING"),
        ("5 Reallocated_Sector_Ct 9 10 1700", "CRITICAL"),
        ("187 Uncorrectable_Error_Cnt 100 0 4", "WARNING"),
        ("197 Current_Pending_ECC_Cnt 100 0 3", "WARNING"),
        ("197 Total_Pending_Sectors 100 0 12", "CRITICAL"),
        ("198 Uncorrectable_Sector_Ct 100 0 1", "WARNING"),
        ("177 Wear_Leveling_Count 4 0 3900", "WARNING"),
        ("231 SSD_Life_Left 2 0 2", "WARNING"),
        ("202 Perc_Rated_Life_Used 1 1 101", "CRITICAL"),
        ("169 Remaining_Lifetime_Perc 100 0 5", "WARNING"),
        ("233 Media_Wearout_Indicator 1 0 0", "WARNING"),
        ("10 Spin_Retry_Count 96 97 4", "CRITICAL"),
    ],
)
def test_damage_and_wear_are_seen_by_every_name(row: str, state: str) -> None:
    assert of_text(row, flash="Spin" not in row)[0] == state


def test_packed_numbers_in_json() -> None:
    state, facts = of_json(
        (5, "Reallocated_Sector_Ct", 100, 2000 << 32, "0 (2000 0)"),
        (9, "Power_On_Hours", 90, (53 << 24) + 8760, "8760 (53 0)"),
        (188, "Command_Timeout", 100, 0x0004_0004_0004, "17180131332"),
        (194, "Temperature_Celsius", 30, 312, "31.2"),
        (197, "Current_Pending_Sector", 100, 0, "0"),
    )
    assert state == "OK"
    assert (facts["reallocated"], facts["power_on_hours"], facts["temperature"]) == (0, 8760, 31)


LOG = {
    "critical_warning": 0, "temperature": 310, "avail_spare": 100, "spare_thresh": 5, "percent_used": 2,
    "power_on_hours": 4974, "media_errors": 0,
}  # fmt: skip


@pytest.mark.parametrize("form", [int, float, str])
def test_the_log_of_nvme_cli_in_every_form_of_number(form: type) -> None:
    state, facts = told(json.dumps({name: form(value) for name, value in LOG.items()}))
    assert state == "OK"
    assert (facts["temperature"], facts["percentage_used"], facts["power_on_hours"]) == (37, 2, 4974)
    assert told(json.dumps(LOG | {"critical_warning": {"value": form(4)}}))[0] == "CRITICAL"


def test_the_list_of_nvme_cli_names_drives_and_calls_none_healthy() -> None:
    new = {"Controller": "nvme0", "ModelNumber": "Neretva N1 1TB", "SerialNumber": "NR-2", "Firmware": "2.10",
           "Namespaces": [{"NameSpace": "nvme0n1", "PhysicalSize": 1000204886016}]}  # fmt: skip
    old = {"DevicePath": "/dev/nvme0n1", "ModelNumber": "Neretva N1 1TB", "SerialNumber": "NR-2",
           "Firmware": "2.10", "PhysicalSize": 1000204886016}  # fmt: skip
    for rows in ([old], [{"HostNQN": "nqn", "Subsystems": [{"Controllers": [new], "Namespaces": []}]}]):
        state, facts = told(json.dumps({"Devices": rows}))
        assert state == "UNKNOWN"
        assert (facts["serial"], facts["capacity"]) == ("NR-2", 1000204886016)
    none = replay(CHECK, load('{"Devices": []}', CHECK.replay), CHECK.params)
    assert none.error is not None
    assert none.error.id == "disk_health.no_drives"
