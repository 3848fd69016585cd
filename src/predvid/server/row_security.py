"""Makes PostgreSQL itself keep clients apart: row-level security on every table that belongs to a client.

Which tables those are is read from the models: the clients themselves, whatever has a foreign key to them,
and whatever hangs on such a row. Nobody lists them, so that a new table is behind the wall at once.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction
from django.db.models import ForeignKey, Model

from predvid.core.errors import UserError
from predvid.modules.access.models import AuditChain, AuditEntry, Client
from predvid.modules.access.rules import MSP

POLICY = "predvid_client"
NAMED = "current_setting('predvid.clients', true)"
# In a subquery of its own each is worked out once a statement; once a row it would cost a page a third more.
ALL = f"(SELECT {NAMED} = '*')"
TEXTS = f"(SELECT string_to_array(nullif({NAMED}, '*'), ','))::text[]"
UUIDS = f"(SELECT string_to_array(nullif({NAMED}, '*'), ',')::uuid[])::uuid[]"
HANGS_ON = '{all} OR EXISTS (SELECT 1 FROM {above} up WHERE up.{key} = "{table}".{column})'
# A row of several clients (its own column is empty) is seen by whoever sees a row that hangs on it.
SHARED = '"{table}".{own} IS NULL'
HUNG_WITH = 'EXISTS (SELECT 1 FROM {below} down WHERE down.{column} = "{table}".{key})'
# What anyone may do with the MSP's own chain of the audit: every deed is written down, few may read it.
CHAINS: dict[type[Model], tuple[str, ...]] = {
    AuditEntry: ("INSERT",),
    AuditChain: ("SELECT", "INSERT", "UPDATE"),
}
KEPT = {AuditEntry: "UPDATE, DELETE, TRUNCATE", AuditChain: "DELETE, TRUNCATE"}  # not for the app's role


@dataclass(frozen=True)
class Wall:
    """The policies of one table: `seen` decides on every row read or written, `extra` lets more through."""

    table: str
    seen: str
    extra: tuple[tuple[str, str, str], ...] = ()  # name, command, condition

    @property
    def statements(self) -> list[str]:
        """Return the statements that build the wall anew, whatever stood there."""
        name = connection.ops.quote_name(self.table)
        made = [
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",  # for the owner of the table too
            f"DROP POLICY IF EXISTS {POLICY} ON {name}",
            f"CREATE POLICY {POLICY} ON {name} USING ({self.seen}) WITH CHECK ({self.seen})",
        ]
        for policy, command, condition in self.extra:
            clause = f"WITH CHECK ({condition})" if command == "INSERT" else f"USING ({condition})"
            made.append(f"DROP POLICY IF EXISTS {policy} ON {name}")
            made.append(f"CREATE POLICY {policy} ON {name} FOR {command} {clause}")
        return made

    @property
    def digest(self) -> str:
        """Return what tells this wall from one of an earlier version."""
        return hashlib.sha256("\n".join(self.statements).encode()).hexdigest()


def walls() -> list[Wall]:
    """Return the wall of every tenant table, by name of table."""
    found = (wall for model in _models() if (wall := wall_of(model)) is not None)
    return sorted(found, key=lambda wall: wall.table)


def wall_of(model: type[Model]) -> Wall | None:
    """Return the wall of a model's table; None where its rows are nobody's, or the whole MSP's."""
    table = model._meta.db_table
    if model in CHAINS:
        extra = tuple((f"{POLICY}_msp_{word.lower()}", word, f"chain = '{MSP}'") for word in CHAINS[model])
        return Wall(table, f"{ALL} OR chain = ANY ({TEXTS})", extra)
    if model is Client:
        return Wall(table, f"{ALL} OR id = ANY ({UUIDS})")
    if (own := _column_of(model)) is not None:
        return Wall(table, f"{ALL} OR {own} = ANY ({UUIDS})", _shared(model, own))
    if (parent := _parent(model)) is None:
        return None
    above = parent.related_model._meta
    names = {"above": above.db_table, "key": above.pk.column, "table": table, "column": parent.column}
    return Wall(table, HANGS_ON.format(all=ALL, **names))


def _shared(model: type[Model], own: str) -> tuple[tuple[str, str, str], ...]:
    """Return what lets those in to whom a row of several clients belongs; it is written before its parts."""
    names = {"table": model._meta.db_table, "own": own, "key": model._meta.pk.column}
    for below in _models() if model._meta.get_field(own.removesuffix("_id")).null else ():
        for key in _keys(below):
            if key.related_model is model and not key.null and _column_of(below) is not None:
                ours = SHARED.format(**names)
                hung = HUNG_WITH.format(below=below._meta.db_table, column=key.column, **names)
                seen = f"{ours} AND {hung}"
                words = (("SELECT", seen), ("UPDATE", seen), ("INSERT", ours))
                return tuple(
                    (f"{POLICY}_shared_{word.lower()}", word, condition) for word, condition in words
                )
    return ()


def _models() -> list[type[Model]]:
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def _keys(model: type[Model]) -> Iterator[ForeignKey[Model, Model]]:
    yield from (field for field in model._meta.concrete_fields if isinstance(field, ForeignKey))


def _column_of(model: type[Model]) -> str | None:
    """Return the column that names a row's client. Raises TypeError where two could."""
    columns = {key.name: key.column for key in _keys(model) if key.related_model is Client}
    if len(columns) > 1 and "client" not in columns:
        raise TypeError(
            f"{model._meta.label} has several clients; call the one that a row belongs to `client`"
        )
    return columns.get("client") or next(iter(columns.values()), None)


def _parent(
    model: type[Model], below: frozenset[type[Model]] = frozenset()
) -> ForeignKey[Model, Model] | None:
    """Return the key to the row that a row hangs on; one that must be there comes first."""
    line = below | {model}  # tables may point at each other in a ring
    keys = [key for key in _keys(model) if _belongs(key.related_model, line)]
    return min(keys, key=lambda key: key.null, default=None)


def _belongs(model: type[Model], below: frozenset[type[Model]]) -> bool:
    if model in below:
        return False
    return model is Client or _column_of(model) is not None or _parent(model, below) is not None


def install(role: str = "") -> list[str]:
    """Build every wall that does not stand yet, as the owner of the tables; return the tables built.

    `role` is the one under which the application connects, where it is another: it gets what it needs and no
    more. Raises UserError where it is not a plain name.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STANDING, [POLICY])
        standing = dict(cursor.fetchall())
        new = [wall for wall in walls() if standing.get(wall.table) != wall.digest]
        for wall in new:
            for statement in wall.statements:
                cursor.execute(statement)
            cursor.execute(f"COMMENT ON POLICY {POLICY} ON {wall.table} IS '{wall.digest}'")
        for statement in grants(role) if role else ():
            cursor.execute(statement)
    return [wall.table for wall in new]


STANDING = """
SELECT relname, obj_description(pg_policy.oid, 'pg_policy')
FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid AND polname = %s
WHERE relrowsecurity AND relforcerowsecurity AND relnamespace = current_schema::regnamespace
"""


def grants(role: str) -> list[str]:
    """Return the statements that let `role` work with rows and change nothing else. Raises UserError."""
    if '"' in role or "\x00" in role:
        raise UserError("The user in PREDVID_DATABASE_URL must have a plain name.")
    name = connection.ops.quote_name(role)
    audit = [f"REVOKE {what} ON {model._meta.db_table} FROM {name}" for model, what in KEPT.items()]
    return [
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {name}",
        *audit,
    ]
