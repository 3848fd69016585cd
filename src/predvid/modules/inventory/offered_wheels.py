"""The agent's packages that the enrolment page named: kept as files, so that what a page promised stays true.

Whoever upgrades the server, or works on its checkout, changes what `agent_wheel` makes; a command that
somebody copied before names a hash, and pip refuses everything else.
"""

import hashlib
import os
import re
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from predvid.modules.inventory.agent_wheel import Wheel, agent_wheel

KEPT = 3  # versions
NAME = re.compile(r"predvid-[0-9A-Za-z.+_]{1,64}-py3-none-any\.whl")


def publish(data: Path) -> Wheel:
    """Return the wheel of this installation, kept in `data` for `Offer.find`; a full disk is no obstacle."""
    wheel, folder = agent_wheel(), data / "packages"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / wheel.name
        if not path.exists() or path.read_bytes() != wheel.content:
            _write(path, wheel.content)
            _forget(folder, path)
    return wheel


def _write(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise


def _forget(folder: Path, newest: Path) -> None:
    old = sorted(folder.glob("*.whl"), key=lambda path: (path == newest, path.stat().st_mtime), reverse=True)
    for path in old[KEPT:]:
        path.unlink(missing_ok=True)


class Offer:
    """Finds a package by its name; the one asked for last stays in memory."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "packages"
        self._lock = threading.Lock()
        self._key: tuple[str, int, int] | None = None
        self._wheel: Wheel | None = None

    def find(self, name: str) -> Wheel | None:
        """Return the package `name` as a page named it, else our own of that name, else None."""
        if not NAME.fullmatch(name):
            return None
        with self._lock:
            try:
                return self._read(name)
            except OSError:  # no page of this host has named it yet
                wheel = agent_wheel()
                return wheel if wheel.name == name else None

    def _read(self, name: str) -> Wheel:
        path = self._folder / name
        stat = path.stat()
        key = name, stat.st_mtime_ns, stat.st_ino
        if self._wheel is None or key != self._key:
            content = path.read_bytes()
            self._wheel, self._key = Wheel(name, content, hashlib.sha256(content).hexdigest()), key
        return self._wheel
