"""Where documents are: the table `document_place`.

A document is known by its content. It has a place for each path where it was found, for the name of a stream, or for a
stream without one. A place holds one document at a time; what it held before stays as its history.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from apex_cli.text_cleaning import replace_unencodable

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database

_FIND = """
SELECT p.place, p.record_id, p.content_hash, p.vacated_at IS NULL AS occupied, r.external_id, v.content_hash AS current
FROM document_place p JOIN record r USING (record_id) JOIN record_version v ON v.saga_id = r.current_version
WHERE p.place = ANY(%(places)s) OR p.content_hash = ANY(%(contents)s)
ORDER BY p.last_seen DESC, p.record_id
"""
_BY_ID = """
SELECT r.record_id, r.external_id, v.content_hash AS current
FROM record r LEFT JOIN record_version v ON v.saga_id = r.current_version
WHERE r.source = 'document' AND r.external_id = ANY(%(ids)s)
ORDER BY r.first_seen, r.record_id
"""
_OF_RECORDS = """
SELECT record_id, shown, first_seen, last_seen, vacated_at FROM document_place
WHERE record_id = ANY(%(ids)s::uuid[]) ORDER BY record_id, first_seen, place
"""
_OCCUPIED = """
SELECT shown, content_hash FROM document_place
WHERE record_id = %(record_id)s AND place <> %(place)s AND vacated_at IS NULL LIMIT 100
"""
_LEAVE = """
UPDATE document_place p SET vacated_at = now()
FROM unnest(%(places)s::text[], %(records)s::uuid[]) AS new(place, record_id)
WHERE p.place = new.place AND p.record_id <> new.record_id AND p.vacated_at IS NULL
"""
_ENTER = """
INSERT INTO document_place AS p (place, shown, record_id, content_hash, vacated_at)
SELECT place, shown, record_id, content_hash, CASE WHEN vacated THEN now() END
FROM unnest(%(places)s::text[], %(shown)s::text[], %(records)s::uuid[], %(contents)s::text[], %(vacated)s::boolean[])
    AS new(place, shown, record_id, content_hash, vacated)
WHERE EXISTS (SELECT FROM record r WHERE r.record_id = new.record_id AND r.current_saga IS NOT NULL)
ON CONFLICT (place, record_id) DO UPDATE
SET content_hash = excluded.content_hash, last_seen = now(), vacated_at = excluded.vacated_at
"""
_EMPTY = """
UPDATE document_place p SET vacated_at = now()
FROM unnest(%(records)s::uuid[], %(files)s::text[]) AS gone(record_id, file)
WHERE p.record_id = gone.record_id AND p.vacated_at IS NULL
  AND (p.shown = gone.file OR starts_with(p.shown, gone.file || '/'))
"""
# Of two documents at one place, the one that this memory saw there stays.
_RESTORE = """
INSERT INTO document_place AS p (place, shown, record_id, content_hash, first_seen, last_seen, vacated_at)
SELECT place, shown, record_id, content_hash, first_seen, last_seen, coalesce(vacated_at, (
    SELECT now() FROM document_place o
    WHERE o.place = new.place AND o.record_id <> new.record_id AND o.vacated_at IS NULL LIMIT 1
))
FROM unnest(%(places)s::text[], %(shown)s::text[], %(records)s::uuid[], %(contents)s::text[],
            %(first)s::timestamptz[], %(last)s::timestamptz[], %(vacated)s::timestamptz[])
    AS new(place, shown, record_id, content_hash, first_seen, last_seen, vacated_at)
WHERE EXISTS (SELECT FROM record r WHERE r.record_id = new.record_id AND r.current_saga IS NOT NULL)
ON CONFLICT (place, record_id) DO UPDATE
SET content_hash = excluded.content_hash, last_seen = excluded.last_seen, vacated_at = excluded.vacated_at
WHERE excluded.last_seen > p.last_seen
"""
_REMOVE = "DELETE FROM document_place WHERE record_id = ANY(%(ids)s::uuid[])"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is. `key` distinguishes places, `shown` is for people."""

    key: str
    shown: str

    @classmethod
    def of_path(cls, path: str) -> Place:
        """A file's place. `path` is absolute, or the URL of an object."""
        plain = path if "://" in path else os.path.normpath(path)
        return cls(_key("path", plain), plain)

    @classmethod
    def of_stream(cls, name: str | None, content_hash: str) -> Place:
        """The place of a document from standard input: its name, else its content."""
        return cls(_key("name", name) if name else _key("stream", content_hash), name or "stdin")


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document of the memory. `current` is the content hash of its current version, None of a forgotten one."""

    record_id: str
    external_id: str
    current: str | None


@dataclass(frozen=True, slots=True)
class Resident:
    """A document at a place, with the content that was last seen there. `occupied`: it may still be there."""

    place: str
    content_hash: str
    occupied: bool
    document: KnownDocument


@dataclass(frozen=True, slots=True)
class Sighting:
    """A committed document that was found at a place. `vacated`: its original is removed now."""

    place: Place
    record_id: str
    content_hash: str
    vacated: bool


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place of a document, for readers. Times are aware UTC; `vacated_at` is None while the document is there."""

    shown: str
    first_seen: datetime
    last_seen: datetime
    vacated_at: datetime | None


