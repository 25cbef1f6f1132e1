"""What PostgreSQL says of itself and of us: version, role, rights, schema, encryption, clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apex_cli.stores.clock_skew import clock_skew
from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.postgres.migrations import migrations, pending

# Whoever owns the schema has all of these; a role that was granted less is told what it lacks.
_FACTS = """
SELECT current_setting('server_version') AS version, current_user AS role,
       ARRAY(
           SELECT 'CREATE on database ' || current_database()
           WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %(namespace)s)
             AND NOT has_database_privilege(current_database(), 'CREATE')
           UNION ALL
           SELECT privilege || ' on schema ' || nspname FROM pg_namespace, unnest(ARRAY['USAGE', 'CREATE']) AS privilege
           WHERE nspname = %(namespace)s AND NOT has_schema_privilege(pg_namespace.oid, privilege)
           UNION ALL
           SELECT privilege || ' on ' || c.relname
           FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
           WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(namespace)s)
             AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, privilege)
       ) AS privileges_missing
"""


async def facts(database: Database) -> Mapping[str, Any]:
    """`engine`, `version`, `role`, `privileges_missing`, `schema` (the newest migration, 0 before the first),
    `schema_pending` (those that have not run), `tls` (of this end of the connection), `clock_skew_seconds` (server
    ahead of us). Raises `StoreError`.
    """
    async with database.connection() as connection:
        cursor = await connection.execute(_FACTS, {"namespace": database.namespace})
        (row,) = await cursor.fetchall()
        waiting = {migration.number for migration in await pending(connection)}
        tls = "on" if connection.pgconn.ssl_in_use else "off"
    ran = [migration.number for migration in migrations() if migration.number not in waiting]

    async def now() -> float:
        (answer,) = await database.rows("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
        return float(answer["now"])

    return {
        "engine": "PostgreSQL",
        **row,
        "schema": max(ran, default=0),
        "schema_pending": sorted(waiting),
        "tls": tls,
        "clock_skew_seconds": await clock_skew(now),
    }
