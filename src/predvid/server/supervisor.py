"""Starts the parts of an installation, restarts what dies, and stops all of them together."""

import contextlib
import logging
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from predvid.core.errors import UserError
from predvid.server.place import Place
from predvid.server.supervised import MODULE

log = logging.getLogger(__name__)
PAUSE = 0.2
STOP_SECONDS = 12  # for all parts together
PART_SECONDS = 4  # for each: one that is stuck leaves the others time to end well
FAST = 10.0  # a part that lived shorter than this died at its start
MAX_FAST_DEATHS = 6  # at the start of all; later a part is tried again for ever
MAX_WAIT = 30.0
MAX_LOG = 8 << 20
LOG_SECONDS = 5.0


@dataclass
class Part:
    """One process: its name, the arguments of `predvid`, and how it fares."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    fast_deaths: int = 0
    restarts: int = 0
    environment: dict[str, str] = field(default_factory=dict)


class Supervisor:
    """The parts in the order of their start; they are stopped in the opposite order."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.parts: list[Part] = []
        self.stop = threading.Event()
        self.failed = False
        self._starting = True
        self._trim_at = 0.0

    def start(self, part: Part) -> None:
        """Start a part; its log goes to `log/<name>.log` in the data directory."""
        self.parts.append(part)
        self._spawn(part)

    def _spawn(self, part: Part) -> None:
        environment = {**os.environ, **self.place.environment(), **part.environment}
        with self._log(part.name) as output:
            part.process = subprocess.Popen(
                [sys.executable, "-m", MODULE, *part.arguments],
                env=environment,
                stdin=subprocess.PIPE,  # never written to: its end tells the part that we are gone
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        part.started = time.monotonic()

    def log_path(self, name: str) -> Path:
        """Return where a part's log lies."""
        return self.place.data / "log" / f"{name}.log"

    def _log(self, name: str) -> BinaryIO:
        path = self.log_path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path.open("ab")

    def trim_logs(self) -> None:
        """Put what is too long aside as `.log.1` and begin anew; the part goes on in the same file."""
        for path in (self.place.data / "log").glob("*.log"):
            if path.stat().st_size > MAX_LOG:
                aside = path.with_suffix(".log.1")
                try:
                    shutil.copyfile(path, aside)
                except OSError:  # a full disk: the newest errors are worth more than the oldest
                    aside.unlink(missing_ok=True)
                os.truncate(path, 0)

    def check(self) -> None:
        """Raise if a part cannot stay up (UserError) or a stop was asked for: for use while waiting."""
        if self.stop.is_set():
            raise KeyboardInterrupt
        self._mend()
        if self.failed:
            raise self.failure()

    def failure(self) -> UserError:
        """Return the sentence about the part that does not stay up, with the end of its log."""
        worst = max(self.parts, key=lambda part: part.fast_deaths)
        tail = "\n".join(self.log_path(worst.name).read_text(errors="replace").splitlines()[-3:])
        return UserError(f"The {worst.name} does not stay up. Its log says:\n{tail}", 1)

    def watch(self) -> None:
        """Restart what dies until a stop is asked for: what once ran is tried again for ever."""
        self._starting = False
        while not self.stop.wait(PAUSE):
            self._mend()
            if time.monotonic() >= self._trim_at:
                self._trim_at = time.monotonic() + LOG_SECONDS
                with contextlib.suppress(OSError):
                    self.trim_logs()

    def _mend(self) -> None:
        for part in self.parts:
            if part.process is None:
                if time.monotonic() >= part.due:
                    part.restarts += 1
                    self._again(part)
            elif _ended(part.process):
                _bury(part.process)
                quick = time.monotonic() - part.started < FAST
                part.fast_deaths = part.fast_deaths + 1 if quick else 0
                self.failed = self._starting and (self.failed or part.fast_deaths >= MAX_FAST_DEATHS)
                part.due = time.monotonic() + _pause(part)
                log.warning("%s ended with status %s; starting it again", part.name, part.process.returncode)
                part.process = None

    def _again(self, part: Part) -> None:
        """Start a part again; where even that fails (a full disk, no memory) it is due once more."""
        try:
            self._spawn(part)
        except OSError as error:
            part.fast_deaths += 1
            part.due = time.monotonic() + _pause(part)
            log.warning("%s cannot be started: %s", part.name, error)

    def wait_for_page(self, place: Place, seconds: float) -> None:
        """Wait until the console answers through the gateway. Raises UserError after `seconds`."""
        context = None
        if (pem := place.ca_pem()) is not None:
            context = ssl.create_default_context(cadata=pem.decode())
        self.wait(lambda: _answers(f"{place.local}/healthz", context), seconds, "The console does not answer")

    def wait(self, done: Callable[[], bool], seconds: float, otherwise: str) -> None:
        """Wait until `done` says so, minding the parts. Raises UserError with `otherwise` after `seconds`."""
        end = time.monotonic() + seconds
        while not done():
            self.check()
            if time.monotonic() > end:
                raise UserError(
                    f"{otherwise} after {seconds:.0f} s; see the logs in {self.place.data / 'log'}.", 1
                )
            self.stop.wait(PAUSE)

    def end(self) -> None:
        """Stop all parts, the last started first; what does not stop in time is killed."""
        end = time.monotonic() + STOP_SECONDS
        for part in reversed(self.parts):
            if part.process is None:
                continue
            os.kill(part.process.pid, signal.SIGTERM)
            own = min(end, time.monotonic() + PART_SECONDS)
            while not _ended(part.process) and time.monotonic() < own:
                time.sleep(0.02)
            _bury(part.process)


def _pause(part: Part) -> float:
    """Return how long a part waits before it is started again (seconds)."""
    return min(0.2 * 2.0 ** min(part.fast_deaths, 16), MAX_WAIT)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a part is over. It stays a zombie, so that its number cannot come to mean anybody else."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _bury(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a part and of all that it started, and let go of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _answers(url: str, context: ssl.SSLContext | None) -> bool:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
