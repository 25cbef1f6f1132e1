"""The history of runs, and the totals of what they measured."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.postgres.counts import Figures, figures
from apex_cli.stores.postgres.totals import columns
from apex_cli.stores.postgres.values import pg_json

_START = """
INSERT INTO run (run_id, verb, host, pid, arguments)
VALUES (%(run_id)s, %(verb)s, %(host)s, %(pid)s, %(arguments)s::jsonb)
"""
# Rows of totals are taken in one order, so that runs which end together do not deadlock.
_FINISH = """
WITH ended AS (
    UPDATE run SET finished_at = now(), summary = %(summary)s::jsonb, exit_code = %(exit_code)s
    WHERE run_id = %(run_id)s AND finished_at IS NULL RETURNING run_id
)
INSERT INTO run_total (measure, label, sublabel, value)
SELECT measured.*
FROM ended, unnest(%(measures)s::text[], %(labels)s::text[], %(sublabels)s::text[], %(values)s::float8[]) AS measured
ORDER BY 1, 2, 3
ON CONFLICT (measure, label, sublabel) DO UPDATE SET value = run_total.value + excluded.value
"""
_LIST = """
SELECT run_id, verb, started_at, finished_at, host, pid, arguments, summary, exit_code FROM run
WHERE %(run_id)s::text IS NULL OR run_id::text LIKE %(run_id)s || '%%'
ORDER BY started_at DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `finished_at`, `summary` and `exit_code` are None while it runs, and for ever when it was killed."""

    run_id: str
    verb: str
    started_at: datetime
    finished_at: datetime | None
    host: str
    pid: int
    arguments: Mapping[str, Any]
    summary: Mapping[str, Any] | None
    exit_code: int | None


class Runs:
    """Rows of the `run` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, run_id: str, verb: str, arguments: Mapping[str, Any]) -> None:
        """Record that a run has begun in this process."""
        await self._execute(
            _START,
            {
                "run_id": run_id,
                "verb": verb,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "arguments": pg_json(arguments),
            },
        )

    async def finish(self, run_id: str, summary: Mapping[str, Any], exit_code: int) -> None:
        """Record how it ended, and add what it measured to the totals. Idempotent: the first end is the one kept."""
        end = {"run_id": run_id, "summary": pg_json(summary), "exit_code": exit_code}
        await self._execute(_FINISH, {**end, **columns(summary)})

    async def list(self, *, limit: int = 20, run_id: str | None = None) -> Sequence[Run]:
        """Newest first; `run_id` may be the beginning of an id."""
        rows = await self._database.rows(_LIST, {"run_id": run_id, "limit": limit})
        return [Run(**{**row, "run_id": str(row["run_id"])}) for row in rows]

    async def figures(self) -> Figures:
        """What is known of all runs together, and of the sagas that are still open."""
        return await figures(self._database)

    async def _execute(self, query: str, parameters: Mapping[str, Any]) -> None:
        async with self._database.connection() as connection:
            await connection.execute(query.encode(), parameters)
