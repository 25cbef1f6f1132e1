"""The history of runs, and the totals of what they measured.

The summary of a run is added to the totals in the statement that ends the run, so each run counts exactly once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database

MEASURES = (
    *("inputs", "recovered", "rollbacks", "llm_calls", "tokens", "cost_usd"),
    *("stage_seconds", "store_calls", "store_retries", "breaker_trips"),
    *("by_source", "store_seconds"),
)
"""Fields of a summary that are totalled: first single numbers, then numbers by one label, then by two labels."""

_START = """
INSERT INTO run (run_id, verb, host, pid, arguments)
VALUES (%(run_id)s, %(verb)s, %(host)s, %(pid)s, %(arguments)s::jsonb)
"""
# All runs lock the rows of totals in the same order, so runs that end together do not deadlock.
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
_BY_EXIT_CODE = """
SELECT verb, exit_code, count(*) AS runs, max(finished_at) AS latest,
       coalesce(sum(extract(epoch FROM finished_at - started_at)), 0)::float8 AS seconds
FROM run GROUP BY verb, exit_code ORDER BY verb, exit_code
"""
_LAST = """
SELECT DISTINCT ON (verb) verb, started_at, finished_at, exit_code,
       coalesce(summary -> 'breaker_trips', '{}') AS breaker_trips
FROM run WHERE finished_at IS NOT NULL ORDER BY verb, finished_at DESC
"""
_TOTALS = "SELECT measure, label, sublabel, value FROM run_total ORDER BY measure, label, sublabel"
_OPEN_SAGAS = """
SELECT state, count(*) AS sagas, min(created_at) AS oldest FROM saga
WHERE state IN ('PREPARED', 'RESOLVING', 'COMMITTED') GROUP BY state ORDER BY state
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `finished_at`, `summary` and `exit_code` are None while it runs, and stay None when it is killed."""

    run_id: str
    verb: str
    started_at: datetime
    finished_at: datetime | None
    host: str
    pid: int
    arguments: Mapping[str, Any]
    summary: Mapping[str, Any] | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class RunGroup:
    """The runs of one verb with one exit code. `exit_code` is None for runs without an end: killed, or still running.

    `latest` is when the last of them ended, `seconds` how long those with an end took together.
    """

    verb: str
    exit_code: int | None
    runs: int
    latest: datetime | None
    seconds: float


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run of a verb that ended last. `breaker_trips` counts tripped breakers by store."""

    verb: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    breaker_trips: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunTotal:
    """One measure, added up over all runs. Labels are `""` where the measure has none."""

    measure: str
    label: str
    sublabel: str
    value: float


@dataclass(frozen=True, slots=True)
class OpenSagaCount:
    """How many sagas are open in one state, and when the oldest of them began."""

    state: str
    sagas: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class RunStatistics:
    """What PostgreSQL knows of all runs and of open sagas, for `apex metrics`."""

    groups: Sequence[RunGroup]
    last: Sequence[LastRun]
    totals: Sequence[RunTotal]
    open_sagas: Sequence[OpenSagaCount]


class Runs:
    """Rows of the `run` table. All methods raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, run_id: str, verb: str, arguments: Mapping[str, Any]) -> None:
        """Record that a run has begun in this process."""
        from apex_cli.stores.postgres.connection import pg_json

        run = {"run_id": run_id, "verb": verb, "host": socket.gethostname(), "pid": os.getpid()}
        await self._execute(_START, {**run, "arguments": pg_json(arguments)})

    async def finish(self, run_id: str, summary: Mapping[str, Any], exit_code: int) -> None:
        """Record the end of a run, and add its measures to the totals. Idempotent: the first end is kept."""
        from apex_cli.stores.postgres.connection import pg_json

        end = {"run_id": run_id, "summary": pg_json(summary), "exit_code": exit_code}
        await self._execute(_FINISH, {**end, **_measure_columns(summary)})

    async def list(self, *, limit: int = 20, run_id: str | None = None) -> Sequence[Run]:
        """Newest first; `run_id` may be the beginning of an id."""
        rows = await self._database.rows(_LIST, {"run_id": run_id, "limit": limit})
        return [Run(**{**row, "run_id": str(row["run_id"])}) for row in rows]

    async def statistics(self) -> RunStatistics:
        """All runs by exit code, the last run of each verb, the totals, and the open sagas."""
        return RunStatistics(
            groups=[RunGroup(**row) for row in await self._database.rows(_BY_EXIT_CODE)],
            last=[LastRun(**row) for row in await self._database.rows(_LAST)],
            totals=[RunTotal(**row) for row in await self._database.rows(_TOTALS)],
            open_sagas=await self.open_sagas(),
        )

    async def open_sagas(self) -> Sequence[OpenSagaCount]:
        """The open sagas by state."""
        return [OpenSagaCount(**row) for row in await self._database.rows(_OPEN_SAGAS)]

    async def _execute(self, query: str, parameters: Mapping[str, Any]) -> None:
        async with self._database.connection() as connection:
            await connection.execute(query.encode(), parameters)


def _measure_columns(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The measures of a summary as four parallel lists, for `unnest` in `_FINISH`, without those that are absent.

    `{"inputs": 2, "by_source": {"turvo": {"failed": 1}}}` gives the rows `("inputs", "", "", 2.0)` and
    `("by_source", "turvo", "failed", 1.0)`.
    """
    rows = [(measure, *row) for measure in MEASURES for row in _numbers(summary.get(measure))]
    names = ("measures", "labels", "sublabels", "values")
    return {name: [row[position] for row in rows] for position, name in enumerate(names)}


def _numbers(value: Any) -> Iterator[tuple[str, str, float]]:
    """The numbers in a measure, each with its labels."""
    if isinstance(value, int | float):
        yield "", "", float(value)
    elif isinstance(value, Mapping):
        for label, below in value.items():
            for inner, _, number in _numbers(below):
                yield str(label), inner, number
