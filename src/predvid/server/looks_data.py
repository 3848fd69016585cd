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

from predvid.server.findings import Finding, judged, said
from predvid.server.place import Place

LOW_BYTES = 2 << 30
TAIL = 64 << 10
ERROR = re.compile(r"Traceback|\b(?:ERROR|CRITICAL)\b|^predvid \w+: |<(?:Error|Fatal)>")
RECENT = timedelta(days=1)
SILENT = timedelta(minutes=5)
EXPIRES = timedelta(days=30)
AUTHORITY_EXPIRES = timedelta(days=365)  # every device must be given the next one before


def folder(data: Path) -> Finding:
    """Look whether the data directory can be used, by us alone."""
    what = "Data directory"
    if not data.exists():
        return Finding(what, "ok", said("folder.none", path=str(data)))
    if not data.is_dir() or not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return Finding(what, "bad", said("folder.unusable", path=str(data)), said("folder.unusable.do"))
    alone = not data.stat().st_mode & 0o077
    seen = said("folder.alone" if alone else "folder.open", path=str(data))
    return judged(what, alone, seen, said("folder.open.do", path=str(data)), "warning")


def space(data: Path) -> Finding:
    """Look how much is free where the data lie or will lie."""
    where = next(path for path in (data, *data.parents) if path.exists())
    free = shutil.disk_usage(where).free
    return judged("Disk", free >= LOW_BYTES, said("space", free=free, path=str(where)), said("space.do"))


def port(data: Path, wanted: int | None) -> Finding:
    """Look who answers on the port of the installation, or on `wanted`."""
    place = Place.looked_at(data)
    ours = urlsplit(place.address).port if place else None
    number = wanted or ours or 8700
    host = (urlsplit(place.local).hostname if place else None) or "127.0.0.1"
    try:
        with socket.create_connection((host, number), 1):
            taken = True
    except OSError:
        taken = False
    if not taken:
        return Finding("Port", "ok", said("port.free", port=str(number)))
    if place is not None and ours == number and _runs(place):
        return Finding("Port", "ok", said("port.ours", port=str(number)))
    return Finding("Port", "bad", said("port.taken", port=str(number)), said("port.do"))


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
        return Finding("Logs", "ok", said("logs.good" if paths else "logs.none"))
    newest = max(bad, key=lambda path: path.stat().st_mtime)
    parts = ", ".join(path.stem for path in bad)
    seen = said("logs.errors", parts=parts, part=newest.stem, line=bad[newest][-1])
    return Finding("Logs", "warning", seen, said("logs.do", path=str(data / "log")))


def _errors(path: Path) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - TAIL, 0))
        lines = file.read().decode(errors="replace").splitlines()
    return [line.strip()[:200] for line in lines if ERROR.search(line)]


def agent(data: Path, command: Sequence[str] = (sys.executable, "-m", "predvid")) -> Finding:
    """Ask the local agent, by its own verb, whether it runs and delivers."""
    state = data / "agent"
    if not (state / "agent.json").exists():
        return Finding("Agent", "ok", said("agent.none", path=str(state)))
    asked = [*command, "agent", "status", "--json", "--state", str(state)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        return Finding("Agent", "bad", said("agent.says", line=done.stderr.strip()), said("agent.says.do"))
    return _agent(json.loads(done.stdout), data)


def _agent(seen: dict[str, Any], data: Path) -> Finding:
    link = seen["link"]
    if not seen["running"]:
        return Finding("Agent", "ok", said("agent.stopped"))
    if link["state"] not in ("well", "new"):
        seen_link = said("agent.stuck", said=link["message"] or link["state"])
        return Finding("Agent", "bad", seen_link, said("logs.do", path=str(data / "log" / "agent.log")))
    last = datetime.fromisoformat(link["delivered"]) if link["delivered"] else None
    fresh = last is not None and datetime.now(UTC) - last < SILENT
    shown = said("agent.delivered", time=link["delivered"]) if last else said("agent.nothing")
    return judged("Agent", fresh, shown, said("agent.do"), "warning")


def certificate(data: Path, now: datetime) -> Finding:
    """Look how long the certificate of the platform's own authority is still good."""
    chain = data / "tls" / "gateway.pem"
    if not chain.exists():
        return Finding("Certificate", "ok", said("certificate.none"))
    try:
        until = x509.load_pem_x509_certificates(chain.read_bytes())[0].not_valid_after_utc
    except ValueError:
        return Finding(
            "Certificate",
            "bad",
            said("certificate.unreadable", path=str(chain)),
            said("certificate.unreadable.do"),
        )
    seen = said("certificate.until", date=f"{until:%Y-%m-%d}")
    return judged("Certificate", until - now > EXPIRES, seen, said("certificate.do"))


def authority(data: Path, now: datetime) -> Finding:
    """Look how long the platform's own authority is still good: agents pin it, so nothing renews it."""
    path = data / "tls" / "ca.pem"
    if not path.exists():
        return Finding("Authority", "ok", said("certificate.none"))
    until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    seen = said("certificate.until", date=f"{until:%Y-%m-%d}")
    state = "bad" if until - now <= EXPIRES else "warning"
    do = said("authority.do", path=str(path.parent))
    return judged("Authority", until - now > AUTHORITY_EXPIRES, seen, do, state)
