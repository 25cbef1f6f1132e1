"""Which records support a fact, and when they stated it: names and times of many records by one light query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database

_BATCH = 5_000
# A whole version states all that its record states. Only of a partial one its claims must be read.
_SEEN = """
SELECT r.record_id, r.source, r.external_id, r.current_saga, v.event_time, v.kind = 'state' AS is_state,
    CASE WHEN NOT v.whole THEN
    ARRAY(SELECT DISTINCT claim ->> 'predicate' FROM jsonb_array_elements(v.extraction -> 'claims') AS claim) END
    AS predicates
FROM record r JOIN record_version v USING (record_id) JOIN saga s USING (saga_id)
WHERE r.record_id = ANY(%(ids)s::uuid[]) AND r.current_saga IS NOT NULL
  AND v.replaced_by IS NULL AND s.state IN ('COMMITTED', 'DONE')
ORDER BY r.record_id, v.event_time, v.revision
"""


# One row for each group, whatever the number of its records.
_LAST = """
SELECT DISTINCT ON (g.name) g.name, r.record_id, r.source, r.external_id, v.event_time
FROM unnest(%(names)s::text[], %(ids)s::uuid[]) AS g(name, record_id)
JOIN record r USING (record_id) JOIN record_version v USING (record_id) JOIN saga s USING (saga_id)
WHERE r.current_saga IS NOT NULL AND v.replaced_by IS NULL AND s.state IN ('COMMITTED', 'DONE')
  AND v.event_time <= %(until)s
ORDER BY g.name, v.event_time DESC, r.record_id
"""


@dataclass(frozen=True, slots=True)
class LastSighting:
    """The last time that one of some records counts for, and the record: its id, and as `apex get` takes it."""

    time: datetime
    record_id: str
    record: str


@dataclass(frozen=True, slots=True)
class SeenVersion:
    """The as-of time of one version of a record; `predicates` are the relations that a partial one states."""

    time: datetime
    predicates: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record and the times of its versions, oldest first. `is_state` is false for an event.

    `marker` is the last saga that committed.
    """

    source: str
    external_id: str
    is_state: bool
    sightings: tuple[SeenVersion, ...]
    marker: str

    @property
    def name(self) -> str:
        """As `apex get` takes it."""
        return f"{self.source}:{self.external_id}"

    def last_stated(
        self, predicate: str, *, before: datetime | None = None, until: datetime | None = None
    ) -> datetime | None:
        """The time of the last version that may state this relation, earlier than `before` and not later than `until`;
        None without one."""
        for sighting in reversed(self.sightings):
            in_time = (before is None or sighting.time < before) and (until is None or sighting.time <= until)
            if in_time and (sighting.predicates is None or predicate in sighting.predicates):
                return sighting.time
        return None


class Sightings:
    """Reads committed versions only, without those that a correction replaced."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_records(self, record_ids: Iterable[str]) -> Mapping[str, SeenRecord]:
        """The records with these ids; those without a current version are absent."""
        ids = sorted(record_ids)
        found: dict[str, SeenRecord] = {}
        for start in range(0, len(ids), _BATCH):
            rows = await self._database.rows(_SEEN, {"ids": ids[start : start + _BATCH]})
            times: dict[str, list[SeenVersion]] = {}
            for row in rows:
                stated = None if row["predicates"] is None else frozenset(row["predicates"])
                times.setdefault(str(row["record_id"]), []).append(SeenVersion(row["event_time"], stated))
            for row in rows:
                record = str(row["record_id"])
                if record not in found:
                    sightings, marker = tuple(times[record]), str(row["current_saga"])
                    found[record] = SeenRecord(row["source"], row["external_id"], row["is_state"], sightings, marker)
        return found

    async def last_of(self, groups: Mapping[str, Sequence[str]], *, until: datetime) -> Mapping[str, LastSighting]:
        """The last sighting among the records of each group, not later than `until`; groups without one are absent."""
        pairs = [(name, record) for name, records in groups.items() for record in records]
        if not pairs:
            return {}
        names, ids = zip(*pairs, strict=True)
        rows = await self._database.rows(_LAST, {"names": list(names), "ids": list(ids), "until": until})
        return {
            row["name"]: LastSighting(row["event_time"], str(row["record_id"]), f"{row['source']}:{row['external_id']}")
            for row in rows
        }
