"""PostgreSQL: connections, long transactions, replication, archiving, wraparound, sizes and dead rows.

Levels of transaction age follow "Preventing Transaction ID Wraparound Failures" of the manual: a forced
vacuum begins at 0.2, its failsafe at 1.6, and the server stops accepting commands near 2.1 thousand million.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.postgresql import SOCKETS, Server, command, count, parse, ports
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

GB = 1e9
HOUR = 3600


@dataclass(frozen=True)
class PostgresqlParams:
    """Levels: `transaction`, `idle` and `lag` in seconds, `behind` and `slot` in bytes of WAL, `age` in
    transactions, `dead` in percent of the worst large table. Those of `archive` and `receiver` guard 1 and 0.
    """

    connections: Levels = Levels(80, 95, margin=5)
    transaction: Levels = Levels(12 * HOUR, None)
    idle: Levels = Levels(HOUR, 12 * HOUR)
    archive: Levels = Levels(None, 1)
    receiver: Levels = Levels(None, 0, lower_is_worse=True)
    lag: Levels = Levels(900, 4 * HOUR)
    behind: Levels = Levels(2 * GB, 20 * GB)
    slot: Levels = Levels(10 * GB, 50 * GB)
    age: Levels = Levels(1.2e9, 1.7e9)
    dead: Levels = Levels(60, None)


def applies(source: Source) -> bool | Said:
    """Tell whether a PostgreSQL server runs: it keeps a lock beside its socket."""
    try:
        return bool(ports(source.listing(SOCKETS))) or say("postgresql.none")
    except NotHere:
        return say("postgresql.none")


def collect(source: Source, params: PostgresqlParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield what each server of this device says; `port` tells them apart."""
    versions: list[dict[str, Any]] = []
    found = ports(source.listing(SOCKETS))
    failure = None
    for port in found:
        try:
            # Forgotten before the question: one that is gone would spoil every later answer.
            server = parse(source.run(*command(port, state.pop(port, ())), timeout=30))
        except CannotRead as error:
            failure = error
            continue
        told = server.one("server")
        if told is None:
            failure = CannotRead(say("read.unexpected", what="psql", detail=f"port {port}"))
            continue
        versions.append({"key": port, "version": told[0][:60], "standby": told[1] == "1"})
        yield from _server(told, {"port": port})
        yield from _stream(server, port)
        yield from _databases(server, port)
        state[port] = sorted(server.named("database"))
    if failure is not None:
        raise failure
    yield Fact("software.postgresql", versions)


def _server(told: list[str], labels: dict[str, str]) -> Iterator[Sample]:
    used, most = count(told[2]), count(told[3])
    if most:
        yield Sample("postgresql_connections_percent", round(100 * used / most, 1), labels)
    yield Sample("postgresql_oldest_transaction_seconds", round(count(told[4])), labels)
    yield Sample("postgresql_idle_transaction_seconds", round(count(told[5])), labels)


def _stream(server: Server, port: str) -> Iterator[Sample]:
    labels = {"port": port}
    if archive := server.one("archive"):
        yield Sample("postgresql_archive_failing", float(archive[0] == "1"), labels)
    if standby := server.one("standby"):
        yield Sample("postgresql_replica_lag_seconds", round(count(standby[0])), labels)
        yield Sample("postgresql_receiver_up", float(count(standby[1]) > 0), labels)
    for name, row in server.named("replica").items():
        yield Sample("postgresql_replica_behind_bytes", count(row[1]), labels | {"replica": name})
    for name, row in server.named("slot").items():
        yield Sample("postgresql_slot_bytes", count(row[1]), labels | {"slot": name})


def _databases(server: Server, port: str) -> Iterator[Sample]:
    for name, row in server.named("database").items():
        labels = {"port": port, "database": name}
        yield Sample("postgresql_database_bytes", count(row[0]), labels)
        yield Sample("postgresql_transaction_age", count(row[1]), labels)
    for name, row in server.named("tables").items():
        yield Sample(
            "postgresql_dead_rows_percent",
            min(100.0, round(count(row[0]), 1)),
            {"port": port, "database": name},
        )


WATCHES = {
    "postgresql_connections_percent": "connections",
    "postgresql_oldest_transaction_seconds": "transaction",
    "postgresql_idle_transaction_seconds": "idle",
    "postgresql_archive_failing": "archive",
    "postgresql_receiver_up": "receiver",
    "postgresql_replica_lag_seconds": "lag",
    "postgresql_replica_behind_bytes": "behind",
    "postgresql_slot_bytes": "slot",
    "postgresql_transaction_age": "age",
    "postgresql_dead_rows_percent": "dead",
}


def judge(samples: list[Sample], params: PostgresqlParams) -> Iterator[Result]:
    """Judge items `5432 connections`, `5432 age shop`, ...: port, what, and the database, replica or slot."""
    for sample in samples:
        field = WATCHES.get(sample.metric)
        if field is None:
            continue
        labels, value = sample.labels, sample.value
        name = labels.get("database") or labels.get("replica") or labels.get("slot") or ""
        words = f"postgresql.{field}"
        if field in ("archive", "receiver"):
            words += "_bad" if getattr(params, field).judge(value) else "_good"
        port = labels.get("port", "")
        item = f"{port} {field} {name}".rstrip()
        yield Result(item, getattr(params, field).judge(value), say(words, port=port, name=name, value=value))


