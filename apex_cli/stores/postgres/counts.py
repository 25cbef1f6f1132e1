"""The figures that PostgreSQL knows of all runs and of the sagas under way, for `apex metrics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apex_cli.stores.postgres.connection import Database

_ENDS = """
SELECT verb, exit_code, count(*) AS runs, max(finished_at) AS latest,
       coalesce(sum(extract(epoch FROM finished_at - started_at)), 0)::float8 AS seconds
FROM run GROUP BY verb, exit_code ORDER BY verb, exit_code
"""
_LAST = """
SELECT DISTINCT ON (verb) verb, started_at, finished_at, exit_code, coalesce(summary -> 'breaker_trips', '{}') AS trips
FROM run WHERE finished_at IS NOT NULL ORDER BY verb, finished_at DESC
"""
_TOTALS = "SELECT measure, label, sublabel, value FROM run_total ORDER BY measure, label, sublabel"
_UNSETTLED = """
SELECT state, count(*) AS sagas, min(created_at) AS oldest FROM saga
WHERE state IN ('PREPARED', 'RESOLVING', 'COMMITTED') GROUP BY state ORDER BY state
"""


@dataclass(frozen=True, slots=True)
class Ends:
    """The runs of a verb that ended alike. `exit_code` is None for those without an end: killed, or still going on."""

    verb: str
    exit_code: int | None
    runs: int
    latest: datetime | None
    seconds: float


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run of a verb that ended last. `trips` counts tripped breakers by store."""

    verb: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    trips: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Total:
    """One measure, added up over all runs. Labels are `""` where the measure has none."""

    measure: str
    label: str
    sublabel: str
    value: float


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Open sagas in one state, and when the oldest of them began."""

    state: str
    sagas: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them, as of one moment."""

    ends: Sequence[Ends]
    last: Sequence[LastRun]
    totals: Sequence[Total]
    unsettled: Sequence[Unsettled]


async def figures(database: Database) -> Figures:
    """Look at the runs, their totals and the open sagas. Raises `StoreError`."""
    return Figures(
        ends=[Ends(**row) for row in await database.rows(_ENDS)],
        last=[LastRun(**row) for row in await database.rows(_LAST)],
        totals=[Total(**row) for row in await database.rows(_TOTALS)],
        unsettled=[Unsettled(**row) for row in await database.rows(_UNSETTLED)],
    )