class DocumentPlaces:
    """Every method is one statement or one transaction. Raises `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, places: Sequence[str], contents: Sequence[str]) -> Sequence[Resident]:
        """Documents that are or were at these places, or anywhere with these contents; the last seen first."""
        rows = await self._database.rows(_FIND, {"places": list(places), "contents": list(contents)})
        return [
            Resident(
                row["place"],
                row["content_hash"],
                row["occupied"],
                KnownDocument(str(row["record_id"]), row["external_id"], row["current"]),
            )
            for row in rows
        ]

    async def by_external_id(self, external_ids: Sequence[str]) -> Mapping[str, KnownDocument]:
        """Documents by external id, forgotten ones too."""
        found: dict[str, KnownDocument] = {}
        for row in await self._database.rows(_BY_ID, {"ids": list(external_ids)}):
            found.setdefault(
                row["external_id"], KnownDocument(str(row["record_id"]), row["external_id"], row["current"])
            )
        return found

    async def elsewhere(self, record_id: str, place: str) -> Sequence[tuple[str, str]]:
        """Other places where a document may still be, and the content that was last seen there; at most 100."""
        rows = await self._database.rows(_OCCUPIED, {"record_id": record_id, "place": place})
        return [(row["shown"], row["content_hash"]) for row in rows]

    async def of_records(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PlaceView]]:
        """The places of each of these records that has any, the first seen first."""
        found: dict[str, list[PlaceView]] = {}
        for row in await self._database.rows(_OF_RECORDS, {"ids": list(record_ids)}):
            view = PlaceView(row["shown"], row["first_seen"], row["last_seen"], row["vacated_at"])
            found.setdefault(str(row["record_id"]), []).append(view)
        return found

    async def remember(self, sightings: Sequence[Sighting]) -> None:
        """Note where documents were found. Idempotent. Records that are forgotten meanwhile are left out."""
        # Of two documents at one place in one batch the last one is there now.
        last = {sighting.place.key: sighting for sighting in sightings}
        rows = [last[key] for key in sorted(last)]
        parameters = {
            "places": [row.place.key for row in rows],
            "shown": [replace_unencodable(row.place.shown) for row in rows],
            "records": [row.record_id for row in rows],
            "contents": [row.content_hash for row in rows],
            "vacated": [row.vacated for row in rows],
        }
        async with self._database.transaction() as connection:
            await connection.execute(_LEAVE, parameters)
            await connection.execute(_ENTER, parameters)

    async def restore(self, found: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> None:
        """Note the places that records out of an export had. Idempotent; what was seen here later stays.

        A place has the names of the table's columns, its times as ISO 8601.
        """
        once = {(record_id, place["place"]): place for record_id, places in found for place in places}
        rows = [(record_id, place) for (record_id, _), place in once.items()]
        parameters = {
            "places": [place["place"] for _, place in rows],
            "shown": [replace_unencodable(place["shown"]) for _, place in rows],
            "records": [record_id for record_id, _ in rows],
            "contents": [place["content_hash"] for _, place in rows],
            "first": [place["first_seen"] for _, place in rows],
            "last": [place["last_seen"] for _, place in rows],
            "vacated": [place["vacated_at"] for _, place in rows],
        }
        async with self._database.transaction() as connection:
            await connection.execute(_RESTORE, parameters)

    async def leave(self, gone: Sequence[tuple[str, str]]) -> None:
        """Note that documents are no longer in these files: pairs of record id and absolute path."""
        parameters = {
            "records": [record_id for record_id, _ in gone],
            "files": [replace_unencodable(path) for _, path in gone],
        }
        async with self._database.transaction() as connection:
            await connection.execute(_EMPTY, parameters)

    async def remove(self, record_ids: Sequence[str]) -> None:
        """Remove all places of these records."""
        async with self._database.transaction() as connection:
            await connection.execute(_REMOVE, {"ids": list(record_ids)})


def _key(kind: str, text: str) -> str:
    normal = replace_unencodable(unicodedata.normalize("NFC", text))
    return sha256(f"{kind}\n{normal}".encode()).hexdigest()
