"""The doctor's looks at one installation: its folder, port, logs, agent, certificate."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from predvid.server.findings import Finding, judged
from predvid.server.place import Place

LOW_BYTES = 2 << 30
TAIL = 64 << 10
ERROR = re.compile(r"Traceback|\b(?:ERROR|CRITICAL)\b|^predvid \w+: |<(?:Error|Fatal)>")
RECENT = timedelta(days=1)
SILENT = timedelta(minutes=5)
EXPIRES = timedelta(days=30)


def folder(data: Path) -> Finding:
    """Look whether the data directory can be used, by us alone."""
    what = "Data directory"
    if not data.exists():
        return Finding(what, "ok", f"{data} does not exist yet; predvid up makes it")
    if not data.is_dir() or not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            what, "bad", f"{data} cannot be read and written", "Run as its owner, or choose another --data."
        )
    alone = not data.stat().st_mode & 0o077
    seen = str(data) if alone else f"{data} can be read by others"
    return judged(what, alone, seen, f"chmod 700 {data}", "warning")


def space(data: Path) -> Finding:
    """Look how much is free where the data lie or will lie."""
    where = next(path for path in (data, *data.parents) if path.exists())
    free = shutil.disk_usage(where).free
    advice = "Free some space: batches are not acknowledged on a full disk (nothing is lost meanwhile)."
    return judged("Disk", free >= LOW_BYTES, f"{free / 1e9:.1f} GB free on {where}", advice)


def port(data: Path, wanted: int | None) -> Finding:
    """Look who answers on the port of the installation, or on `wanted`."""
    described = bool(os.environ.get("PREDVID_STORE_PORT"))  # by a server's environment file
    place = Place.from_environment(os.environ) if described else Place.described(data)
    ours = urlsplit(place.address).port if place else None
    number = wanted or ours or 8700
    host = (urlsplit(place.local).hostname if place else None) or "127.0.0.1"
    try:
        with socket.create_connection((host, number), 1):
            taken = True
    except OSError:
        taken = False
    if not taken:
        return Finding("Port", "ok", f"{number} is free; predvid is not running")
    if place is not None and ours == number and _runs(place):
        return Finding("Port", "ok", f"{number} answers: predvid is running")
    return Finding(
        "Port", "bad", f"{number} is taken by another program", "Stop it, or start with predvid up --port N."
    )


def _runs(place: Place) -> bool:
    """Tell whether the console of this installation listens on its own socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return place.socket.exists() and probe.connect_ex(str(place.socket)) == 0


def logs(data: Path, now: float | None = None) -> Finding:
    """Look for errors of the last day in the logs of the parts; the newest is shown."""
    since = (time.time() if now is None else now) - RECENT.total_seconds()
    paths = [path for path in sorted((data / "log").glob("*.log")) if path.stat().st_mtime >= since]
    bad = {path: lines for path in paths if (lines := _errors(path))}
    if not bad:
        return Finding("Logs", "ok", "no errors" if paths else "none of the last day")
    newest = max(bad, key=lambda path: path.stat().st_mtime)
    seen = f"errors in the log of {', '.join(path.stem for path in bad)}; {newest.stem}: {bad[newest][-1]}"
    return Finding("Logs", "warning", seen, f"Look into {data / 'log'}.")


def _errors(path: Path) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - TAIL, 0))
        lines = file.read().decode(errors="replace").splitlines()
    return [line.strip()[:200] for line in lines if ERROR.search(line)]


def agent(data: Path, command: Sequence[str] = (sys.executable, "-m", "predvid")) -> Finding:
    """Ask the local agent, by its own verb, whether it runs and delivers."""
    state = data / "agent"
    if not (state / "agent.json").exists():
        return Finding("Agent", "ok", f"none in {state}")
    asked = [*command, "agent", "status", "--json", "--state", str(state)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        return Finding("Agent", "bad", done.stderr.strip(), "Put that right, then start predvid again.")
    return _agent(json.loads(done.stdout), data)


def _agent(seen: dict[str, Any], data: Path) -> Finding:
    link = seen["link"]
    if not seen["running"]:
        return Finding("Agent", "ok", "not running; it keeps what it has not delivered")
    if link["state"] not in ("well", "new"):
        said = link["message"] or link["state"]
        return Finding(
            "Agent", "bad", f"does not deliver: {said}", f"Look into {data / 'log' / 'agent.log'}."
        )
    last = datetime.fromisoformat(link["delivered"]) if link["delivered"] else None
    fresh = last is not None and datetime.now(UTC) - last < SILENT
    shown = f"delivered last at {link['delivered']}" if last else "has delivered nothing yet"
    return judged("Agent", fresh, shown, "predvid agent selftest tells why.", "warning")


def certificate(data: Path, now: datetime) -> Finding:
    """Look how long the certificate of the platform's own authority is still good."""
    chain = data / "tls" / "gateway.pem"
    if not chain.exists():
        return Finding("Certificate", "ok", "none of its own authority")
    try:
        until = x509.load_pem_x509_certificates(chain.read_bytes())[0].not_valid_after_utc
    except ValueError:
        return Finding("Certificate", "bad", f"{chain} cannot be read", "Delete it: the next start makes it.")
    advice = "It renews itself while the gateway runs: start it, or restart it."
    return judged("Certificate", until - now > EXPIRES, f"good until {until:%Y-%m-%d}", advice)
