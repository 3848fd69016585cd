"""A real installation in a temporary folder: the same processes that `predvid up` starts, one by one."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from predvid.server.place import Place

SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """The processes of one installation; `start` and `kill` them by part."""

    place: Place
    port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.place.environment()}

    def predvid(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one verb of the command line to its end."""
        return subprocess.run(
            [sys.executable, "-m", "predvid", *arguments],
            env=self.environment,
            text=True,
            capture_output=True,
            check=check,
            timeout=SECONDS,
        )

    def django(self, code: str) -> str:
        """Run `code` in a process of its own with the models loaded, and return what it prints."""
        wrapped = f"import django; django.setup()\n{code}"
        done = subprocess.run(
            [sys.executable, "-c", wrapped],
            env={**self.environment, "PREDVID_PART": "verb"},  # of the platform, not of a person
            text=True,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, part: str, *arguments: str) -> None:
        if part == "gateway":
            arguments = ("--port", str(self.port), *arguments)
        log = (self.place.data / f"{part}.log").open("ab")
        self.running[part] = subprocess.Popen(
            [sys.executable, "-m", "predvid", "serve", part, *arguments],
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self._wait(part)

    def _wait(self, part: str) -> None:
        ready = {
            "store": lambda: _answers(f"http://127.0.0.1:{self.place.store_port}/ping"),
            "gateway": lambda: _answers(f"{self.place.address}/agent/v1/ca", any_status=True),
            "console": self.place.socket.exists,
        }.get(part, lambda: True)
        end = time.monotonic() + SECONDS
        while not ready():
            assert self.running[part].poll() is None, self.log(part)
            assert time.monotonic() < end, f"{part} does not answer: {self.log(part)}"
            time.sleep(0.05)

    def log(self, part: str) -> str:
        return (self.place.data / f"{part}.log").read_text(errors="replace")[-4000:]

    def kill(self, part: str, number: int = signal.SIGKILL) -> None:
        process = self.running.pop(part)
        process.send_signal(number)
        if part == "console" and number == signal.SIGKILL:
            os.killpg(process.pid, number)
        process.wait(20)

    def stop(self) -> None:
        for part in list(reversed(self.running)):
            self.kill(part, signal.SIGTERM)


def _answers(url: str, *, any_status: bool = False) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return any_status
    except OSError:
        return False


@contextmanager
def installation(folder: Path, *parts: str, database_url: str = "") -> Iterator[Installation]:
    """Give an installation with its tables made and `parts` running; stop it afterwards."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    place = Place(
        folder,
        address=address,
        local=address,
        store_port=free_port(),
        store_token="t" * 32,
        database_url=database_url,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run").mkdir(exist_ok=True)
    one = Installation(place, port)
    one.django("from predvid.server.setting_up import migrate; migrate()")
    try:
        if "store" in parts:
            one.start("store")
            one.django("from predvid.modules.monitoring.stores import store; store().prepare()")
        for part in parts:
            if part != "store":
                one.start(part)
        yield one
    finally:
        one.stop()
