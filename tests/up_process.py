"""A real `predvid up` as a person starts it, in a folder of its own on a free port."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from installation import SECONDS, free_port

PARTS = ("store", "gateway", "console", "worker", "agent")


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what describes another installation."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PREDVID_", "DJANGO_"))}
    return ours | {"LC_ALL": "C.UTF-8"} | more


def predvid(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one verb of the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "predvid", *arguments],
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def wait(done: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


@dataclass
class Up:
    """A `predvid up` and everything that it started."""

    data: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    ready: dict[str, str] = field(default_factory=dict)

    def start(self) -> "Up":
        """Start it and wait for the line that says it is ready."""
        command = [sys.executable, "-m", "predvid", "up", "--data", str(self.data), "--port", str(self.port)]
        with self.shown.open("w") as shown:
            self.process = subprocess.Popen(
                [*command, *self.options],
                env=clean_environment(**self.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=shown,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.shown.read_text()
        self.ready = json.loads(line)
        return self

    @property
    def shown(self) -> Path:
        """Where what people see on a terminal is kept."""
        return self.data.with_suffix(".shown")

    def parts(self) -> dict[str, psutil.Process]:
        """Return the running parts by name."""
        found = {}
        for process in psutil.process_iter():
            try:
                words, data = process.cmdline(), process.environ().get("PREDVID_DATA")
                leads = os.getpgid(process.pid) == process.pid  # the console's worker only belongs to one
            except (psutil.Error, ProcessLookupError):
                continue
            if leads and data == str(self.data) and "predvid.server.supervised" in words:
                found[words[4] if words[3] == "serve" else words[3]] = process
        return found

    def processes(self) -> list[psutil.Process]:
        """Return every process of this installation: those that know its folder or listen for it."""
        return [process for process in psutil.process_iter() if self._mine(process)]

    def _mine(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("PREDVID_DATA") == str(self.data)
        except psutil.Error:
            return False

    def page(self, path: str = "healthz") -> int:
        """Return the status of a page, 0 where nothing answers."""
        context = None
        if self.ready["url"].startswith("https"):
            context = ssl.create_default_context(cafile=str(self.data / "tls" / "ca.pem"))
        plain, tls = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        try:
            with urllib.request.build_opener(plain, tls).open(self.ready["url"] + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def status(self) -> dict[str, object]:
        """Return what `predvid status --json` says."""
        found: dict[str, object] = json.loads(predvid("status", "--json", "--data", str(self.data)).stdout)
        return found

    def agent(self) -> dict[str, object]:
        """Return the link of the local agent as `predvid agent status --json` says."""
        shown = predvid("agent", "status", "--json", "--state", str(self.data / "agent")).stdout
        link: dict[str, object] = json.loads(shown)["link"]
        return link

    def log(self, part: str) -> str:
        """Return the log of a part."""
        return (self.data / "log" / f"{part}.log").read_text(errors="replace")

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; return the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@contextmanager
def running(data: Path, *options: str, **environment: str) -> Iterator[Up]:
    """Give a running `predvid up` and stop it afterwards."""
    up = Up(data, options=options, environment=environment)
    try:
        yield up.start()
    finally:
        if up.process is not None and up.process.poll() is None:
            up.end()
        for left in up.processes():
            left.kill()


def without_colours(text: str) -> str:
    """Return text without a terminal's control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
