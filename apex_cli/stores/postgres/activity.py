"""What the runs of a period did, in equal steps of time: records by source and outcome, seconds by stage and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database

_STEPS = tuple(timedelta(hours=hours) for hours in (1, 3, 6, 12, 24, 24 * 7, 24 * 28, 24 * 364))
_MOST_STEPS = 62
_ORIGIN = datetime(2001, 1, 1, tzinfo=UTC)
"""A Monday, so that weeks begin on one."""
# Of a summary, a measure by two labels: {"turvo": {"committed": 3}}.
_TWO_LABELS = """
SELECT date_bin(%(step)s::interval, started_at, %(origin)s::timestamptz) AS time, outer_.key AS label,
    inner_.key AS sublabel, sum((inner_.value #>> '{{}}')::float8) AS value
FROM run, jsonb_each(summary -> '{measure}') AS outer_, jsonb_each(outer_.value) AS inner_
WHERE started_at >= %(since)s AND started_at < %(until)s
  AND jsonb_typeof(summary -> '{measure}') = 'object' AND jsonb_typeof(outer_.value) = 'object'
  AND jsonb_typeof(inner_.value) = 'number'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_ONE_LABEL = """
SELECT date_bin(%(step)s::interval, started_at, %(origin)s::timestamptz) AS time, outer_.key AS label,
    '' AS sublabel, sum((outer_.value #>> '{{}}')::float8) AS value
FROM run, jsonb_each(summary -> '{measure}') AS outer_
WHERE started_at >= %(since)s AND started_at < %(until)s
  AND jsonb_typeof(summary -> '{measure}') = 'object' AND jsonb_typeof(outer_.value) = 'number'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_RECORDS = _TWO_LABELS.format(measure="by_source")
_STORES = _TWO_LABELS.format(measure="store_seconds")
_STAGES = _ONE_LABEL.format(measure="stage_seconds")
_RUNS = """
SELECT verb, exit_code, count(*) AS runs, max(started_at) AS latest,
    coalesce(sum(extract(epoch FROM finished_at - started_at)), 0)::float8 AS seconds
FROM run WHERE started_at >= %(since)s AND started_at < %(until)s
GROUP BY verb, exit_code ORDER BY verb, exit_code
"""
_FIRST = "SELECT min(started_at) AS first FROM run"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of one step, which begins at `time`: of records by source and outcome, of seconds by stage (without a
    sublabel) or by store and step of the saga.
    """

    time: datetime
    label: str
    sublabel: str
    value: float


@dataclass(frozen=True, slots=True)
class RunsOfVerb:
    """The runs of one verb with one exit code. `exit_code` is None for runs without an end. `latest` began last."""

    verb: str
    exit_code: int | None
    runs: int
    latest: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Activity:
    """The runs that began in a period, `since` included and `until` not. A step is `step_seconds` long."""

    since: datetime
    until: datetime
    step_seconds: float
    records: Sequence[Amount]
    stages: Sequence[Amount]
    stores: Sequence[Amount]
    runs: Sequence[RunsOfVerb]

    @property
    def times(self) -> Sequence[datetime]:
        """When each step begins, those without a run too."""
        step = timedelta(seconds=self.step_seconds)
        first = _ORIGIN + (self.since - _ORIGIN) // step * step
        return [first + step * number for number in range((self.until - first) // step + 1)]


class Activities:
    """Reads the summaries of past runs. All methods raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, since: datetime, until: datetime) -> Activity:
        """What the runs did that began from `since`, or from the first run if that is later, to `until`: in 62 steps at
        most.
        """
        first: datetime | None = (await self._database.rows(_FIRST))[0]["first"]
        begin = min(until, max(since, first or until))
        step = next((one for one in _STEPS if (until - begin) / one < _MOST_STEPS), _STEPS[-1])
        begin = max(begin, until - step * _MOST_STEPS)
        asked: Mapping[str, object] = {"since": begin, "until": until, "step": step, "origin": _ORIGIN}

        async def amounts(query: str) -> list[Amount]:
            return [Amount(**row) for row in await self._database.rows(query, asked)]

        return Activity(
            since=begin,
            until=until,
            step_seconds=step.total_seconds(),
            records=await amounts(_RECORDS),
            stages=await amounts(_STAGES),
            stores=await amounts(_STORES),
            runs=[RunsOfVerb(**row) for row in await self._database.rows(_RUNS, asked)],
        )
