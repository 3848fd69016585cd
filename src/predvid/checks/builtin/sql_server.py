"""SQL Server: databases that are broken or reach the limit of Express, damaged pages, failed backups.

Its services are watched by the check `services`. Where the agent's account may not sign in, the counters and
the event log still tell; the fact says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.plain import within
from predvid.checks.readers.sql_server import (
    BROKEN,
    EVENTS,
    STATES,
    Instance,
    databases,
    incidents,
    instances,
    sizes,
)
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


@dataclass(frozen=True)
class SqlServerParams:
    """`broken` guards 1 and 0; `corrupt`, `full` and `backup` count events of the last day; `express` is the
    percentage of what the Express edition allows one database; `backup_age` in seconds since the last full
    or differential backup (no level by default: many back up the whole machine). `skip` names databases.
    """

    broken: Levels = Levels(None, 1)
    corrupt: Levels = Levels(None, 1)
    full: Levels = Levels(None, 1)
    backup: Levels = Levels(1, None)
    express: Levels = Levels(85, 95)
    backup_age: Levels = Levels()
    skip: tuple[str, ...] = ()


def applies(source: Source) -> bool | Said:
    """Tell whether an instance of SQL Server is installed."""
    try:
        return bool(instances(source)) or say("sql_server.none")
    except NotHere:
        return say("sql_server.none")


def collect(source: Source, params: SqlServerParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield per instance the day's incidents, and per database its state, size and age of its backup."""
    rows: list[dict[str, Any]] = []
    failure = None
    try:
        counts = incidents(source)
    except CannotRead as error:
        counts, failure = None, error
    for instance in instances(source):
        if counts is not None:
            mine = counts.get(instance.provider.upper(), {})
            for kind in EVENTS:
                yield Sample(f"sql_server_{kind}_events", mine.get(kind, 0), {"instance": instance.name})
        yield from _sizes(source, instance, params)
        try:
            answer = source.query("powershell", f"sql_server {instance.name}")
        except CannotRead as error:
            answer, failure = None, error
        yield from _databases(instance, answer, params)
        rows.append(_row(instance, answer))
    yield Fact("software.sql_server", rows)
    if failure is not None:
        raise failure


def _row(instance: Instance, answer: Any) -> dict[str, Any]:
    told = answer[0] if isinstance(answer, list) and answer else answer
    allowed = within(told, "connected") is True
    return {
        "key": instance.name,
        "edition": instance.edition,
        "version": instance.version,
        "allowed": allowed,
    }


def _sizes(source: Source, instance: Instance, params: SqlServerParams) -> Iterator[Sample]:
    for name, size in sizes(source, instance).items():
        labels = {"instance": instance.name, "database": name}
        yield Sample("sql_server_database_bytes", size, labels)
        if instance.limit and name not in params.skip:
            yield Sample("sql_server_express_used_percent", round(100 * size / instance.limit, 1), labels)


def _databases(instance: Instance, answer: Any, params: SqlServerParams) -> Iterator[Sample | Fact]:
    rows = []
    for row in databases(answer):
        labels = {"instance": instance.name, "database": row["name"]}
        if row["name"] not in params.skip:
            yield Sample("sql_server_database_broken", float(row["state"] in BROKEN), labels)
            if row["full_age"] is not None and row["name"] != "model":
                yield Sample("sql_server_backup_age_seconds", row["full_age"], labels)
        rows.append({"key": row["name"], "state": STATES.get(row["state"], ""), "recovery": row["recovery"]})
    if rows:
        yield Fact(f"software.sql_server.{instance.name.lower()}", rows)


def judge(samples: list[Sample], params: SqlServerParams) -> Iterator[Result]:
    """Judge items `SQLEXPRESS shop` (and `... size`, `... backup age`) and `SQLEXPRESS corrupt`, ..."""
    for sample in samples:
        instance, name, value = (
            sample.labels.get("instance", ""),
            sample.labels.get("database", ""),
            sample.value,
        )
        match sample.metric:
            case "sql_server_database_broken":
                said = say(
                    "sql_server.broken" if value else "sql_server.usable", instance=instance, name=name
                )
                yield Result(f"{instance} {name}", params.broken.judge(value), said)
            case "sql_server_express_used_percent":
                said = say("sql_server.express", name=name, used=value)
                yield Result(f"{instance} {name} size", params.express.judge(value), said)
            case "sql_server_backup_age_seconds":
                said = say("sql_server.backup_age", name=name, age=value)
                yield Result(f"{instance} {name} backup age", params.backup_age.judge(value), said)
            case "sql_server_corrupt_events" | "sql_server_full_events" | "sql_server_backup_events":
                kind = sample.metric.split("_")[2]
                said = say(f"sql_server.{kind if value else 'no_' + kind}", instance=instance, n=value)
                yield Result(f"{instance} {kind}", getattr(params, kind).judge(value), said)


