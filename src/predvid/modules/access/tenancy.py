"""The second wall between clients: tells PostgreSQL whose rows the present transaction may see.

The first wall is that every query filters by its viewer. Should one forget to, the policies that
`server.row_security` installs still show only rows of the clients named here; where nobody was named, none.
SQLite has no such wall: on it everything here does nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar
from uuid import UUID

from django.db import connection, transaction

from predvid.modules.access.rules import PLATFORM, Viewer

EVERYTHING = "*"  # the marker of those who see all clients
T = TypeVar("T")


def walled() -> bool:
    """Tell whether the database keeps clients apart by itself."""
    return connection.vendor == "postgresql"


def named(clients: Iterable[UUID] | None) -> str:
    """Return clients (None: all) as the policies read them."""
    return EVERYTHING if clients is None else ",".join(sorted(map(str, clients)))


@contextmanager
def seen_by(viewer: Viewer) -> Iterator[None]:
    """A transaction that sees what `viewer` may see; one around it sees afterwards what it saw before."""
    if not walled():
        yield
        return
    with transaction.atomic():
        before = _now()
        _set("predvid.clients", named(viewer.clients))
        yield
        _set("predvid.clients", before)


def as_platform() -> AbstractContextManager[None]:
    """A transaction of the platform itself: for asking who may see what, which needs the whole truth."""
    return seen_by(PLATFORM)


def streamed(viewer: Viewer, rows: Iterable[T]) -> Iterator[T]:
    """Yield `rows`, read while an answer is sent: after the transaction of its view has ended."""
    with seen_by(viewer):
        yield from rows


def _now() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('predvid.clients', true), '')")
        return str(cursor.fetchone()[0])


def _set(name: str, value: str) -> None:
    """Set what lasts until the transaction ends; outside of one it would be gone at once."""
    if not connection.in_atomic_block:
        raise RuntimeError("Whose rows are seen is said within a transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
