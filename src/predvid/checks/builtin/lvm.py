"""LVM: groups that lost disks, pools and snapshots that fill up, RAID volumes (lvs(8), vgs(8))."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.lvm import LVS, VGS, Group, Volume, is_report, parse_report
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Said,
    Sample,
    Source,
    State,
    Text,
    say,
)

MOST = 400  # volumes that are watched
SNAPSHOT_FULL, PARTIAL, FAILED, MISMATCH, REFRESH = 1.0, 2.0, 3.0, 4.0, 5.0
_HEALTH = {"p": PARTIAL, "F": FAILED, "D": FAILED, "M": FAILED, "m": MISMATCH, "r": REFRESH}
_SAID = {
    SNAPSHOT_FULL: "lvm.snapshot_full", PARTIAL: "lvm.partial", FAILED: "lvm.failed",
    MISMATCH: "lvm.mismatch", REFRESH: "lvm.refresh",
}  # fmt: skip


@dataclass(frozen=True)
class LvmParams:
    """`data` and `metadata` are percent of a thin pool, `snapshot` percent of a snapshot's own room.

    A thin pool that is full stops every volume in it; a full snapshot only becomes useless. `missing` counts
    the disks that a volume group lacks, `fault` guards the volumes' own health (0: well).
    """

    missing: Levels = Levels(None, 1)
    data: Levels = Levels(80, 95, margin=2)
    metadata: Levels = Levels(80, 95, margin=2)
    snapshot: Levels = Levels(80, 95, margin=2)
    fault: Levels = Levels(1, None)


def applies(source: Source) -> bool | Said:
    """Tell whether there is a volume group; LVM's tools may be missing."""
    try:
        groups, _ = parse_report(source.run(*VGS), "vgs")
    except CannotRead as error:
        if error.said.id in ("read.tool_missing", "read.tool_refused"):
            return error.said
        return True
    return True if groups else say("lvm.none")


