"""The doctor's looks at the machine: Python, memory, clock, time service, programs."""

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from predvid.server.clock_look import Server, clock_offset
from predvid.server.findings import Finding, judged, said

SKEW_SECONDS = 30.0
MIN_MEMORY = 1 << 30
TIME_SERVICES = ("systemd-timesyncd", "systemd-timesyn", "chronyd", "ntpd", "ntpsec")  # Linux cuts at 15
SBIN = f"{os.pathsep}/usr/sbin{os.pathsep}/sbin"  # not on everybody's PATH, but where smartctl is


def python(prefix: Path = Path(sys.prefix)) -> Finding:
    """Look whether the virtual environment was made with this very Python and is complete."""
    running = "{}.{}".format(*sys.version_info)
    again = said("python.do")
    if (made := _made_with(prefix)) and made != running:
        return Finding(
            "Python", "bad", said("python.other", version=running, prefix=str(prefix), made=made), again
        )
    if missing := _missing():
        return Finding(
            "Python", "bad", said("python.without", version=running, names=", ".join(missing)), again
        )
    return Finding("Python", "ok", said("python.is", version=".".join(map(str, sys.version_info[:3]))))


def _made_with(prefix: Path) -> str:
    settings = prefix / "pyvenv.cfg"
    text = settings.read_text(encoding="utf-8") if settings.exists() else ""
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", text, re.MULTILINE)
    return found.group(1) if found else ""


def _missing() -> list[str]:
    """Return the distributions that Predvid's server needs and that are not installed."""
    missing = []
    for want in importlib.metadata.requires("predvid") or ():
        name, _, condition = want.partition(";")
        found = re.match(r"[\w.-]+", name)
        if found and (not condition or "server" in condition) and not _installed(found.group()):
            missing.append(found.group())
    return missing


def _installed(name: str) -> bool:
    try:
        return bool(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False


def memory() -> Finding:
    """Look whether enough memory is available."""
    free = psutil.virtual_memory().available
    return judged("Memory", free >= MIN_MEMORY, said("memory", free=free), said("memory.do"), "warning")


def clock(servers: Sequence[Server]) -> Finding:
    """Compare the clock with a time server's."""
    offset = clock_offset(servers)
    if offset is None:
        return Finding("Clock", "warning", said("clock.unknown"), said("clock.unknown.do"))
    seen = said("clock.behind" if offset > 0 else "clock.ahead", seconds=abs(offset))
    return judged("Clock", abs(offset) <= SKEW_SECONDS, seen, said("clock.do"))


def time_service(names: Sequence[str] = TIME_SERVICES) -> Finding:
    """Look whether a program runs that keeps the clock right."""
    running = {process.info["name"] for process in psutil.process_iter(["name"])}
    found = sorted(running & set(names))
    seen = said("time.runs", name=found[0]) if found else said("time.none")
    return judged("Time service", bool(found), seen, said("time.do"), "warning")


def program(name: str, without: str, package: str) -> Finding:
    """Look whether a program that checks use is installed; `without` is the sentence for where it is not."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + SBIN)
    seen = said("program.here" if found else without)
    return judged(name, found is not None, seen, said("program.do", package=package), "warning")
