"""The checks of servers on real servers: MariaDB, PostgreSQL and nginx, each in a temporary folder."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from edge.elsewhere import Elsewhere
from installation import free_port
from predvid.checks.collecting import Collected, collect, inapplicable, judge
from predvid.checks.registry import checks
from predvid.checks.source import Source
from predvid.checks.v1 import State
from predvid.core.policy import with_values

PATIENCE = 30.0  # seconds until a server answers
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def ran(name: str, source: Source, state: dict[str, Any] | None = None, **params: Any) -> Collected:
    """Return what a live run of the check gives; it must apply and read everything."""
    check = checks()[name]
    assert inapplicable(check, source) is None
    got = collect(check, source, with_values(name, check.params, params), {} if state is None else state)
    assert got.error is None, got.error
    return got


def states(name: str, got: Collected) -> dict[str, State]:
    check = checks()[name]
    return {result.item: result.state for result in judge(check, got.samples, check.params)[0]}


def values(got: Collected) -> dict[str, float]:
    return {sample.metric: sample.value for sample in got.samples}


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def serving(*command: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, **QUIET, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_mariadb_is_asked_by_its_own_client(tmp_path: Path) -> None:
    data, socket = tmp_path / "data", tmp_path / "mysqld.sock"
    user = f"--user={'root' if os.geteuid() == 0 else os.environ.get('USER', '')}"
    options = (f"--datadir={data}", user, "--skip-networking", "--innodb-buffer-pool-size=8M")
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", *options[:2], "--auth-root-authentication-method=socket",
         "--skip-test-db", "--skip-name-resolve"],
        check=True, timeout=60, **QUIET,
    )  # fmt: skip
    with serving("mariadbd", "--no-defaults", *options, f"--socket={socket}") as server:
        until(socket.exists)
        source = Elsewhere({"/run/mysqld/mysqld.sock": str(socket), "/etc/mysql/debian.cnf": str(tmp_path)})
        state: dict[str, Any] = {}
        until(lambda: collect(checks()["mysql"], source, checks()["mysql"].params, {}).error is None)
        client = ["mysql", "--no-defaults", f"--socket={socket}", "-e"]
        filled = "CREATE DATABASE shop; CREATE TABLE shop.t (n INT); INSERT INTO shop.t VALUES (1)"
        subprocess.run([*client, filled], check=True, timeout=20)
        ran("mysql", source, state)
        time.sleep(0.01)  # a rate needs two moments
        got = ran("mysql", source, state)
        assert {"connections", "slow"} <= set(states("mysql", got))
        assert set(states("mysql", got).values()) == {State.OK}
        assert values(got)["mysql_database_bytes"] > 0
        assert values(got)["mysql_questions_per_second"] > 0
        assert "MariaDB" in str(got.facts[-1].value["version"])
        server.kill()
        server.wait()
        assert collect(checks()["mysql"], source, checks()["mysql"].params, {}).error is not None


def test_postgresql_is_asked_by_its_own_client(postgres: str) -> None:
    port = postgres.rpartition(":")[2].partition("/")[0]
    folder = next(Path(tempfile.gettempdir()).glob(f"predvid-postgres-*/.s.PGSQL.{port}")).parent
    # psql looks for its socket where Debian keeps it, or where PGHOST says: the port alone tells the server.
    source = Elsewhere({"/var/run/postgresql": str(folder), "psql": f"env PGHOST={folder} psql"})
    with psycopg.connect(postgres) as connection:
        connection.execute("SELECT 1")  # an open transaction of a client
        got = ran("postgresql", source)
    assert set(states("postgresql", got).values()) == {State.OK}
    told = values(got)
    assert told["postgresql_connections_percent"] > 0
    assert told["postgresql_database_bytes"] > 1_000_000
    assert got.facts[-1].value[0]["standby"] is False


NGINX = """pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off; worker_processes 1;
events {{}}
http {{
 access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
 uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
 server {{ listen 127.0.0.1:{port}; location = /nginx_status {{ stub_status; }} }}
}}
"""


def test_nginx_is_seen_at_work_and_when_it_was_killed(tmp_path: Path) -> None:
    port, pid = free_port(), tmp_path / "nginx.pid"
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port))
    source, page = Elsewhere({"/run/nginx.pid": str(pid)}), f"127.0.0.1:{port} /nginx_status"
    with serving("/usr/sbin/nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)) as server:
        until(lambda: pid.exists() and bool(pid.read_text().strip()))
        state: dict[str, Any] = {}
        until(lambda: "web_server_active" in values(ran("web_servers", source, state, nginx=page)))
        time.sleep(0.01)  # a rate needs two moments
        got = ran("web_servers", source, state, nginx=page)
        assert values(got)["web_server_alive"] == values(got)["web_server_listening"] == 1
        assert values(got)["web_server_requests_per_second"] > 0
        assert set(states("web_servers", got).values()) == {State.OK}
        server.kill()
        server.wait()
    dead = states("web_servers", ran("web_servers", source, nginx=page))
    assert State.CRITICAL in dead.values()
