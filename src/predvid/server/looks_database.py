"""The doctor's look at the database: whether it keeps clients apart, and from whom."""

import psycopg

from predvid.server.findings import Finding, said

WHAT = "Database"
SECONDS = 5
WHO = """
SELECT current_user::text, usesuper OR usebypassrls,
    EXISTS (SELECT FROM pg_tables WHERE tablename = 'access_client' AND tableowner = current_user)
FROM pg_user WHERE usename = current_user
"""
# By what the database knows, not by our models: whatever points at a client.
OPEN = """
SELECT DISTINCT c.relname::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.confrelid = to_regclass('access_client')
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1
"""


def database(url: str) -> Finding:
    """Look under which role the application connects to PostgreSQL (`url`), and whether its wall stands."""
    if not url:
        return Finding(WHAT, "ok", said("database.sqlite"))
    try:
        with psycopg.connect(url, connect_timeout=SECONDS) as link:
            role, beyond, owner = link.execute(WHO).fetchone() or ("", True, True)
            fallen = [name for (name,) in link.execute(OPEN)]
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        return Finding(WHAT, "bad", said("database.away", reason=reason), said("database.away.do"))
    if fallen:
        return Finding(WHAT, "bad", said("database.open", tables=", ".join(fallen)), said("database.open.do"))
    if beyond:
        return Finding(WHAT, "warning", said("database.beyond", role=role), said("database.role.do"))
    if owner:
        return Finding(WHAT, "warning", said("database.owner", role=role), said("database.role.do"))
    return Finding(WHAT, "ok", said("database.apart", role=role))
