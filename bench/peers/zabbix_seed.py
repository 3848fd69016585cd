"""Fills an empty Zabbix 6.0 database: the packaged schema, then hosts, items and triggers by plain SQL.

The packaged `data.sql` (templates, dashboards, a host that the server would poll) is left out: the server
needs only one row of configuration, and so carries nothing but the bench's own load.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

SCHEMA = Path("/usr/share/zabbix-server-pgsql/schema.sql.gz")
TRAPPER, FLOAT = 2, 0  # items.type and items.value_type, Zabbix 6.0 API "Item object"


@dataclass(frozen=True)
class Fleet:
    """How many hosts, trapper items each, and how many items of each have a trigger `last() > 90`."""

    hosts: int
    items: int
    triggers: int

    def item_id(self, host: int, item: int) -> int:
        return host * self.items + item + 1

    def trigger_id(self, host: int, item: int) -> int:
        """Only items 0 .. triggers-1 have one."""
        return host * self.triggers + item + 1


BASE: tuple[LiteralString, ...] = (
    "INSERT INTO hstgrp (groupid, name) VALUES (1, 'Devices')",
    "INSERT INTO role (roleid, name, type) VALUES (1, 'Bench', 3)",
    "INSERT INTO users (userid, username, roleid) VALUES (1, 'bench', 1)",
    "INSERT INTO config (configid, discovery_groupid, severity_name_0) VALUES (1, 1, 'Not classified')",
)
FLEET: tuple[LiteralString, ...] = (
    """INSERT INTO hosts (hostid, host, name, name_upper)
       SELECT 1000 + h, 'device-' || h, 'device-' || h, 'DEVICE-' || h
       FROM generate_series(0, %(hosts)s - 1) h""",
    """INSERT INTO hosts_groups (hostgroupid, hostid, groupid)
       SELECT 1 + h, 1000 + h, 1 FROM generate_series(0, %(hosts)s - 1) h""",
    """INSERT INTO items (itemid, type, value_type, hostid, name, key_)
       SELECT h * %(items)s + i + 1, %(trapper)s, %(float)s, 1000 + h, 'metric.' || i, 'metric.' || i
       FROM generate_series(0, %(hosts)s - 1) h, generate_series(0, %(items)s - 1) i""",
    "INSERT INTO item_rtdata (itemid) SELECT itemid FROM items",
    """INSERT INTO triggers (triggerid, expression, description, priority)
       SELECT t, '{' || t || '}>90', 'metric over 90', 4
       FROM generate_series(1, %(hosts)s * %(triggers)s) t""",
    """INSERT INTO functions (functionid, triggerid, itemid, name, parameter)
       SELECT h * %(triggers)s + i + 1, h * %(triggers)s + i + 1, h * %(items)s + i + 1, 'last', '$'
       FROM generate_series(0, %(hosts)s - 1) h, generate_series(0, %(triggers)s - 1) i""",
    "ANALYZE",
)


def seed(database: psycopg.Connection[tuple[int]], fleet: Fleet) -> None:
    """Create the schema and `fleet` in an empty database; host and key names are those of trapper.py."""
    schema = gzip.decompress(SCHEMA.read_bytes()).decode()
    database.execute(schema.encode())
    for statement in BASE:
        database.execute(statement)
    sizes = {"hosts": fleet.hosts, "items": fleet.items, "triggers": fleet.triggers}
    for statement in FLEET:
        arguments = {**sizes, "trapper": TRAPPER, "float": FLOAT} if "%(" in statement else None
        database.execute(statement, arguments)
