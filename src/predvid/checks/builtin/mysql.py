"""MySQL and MariaDB: connections, replication, the state of a Galera cluster, load and sizes of databases."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.mysql import ACCOUNTS, SOCKETS, column, command, count, pairs, replicas
from predvid.checks.readers.plain import number
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Said,
    Sample,
    Source,
    Text,
    say,
)

HOUR = 3600


@dataclass(frozen=True)
class MysqlParams:
    """`connections` in percent of those allowed, `lag` in seconds behind the source, `slow` in slow queries a
    second; levels of `replica` and `cluster` guard 1 and 0.
    """

    connections: Levels = Levels(80, 95, margin=5)
    replica: Levels = Levels(None, 0, lower_is_worse=True)
    lag: Levels = Levels(900, 4 * HOUR)
    cluster: Levels = Levels(None, 0, lower_is_worse=True)
    slow: Levels = Levels()


def applies(source: Source) -> bool | Said:
    """Tell whether a MySQL or MariaDB server offers its socket."""
    return True if _first(source, SOCKETS) else say("mysql.none")


def _first(source: Source, paths: tuple[str, ...]) -> str:
    for path in paths:
        try:
            source.query("status", path)
        except CannotRead:
            continue
        return path
    return ""


def collect(source: Source, params: MysqlParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield what the server says, from one call of its client."""
    socket = _first(source, SOCKETS)
    if not socket:
        raise NotHere(say("mysql.none"))
    # Exit status 1: one of the two ways to ask for replication is always unknown to the server.
    answer = source.run(*command(_first(source, ACCOUNTS), socket), timeout=30, ok=(0, 1))
    told = pairs(answer)
    if "threads_connected" not in told:
        raise CannotRead(say("mysql.refused"))
    if most := count(told, "max_connections"):
        used = round(100 * count(told, "threads_connected") / most, 1)
        yield Sample("mysql_connections_percent", used)
    yield Sample("mysql_threads_running", count(told, "threads_running"))
    yield from _rates(told, source.now(), state)
    if told.get("wsrep_on") == "ON":
        together = told.get("wsrep_cluster_status") == "Primary" and told.get("wsrep_ready") == "ON"
        yield Sample("mysql_cluster_whole", float(together))
    yield from _replicas(answer)
    for name in sorted(told):
        if name.startswith("size:"):
            yield Sample("mysql_database_bytes", count(told, name), {"database": name.removeprefix("size:")})
    version, kind = told.get("version", "")[:60], told.get("version_comment", "")[:60]
    yield Fact("software.mysql", {"version": version, "detail": kind, "replica": bool(replicas(answer))})


def _rates(told: dict[str, str], now: float, state: dict[str, Any]) -> Iterator[Sample]:
    counters = {name: count(told, name) for name in ("questions", "slow_queries", "uptime")}
    before, state["last"] = state.get("last"), [now, counters]
    if before is None or counters["uptime"] < before[1]["uptime"] or now <= before[0]:
        return
    for name in ("questions", "slow_queries"):
        rate = max(0.0, counters[name] - before[1][name]) / (now - before[0])
        yield Sample(f"mysql_{name}_per_second", round(rate, 3))


def _replicas(answer: str) -> Iterator[Sample]:
    for name, row in sorted(replicas(answer).items()):
        threads = (column(row, "replica_io_running"), column(row, "replica_sql_running"))
        labels = {"source": name}
        yield Sample("mysql_replica_running", float(threads == ("Yes", "Yes")), labels)
        behind = number(column(row, "seconds_behind_source"))
        if behind is not None and behind >= 0:
            yield Sample("mysql_replica_lag_seconds", round(behind), labels)


def judge(samples: list[Sample], params: MysqlParams) -> Iterator[Result]:
    """Judge items `connections`, `slow`, `cluster`, `replica db1:3306`, `lag db1:3306`."""
    for sample in samples:
        source, value = sample.labels.get("source", ""), sample.value
        match sample.metric:
            case "mysql_connections_percent":
                yield Result(
                    "connections", params.connections.judge(value), say("mysql.connections", used=value)
                )
            case "mysql_slow_queries_per_second":
                yield Result("slow", params.slow.judge(value), say("mysql.slow", n=value))
            case "mysql_cluster_whole":
                said = say("mysql.cluster" if value else "mysql.cluster_broken")
                yield Result("cluster", params.cluster.judge(value), said)
            case "mysql_replica_running":
                said = say("mysql.replica" if value else "mysql.replica_stopped", source=source)
                yield Result(f"replica {source}", params.replica.judge(value), said)
            case "mysql_replica_lag_seconds":
                said = say("mysql.lag", source=source, behind=value)
                yield Result(f"lag {source}", params.lag.judge(value), said)


check = Check(
    name="mysql",
    title=Text("MySQL and MariaDB", "MySQL i MariaDB"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=MysqlParams(),
    platforms=("linux",),
    interval=900,
    timeout=60,
    hold=900,
    watches={
        "mysql_connections_percent": "connections",
        "mysql_slow_queries_per_second": "slow",
        "mysql_cluster_whole": "cluster",
        "mysql_replica_running": "replica",
        "mysql_replica_lag_seconds": "lag",
    },
    charts=("mysql_connections_percent", "mysql_questions_per_second", "mysql_database_bytes"),
    texts={
        "metric.mysql_connections_percent": Text("Connections used", "Iskorištene veze"),
        "metric.mysql_questions_per_second": Text("Queries", "Upiti"),
        "metric.mysql_database_bytes": Text("Size of the databases", "Veličina baza"),
        "metric.mysql_slow_queries_per_second": Text("Slow queries", "Spori upiti"),
        "metric.mysql_cluster_whole": Text("Cluster whole", "Klaster cjelovit"),
        "metric.mysql_replica_running": Text("Replication runs", "Replikacija radi"),
        "metric.mysql_replica_lag_seconds": Text("Replica behind", "Zaostajanje replike"),
        "mysql.none": Text(
            "No MySQL or MariaDB server runs on this device",
            "Na ovom uređaju ne radi nijedan poslužitelj MySQL ili MariaDB",
        ),
        "mysql.refused": Text(
            "The database server does not let the agent in: write an account into .my.cnf in the home "
            "of root",
            "Poslužitelj baze ne dopušta pristup agentu: upišite račun u .my.cnf u matičnoj mapi "
            "korisnika root",
        ),
        "mysql.connections": Text("{used:pct} of the connections are taken", "Zauzeto je {used:pct} veza"),
        "mysql.slow": Text("{n:num} slow {n|query|queries} a second", "Sporih upita u sekundi: {n:num}"),
        "mysql.cluster": Text(
            "This node belongs to the Galera cluster", "Ovaj je čvor dio Galerina klastera"
        ),
        "mysql.cluster_broken": Text(
            "This node has lost the Galera cluster and takes no queries",
            "Ovaj je čvor izgubio vezu s Galerinim klasterom i ne prima upite",
        ),
        "mysql.replica": Text("Replication from {source} runs", "Replikacija s poslužitelja {source} radi"),
        "mysql.replica_stopped": Text(
            "Replication from {source} has stopped", "Replikacija s poslužitelja {source} je stala"
        ),
        "mysql.lag": Text(
            "The replica is {behind:secs} behind {source}",
            "Replika kasni za poslužiteljem {source}: {behind:secs}",
        ),
        "fact.software.mysql": Text("MySQL or MariaDB", "MySQL ili MariaDB"),
        "part.replica": Text("Replica", "Replika"),
    },
)
