"""A private PostgreSQL cluster in a directory of its own, reached through a Unix socket."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

import psycopg

BINARIES = Path("/usr/lib/postgresql/15/bin")
# Sized for a small server. Durability is left whole: fsync, full_page_writes and synchronous_commit stay on.
SETTINGS = {
    "listen_addresses": "",
    "synchronous_commit": "on",
    "shared_buffers": "2GB",
    "wal_buffers": "64MB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}


class PostgresCluster:
    """`with PostgresCluster(directory) as cluster:` runs a server; `cluster.connect(database)` opens it."""

    def __init__(self, directory: Path, run_as: str | None) -> None:
        """`directory` must exist and belong to `run_as` (None: the current user, who must not be root)."""
        self.directory = directory
        self._data = directory / "postgres"
        self._run_as = run_as
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PostgresCluster":
        options = ["-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        create = [str(BINARIES / "initdb"), "-D", str(self._data), *options]
        subprocess.run(create, check=True, user=self._run_as, cwd=self.directory, stdout=subprocess.DEVNULL)
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self.directory / "postgres.log").open("wb") as log:
            self._process = subprocess.Popen(
                [BINARIES / "postgres", "-D", self._data, "-k", self.directory, *settings],
                user=self._run_as,
                cwd=self.directory,
                stdout=log,
                stderr=log,
            )
        self._await_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            # "Immediate" shutdown, pg_ctl(1): the data is thrown away, a last checkpoint would be wasted.
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=60)
            shutil.rmtree(self._data, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Process id of the postmaster; its children are the backends."""
        if self._process is None:
            raise RuntimeError("the PostgreSQL cluster is not running")
        return self._process.pid

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[int]]:
        """A new autocommit connection as the superuser `bench`."""
        return psycopg.connect(host=str(self.directory), dbname=database, user="bench", autocommit=True)

    def _await_ready(self, patience_s: float = 30) -> None:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def service_user() -> str | None:
    """Whom to run servers as: PostgreSQL refuses to run as root, the package brings the user `postgres`."""
    return "postgres" if os.geteuid() == 0 else None
