"""A real PostgreSQL in a temporary folder on a free loopback port, stopped afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import free_port

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the URL of an empty database `predvid`, whose owner is no superuser."""
    folder = Path(
        tempfile.mkdtemp(prefix="predvid-postgres-")
    )  # pytest's own folders are closed to `postgres`
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres")
    data, port = folder / "data", free_port()

    def run(*command: object) -> None:
        words = [str(each) for each in command]
        subprocess.run(words, check=True, capture_output=True, cwd="/", **user)

    run(BIN / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=on"
    run(BIN / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
    try:
        psql = (BIN / "psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-c")
        run(*psql, "CREATE ROLE predvid LOGIN PASSWORD 'p'")
        run(*psql, "CREATE DATABASE predvid OWNER predvid")
        yield f"postgresql://predvid:p@127.0.0.1:{port}/predvid"
    finally:
        run(BIN / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