check = Check(
    name="sql_server",
    title=Text("SQL Server", "SQL Server"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=SqlServerParams(),
    platforms=("windows",),
    interval=900,
    timeout=90,
    watches={
        "sql_server_database_broken": "broken",
        "sql_server_express_used_percent": "express",
        "sql_server_backup_age_seconds": "backup_age",
        "sql_server_corrupt_events": "corrupt",
        "sql_server_full_events": "full",
        "sql_server_backup_events": "backup",
    },
    charts=("sql_server_database_bytes", "sql_server_express_used_percent", "sql_server_backup_age_seconds"),
    texts={
        "metric.sql_server_database_bytes": Text("Size of the databases", "Veličina baza"),
        "metric.sql_server_express_used_percent": Text(
            "Size limit of Express used", "Iskorišteno ograničenje izdanja Express"
        ),
        "metric.sql_server_backup_age_seconds": Text("Age of the last backup", "Starost zadnje kopije"),
        "metric.sql_server_database_broken": Text("Database broken", "Baza neispravna"),
        "metric.sql_server_corrupt_events": Text("Damaged pages", "Oštećene stranice"),
        "metric.sql_server_full_events": Text("Files that are full", "Pune datoteke"),
        "metric.sql_server_backup_events": Text("Failed backups", "Neuspjele kopije"),
        "sql_server.none": Text(
            "No instance of SQL Server is installed here",
            "Ovdje nije instalirana nijedna instanca SQL Servera",
        ),
        "sql_server.broken": Text(
            "The database {name} of {instance} cannot be used: SQL Server could not recover it "
            "or suspects damage",
            "Baza {name} instance {instance} nije upotrebljiva: SQL Server je nije mogao oporaviti "
            "ili sumnja na oštećenje",
        ),
        "sql_server.usable": Text(
            "The database {name} of {instance} is not broken", "Baza {name} instance {instance} nije oštećena"
        ),
        "sql_server.express": Text(
            "The database {name} has reached {used:pct} of the size that SQL Server Express allows",
            "Baza {name} dosegnula je {used:pct} veličine koju dopušta SQL Server Express",
        ),
        "sql_server.backup_age": Text(
            "The last backup of the database {name} was made {age:secs} ago",
            "Posljednja sigurnosna kopija baze {name} izrađena je prije: {age:secs}",
        ),
        "sql_server.corrupt": Text(
            "{instance} read damaged pages {n:int} {n|time|times} within a day: check the database "
            "and the disk",
            "{instance} je u jednom danu {n:int} {n|put|puta|puta} naišao na oštećene stranice: "
            "provjerite bazu i disk",
        ),
        "sql_server.no_corrupt": Text(
            "{instance} reports no damaged pages", "{instance} ne prijavljuje oštećene stranice"
        ),
        "sql_server.full": Text(
            "{instance} ran out of space in a file or log {n:int} {n|time|times} within a day",
            "{instance} je u jednom danu {n:int} {n|put|puta|puta} ostao bez prostora u datoteci "
            "ili dnevniku",
        ),
        "sql_server.no_full": Text(
            "{instance} reports no full file or log", "{instance} ne prijavljuje pune datoteke ni dnevnike"
        ),
        "sql_server.backup": Text(
            "{instance}: {n:int} {n|backup|backups} failed within a day",
            "{instance}: u jednom danu {n|nije uspjela|nisu uspjele|nije uspjelo} {n:int} "
            "{n|sigurnosna kopija|sigurnosne kopije|sigurnosnih kopija}",
        ),
        "sql_server.no_backup": Text(
            "{instance} reports no failed backup", "{instance} ne prijavljuje neuspjele sigurnosne kopije"
        ),
        "fact.software.sql_server": Text("SQL Server instances", "Instance SQL Servera"),
        "part.edition": Text("Edition", "Izdanje"),
        "part.recovery": Text("Recovery model", "Model oporavka"),
        "part.allowed": Text("The agent may sign in", "Agent se smije prijaviti"),
    },
)
