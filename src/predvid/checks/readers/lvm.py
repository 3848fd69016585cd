"""Reads what LVM reports as JSON (lvmreport(7), lvs(8), vgs(8)): volume groups and logical volumes."""

from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.plain import number, parsed, records, text, whole, within

LVS = (
    "lvs", "-a", "--reportformat", "json", "--units", "b", "--nosuffix", "-o",
    "vg_name,lv_name,lv_attr,lv_size,data_percent,metadata_percent,copy_percent,raid_mismatch_count",
)  # fmt: skip
VGS = (
    "vgs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o",
    "vg_name,vg_attr,vg_size,vg_free,pv_count,vg_missing_pv_count",
)  # fmt: skip
KINDS = {
    "C": "cache", "m": "mirror", "M": "mirror", "o": "origin", "O": "origin", "r": "raid", "R": "raid",
    "s": "snapshot", "S": "snapshot", "t": "thin pool", "V": "thin volume", "d": "vdo pool", "v": "virtual",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """A volume group: sizes in bytes, `missing` physical volumes (None: not told)."""

    name: str
    size: int | None
    free: int | None
    disks: int | None
    missing: int | None
    partial: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """A logical volume: `data`, `metadata` and `copied` in percent; `health` and `state` are letters.

    They are the ninth and fifth of lv_attr (lvs(8)): `p` parts are missing, `r` refresh
    needed, `m` mismatches, `F` failed, `D` out of room, `M` metadata read-only; state `I` a snapshot that is
    full and useless, `c` a thin pool that needs a check.
    """

    group: str
    name: str
    kind: str
    size: int | None
    data: float | None
    metadata: float | None
    copied: float | None
    health: str
    state: str

    @property
    def full_name(self) -> str:
        """Return `group/name`, as lvdisplay takes it."""
        return f"{self.group}/{self.name}"


def parse_report(report: str, what: str) -> tuple[list[Group], list[Volume]]:
    """Return the groups and volumes in a JSON report of lvs, vgs or `lvm fullreport`; raise CannotRead."""
    tree = parsed(report, what)
    parts = records(within(tree, "report"))
    groups = [_group(row) for part in parts for row in records(part.get("vg")) if text(row.get("vg_name"))]
    rows = [row for part in parts for row in records(part.get("lv")) if text(row.get("lv_name"))]
    return groups, [_volume(row) for row in rows]


def is_report(report: str) -> bool:
    """Tell whether a text looks like such a report."""
    head = report[:400]
    return report.lstrip().startswith("{") and '"report"' in head and ('"lv"' in head or '"vg"' in head)


def _group(row: dict[str, Any]) -> Group:
    attributes = text(row.get("vg_attr"))
    return Group(
        name=text(row.get("vg_name")),
        size=whole(row.get("vg_size")),
        free=whole(row.get("vg_free")),
        disks=whole(row.get("pv_count")),
        missing=whole(row.get("vg_missing_pv_count")),
        partial=attributes[3:4] == "p",
    )


def _volume(row: dict[str, Any]) -> Volume:
    attributes = text(row.get("lv_attr"))
    return Volume(
        group=text(row.get("vg_name")),
        name=text(row.get("lv_name")).strip("[]"),
        kind=KINDS.get(attributes[:1], "linear"),
        size=whole(row.get("lv_size")),
        data=number(row.get("data_percent")),
        metadata=number(row.get("metadata_percent")),
        copied=number(row.get("copy_percent")),
        health=attributes[8:9].strip("-"),
        state=attributes[4:5].strip("-"),
    )
