"""Where documents are, in PostgreSQL; and documents that an older version knew by their path."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from apex_cli.extract.identity import document_hash
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.read import read_input
from apex_cli.stores.postgres.catalog import Catalog
from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.postgres.journal import PostgresJournal
from apex_cli.stores.postgres.places import DocumentPlaces, Place, Sighting
from tests.contract.test_postgres import Made, back_to_the_first_schema
from tests.plans import NOON, make_embedded, make_record

ONE, OTHER = Place.of_path("/drop/one.txt"), Place.of_path("/drop/deep/../one copy.txt")


@pytest.fixture
def another(database: Database, postgres_url: str) -> Made:
    """Another pool on the same namespace, with a time limit of its own."""
    return lambda timeout: Database(postgres_url, namespace=database.namespace, timeout=timeout)


async def committed(database: Database, record: Record) -> Record:
    journal = PostgresJournal(database)
    (plan,) = (await journal.begin_write([(record, make_embedded())], run_id=None, group_id="test")).plans
    await journal.commit([plan])
    await journal.done([plan])
    return record


def document(name: str, content: str = "snow") -> Record:
    payload = {"path": f"/drop/{name}", "format": "text", "content": content}
    return make_record(name, source="document", data_type="document", payload=payload)


def test_a_place_is_known_by_its_path_its_name_or_its_content() -> None:
    assert Place.of_path("/drop/one copy.txt") == OTHER
    assert Place.of_path("/caf\u00e9").key == Place.of_path("/cafe\u0301").key
    keys = {ONE.key, OTHER.key, Place.of_stream("/drop/one.txt", "h").key, Place.of_stream(None, "h").key}
    assert len(keys) == 4


async def test_places_come_and_go(database: Database) -> None:
    places = DocumentPlaces(database)
    snow, sun = [await committed(database, document(name)) for name in ("snow", "sun")]
    await places.remember([Sighting(each, snow.record_id, "a", vacated=False) for each in (ONE, OTHER)])
    await places.remember([Sighting(ONE, snow.record_id, "a", vacated=False)])
    shown = [view.shown for view in (await places.of_records([snow.record_id]))[snow.record_id]]
    assert sorted(shown) == ["/drop/one copy.txt", "/drop/one.txt"]
    assert await places.elsewhere(snow.record_id, ONE.key) == [("/drop/one copy.txt", "a")]
    # Another document takes the place over: the first one was there.
    await places.remember([Sighting(ONE, sun.record_id, "b", vacated=False)])
    at = {(one.document.record_id, one.occupied) for one in await places.find([ONE.key], []) if one.place == ONE.key}
    assert at == {(snow.record_id, False), (sun.record_id, True)}
    found = await places.find([], ["a"])
    assert {(one.document.external_id, one.document.current) for one in found} == {("snow", snow.content_hash)}
    # It is consumed, and the place is free.
    await places.remember([Sighting(ONE, sun.record_id, "b", vacated=True)])
    assert not any(one.occupied for one in await places.find([ONE.key], []) if one.place == ONE.key)
    await places.remove([snow.record_id])
    assert list(await places.of_records([snow.record_id, sun.record_id])) == [sun.record_id]


async def test_a_forgotten_document_is_at_no_place(database: Database) -> None:
    places, journal = DocumentPlaces(database), PostgresJournal(database)
    snow = await committed(database, document("snow"))
    await places.remember([Sighting(ONE, snow.record_id, "a", vacated=False)])
    (plan,) = (await journal.begin_forget([snow.record_id], run_id=None, group_id="test")).plans
    await journal.commit([plan])
    await journal.done([plan])
    assert await places.find([ONE.key], ["a"]) == []
    await places.remove([snow.record_id])
    await places.remember([Sighting(ONE, snow.record_id, "a", vacated=False)])
    assert await places.of_records([snow.record_id]) == {}
    known = (await places.by_external_id(["snow"]))["snow"]
    assert (known.record_id, known.current) == (snow.record_id, None)


async def test_records_are_found_by_a_part_of_their_name(database: Database) -> None:
    catalog, places = Catalog(database), DocumentPlaces(database)
    for name in ("customers#1", "drivers#1", "drivers#2", "9d41"):
        await committed(database, make_record(name, source="json", data_type="row", payload={"id": name}))
    snow = await committed(database, document("snow"))
    await places.remember([Sighting(ONE, snow.record_id, "a", vacated=True)])

    async def named(source: str, name: str) -> list[str]:
        return [version.external_id for version in await catalog.by_name(source, name)]

    assert await named("json", "1") == ["customers#1", "drivers#1"]
    assert await named("json", "2") == ["drivers#2"]
    assert await named("json", "9d41") == ["9d41"]
    assert await named("json", "") == await named("json", "%") == []
    assert await named("document", "/drop/one.txt") == await named("document", "one.txt") == ["snow"]
    assert await named("json", "one.txt") == []


async def test_documents_by_path_become_documents_by_content(database: Database, another: Made, tmp_path: Path) -> None:
    await back_to_the_first_schema(database)
    paths = {"/drop/a.txt": "Snow é\n", "/drop/b.md": "Sun", "/drop/copy of b.md": "Sun", "-": "Rain"}
    records = {path: make_record(path, source="document", data_type="document") for path in (*paths, "/gone.txt")}
    async with database.transaction() as connection:
        for path, record in records.items():
            saga = str(uuid.uuid4())
            await connection.execute(
                "INSERT INTO record (record_id, source, data_type, external_id, epoch, revision, current_saga)"
                " VALUES (%s, 'document', 'document', %s, 1, 1, %s)",
                (record.record_id, path, saga if path in paths else None),
            )
            await connection.execute(
                "INSERT INTO saga (saga_id, record_id, kind, state, epoch, revision)"
                " VALUES (%s, %s, 'write', 'DONE', 1, 1)",
                (saga, record.record_id),
            )
            if path in paths:
                payload = {"path": path, "format": "text", "content": paths[path]}
                await connection.execute(
                    "INSERT INTO record_version (saga_id, record_id, revision, content_hash, event_time, observed_at,"
                    " title, text, payload, extraction, chunks)"
                    """ VALUES (%s, %s, 1, 'old', %s, %s, 't', 't', %s, '{"entities": [], "claims": []}', 1)""",
                    (saga, record.record_id, NOON, NOON, Jsonb(payload)),
                )
    upgraded = another(30)
    await upgraded.open()
    try:
        places, catalog = DocumentPlaces(upgraded), Catalog(upgraded)
        for path, content in paths.items():
            version = (await catalog.by_id([records[path].record_id]))[records[path].record_id]
            assert version.content_hash == document_hash(content)
            assert version.external_id.startswith(document_hash(content)[:32])
            shown = [view.shown for view in (await places.of_records([version.record_id])).get(version.record_id, ())]
            assert shown == ([path] if path != "-" else [])
        ids = [row["external_id"] for row in await upgraded.rows("SELECT external_id FROM record")]
        assert len(set(ids)) == len(ids) == 5
        assert not any("/" in each for each in ids)
        # What is read now has the same hash and finds the same record.
        file = tmp_path / "a.txt"
        file.write_text(paths["/drop/a.txt"])
        (read,) = read_input(
            file,
            name="a.txt",
            origin="/drop/a.txt",
            source="auto",
            observed_at=NOON,
            limits=ReadLimits(1000, 1000, 10),
            namespace="apex",
        )
        assert isinstance(read, Record)
        found = await places.find([Place.of_path("/drop/a.txt").key], [read.content_hash])
        assert {one.document.record_id for one in found} == {records["/drop/a.txt"].record_id}
        assert {one.document.current for one in found} == {read.content_hash}
    finally:
        await upgraded.close()
