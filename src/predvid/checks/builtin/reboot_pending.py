"""A restart that is waited for: why, and for how long.

Linux: /run/reboot-required of Debian and Ubuntu, a newer kernel than the one that runs, programs that still
run with replaced libraries (as needrestart(1) tells). Windows: `readers.windows_reboot`. macOS: updates that
wait for the next start (InstallAtLogout in /Library/Updates/index.plist). Where nothing tells since when, it
counts from when the agent first saw it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from predvid.checks.readers import plain, plists, windows_reboot
from predvid.checks.readers.kernels import newer_kernel
from predvid.checks.readers.verdicts import piecewise
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
    Text,
    say,
)

DAY = 86400
REQUIRED = "/run/reboot-required"  # made by the packages of Debian and Ubuntu that need a restart
INDEX = "/Library/Updates/index.plist"
MOST = 50
Reason = tuple[str, list[dict[str, Any]] | None, float | None]  # its name, rows if it holds, since when


@dataclass(frozen=True)
class RebootPendingParams:
    """Levels are in seconds of waiting; `libraries` guards programs that run with replaced libraries."""

    waiting: Levels = Levels(7 * DAY, None)
    libraries: Levels = Levels(14 * DAY, None)


WATCHES = {"reboot_pending_seconds": "waiting", "reboot_libraries_seconds": "libraries"}


def collect(source: Source, params: RebootPendingParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield for each reason how long it has been waiting (0: it does not hold), and all reasons as a fact."""
    rows: list[dict[str, Any]] = []
    seen: dict[str, float] = state.setdefault("since", {})
    for name, found, since in READERS[source.platform](source):
        if found is None:
            seen.pop(name, None)
        else:
            seen[name] = min(seen.get(name, source.now()), since or source.now())
            rows += found
        yield Sample("reboot_pending_seconds", _waited(source, seen.get(name)), {"reason": name})
    yield Fact("device.reboot_pending", rows)
    if source.platform == "linux":
        yield from _libraries(source, seen)


def _waited(source: Source, since: float | None) -> float:
    return 0.0 if since is None else max(1, round(source.now() - since))


def _libraries(source: Source, seen: dict[str, float]) -> Iterator[Sample | Fact]:
    try:
        rows = plain.records(source.table("deleted_libraries"))[:MOST]
    except NotHere:
        return
    if rows:
        seen.setdefault("libraries", source.now())
    else:
        seen.pop("libraries", None)
    yield Sample("reboot_libraries_seconds", _waited(source, seen.get("libraries")))
    told = [
        {"key": plain.text(row.get("process")), "library": plain.text(row.get("library"))} for row in rows
    ]
    yield Fact("state.replaced_libraries", told)


def _linux(source: Source) -> Iterator[Reason]:
    yield from piecewise((partial(_packages, source), partial(_kernel, source)))


def _packages(source: Source) -> Iterator[Reason]:
    try:
        source.text(REQUIRED)
    except NotHere:
        yield "packages", None, None
        return
    try:
        names = sorted(set(source.text(f"{REQUIRED}.pkgs").split()))[:MOST]
    except NotHere:
        names = []
    yield (
        "packages",
        [{"key": name, "detail": ""} for name in names or ["packages"]],
        _modified(source, REQUIRED),
    )


def _kernel(source: Source) -> Iterator[Reason]:
    running = source.text("/proc/sys/kernel/osrelease").strip()
    newer = newer_kernel(running, _installed(source))
    if newer is None:
        yield "kernel", None, None
        return
    # The folder of modules is written when a kernel is installed; the kernel's file keeps the maker's time.
    since = _modified(source, f"/lib/modules/{newer}")
    yield "kernel", [{"key": "kernel", "detail": f"{running} -> {newer}"}], since


def _installed(source: Source) -> list[str]:
    """Return the kernels that the boot loader can start, else those that have modules."""
    for folder, prefix in (("/boot", "vmlinuz-"), ("/lib/modules", "")):
        try:
            names = source.listing(folder)
        except CannotRead:
            continue
        if kernels := [name.removeprefix(prefix) for name in names if name.startswith(prefix)]:
            return kernels
    return []


def _modified(source: Source, path: str) -> float | None:
    try:
        return plain.number(plain.within(source.query("status", path), "modified"))
    except CannotRead:
        return None


def _windows(source: Source) -> Iterator[Reason]:
    for name, detail in windows_reboot.reasons(source):
        yield name, None if detail is None else [{"key": name, "detail": detail}], None


