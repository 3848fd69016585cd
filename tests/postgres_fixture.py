"""A real PostgreSQL in a temporary folder on a free loopback port, stopped afterwards."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from installation import free_port

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
OWNER, APP = "predvid", "predvid_app"  # neither is a superuser


@dataclass
class PostgresServer:
    """One running server with the two roles of an installation."""

    folder: Path
    port: int

    def run(self, *command: object) -> bytes:
        """Run one of PostgreSQL's programs as its system user and return what it prints."""
        user = {"user": "postgres"} if os.geteuid() == 0 else {}
        words = [str(each) for each in (BIN / str(command[0]), *command[1:])]
        return subprocess.run(words, check=True, capture_output=True, cwd="/", **user).stdout

    def sql(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        where = ("-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-d", database)
        self.run("psql", *where, "-v", "ON_ERROR_STOP=1", "-c", statement)

    def create(self, database: str) -> None:
        """Create an empty database that belongs to the owner's role."""
        self.sql(f"CREATE DATABASE {database} OWNER {OWNER}")

    def dump(self, database: str) -> bytes:
        """Return the whole database as text, as the platform's backup takes it."""
        return self.run("pg_dump", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", database)

    def url(self, database: str, role: str = OWNER) -> str:
        """Return the URL of a database for a role."""
        return f"postgresql://{role}:p@127.0.0.1:{self.port}/{database}"


@contextmanager
def running() -> Iterator[PostgresServer]:
    """A running server without any database of ours, stopped and removed afterwards."""
    folder = Path(
        tempfile.mkdtemp(prefix="predvid-postgres-")
    )  # pytest's own folders are closed to `postgres`
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data, server = folder / "data", PostgresServer(folder, free_port())
    server.run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
    options = (
        f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=on"
    )
    server.run("pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
    try:
        for role in (OWNER, APP):
            server.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'p'")
        yield server
    finally:
        server.run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server without any database of ours."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def postgres(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> str:
    """Give the URL of a database that is empty for each file of tests, whose owner is no superuser."""
    name = re.sub(r"\W", "_", request.module.__name__.rpartition(".")[2])
    postgres_server.create(name)
    return postgres_server.url(name)