def collect(source: Source, params: LvmParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the disks that groups lack, how full pools and snapshots are, and what is wrong with volumes."""
    groups = _groups(source)
    _, volumes = parse_report(source.run(*LVS), "lvs")
    volumes = list({volume.full_name: volume for volume in volumes}.values())[:MOST]
    for group in groups:
        missing = group.missing if group.missing is not None else int(group.partial)
        yield Sample("lvm_missing_disks", max(0, missing), {"group": group.name})
    for volume in volumes:
        yield from _samples(volume)
    if groups:
        yield Fact("storage.volume_groups", [_group_row(group) for group in groups])
    yield Fact("storage.volumes", [_row(volume) for volume in volumes if not _inner(volume)])


def _groups(source: Source) -> list[Group]:
    """Return the groups; a recording of lvs alone has none of its own."""
    try:
        found = parse_report(source.run(*VGS), "vgs")[0]
        return list({group.name: group for group in found}.values())
    except NotHere:
        return []


def _inner(volume: Volume) -> bool:
    """Tell whether a volume is a part of another one (lvs -a): the legs of a RAID, a pool's metadata."""
    return volume.name.rpartition("_")[2] in ("tdata", "tmeta", "pmspare", "cdata", "cmeta", "corig") or any(
        mark in volume.name for mark in ("_rimage_", "_rmeta_", "_mimage_", "_mlog")
    )


def _samples(volume: Volume) -> Iterator[Sample]:
    labels = {"volume": volume.full_name}
    if not _inner(volume):
        yield Sample("lvm_fault", _fault(volume), labels)
    if volume.kind in ("thin pool", "vdo pool"):
        if volume.data is not None:
            yield Sample("lvm_pool_data_percent", _percent(volume.data), labels)
        if volume.metadata is not None:
            yield Sample("lvm_pool_metadata_percent", _percent(volume.metadata), labels)
    elif volume.kind == "snapshot" and volume.data is not None and volume.state not in ("I", "S"):
        yield Sample("lvm_snapshot_used_percent", _percent(volume.data), labels)
    if volume.kind in ("raid", "mirror") and volume.copied is not None and not _inner(volume):
        yield Sample("lvm_synced_percent", _percent(volume.copied), labels)


def _percent(value: float) -> float:
    return round(min(100.0, max(0.0, value)), 2)


def _fault(volume: Volume) -> float:
    if volume.kind == "snapshot" and volume.state in ("I", "S"):
        return SNAPSHOT_FULL
    if volume.kind == "thin pool" and volume.state in ("c", "C"):
        return FAILED
    return _HEALTH.get(volume.health, 0.0)


def _group_row(group: Group) -> dict[str, Any]:
    return {"key": group.name, "size_bytes": group.size, "disks": group.disks}


def _row(volume: Volume) -> dict[str, Any]:
    return {"key": volume.full_name, "type": volume.kind, "size_bytes": volume.size}


def judge(samples: list[Sample], params: LvmParams) -> Iterator[Result]:
    """Judge items `vg0` for its disks, `vg0/pool` for its health, `vg0/pool data` and the like for room."""
    rooms = {
        "lvm_pool_data_percent": ("data", "lvm.data"),
        "lvm_pool_metadata_percent": ("metadata", "lvm.metadata"),
        "lvm_snapshot_used_percent": ("snapshot", "lvm.snapshot"),
    }
    for sample in samples:
        value, name = sample.value, sample.labels.get("volume", "")
        if sample.metric == "lvm_missing_disks":
            group = sample.labels["group"]
            said = say("lvm.missing" if value else "lvm.whole", group=group, n=value)
            yield Result(group, params.missing.judge(value), said)
        elif sample.metric == "lvm_fault":
            yield Result(name, _severity(value, params), say(_SAID.get(value, "lvm.well"), volume=name))
        elif sample.metric in rooms:
            field, said_id = rooms[sample.metric]
            state = getattr(params, field).judge(value)
            yield Result(f"{name} {field}", state, say(said_id, volume=name, used=value))


def _severity(fault: float, params: LvmParams) -> State:
    """Return the state of a volume; one that has lost its data is worse than the level says."""
    state = params.fault.judge(fault)
    return State.CRITICAL if state and fault in (PARTIAL, FAILED) else state


def replay(text: str) -> dict[str, Any] | None:
    """Return a recording of what `lvs` or `vgs` wrote as JSON, None for any other text."""
    if not is_report(text):
        return None
    empty = '{"report": []}'
    both = {f"run:{' '.join(LVS)}": text, f"run:{' '.join(VGS)}": text if '"vg"' in text else empty}
    return {"platform": "linux", "answers": both if '"vg"' in text else {f"run:{' '.join(LVS)}": text}}


check = Check(
    name="lvm",
    title=Text("Logical volumes (LVM)", "Logički svesci (LVM)"),
    group="storage",
    applies=applies,
    collect=collect,
    judge=judge,
    params=LvmParams(),
    platforms=("linux",),
    interval=900,
    timeout=60,
    watches={
        "lvm_missing_disks": "missing",
        "lvm_fault": "fault",
        "lvm_pool_data_percent": "data",
        "lvm_pool_metadata_percent": "metadata",
        "lvm_snapshot_used_percent": "snapshot",
    },
    charts=("lvm_pool_data_percent", "lvm_pool_metadata_percent", "lvm_snapshot_used_percent"),
    replay=replay,
    texts={
        "lvm.none": Text(
            "No LVM volume groups on this device", "Na ovom uređaju nema LVM-ovih grupa svezaka"
        ),
        "lvm.missing": Text(
            "The volume group {group} lacks {n:int} {n|disk|disks}",
            "Grupi svezaka {group} {n|nedostaje|nedostaju|nedostaje} {n:int} {n|disk|diska|diskova}",
        ),
        "lvm.whole": Text(
            "The volume group {group} has all its disks", "Grupa svezaka {group} ima sve diskove"
        ),
        "lvm.well": Text("The volume {volume} is well", "Svezak {volume} je u redu"),
        "lvm.partial": Text(
            "The volume {volume} has lost a part: a disk is missing",
            "Svesku {volume} nedostaje dio: nema diska",
        ),
        "lvm.failed": Text(
            "The thin pool {volume} has failed, run full or turned read-only: its volumes cannot be written",
            "Skup {volume} je otkazao, popunio se ili je samo za čitanje: u njegove se sveske ne može pisati",
        ),
        "lvm.mismatch": Text(
            "The copies of the RAID volume {volume} disagree", "Kopije RAID sveska {volume} ne slažu se"
        ),
        "lvm.refresh": Text(
            "The RAID volume {volume} lost a disk for a while: refresh it (lvchange --refresh)",
            "RAID svesku {volume} neko je vrijeme nedostajao disk: osvježite ga (lvchange --refresh)",
        ),
        "lvm.snapshot_full": Text(
            "The snapshot {volume} ran full and is useless: remove it",
            "Snimka stanja {volume} popunila se i više ne vrijedi: uklonite je",
        ),
        "lvm.data": Text("The pool {volume} is {used:pct} full", "Zauzetost skupa {volume}: {used:pct}"),
        "lvm.metadata": Text(
            "The metadata of the pool {volume} are {used:pct} full",
            "Zauzetost metapodataka skupa {volume}: {used:pct}",
        ),
        "lvm.snapshot": Text(
            "The snapshot {volume} is {used:pct} full and will be useless once it is full",
            "Zauzetost snimke stanja {volume}: {used:pct}; kad se popuni, više neće vrijediti",
        ),
        "fact.storage.volume_groups": Text("Volume groups", "Grupe svezaka"),
        "fact.storage.volumes": Text("Logical volumes", "Logički svesci"),
        "part.disks": Text("Disks", "Diskovi"),
        "part.type": Text("Kind", "Vrsta"),
        "metric.lvm_missing_disks": Text("Disks missing in LVM", "Diskovi koji nedostaju LVM-u"),
        "metric.lvm_fault": Text("Fault of a logical volume", "Kvar logičkog sveska"),
        "metric.lvm_pool_data_percent": Text("Thin pool used", "Zauzetost skupa"),
        "metric.lvm_pool_metadata_percent": Text("Pool metadata used", "Zauzetost metapodataka skupa"),
        "metric.lvm_snapshot_used_percent": Text("Snapshot used", "Zauzetost snimke stanja"),
    },
)
