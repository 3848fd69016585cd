"""What to ask a MySQL or MariaDB server, and the rows that its client answers with.

Sources: "Server Status Variables" and "SHOW REPLICA STATUS" of the MySQL 8.0 reference manual, "Server Status
Variables" and "SHOW REPLICA STATUS" of mariadb.com/kb; SHOW SLAVE STATUS is what both called it before.
"""

from predvid.checks.readers.plain import number

SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock")
# Where a distribution keeps the account of its own maintenance, else root's, else the socket tells who asks.
_HOME = "/root"
ACCOUNTS = ("/etc/mysql/debian.cnf", f"{_HOME}/.my.cnf")
MOST_LINES = 20_000
_STATUS = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Slow_queries', 'Threads_connected',"
    " 'Threads_running', 'Uptime', 'wsrep_cluster_status', 'wsrep_ready')"
)
_VARIABLES = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN"
    " ('max_connections', 'version', 'version_comment', 'wsrep_on')"
)
_SIZES = (
    "SELECT concat('size:', table_schema), cast(sum(data_length + index_length) AS unsigned)"
    " FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN"
    " ('information_schema', 'performance_schema', 'sys', 'mysql') GROUP BY table_schema"
)
_REPLICATION = "SHOW REPLICA STATUS\\G SHOW SLAVE STATUS\\G"


def command(account: str, socket: str) -> tuple[str, ...]:
    """Return the one call of the client that asks everything; `account` is a file of options or empty.

    No server knows both ways to ask for replication, so the client goes on after an error (`--force`).
    """
    file = (f"--defaults-extra-file={account}",) if account else ()
    asked = f"{_STATUS}; {_VARIABLES}; {_SIZES}; {_REPLICATION}"
    return ("mysql", *file, f"--socket={socket}", "--connect-timeout=5", "--batch", "--force", "-e", asked)


def pairs(text: str) -> dict[str, str]:
    """Return the two columns of a batch answer as names (small letters) and values."""
    rows = (line.partition("\t") for line in text.splitlines()[:MOST_LINES])
    return {name.lower(): value for name, tab, value in rows if tab and name}


def replicas(text: str) -> dict[str, dict[str, str]]:
    """Return the columns of each source that this server replicates from, by its channel or `host:port`."""
    found: list[dict[str, str]] = []
    for line in text.splitlines()[:MOST_LINES]:
        if line.startswith("***"):
            found.append({})
        elif found:
            name, _, value = line.partition(":")
            found[-1][name.strip().lower()] = value.strip()
    return {_source(row): row for row in found if column(row, "replica_io_running")}


def _source(row: dict[str, str]) -> str:
    named = row.get("channel_name") or row.get("connection_name")
    return (named or f"{column(row, 'source_host')}:{column(row, 'source_port')}")[:100]


def column(row: dict[str, str], name: str) -> str:
    """Return a column of a replica under its new name (`replica`, `source`) or its old one."""
    old = name.replace("replica", "slave").replace("source", "master")
    return row.get(name, row.get(old, ""))


def count(values: dict[str, str], name: str) -> float:
    """Return a number of the answer, 0 where it is missing or none."""
    return max(0.0, number(values.get(name, "")) or 0.0)
