"""The agent's own renewal: fetches the release that the plan names in a child, and proves itself after it.

The plan only chooses among what operators have signed; the child verifies it under the pinned root. Whoever
runs from a checkout, or was not installed as a service, is not renewed.
"""

import logging
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from predvid.edge import launch
from predvid.edge.installing import Home, confirm
from predvid.wire.v1 import EventRow, Sentence

log = logging.getLogger("predvid.agent")
SPREAD = 10.0  # seconds within which the agents of a ring begin; the server lets few begin at once
AGAIN = {"unreachable": 1800.0, "disk": 1800.0}  # seconds after a refusal that passes by itself
LATER = 6 * 3600.0  # seconds after any other
CHILD = ("-I", "-m", "predvid.edge.update_verb")  # isolated, as `launch.MODULE` is
PATIENCE = 3600  # seconds for the whole installation


class Outcome(msgspec.Struct, frozen=True):
    """What the child said last: `code` is empty where the release is installed."""

    version: str
    code: str = ""
    message: str = ""


Install = Callable[[str], Outcome]


def no_updates() -> "Updating":
    """Return one that renews nothing: for a checkout, or an agent that was not installed as a service."""
    return Updating(None, "", lambda version: Outcome(version, "install", "not here"))


def in_a_child(state: Path) -> Install:
    """Return what installs a version by `edge.update_verb`, in a process of its own."""

    def install(version: str) -> Outcome:
        command = [sys.executable, *CHILD, version, str(state)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
            return msgspec.json.decode(done.stdout, type=Outcome)
        except subprocess.TimeoutExpired:
            return Outcome(version, "install", f"it was not installed within {PATIENCE} s")
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return Outcome(version, "install", "the installation ended without a word")

    return install


class Updating:
    """Decides when to fetch what; the installation runs in a thread and is asked for by `finished`."""

    def __init__(self, home: Home | None, running: str, install: Install) -> None:
        self._home = home if home is not None and home.launcher.exists() else None
        self._running, self._install = running, install
        self._wanted = ""
        self._due = float("inf")
        self._busy = self._proven = False
        self._told: set[tuple[str, str]] = set()
        self._done: SimpleQueue[Outcome] = SimpleQueue()

    @property
    def possible(self) -> bool:
        """Tell whether this agent can renew itself."""
        return self._home is not None

    def started(self, now_ms: int) -> Iterator[EventRow]:
        """Yield, once, that a version which was on trial did not prove itself and this one runs again."""
        if self._home is None:
            return
        standing = launch.read(self._home.path)
        if not standing["told"]:
            version = str(standing["failed"]).rpartition("-")[0]
            said = Sentence("agent.update_reverted", {"version": version, "running": self._running})
            yield EventRow("agent.update_reverted", said, now_ms, "error")

    def want(self, version: str, now: float) -> None:
        """Take what the plan names (empty: nothing) at `now` (steady seconds)."""
        if version != self._wanted:
            self._wanted = version
            self._due = now + random.uniform(0, SPREAD)  # noqa: S311 - spreads load, keeps no secret

    def delivered(self, now_ms: int) -> Iterator[EventRow]:
        """Take note that the server acknowledged a batch: a version on trial has proved itself."""
        if self._home is None or self._proven:
            return
        try:
            standing = launch.read(self._home.path)
            renewed = confirm(self._home)
            if not renewed and not standing["told"]:
                launch.write(self._home.path, {**standing, "told": True})
        except OSError as error:  # the next delivery tries again: unnoted, a good version would be left
            log.warning("which version runs cannot be noted: %s", error.strerror)
            return
        self._proven = True
        if renewed:
            said = Sentence("agent.updated", {"version": self._running})
            yield EventRow("agent.updated", said, now_ms)

    def begin(self, now: float) -> None:
        """Start the installation if one is due."""
        if self._home is None or self._busy or now < self._due:
            return
        self._due = float("inf")
        failed = str(launch.read(self._home.path)["failed"]).rpartition("-")[0]
        if self._wanted in ("", self._running, failed):
            return
        self._busy = True
        wanted = self._wanted
        log.info("fetching release %s", wanted)
        threading.Thread(
            target=lambda: self._done.put(self._install(wanted)), name="update", daemon=True
        ).start()

    def finished(self, now: float) -> Outcome | None:
        """Return the outcome of an installation that has just ended; a refused one is tried again later."""
        try:
            outcome = self._done.get_nowait()
        except Empty:
            return None
        self._busy = False
        if outcome.code:
            log.warning("release %s is not installed: %s", outcome.version, outcome.message)
            self._due = now + AGAIN.get(outcome.code, LATER) * random.uniform(1, 1.5)  # noqa: S311 - as above
        return outcome

    def complaint(self, outcome: Outcome, now_ms: int) -> Iterator[EventRow]:
        """Yield the event of a refused release: once for each version and reason."""
        if outcome.code and (outcome.version, outcome.code) not in self._told:
            self._told.add((outcome.version, outcome.code))
            said = Sentence(
                "agent.update_refused",
                {"version": outcome.version, "code": outcome.code, "why": outcome.message[:300]},
            )
            severity = "error" if outcome.code == "untrusted" else "warning"
            yield EventRow("agent.update_refused", said, now_ms, severity)
