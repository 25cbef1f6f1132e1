"""What PostgreSQL says of itself and of us: version, role, rights, schema, encryption, clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apex_cli.stores.clock import clock_skew
from apex_cli.stores.postgres.connection import Database

# Whoever owns the schema has all of these; a role that was granted less is told what it lacks.
_FACTS = """
SELECT current_setting('server_version') AS version, current_user AS role,
       (SELECT max(number) FROM schema_migration) AS schema,
       ARRAY(
           SELECT privilege || ' on schema ' || %(namespace)s FROM unnest(ARRAY['USAGE', 'CREATE']) AS privilege
           WHERE NOT has_schema_privilege(%(namespace)s, privilege)
           UNION ALL
           SELECT privilege || ' on ' || c.relname
           FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
           WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(namespace)s)
             AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, privilege)
       ) AS privileges_missing
"""


async def facts(database: Database) -> Mapping[str, Any]:
    """`engine`, `version`, `schema` (the newest migration), `role`, `privileges_missing`, `tls` (of this end of the
    connection), `clock_skew_seconds` (server ahead of us). Raises `StoreError`.
    """
    async with database.connection() as connection:
        cursor = await connection.execute(_FACTS, {"namespace": database.namespace})
        (row,) = await cursor.fetchall()
        tls = "on" if connection.pgconn.ssl_in_use else "off"

    async def now() -> float:
        (answer,) = await database.rows("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
        return float(answer["now"])

    return {"engine": "PostgreSQL", **row, "tls": tls, "clock_skew_seconds": await clock_skew(now)}
