"""The database's own word on the audit's table: whether its index tells what its rows do."""

from django.db import DatabaseError, connection


def sound() -> bool:
    """Tell whether the table and its indexes agree.

    SQLite answers from an index alone what stands in one, so a row changed in the file behind it would go
    unseen; its own check compares them. PostgreSQL reads the row itself.
    """
    if connection.vendor != "sqlite":
        return True
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check(access_auditentry)")
            return bool(cursor.fetchall() == [("ok",)])
    except DatabaseError:
        return False
