"""Mounts: file systems that must be there and are not, or that came up read-only (fstab(5), mount(8)).

Shares that hang and file systems that the kernel turned read-only after an error are told by `disk_space`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.fstab import Entry, parse_fstab, tidy
from predvid.checks.readers.mounts import distinct, is_real, parse_mountinfo
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

MOST = 300  # mounts that are watched
_PASSING = ("/media/", "/run/media/", "/run/user/", "/tmp/", "/Volumes/")  # noqa: S108 - names, no use


@dataclass(frozen=True)
class MountsParams:
    """`wanted` names mount points or drive letters (`D:`) that must be there, besides those of fstab.

    Levels guard 1 (missing, read-only). An entry that fstab marks `nofail` only warns.
    """

    missing: Levels = Levels(None, 1)
    optional: Levels = Levels(1, None)
    read_only: Levels = Levels(None, 1)
    wanted: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def collect(source: Source, params: MountsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield for each wanted mount whether it is missing, for those of fstab whether they can be written."""
    if source.platform == "linux":
        yield from _linux(source, params)
        return
    rows = source.table("filesystems")
    there = {_name(source, row["mount"]) for row in rows}
    yield Sample("mounts_count", len(rows))
    for mount in dict.fromkeys(params.wanted[:MOST]):
        yield Sample("mount_missing", float(_name(source, mount) not in there), {"mount": mount})


def _name(source: Source, mount: str) -> str:
    return mount.rstrip("\\/:").upper() if source.platform == "windows" else tidy(mount)


def _linux(source: Source, params: MountsParams) -> Iterator[Sample | Fact]:
    text = source.text("/proc/self/mountinfo")
    rows = parse_mountinfo(text)
    there = {tidy(row["mount"]) for row in rows}
    yield Sample("mounts_count", len(distinct(rows)))
    wanted = {tidy(mount): "missing" for mount in params.wanted}
    entries = {entry.mount: entry for entry in _entries(source) if entry.mount not in params.skip}
    wanted = {entry.mount: "optional" if entry.optional else "missing" for entry in entries.values()} | wanted
    for mount, kind in sorted(wanted.items())[:MOST]:
        metric = "mount_missing" if kind == "missing" else "mount_optional_missing"
        yield Sample(metric, float(mount not in there), {"mount": mount})
    read_only = read_only_mounts(text)
    for entry in list(entries.values())[:MOST]:
        if entry.writable and entry.mount in there:
            yield Sample("mount_read_only", float(entry.mount in read_only), {"mount": entry.mount})
    yield Fact("storage.mounts", [_row(row) for row in distinct(rows)[:MOST] if _lasting(row)])


def _entries(source: Source) -> list[Entry]:
    try:
        return parse_fstab(source.text("/etc/fstab"))
    except NotHere:
        return []


def read_only_mounts(text: str) -> set[str]:
    """Return the mount points whose topmost mount says `ro` (field 6 of mountinfo)."""
    options: dict[str, bool] = {}
    for line in text.splitlines():
        fields = line.split(" ")
        rows = parse_mountinfo(line) if len(fields) > 5 else []
        if rows:
            options[tidy(rows[0]["mount"])] = "ro" in fields[5].split(",")
    return {mount for mount, read_only in options.items() if read_only}


def _lasting(row: dict[str, Any]) -> bool:
    return is_real(row) and not f"{row['mount']}/".startswith(_PASSING)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {"key": row["mount"], "device": row["device"], "type": row["type"]}


def judge(samples: list[Sample], params: MountsParams) -> Iterator[Result]:
    """Judge items `/srv` for being there and `/srv writable`."""
    for sample in samples:
        mount = sample.labels.get("mount", "")
        match sample.metric:
            case "mount_missing" | "mount_optional_missing":
                levels = params.missing if sample.metric == "mount_missing" else params.optional
                said = "mounts.missing" if sample.value else "mounts.there"
                yield Result(mount, levels.judge(sample.value), say(said, mount=mount))
            case "mount_read_only":
                said = "mounts.read_only" if sample.value else "mounts.writable"
                state = params.read_only.judge(sample.value)
                yield Result(f"{mount} writable", state, say(said, mount=mount))


check = Check(
    name="mounts",
    title=Text("Mounts", "Priključeni datotečni sustavi"),
    group="storage",
    collect=collect,
    judge=judge,
    params=MountsParams(),
    interval=120,
    hold=300,  # a share that is mounted a little after the start disturbs nobody
    watches={
        "mount_missing": "missing",
        "mount_optional_missing": "optional",
        "mount_read_only": "read_only",
    },
    charts=("mounts_count",),
    texts={
        "mounts.missing": Text(
            "{mount} is not mounted, although it should be", "{mount} nije priključen, a trebao bi biti"
        ),
        "mounts.there": Text("{mount} is mounted", "{mount} je priključen"),
        "mounts.read_only": Text(
            "{mount} is mounted read-only, although fstab wants it writable",
            "{mount} priključen je samo za čitanje, iako bi se prema fstabu na njega trebalo moći pisati",
        ),
        "mounts.writable": Text("{mount} is mounted for writing", "{mount} priključen je za pisanje"),
        "fact.storage.mounts": Text("File systems", "Datotečni sustavi"),
        "part.device": Text("Device", "Uređaj"),
        "part.type": Text("Kind", "Vrsta"),
        "metric.mounts_count": Text("Mounted file systems", "Priključeni datotečni sustavi"),
        "metric.mount_missing": Text("Missing mount", "Nedostaje datotečni sustav"),
        "metric.mount_optional_missing": Text(
            "Missing optional mount", "Nedostaje neobavezni datotečni sustav"
        ),
        "metric.mount_read_only": Text("Mounted read-only", "Priključen samo za čitanje"),
    },
)
