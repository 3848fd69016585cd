"""A real store process on a free port with a folder of its own, for every test that needs one."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from predvid.modules.monitoring.store import Store

SRC = Path(__file__).parent.parent / "src"


@dataclass
class StoreProcess:
    """One store process: start it, kill it, start it again on the same folder."""

    folder: Path
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    opened: list[Store] = field(default_factory=list)

    def start(self) -> None:
        """Start and wait until it says that it is ready; again on the same port as before."""
        command = [sys.executable, "-m", "predvid.server.chdb_http", "--data", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PREDVID_STORE_TOKEN": self.token, "PYTHONPATH": str(SRC)},
        )
        assert self.process.stdout is not None
        with self.process.stdout as said:
            self.port = json.loads(said.readline())["port"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def store(self, token: str | None = None, timeout: float = 30.0) -> Store:
        """Return a new Store on this process, prepared unless it comes with another token."""
        store = Store("127.0.0.1", self.port, token or self.token, timeout=timeout)
        self.opened.append(store)
        if token is None:
            store.prepare()
        return store

    def close(self) -> None:
        """Close every Store and end the process."""
        for store in self.opened:
            store.close()
        if self.process is not None and self.process.poll() is None:
            self.stop()


@pytest.fixture(scope="session")
def store_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """One running store process for the whole run: tests keep apart by devices and clients of their own."""
    running = StoreProcess(tmp_path_factory.mktemp("store"))
    running.start()
    yield running
    running.close()


@pytest.fixture
def new_store_process(tmp_path: Path) -> Iterator[Callable[[], StoreProcess]]:
    """Start store processes that a test may kill."""
    started: list[StoreProcess] = []

    def start() -> StoreProcess:
        process = StoreProcess(tmp_path / f"store{len(started)}")
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.close()


@pytest.fixture
def store(store_process: StoreProcess) -> Iterator[Store]:
    """A prepared Store on the shared process."""
    store = store_process.store()
    yield store
    store.close()
