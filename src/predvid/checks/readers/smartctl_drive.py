"""What is known of one drive's health, and how the raw values of ATA attributes are packed."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST = 2**128  # NVMe counters have 128 bits (NVM Express base specification, SMART log page)
_LEADING = re.compile(r"0x[0-9a-fA-F]{1,32}|\d{1,39}", re.ASCII)
_HOURS = re.compile(r"(\d{1,12})h\b|(\d{1,12})h\+", re.ASCII)
# Names of attributes by drivedb.h whose value counts down from 100 as a flash drive wears. SanDisk and WD
# give the name of Intel's 233 to their 230, whose value does not.
_LEFT = ("percent_lifetime_remain", "percent_life_remaining", "perc_rated_life_remain", "ssd_life_left",
         "ssd_life_left_perc", "lifetime_left", "remaining_life", "drive_life_remaining%",
         "lifetime_remaining%", "percent_lifetime_used")  # fmt: skip
_LEFT_BY_ID = {177: "wear_leveling_count", 233: "media_wearout_indicator"}
_LEFT_RAW = ("remaining_lifetime_perc",)  # Silicon Motion: the value may stay at 100
_USED_RAW = ("perc_rated_life_used",)
# Some makers use the numbers of these counters for amounts of data (Indilinx, OCZ: 198, 199) or not at all.
_NO_ERRORS = re.compile(r"gib|_tot_ct|host_|in_use|written|lba|r/w/e", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Drive:
    """One drive as smartctl saw it; None where it did not say.

    `capacity` bytes, `power_on_hours` hours, `temperature` Celsius, `percentage_used`, `available_spare` and
    `spare_threshold` percent, `rotation` per minute (0: flash). `uncorrectable` is ATA attribute 198, or the
    uncorrected errors of a SCSI drive. `failing` counts attributes below the maker's threshold now that
    announce a failure, `worn` those that tell of age, or announced a failure in the past. `supported` is
    False where the device has no SMART at all; `asleep` means that it was not woken, `whole` False that the
    output was torn; `why` is smartctl's own error.
    """

    name: str = ""
    protocol: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    capacity: int | None = None
    rotation: int | None = None
    power_on_hours: int | None = None
    temperature: int | None = None
    smart_passed: bool | None = None
    reallocated: int | None = None
    pending: int | None = None
    uncorrectable: int | None = None
    reported_uncorrected: int | None = None
    transfer_errors: int | None = None
    media_errors: int | None = None
    critical_warning: int | None = None
    percentage_used: int | None = None
    available_spare: int | None = None
    spare_threshold: int | None = None
    grown_defects: int | None = None
    failing: int | None = None
    worn: int | None = None
    self_test_failed: bool | None = None
    supported: bool = True
    asleep: bool = False
    whole: bool = True
    why: str = ""

    @property
    def flash(self) -> bool:
        """Tell whether it is known to have no spinning disks."""
        return self.protocol == "NVMe" or self.rotation == 0

    @property
    def telling(self) -> bool:
        """Tell whether enough is known to call the drive healthy when nothing speaks against it."""
        said = (self.smart_passed, self.critical_warning, self.failing, self.reallocated, self.pending)
        return self.whole and any(value is not None for value in said)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A row of the ATA attribute table: `raw` is 48 bits (None in text), `shown` how smartctl decoded them.

    `failed` is `now`, `past` or empty; `prefail` tells whether the threshold announces a failure.
    """

    id: int
    name: str
    value: int | None
    raw: int | None
    shown: str
    failed: str
    prefail: bool


def whole_number(value: object) -> int | None:
    """Return `value`, a number or decimal text, as a whole number from 0 to 2^128; None for anything else."""
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"\d{1,39}", value.strip(), re.ASCII) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value <= MOST else None


def count(attribute: Attribute | None) -> int | None:
    """Return the count in an attribute's raw value.

    Makers pack further numbers into the high bits, which smartctl shows in brackets (`-v id,raw16(raw16)`,
    smartctl(8)): where the shown number is the low 16, 24 or 32 bits, it is the count.
    """
    if attribute is None:
        return None
    shown, raw = _leading(attribute.shown), attribute.raw
    if raw is None or shown in (raw & 0xFFFF, raw & 0xFFFFFF, raw & 0xFFFFFFFF):
        return shown
    return raw


def hours(attribute: Attribute | None) -> int | None:
    """Return the hours in attribute 9: shown as `12345h+06m+07.890s`, or in the low 24 bits (raw24(raw8))."""
    if attribute is None:
        return None
    if match := _HOURS.match(attribute.shown.strip()):
        return int(match[1] or match[2])
    shown = _leading(attribute.shown)
    return shown if shown is not None or attribute.raw is None else attribute.raw & 0xFFFFFF


def celsius(attribute: Attribute | None) -> int | None:
    """Return the degrees in attribute 194 or 190: the low byte, signed; extremes lie above (tempminmax)."""
    if attribute is None:
        return None
    shown = _leading(attribute.shown)
    if shown is not None and shown < 128:  # as smartctl decoded it: some count in tenths (10xCelsius)
        return shown
    raw = attribute.raw if attribute.raw is not None else shown
    if raw is None:
        return None
    low = raw & 0xFF
    return low - 256 if low > 127 else low


def of_attributes(rows: Iterable[Attribute]) -> dict[str, Any]:
    """Return the fields of Drive that ATA attributes tell (ids as smartmontools' drivedb.h names them)."""
    table = {row.id: row for row in rows}
    if not table:
        return {}
    warm = celsius(table.get(194))
    return {
        "reallocated": _errors(table.get(5)),
        "power_on_hours": hours(table.get(9)),
        "reported_uncorrected": _errors(table.get(187)),
        "temperature": celsius(table.get(190)) if warm is None else warm,
        "pending": _pending(table.get(197)),
        "uncorrectable": _errors(table.get(198)),
        "transfer_errors": _errors(table.get(199)),
        "percentage_used": next((used for row in table.values() if (used := _used(row)) is not None), None),
        "failing": sum(row.failed == "now" and row.prefail for row in table.values()),
        "worn": sum(_is_worn(row) for row in table.values()),
    }


def _errors(row: Attribute | None) -> int | None:
    return None if row is None or _NO_ERRORS.search(row.name) else count(row)


def _pending(row: Attribute | None) -> int | None:
    # drivedb.h names it so where firmware shows a sector for some minutes that is none (Crucial MX500).
    return 0 if row is not None and row.name.lower().startswith("bogus") else _errors(row)


def _used(row: Attribute) -> int | None:
    """Return the percent of its life that a flash drive has used, where `row` tells it."""
    name = row.name.lower()
    left = row.value if name in _LEFT or _LEFT_BY_ID.get(row.id) == name else None
    if name in _LEFT_RAW:
        left = count(row)
    if name in _USED_RAW:
        used = count(row)
        return used if used is not None and used <= 255 else None
    return 100 - left if left is not None and 1 <= left <= 100 else None


def _is_worn(row: Attribute) -> bool:
    # An age attribute that was low in the past is most often one hot day: only what is low now counts.
    return row.failed == "past" if row.prefail else row.failed == "now"


def _leading(shown: str) -> int | None:
    match = _LEADING.match(shown.strip())
    if match is None:
        return None
    return int(match[0], 16) if match[0][:2] in ("0x", "0X") else int(match[0])
