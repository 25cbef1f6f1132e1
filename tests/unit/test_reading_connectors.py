"""Messages of connectors: which rows they hold, under which name, by which key, as of when, and whether they ended."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.connectors.kept import kept
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.read import read_input
from apex_cli.sources.registry import extract

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
ROW = {"id": 7, "name": "Acme"}
SHIPMENT = {"shipmentId": "S-1", "status": "booked"}
Read = Record | Rejected | Skipped


def read(tmp_path: Path, *messages: Any) -> list[Read]:
    path = tmp_path / "messages.jsonl"
    path.write_text("\n".join(json.dumps(message) for message in messages))
    return list(
        read_input(
            path,
            name=path.name,
            origin=str(path),
            source="auto",
            observed_at=datetime(2026, 4, 1, tzinfo=UTC),
            limits=ReadLimits(1_000_000, 1_000_000, 50),
            namespace="apex",
        )
    )


def records(found: Sequence[Read]) -> list[Record]:
    assert all(isinstance(one, Record) for one in found), found
    return [one for one in found if isinstance(one, Record)]


def one(tmp_path: Path, *messages: Any) -> Record:
    [record] = records(read(tmp_path, *messages))
    return record


def skipped(found: Sequence[Read]) -> list[str]:
    return [each.note for each in found if isinstance(each, Skipped)]


SCHEMA = {"type": "SCHEMA", "stream": "orders", "key_properties": ["no", "line"], "schema": {"type": "object"}}


def singer(record: dict[str, Any], stream: str = "orders") -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": record, "time_extracted": NOON.isoformat()}


def test_singer_rows_have_the_key_of_their_stream(tmp_path: Path) -> None:
    first = {"no": 1, "line": 1, "sku": "a"}
    messages = [SCHEMA, singer(first), singer({**first, "line": 2}), singer({**first, "sku": "b"})]
    found = records(read(tmp_path, *messages, {"type": "STATE", "value": {"bookmarks": {}}}))
    assert found[0].payload == first
    assert len({record.record_id for record in found}) == 2
    assert {record.collection for record in found} == {"orders"}
    assert {record.as_of for record in found} == {NOON}


def test_a_singer_row_of_a_known_shape_is_of_its_source(tmp_path: Path) -> None:
    record = one(tmp_path, singer(SHIPMENT, "shipments"))
    assert (record.source, record.external_id, record.as_of) == ("turvo", "S-1", NOON)


def test_a_singer_row_that_was_deleted_ends_the_record(tmp_path: Path) -> None:
    here, gone = records(
        read(
            tmp_path,
            SCHEMA,
            singer({"no": 1, "line": 1}),
            singer({"no": 1, "line": 1, "_sdc_deleted_at": "2026-03-05T11:00:00Z", "_sdc_sequence": 4}),
        )
    )
    assert (here.ended, gone.ended) == (False, True)
    assert gone.record_id == here.record_id
    assert gone.as_of == datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert gone.payload == {"no": 1, "line": 1}


def test_a_tombstone_is_other_content_than_the_row_that_it_repeats(tmp_path: Path) -> None:
    row = {"no": 1, "line": 1}
    here, gone, again = records(
        read(tmp_path, SCHEMA, singer(row), *[singer({**row, "_sdc_deleted_at": "2026-03-05T11:00:00Z"})] * 2)
    )
    assert here.content_hash != gone.content_hash == again.content_hash


@pytest.mark.parametrize("before", [{"shipmentId": "S-1"}, {"shipmentId": "S-1", "status": None}])
def test_a_tombstone_with_the_key_alone_ends_the_record_of_its_source(tmp_path: Path, before: dict[str, Any]) -> None:
    gone = one(tmp_path, {"op": "d", "before": before, "after": None, "source": {"table": "shipments"}})
    assert (gone.source, gone.external_id, gone.ended) == ("turvo", "S-1", True)
    assert extract(gone).ended


def test_what_singer_writes_between_rows_is_no_record(tmp_path: Path) -> None:
    assert read(tmp_path, SCHEMA, {"type": "STATE", "value": {}}) == []
    assert read(tmp_path, {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 5}) == []
    [note] = skipped(read(tmp_path, {"type": "BATCH", "stream": "orders", "manifest": ["a.gz"], "encoding": {}}))
    assert "not read" in note


def airbyte(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "RECORD",
        "record": {"stream": "customers", "namespace": "crm", "data": data, "emitted_at": NOON_MS},
    }


def test_airbyte_rows(tmp_path: Path) -> None:
    record = one(tmp_path, airbyte(ROW))
    assert (record.payload, record.collection, record.as_of) == (ROW, "crm.customers", NOON)
    gone = one(tmp_path, airbyte({**ROW, "_ab_cdc_deleted_at": "2026-03-05T11:00:00Z", "_ab_cdc_lsn": 5}))
    assert (gone.ended, gone.payload, gone.record_id) == (True, ROW, record.record_id)
    assert one(tmp_path, airbyte({**ROW, "_ab_cdc_deleted_at": None})).ended is False


def test_airbyte_keys_come_from_its_catalog(tmp_path: Path) -> None:
    stream = {"name": "customers", "namespace": "crm", "source_defined_primary_key": [["code"]]}
    catalog = {"type": "CATALOG", "catalog": {"streams": [stream]}}
    a, b = records(read(tmp_path, catalog, airbyte({"code": "A", "n": 1}), airbyte({"code": "A", "n": 2})))
    assert a.record_id == b.record_id


def test_what_airbyte_writes_between_rows(tmp_path: Path) -> None:
    assert read(tmp_path, {"type": "STATE", "state": {"type": "STREAM"}}, {"type": "SPEC", "spec": {}}) == []
    assert read(tmp_path, {"type": "LOG", "log": {"level": "INFO", "message": "reading"}}) == []
    failed = {"type": "TRACE", "trace": {"type": "ERROR", "error": {"message": "rate limit"}}}
    assert skipped(read(tmp_path, failed)) == ["the Airbyte source says ERROR: rate limit"]


def test_rows_of_airbytes_raw_tables(tmp_path: Path) -> None:
    raw = {"_airbyte_raw_id": "x", "_airbyte_extracted_at": NOON.isoformat(), "_airbyte_data": json.dumps(ROW)}
    record = one(tmp_path, raw)
    assert (record.payload, record.as_of) == (ROW, NOON)


def debezium(op: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    source = {"connector": "postgresql", "db": "tms", "schema": "public", "table": "customers", "ts_ms": NOON_MS}
    return {"before": before, "after": after, "source": source, "op": op, "ts_ms": NOON_MS + 5_000}


@pytest.mark.parametrize("op", ["c", "r", "u"])
@pytest.mark.parametrize("with_schema", [False, True])
def test_debezium_rows(tmp_path: Path, op: str, with_schema: bool) -> None:
    message = debezium(op, before={"id": 7, "name": "Old"}, after=ROW)
    record = one(tmp_path, {"schema": {"type": "struct"}, "payload": message} if with_schema else message)
    assert (record.payload, record.collection, record.as_of) == (ROW, "public.customers", NOON)
    assert record.ended is False


def test_a_row_that_debezium_saw_deleted_ends_the_record(tmp_path: Path) -> None:
    here, gone = records(read(tmp_path, debezium("c", after=ROW), debezium("d", before=ROW)))
    assert (gone.ended, gone.record_id, gone.payload) == (True, here.record_id, ROW)
    assert skipped(read(tmp_path, debezium("d"), debezium("t"))) == [
        "a deletion in customers that does not say of which row",
        "the table customers was truncated: its records stay; `apex forget` removes them",
    ]
    assert read(tmp_path, debezium("m")) == []


def test_flattened_rows_of_debezium(tmp_path: Path) -> None:
    gone = one(tmp_path, {**ROW, "__deleted": "true", "__op": "d", "__ts_ms": NOON_MS})
    assert (gone.ended, gone.payload, gone.as_of) == (True, ROW, NOON)
    assert one(tmp_path, {**ROW, "__deleted": "false"}).ended is False
    assert one(tmp_path, {"__type": "driver_hours", "id": 4}).payload == {"__type": "driver_hours", "id": 4}


def kafka(key: Any, value: Any, name: str = "payload") -> dict[str, Any]:
    return {"topic": "tms.public.customers", "partition": 0, "offset": 5, "ts": NOON_MS, "key": key, name: value}


@pytest.mark.parametrize("key", [{"id": 7}, "7", 7, '{"id": 7}', {"schema": {"type": "struct"}, "payload": {"id": 7}}])
def test_kafka_messages_and_their_tombstones(tmp_path: Path, key: Any) -> None:
    here, again, gone = records(
        read(tmp_path, kafka(key, json.dumps(ROW)), kafka(key, {**ROW, "name": "B"}, "value"), kafka(key, None))
    )
    assert (here.payload, here.collection, here.as_of) == (ROW, "public.customers", NOON)
    assert here.record_id == again.record_id == gone.record_id
    assert (here.ended, gone.ended) == (False, True)


def test_kafka_messages_that_lambda_gets(tmp_path: Path) -> None:
    def encoded(value: Any) -> str:
        return base64.b64encode(json.dumps(value).encode()).decode()

    message = {**kafka(encoded({"id": 7}), encoded(ROW), "value"), "timestamp": NOON_MS}
    event = {"eventSource": "aws:kafka", "bootstrapServers": "b-1:9092", "records": {"customers-0": [message]}}
    record = one(tmp_path, event)
    assert (record.payload, record.collection, record.as_of) == (ROW, "public.customers", NOON)
    assert record.notes == ("left out: 'bootstrapServers' of its envelope",)


def test_debezium_inside_of_kafka(tmp_path: Path) -> None:
    key = {"schema": {"type": "struct"}, "payload": {"code": "A"}}
    first, second = (debezium("u", after={"code": "A", "n": number}) for number in (1, 2))
    a, b = records(read(tmp_path, kafka(key, {"schema": None, "payload": first}), kafka(key, json.dumps(second))))
    [gone] = records(read(tmp_path, kafka(key, None)))
    assert a.record_id == b.record_id == gone.record_id
    assert a.collection == "public.customers"
    assert gone.ended


def test_a_tombstone_that_does_not_say_of_what(tmp_path: Path) -> None:
    [note] = skipped(read(tmp_path, kafka(None, None)))
    assert "without a key" in note
    [note] = skipped(read(tmp_path, {"schema": None, "payload": None}))
    assert "without a key" in note


def test_a_message_in_a_queue_is_read_too(tmp_path: Path) -> None:
    queued = {"Records": [{"messageId": "m", "receiptHandle": "r", "body": json.dumps(debezium("c", after=ROW))}]}
    assert one(tmp_path, queued).payload == ROW


def test_what_only_looks_like_a_message_is_a_record(tmp_path: Path) -> None:
    others: list[dict[str, Any]] = [
        {"type": "RECORD", "id": 1},
        {"type": "STATE", "id": 2, "name": "Nebraska"},
        {"op": "c", "id": 3},
        {"type": ["RECORD"], "stream": {"a": 1}},
        {"topic": "rates", "value": 5, "id": 4},
        {"schema": "public", "payload": {"id": 5}, "x": 1},
    ]
    assert [record.payload for record in records(read(tmp_path, *others))] == others


def test_a_kept_record_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    for record in records(read(tmp_path, SCHEMA, singer({"no": 1, "line": 2, "_sdc_deleted_at": NOON.isoformat()}))):
        path.write_bytes(kept(record))
        [again] = records(read(tmp_path, json.loads(path.read_bytes())))
        assert (again.record_id, again.payload, again.as_of) == (record.record_id, record.payload, record.as_of)
        assert (again.ended, again.collection, again.content_hash) == (True, "orders", record.content_hash)
