"""`predvid doctor`: looks at everything that usually goes wrong and says in plain words what to do."""

import argparse
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from rich.console import Console

from predvid.server.clock_look import clock_offset
from predvid.server.place import Place

LOW_BYTES = 2 << 30
SKEW_SECONDS = 30.0
MIN_MEMORY = 1 << 30
SIGNS = {"ok": "[green]ok     [/green]", "warning": "[yellow]warning[/yellow]", "bad": "[red]bad    [/red]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its state (`ok`, `warning`, `bad`), what was seen, and what to do."""

    what: str
    state: str
    seen: str
    do: str = ""


def doctor(arguments: list[str]) -> int:
    """Print findings; exit status 1 when something is bad."""
    parser = argparse.ArgumentParser(prog="predvid doctor", description="Says what is wrong and what to do.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", default=os.environ.get("PREDVID_DATA", "~/.local/share/predvid"))
    parser.add_argument("--port", type=int, default=8700)
    options = parser.parse_args(arguments)
    data = Path(options.data).expanduser().absolute()
    findings = list(look(data, options.port))
    if options.json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings]) + "\n")
    else:
        out = Console(highlight=False)
        for finding in findings:
            out.print(f"{SIGNS[finding.state]}  {finding.what}: {finding.seen}", soft_wrap=True)
            if finding.do:
                out.print(f"         → {finding.do}", soft_wrap=True)
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def look(data: Path, port: int) -> Iterator[Finding]:
    """Look at one thing after the other; a look that fails is itself a finding."""
    looks: tuple[Callable[[], Finding], ...] = (
        lambda: _python(),
        lambda: _folder(data),
        lambda: _space(data),
        lambda: _memory(),
        lambda: _port(data, port),
        lambda: _clock(),
        lambda: _tool("smartctl", "drive health cannot be read", "smartmontools"),
        lambda: _logs(data),
    )
    for each in looks:
        try:
            yield each()
        except OSError as error:
            yield Finding("look", "warning", f"could not look: {error}")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return Finding(
        "Python", "ok" if good else "bad", version, "" if good else "Install Python 3.11 or newer."
    )


def _folder(data: Path) -> Finding:
    if not data.exists():
        return Finding("Data directory", "ok", f"{data} does not exist yet; predvid up makes it")
    if not os.access(data, os.W_OK):
        return Finding(
            "Data directory", "bad", f"{data} is not writable", "Run as its owner, or choose another --data."
        )
    open_to_others = data.stat().st_mode & 0o077
    if open_to_others:
        return Finding("Data directory", "warning", f"{data} can be read by others", f"chmod 700 {data}")
    return Finding("Data directory", "ok", str(data))


def _space(data: Path) -> Finding:
    folder = data if data.exists() else next(parent for parent in data.parents if parent.exists())
    free = shutil.disk_usage(folder).free
    low = free < LOW_BYTES
    return Finding(
        "Disk",
        "bad" if low else "ok",
        f"{free / 1e9:.1f} GB free on {folder}",
        "Free some space: batches are not acknowledged on a full disk (nothing is lost meanwhile)."
        if low
        else "",
    )


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    low = free < MIN_MEMORY
    return Finding(
        "Memory",
        "warning" if low else "ok",
        f"{free / 1e9:.1f} GB available",
        "The store alone takes about 0.4 GB; close something or add memory." if low else "",
    )


def _port(data: Path, port: int) -> Finding:
    place = Place.described(data)
    ours = urlsplit(place.address).port if place else None
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    if not taken:
        return Finding(
            "Port", "ok", f"{port} is free" + (" (predvid is not running)" if ours == port else "")
        )
    if ours == port:
        return Finding("Port", "ok", f"{port} answers: predvid is running")
    return Finding(
        "Port",
        "warning",
        f"{port} is taken by another program",
        "Stop it, or start with predvid up --port N.",
    )


def _clock() -> Finding:
    offset = clock_offset()
    if offset is None:
        return Finding(
            "Clock",
            "warning",
            "no time server answered, so the clock could not be compared",
            "Allow NTP (UDP 123) or check the clock by hand; wrong clocks shift every chart.",
        )
    bad = abs(offset) > SKEW_SECONDS
    return Finding(
        "Clock",
        "bad" if bad else "ok",
        f"off by {offset:+.1f} s",
        "Switch on time synchronisation: timedatectl set-ntp true" if bad else "",
    )


def _tool(name: str, without: str, package: str) -> Finding:
    if shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin"):
        return Finding(name, "ok", "installed")
    return Finding(name, "warning", f"not installed: {without}", f"apt install {package}")


def _logs(data: Path) -> Finding:
    bad = [path.stem for path in sorted((data / "log").glob("*.log")) if "Traceback" in _tail(path)]
    if bad:
        return Finding(
            "Logs", "warning", f"errors in the log of {', '.join(bad)}", f"Look into {data / 'log'}."
        )
    return Finding("Logs", "ok", "no errors" if (data / "log").exists() else "none yet")


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 65536, 0))
        return file.read().decode(errors="replace")
