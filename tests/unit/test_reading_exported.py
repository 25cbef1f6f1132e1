"""Lines of exports: read as they were written, and refused where they are no such lines."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from apex_cli.errors import ReadError
from apex_cli.input_rules import ReadLimits
from apex_cli.model import DEFAULT_NAMESPACE, Record, record_id
from apex_cli.reading.connectors.kept import kept
from apex_cli.reading.exported import ExportReader, NewerExport, to_line
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.read import read_input
from apex_cli.sources.registry import extract

NOW = datetime(2026, 3, 4, 9, 0, 0, 123, tzinfo=UTC)
IDENTITY = {
    "namespace": DEFAULT_NAMESPACE,
    "record_id": record_id("turvo", "shipment", "S-1"),
    "source": "turvo",
    "data_type": "shipment",
    "external_id": "S-1",
}
VERSION: dict[str, Any] = {
    **{"apex_export": 1, "type": "version", **IDENTITY, "content_hash": "ab" * 32, "observed_at": NOW.isoformat()},
    **{"event_time": "2026-03-04T08:00:00+00:00", "kind": "state", "whole": True, "dated": True, "again": False},
    **{"title": "Shipment S-1", "text": "Shipment S-1 é \U0001f69a: status booked.", "payload": {"shipmentId": "S-1"}},
    "extraction": {
        "entities": [{"type": "Shipment", "keys": ["shipment:id:S-1"], "name": "S-1"}],
        "claims": [],
        "ended": False,
    },
}
FORGOTTEN = {"apex_export": 1, "type": "forgotten", **IDENTITY, "contents": ["ab" * 32]}


def record(line: dict[str, Any], namespace: str = DEFAULT_NAMESPACE) -> Record:
    found = ExportReader(namespace).record(line, locator="x.jsonl:1", size=10)
    assert found is not None
    return found


def read(path: Path, *, max_record_bytes: int = 10_000, max_depth: int = 20) -> list[Record | Rejected | Skipped]:
    limits = ReadLimits(max_record_bytes, max_record_bytes, max_depth)
    return list(
        read_input(
            path,
            name=path.name,
            origin=str(path),
            source="auto",
            observed_at=datetime.now(UTC),
            limits=limits,
            namespace=DEFAULT_NAMESPACE,
        )
    )


def test_a_version_is_what_the_line_says() -> None:
    found = record(VERSION)
    assert (found.record_id, found.content_hash, found.observed_at) == (IDENTITY["record_id"], "ab" * 32, NOW)
    extraction = extract(found)
    assert (extraction.title, extraction.text) == (VERSION["title"], VERSION["text"])
    assert extraction.chunks == (VERSION["text"],)
    assert [entity.name for entity in extraction.entities] == ["S-1"]
    assert extraction.event_time == datetime(2026, 3, 4, 8, tzinfo=UTC)


@pytest.mark.parametrize("line", [VERSION, {**VERSION, "again": True, "dated": False}, FORGOTTEN], ids=str)
def test_what_is_kept_of_a_line_is_the_line(line: dict[str, Any], tmp_path: Path) -> None:
    first = record(line)
    path = tmp_path / "payload.json"
    path.write_bytes(kept(first))
    assert path.read_bytes().isascii()
    [again] = read(path)
    assert isinstance(again, Record)
    assert again.exported == first.exported
    assert (again.record_id, again.content_hash, again.payload) == (first.record_id, first.content_hash, first.payload)


def test_an_id_in_another_namespace_is_the_one_of_that_namespace() -> None:
    assert record(VERSION, "other").record_id == record_id("turvo", "shipment", "S-1", "other")
    old = {**VERSION, "record_id": record_id("document", "document", "/an/old/path")}
    assert record(old).record_id == old["record_id"]
    assert record(old, "other").record_id not in (old["record_id"], record_id("turvo", "shipment", "S-1", "other"))
    assert record(old, "other").record_id == record(old, "other").record_id


@pytest.mark.parametrize(
    "change",
    [
        {"type": "else"},
        {"type": None},
        {"record_id": "x"},
        {"source": ""},
        {"external_id": 7},
        {"external_id": "x" * 2_000},
        {"content_hash": "../../x"},
        {"event_time": "yesterday"},
        {"observed_at": "2026-03-04T09:00:00"},
        {"kind": "thing"},
        {"whole": "yes"},
        {"payload": [1]},
        {"extraction": {"entities": [{"type": "Ship", "keys": ["a"], "name": "b"}], "claims": []}},
        {"extraction": None},
        {"places": [{"place": "x"}]},
    ],
    ids=str,
)
def test_a_damaged_line_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ReadError) as caught:
        record({**VERSION, **change})
    assert caught.value.code == "bad_export"


@pytest.mark.parametrize("format", [2, 99, True, "1", None, 1.5])
def test_another_format_is_refused(format: object) -> None:
    with pytest.raises(NewerExport, match="reads format 1"):
        record({**VERSION, "apex_export": format})


def test_lines_may_be_larger_and_deeper_than_their_payloads(tmp_path: Path) -> None:
    payload: dict[str, Any] = {"shipmentId": "S-1", "note": "x" * 9_000}
    for _ in range(17):
        payload = {"in": payload}
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, [{"apex_export": 1, "type": "export"}, {**VERSION, "payload": payload}])))
    found, cut = read(path, max_record_bytes=9_500)
    assert isinstance(found, Record)
    assert found.payload == payload
    assert isinstance(cut, Rejected)
    assert cut.error.code == "cut_export"


def test_an_export_among_other_lines_is_no_envelope(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, [{"shipmentId": "S-2", "status": "booked"}, VERSION, FORGOTTEN])))
    ids = [(each.external_id, each.exported is None) for each in read(path) if isinstance(each, Record)]
    assert ids == [("S-2", True), ("S-1", False), ("S-1", False)]


def test_lines_are_ascii_and_numbers_stay_as_they_are() -> None:
    line = to_line(
        "version", {"title": "é\x7f\u202e\U0001f69a"}, payload='{"big": 1e400, "é": 10000000000000000000000.0}'
    )
    assert line.isascii()
    assert "\x7f" not in line
    assert "1e400" in line
    assert "10000000000000000000000.0" in line
    assert json.loads(line)["title"] == "é\x7f\u202e\U0001f69a"
    assert "é" in json.loads(line)["payload"]


def enclosed(folder: Path, name: str) -> Path:
    """A file of this kind around an export of one version."""
    content = (json.dumps(VERSION) + "\n").encode()
    path = folder / name
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("export.jsonl", content)
    else:
        message = EmailMessage()
        message["From"], message["Date"] = "a@b.example", "Wed, 04 Mar 2026 09:00:00 +0000"
        message.set_content("See the attachment.")
        message.add_attachment(content, maintype="application", subtype="json", filename="export.jsonl")
        path.write_bytes(message.as_bytes())
    return path


def test_a_compressed_export_is_read(tmp_path: Path) -> None:
    (found,) = read(enclosed(tmp_path, "export.jsonl.gz"))
    assert isinstance(found, Record)
    assert found.exported is not None


@pytest.mark.parametrize("name", ["mail.eml", "files.zip"])
def test_an_export_that_another_one_may_have_made_is_not_taken(tmp_path: Path, name: str) -> None:
    *others, found = read(enclosed(tmp_path, name))
    assert isinstance(found, Rejected)
    assert found.error.code == "enclosed_export"
    assert not any(isinstance(one, Record) and one.exported for one in others)
