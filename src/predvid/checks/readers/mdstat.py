"""Reads /proc/mdstat: the arrays of Linux software RAID (md(4), Documentation/admin-guide/md.rst)."""

import re
from dataclasses import dataclass
from itertools import pairwise

MOST_ARRAYS = 256
MOST_MEMBERS = 512
MARK = re.compile(r"^Personalities\s*:", re.MULTILINE)
_ARRAY = re.compile(r"^(md[\w./-]{1,60})[ \t]*:[ \t]*(active|inactive|broken)\b(.*)$", re.MULTILINE)
_MEMBER = re.compile(r"([\w.!/-]{1,60})\[(\d{1,6})\]((?:\([A-Z]\))*)", re.ASCII)
_DISKS = re.compile(r"\[(\d{1,5})/(\d{1,5})\]", re.ASCII)
_WORK = re.compile(
    r"\b(recovery|resync|reshape|check|repair)[ \t]*=[ \t]*(?:(\d{1,3}(?:\.\d{1,3})?)%|[A-Z]{4,8})", re.ASCII
)
_FINISH = re.compile(r"\bfinish=(\d{1,12}(?:\.\d{1,3})?)min", re.ASCII)
_LEVEL = re.compile(r"^(?:\s*\([\w-]+\))?\s*(raid\d{1,2}|linear|multipath|faulty)\b")


@dataclass(frozen=True, slots=True)
class Array:
    """One array. `wanted` and `present` count its disks (None: its kind keeps no redundancy).

    `failed` and `spare` name members marked (F) and (S); `work` is what runs on it (`recovery`, `resync`,
    `reshape`, `check`, `repair`), `percent` how far, `left` seconds to go. `container` marks metadata of a
    BIOS RAID, which holds arrays and is never active itself.
    """

    name: str
    active: bool
    level: str
    wanted: int | None
    present: int | None
    members: tuple[str, ...]
    failed: tuple[str, ...]
    spare: tuple[str, ...]
    work: str = ""
    percent: float | None = None
    left: float | None = None
    container: bool = False


def parse_mdstat(text: str) -> list[Array]:
    """Return the arrays in the text of /proc/mdstat; lines of another form are passed over."""
    starts = list(_ARRAY.finditer(text))[:MOST_ARRAYS]
    ends = [*(match.start() for match in starts), len(text)]
    found = {match[1]: _array(match, text[match.end() : end]) for match, (_, end) in zip(
        starts, pairwise(ends), strict=True)}  # fmt: skip
    return list(found.values())


def _array(match: re.Match[str], rest: str) -> Array:
    rest = rest.partition("unused devices")[0]
    level, members = _LEVEL.match(match[3]), _MEMBER.findall(match[3])[:MOST_MEMBERS]
    disks, work, finish = _DISKS.search(rest), _WORK.search(rest), _FINISH.search(rest)
    return Array(
        name=match[1],
        active=match[2] == "active",
        level=level[1] if level else "",
        wanted=int(disks[1]) if disks else None,
        present=int(disks[2]) if disks else None,
        members=tuple(name for name, _, _ in members),
        failed=tuple(name for name, _, marks in members if "(F)" in marks),
        spare=tuple(name for name, _, marks in members if "(S)" in marks),
        work=work[1] if work else "",
        percent=min(100.0, float(work[2])) if work and work[2] else None,
        left=round(float(finish[1]) * 60) if finish else None,
        container="super external:" in rest and match[2] == "inactive",
    )