def _macos(source: Source) -> Iterator[Reason]:
    try:
        waiting = plists.read(source, INDEX).get("InstallAtLogout")
    except NotHere:
        waiting = None
    names = [name for each in waiting if (name := plain.text(each))] if isinstance(waiting, list) else []
    rows = [{"key": name, "detail": ""} for name in sorted(set(names))[:MOST]]
    yield "packages", rows or None, _modified(source, INDEX) if rows else None


READERS = {"linux": _linux, "windows": _windows, "macos": _macos}


def judge(samples: list[Sample], params: RebootPendingParams) -> Iterator[Result]:
    """Judge item `restart` by the reason that has waited longest, and item `libraries`."""
    waits = [sample for sample in samples if sample.metric == "reboot_pending_seconds"]
    waits.sort(key=lambda sample: -sample.value)
    if waits:
        longest, second = waits[0], waits[1] if len(waits) > 1 and waits[1].value else None
        state = params.waiting.judge(longest.value)
        yield Result("restart", state, _said(longest), _said(second) if second else None)
    for sample in samples:
        if sample.metric == "reboot_libraries_seconds":
            said = say(f"reboot_pending.libraries{'' if sample.value else '_ok'}", n=sample.value)
            yield Result("libraries", params.libraries.judge(sample.value), said)
            return


def _said(sample: Sample) -> Said:
    if not sample.value:
        return say("reboot_pending.none")
    return say(f"reboot_pending.{sample.labels.get('reason', '')}", n=sample.value)


def _waits(en: str, hr: str) -> Text:
    return Text(f"{en}; waiting for {{n:secs}}", f"{hr}; čeka se već: {{n:secs}}")


TEXTS = {
    "reboot_pending.none": Text("Nothing waits for a restart", "Ništa ne čeka ponovno pokretanje"),
    "reboot_pending.packages": _waits(
        "Installed updates need a restart", "Instalirane nadogradnje traže ponovno pokretanje"
    ),
    "reboot_pending.kernel": _waits(
        "A newer kernel is installed and needs a restart",
        "Instalirana je novija jezgra sustava i traži ponovno pokretanje",
    ),
    "reboot_pending.libraries": _waits(
        "Programs still run with libraries that an update has replaced: restart them or the device",
        "Neki programi još rade s bibliotekama koje je nadogradnja zamijenila: ponovno pokrenite njih ili "
        "uređaj",
    ),
    "reboot_pending.libraries_ok": Text(
        "No program runs with replaced libraries", "Nijedan program ne radi sa zamijenjenim bibliotekama"
    ),
    "reboot_pending.servicing": _waits(
        "A component of Windows was changed and needs a restart",
        "Promijenjen je dio Windowsa i traži se ponovno pokretanje",
    ),
    "reboot_pending.windows_update": _waits(
        "Windows Update needs a restart", "Windows Update traži ponovno pokretanje"
    ),
    "reboot_pending.files": _waits(
        "Files in use are to be replaced at the next start",
        "Datoteke u uporabi zamijenit će se pri sljedećem pokretanju",
    ),
    "reboot_pending.name": _waits(
        "The device got a new name, which counts after a restart",
        "Uređaj je dobio novo ime koje vrijedi tek nakon ponovnog pokretanja",
    ),
    "reboot_pending.domain": _waits(
        "The device is joining a domain, which needs a restart",
        "Uređaj se pridružuje domeni i za to traži ponovno pokretanje",
    ),
    "reboot_pending.manager": _waits(
        "Configuration Manager needs a restart", "Configuration Manager traži ponovno pokretanje"
    ),
    "fact.state.replaced_libraries": Text(
        "Programs with replaced libraries", "Programi sa zamijenjenim bibliotekama"
    ),
    "part.library": Text("Library", "Biblioteka"),
    "metric.reboot_pending_seconds": Text("Waiting for a restart", "Čekanje na ponovno pokretanje"),
    "metric.reboot_libraries_seconds": Text(
        "Running with replaced libraries", "Rad sa zamijenjenim bibliotekama"
    ),
}

check = Check(
    name="reboot_pending",
    title=Text("Waiting for a restart", "Čekanje na ponovno pokretanje"),
    group="patches",
    collect=collect,
    judge=judge,
    params=RebootPendingParams(),
    interval=3600,
    watches=WATCHES,
    defaults={
        "workstation": {"waiting": Levels(14 * DAY, None), "libraries": Levels()},
        "laptop": {"waiting": Levels(14 * DAY, None), "libraries": Levels()},
    },
    charts=("reboot_pending_seconds",),
    texts=TEXTS,
)
