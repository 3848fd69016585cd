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
from predvid.server.findings import Finding, judged

SKEW_SECONDS = 30.0
MIN_MEMORY = 1 << 30
TIME_SERVICES = ("systemd-timesyncd", "systemd-timesyn", "chronyd", "ntpd", "ntpsec")  # Linux cuts at 15
SBIN = f"{os.pathsep}/usr/sbin{os.pathsep}/sbin"  # not on everybody's PATH, but where smartctl is


def python(prefix: Path = Path(sys.prefix)) -> Finding:
    """Look whether the virtual environment was made with this very Python and is complete."""
    running = "{}.{}".format(*sys.version_info)
    again = "Make the virtual environment anew: make clean up"
    if (made := _made_with(prefix)) and made != running:
        return Finding("Python", "bad", f"{running}, but {prefix} was made with {made}", again)
    if missing := _missing():
        return Finding("Python", "bad", f"{running}, but without {', '.join(missing)}", again)
    return Finding("Python", "ok", ".".join(map(str, sys.version_info[:3])))


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
    advice = "The store alone takes about 0.4 GB; close something or add memory."
    return judged("Memory", free >= MIN_MEMORY, f"{free / 1e9:.1f} GB available", advice, "warning")


def clock(servers: Sequence[Server]) -> Finding:
    """Compare the clock with a time server's."""
    offset = clock_offset(servers)
    if offset is None:
        advice = (
            "Allow NTP (UDP 123), name your own with --time-server, or check the clock by hand; "
            "wrong clocks shift every chart."
        )
        return Finding("Clock", "warning", "no time server answered, so it could not be compared", advice)
    advice = "Switch on time synchronisation: timedatectl set-ntp true"
    return judged("Clock", abs(offset) <= SKEW_SECONDS, f"off by {offset:+.1f} s", advice)


def time_service(names: Sequence[str] = TIME_SERVICES) -> Finding:
    """Look whether a program runs that keeps the clock right."""
    running = {process.info["name"] for process in psutil.process_iter(["name"])}
    found = sorted(running & set(names))
    seen = f"{found[0]} runs" if found else "nothing here keeps the clock right"
    advice = "apt-get install systemd-timesyncd (not in a container: its host keeps the clock)"
    return judged("Time service", bool(found), seen, advice, "warning")


def program(name: str, without: str, package: str) -> Finding:
    """Look whether a program that checks use is installed."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + SBIN)
    seen = "installed" if found else f"not installed: {without}"
    return judged(name, found is not None, seen, f"apt-get install {package}", "warning")
