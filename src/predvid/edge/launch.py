"""Starts the agent's current version, and goes back to the one before where a new one does not prove itself.

Stands alone, on the standard library: `predvid agent service install` copies it beside the versions, so that
no update can break what undoes updates. `versions.json` beside it says which version is current; a version is
on trial from its installation until it has delivered a batch that the server acknowledged.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

STARTS = 3  # of a version on trial; the next start is of the version before it
PROOF = 900.0  # seconds of running after which a version that was never acknowledged has failed
LOOK = 1.0  # seconds between two looks at whether it has proved itself
KILL = 10.0  # seconds between asking it to end and ending it
MODULE = ("-I", "-m", "predvid")  # isolated: no module of the folder that somebody stands in is imported
NOT_RESTARTED = 2  # the exit status after which a service manager leaves an agent alone
FIRST: dict[str, Any] = {
    "current": "",  # folder below versions/; empty: what was installed first, in this very folder
    "previous": "",
    "trial": False,
    "starts": 0,
    "waited": 0.0,
    "counter": 0,  # of the newest release that was installed here: no older one is taken again
    "failed": "",  # the version that did not prove itself last
    "told": True,  # whether the server has heard of it
}


def read(home: Path) -> dict[str, Any]:
    """Return which version stands how; a file that is missing or damaged means: the first installation."""
    try:
        found = json.loads((home / "versions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return dict(FIRST)
    if not isinstance(found, dict):
        return dict(FIRST)
    kept = {name: found[name] for name in FIRST if type(found.get(name)) is type(FIRST[name])}
    return {**FIRST, **kept}


def write(home: Path, standing: dict[str, Any]) -> None:
    """Write it whole or not at all. Raises OSError."""
    new = home / "versions.json.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(standing, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, home / "versions.json")


def back(standing: dict[str, Any]) -> dict[str, Any]:
    """Return the standing after the version on trial has failed: the one before it is current again."""
    return {
        **standing,
        "current": standing["previous"],
        "previous": "",
        "trial": False,
        "failed": standing["current"],
        "told": False,
    }


def began(standing: dict[str, Any]) -> dict[str, Any]:
    """Return the standing as one more start begins: a version on trial has few of them."""
    if not standing["trial"]:
        return standing
    if standing["starts"] >= STARTS or standing["waited"] >= PROOF:
        return back(standing)
    return {**standing, "starts": standing["starts"] + 1}


def interpreter(home: Path, version: str) -> str:
    """Return the Python of a version; of the first installation where the version's own is not there."""
    inside = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    own = home.joinpath("versions", version, *inside) if version else home.joinpath(*inside)
    return str(own if own.exists() else home.joinpath(*inside))


class Trial:
    """One start of a version on trial, watched."""

    def __init__(self, home: Path, command: list[str], standing: dict[str, Any]) -> None:
        self._home, self._standing = home, standing
        self._stopped = False
        self._began = time.monotonic()
        self._child = subprocess.Popen(command)

    def run(self) -> int:
        """Wait for the agent's end, or end it when its time for proof is over; return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._over():
            if self._unproven() and self._waited() >= PROOF:
                self._end()
                _noted(self._home, back(self._standing))
                return 1
        return self._ended(self._child.returncode)

    def _over(self) -> bool:
        try:
            self._child.wait(LOOK)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _ended(self, status: int) -> int:
        if not self._unproven():
            return status
        if self._stopped:  # the machine or a person ended it: that is no failure of the version
            _noted(self._home, {**self._standing, "starts": self._standing["starts"] - 1})
            return status
        if status == NOT_RESTARTED:  # nobody would start it again
            _noted(self._home, back(self._standing))
            return 1
        _noted(self._home, {**self._standing, "waited": self._waited()})
        return status or 1

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopped = True
        self._child.terminate()

    def _unproven(self) -> bool:
        now = read(self._home)
        return bool(now["trial"]) and now["current"] == self._standing["current"]

    def _waited(self) -> float:
        return float(self._standing["waited"]) + time.monotonic() - self._began

    def _end(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(KILL)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def main(arguments: list[str], home: Path) -> int:
    """Run the agent (`agent run` with `arguments`), or any command after `--command`; return its status."""
    standing = read(home)
    if arguments[:1] == ["--command"]:
        return _become([interpreter(home, standing["current"]), *MODULE, *arguments[1:]])
    now = began(standing)
    if now != standing and not _noted(home, now):
        now = back(standing)  # a start that cannot be counted is no trial: nothing would ever end it
    command = [interpreter(home, now["current"]), *MODULE, "agent", "run", *arguments]
    return Trial(home, command, now).run() if now["trial"] else _become(command)


def _noted(home: Path, standing: dict[str, Any]) -> bool:
    """Write it and tell whether it stands: a full or read-only disk must keep no agent from running."""
    try:
        write(home, standing)
    except OSError as error:
        sys.stderr.write(f"{home / 'versions.json'} cannot be written: {error.strerror}\n")
        return False
    return True


def _become(command: list[str]) -> int:
    if os.name != "nt":  # there os.execv would return to the caller at once
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted, and nothing comes after it
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent))