check = Check(
    name="postgresql",
    title=Text("PostgreSQL", "PostgreSQL"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=PostgresqlParams(),
    platforms=("linux",),
    interval=900,
    timeout=60,
    hold=900,
    watches=WATCHES,
    charts=(
        "postgresql_connections_percent",
        "postgresql_database_bytes",
        "postgresql_oldest_transaction_seconds",
    ),
    texts={
        "metric.postgresql_connections_percent": Text("Connections used", "Iskorištene veze"),
        "metric.postgresql_database_bytes": Text("Size of the databases", "Veličina baza"),
        "metric.postgresql_oldest_transaction_seconds": Text("Oldest transaction", "Najstarija transakcija"),
        "metric.postgresql_idle_transaction_seconds": Text(
            "Oldest idle transaction", "Najstarija besposlena transakcija"
        ),
        "metric.postgresql_archive_failing": Text("Archiving fails", "Arhiviranje ne uspijeva"),
        "metric.postgresql_receiver_up": Text("Replica receives", "Replika prima"),
        "metric.postgresql_replica_lag_seconds": Text(
            "Replica behind (time)", "Zaostajanje replike (vrijeme)"
        ),
        "metric.postgresql_replica_behind_bytes": Text(
            "Replica behind (data)", "Zaostajanje replike (podaci)"
        ),
        "metric.postgresql_slot_bytes": Text("Kept for a slot", "Čuva se za utor"),
        "metric.postgresql_transaction_age": Text(
            "Age of transaction numbers", "Starost brojeva transakcija"
        ),
        "metric.postgresql_dead_rows_percent": Text("Dead rows", "Mrtvi redci"),
        "postgresql.none": Text(
            "No PostgreSQL server runs on this device",
            "Na ovom uređaju ne radi nijedan poslužitelj PostgreSQL",
        ),
        "postgresql.connections": Text(
            "PostgreSQL on port {port}: {value:pct} of the connections are taken",
            "PostgreSQL na portu {port}: zauzeto {value:pct} veza",
        ),
        "postgresql.transaction": Text(
            "PostgreSQL on port {port}: the oldest transaction has run for {value:secs}",
            "PostgreSQL na portu {port}: najstarija transakcija traje {value:secs}",
        ),
        "postgresql.idle": Text(
            "PostgreSQL on port {port}: a transaction has been open without being used for {value:secs}",
            "PostgreSQL na portu {port}: transakcija je otvorena, a nitko je ne koristi: {value:secs}",
        ),
        "postgresql.archive_bad": Text(
            "PostgreSQL on port {port} fails to archive its write-ahead log: backups have a gap from there "
            "on and the disk fills up",
            "PostgreSQL na portu {port} ne uspijeva arhivirati dnevnik (WAL): sigurnosne kopije odatle imaju "
            "prazninu, a disk se puni",
        ),
        "postgresql.archive_good": Text(
            "PostgreSQL on port {port} archives its write-ahead log",
            "PostgreSQL na portu {port} arhivira svoj dnevnik (WAL)",
        ),
        "postgresql.receiver_bad": Text(
            "The PostgreSQL standby on port {port} is not connected to its primary",
            "Pričuvni PostgreSQL na portu {port} nije povezan s glavnim poslužiteljem",
        ),
        "postgresql.receiver_good": Text(
            "The PostgreSQL standby on port {port} is connected to its primary",
            "Pričuvni PostgreSQL na portu {port} povezan je s glavnim poslužiteljem",
        ),
        "postgresql.lag": Text(
            "The PostgreSQL standby on port {port} is {value:secs} behind",
            "Pričuvni PostgreSQL na portu {port} kasni {value:secs}",
        ),
        "postgresql.behind": Text(
            "The replica {name} is {value:bytes} behind PostgreSQL on port {port}",
            "Replika {name} zaostaje {value:bytes} za poslužiteljem PostgreSQL na portu {port}",
        ),
        "postgresql.slot": Text(
            "The replication slot {name} makes PostgreSQL on port {port} keep {value:bytes} of its log",
            "Zbog replikacijskog utora {name} PostgreSQL na portu {port} čuva {value:bytes} dnevnika",
        ),
        "postgresql.age": Text(
            "The oldest rows of the database {name} are {value:int} transactions old; near 2,100 million "
            "PostgreSQL stops",
            "Najstariji redci baze {name} stari su {value:int} {value|transakciju|transakcije|transakcija}; "
            "oko 2100 milijuna PostgreSQL staje",
        ),
        "postgresql.dead": Text(
            "Up to {value:pct} of a large table in the database {name} are dead rows",
            "U velikoj tablici baze {name} mrtvih je redaka do {value:pct}",
        ),
        "fact.software.postgresql": Text("PostgreSQL servers", "Poslužitelji PostgreSQL"),
        "part.standby": Text("Standby", "Pričuvni"),
    },
)
