"""What to ask a PostgreSQL server (10 and newer), and the rows that psql answers with.

Sources: the manual's chapters "The Cumulative Statistics System", "System Administration Functions" and
"Routine Vacuuming" (postgresql.org/docs/current). Each row begins with its kind; a tab
separates columns.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from predvid.checks.readers.plain import number

SOCKETS = "/var/run/postgresql"
MOST_ROWS = 2000
MOST_DATABASES = 10  # whose tables are looked at
_SOCKET = re.compile(r"\.s\.PGSQL\.(\d{1,5})\.lock$")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}$")  # the rest might mean something to psql itself

_SERVER = (
    "SELECT 'server', current_setting('server_version'), pg_is_in_recovery()::int,"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
    " current_setting('max_connections'),"
    " (SELECT coalesce(extract(epoch FROM max(now() - xact_start)), 0) FROM pg_stat_activity"
    "  WHERE backend_type = 'client backend'),"
    " (SELECT coalesce(extract(epoch FROM max(now() - state_change)), 0) FROM pg_stat_activity"
    "  WHERE state LIKE 'idle in transaction%')"
)
_ARCHIVE = (
    "SELECT 'archive', (last_failed_time > coalesce(last_archived_time, 'epoch'))::int, failed_count"
    " FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'"
)
# A standby of an idle primary replays nothing: it is behind only if it has received more than it replayed.
_STANDBY = (
    "SELECT 'standby', CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    " ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END,"
    " (SELECT count(*) FROM pg_stat_wal_receiver) WHERE pg_is_in_recovery()"
)
_REPLICAS = (
    "SELECT 'replica', application_name, state, coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()"
    " THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, replay_lsn), 0)"
    " FROM pg_stat_replication"
)
_SLOTS = (
    "SELECT 'slot', slot_name, active::int, coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()"
    " THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn), 0)"
    " FROM pg_replication_slots"
)
_DATABASES = (
    "SELECT 'database', datname, pg_database_size(oid), age(datfrozenxid) FROM pg_database"
    " WHERE datallowconn ORDER BY datname"
)
# Small tables say nothing: autovacuum waits for a fifth of a table (autovacuum_vacuum_scale_factor).
_TABLES = (
    "SELECT 'tables', current_database(), coalesce(max(100.0 * n_dead_tup / (n_live_tup + n_dead_tup)), 0)"
    " FROM pg_stat_user_tables WHERE n_dead_tup > 1000000"
)
KINDS = {"server": 7, "archive": 3, "standby": 3, "replica": 4, "slot": 4, "database": 4, "tables": 3}


@dataclass(slots=True)
class Server:
    """The rows of one server by kind, without their kind."""

    rows: dict[str, list[list[str]]] = field(default_factory=dict)

    def named(self, kind: str) -> dict[str, list[str]]:
        """Return the rows of `kind` by their first column, whatever comes twice once."""
        return {row[0][:100]: row[1:] for row in self.rows.get(kind, ()) if row[0]}

    def one(self, kind: str) -> list[str] | None:
        """Return the first row of `kind`, None where there is none."""
        return next(iter(self.rows.get(kind, ())), None)


def ports(names: Iterable[str]) -> list[str]:
    """Return the ports of the servers in a folder of sockets; only a server itself keeps a lock there."""
    return [found[1] for name in names if (found := _SOCKET.match(name))]


def command(port: str, databases: Iterable[str]) -> tuple[str, ...]:
    """Return the one command that asks everything; `databases` are those whose tables are looked at too."""
    asked = [_SERVER, _ARCHIVE, _STANDBY, _REPLICAS, _SLOTS, _DATABASES]
    words = ["runuser", "-u", "postgres", "--", "psql", "-AtXqw", "-F", "\t", "-p", port, "-d", "postgres"]
    for question in ("SET statement_timeout = '10s'", *asked):
        words += ["-c", question]
    for name in [name for name in databases if _SAFE_NAME.match(name)][:MOST_DATABASES]:
        words += ["-c", f"\\connect {name}", "-c", _TABLES]
    return tuple(words)


def parse(text: str) -> Server:
    """Return the rows of psql's answer; those of an unknown kind or the wrong length are left out."""
    server = Server()
    for line in text.splitlines()[:MOST_ROWS]:
        kind, *row = line.split("\t")
        if KINDS.get(kind) == len(row) + 1:
            server.rows.setdefault(kind, []).append(row)
    return server


def count(text: str) -> float:
    """Return a number of an answer; what is none (an empty column, a torn line) counts as 0."""
    return max(0.0, number(text) or 0.0)
