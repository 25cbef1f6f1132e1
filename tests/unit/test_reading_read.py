"""Reading inputs: from a path to records and rejections."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apex_cli.extract.identity import content_hash, document_hash, file_digest
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.read import read_input, sniff_source

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = ReadLimits(max_record_bytes=10_000, max_document_bytes=20_000, max_depth=50)
SHIPMENT = {"shipmentId": "SHIP-2025-10-19-002", "status": "in_transit"}
MESSAGE = {"message_id": "MSG-2025-10-19-003", "body": "delivered"}


def stream(
    path: Path, *, name: str | None = None, source: str = "auto"
) -> Generator[Record | Rejected | Skipped, None, None]:
    return read_input(
        path,
        name=name or path.name,
        origin="/in/orig",
        source=source,
        observed_at=NOON,
        limits=LIMITS,
        namespace="apex",
    )


def put(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def rejected(path: Path, *, name: str | None = None, source: str = "auto") -> Rejected:
    (item,) = stream(path, name=name, source=source)
    assert isinstance(item, Rejected)
    return item


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.json", b"", "empty_file"),
        ("a.md", b"", "empty_file"),
        ("a", b"", "empty_file"),
        ("a.txt", b"\x00\x01", "binary_file"),
        ("a", b"\x7fELF\x00", "binary_file"),
        ("a.txt", b"\xcf\xf0\xe8\xe2\xe5\xf2", "wrong_encoding"),
        ("a.txt", b"x" * 20_001, "too_large"),
        ("a.json", b'{"a": "' + b"x" * 20_001 + b'"}', "too_large"),
        ("a.json", b"[" * 100, "too_deep"),
        ("a.pdf", b"%PDF-1.7", "broken_file"),
        ("a.JSON.gz", b"{}", "broken_file"),
        ("a.JSON.dwg", b"{}", "unknown_type"),
    ],
)
def test_bad_input(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    item = rejected(put(tmp_path, name, data))
    assert item.error.code == code
    assert item.locator.startswith(name)
    assert sniff_source(tmp_path / name, name, "auto") in {"json", "document", "unknown"}


def test_an_unknown_type_is_named_with_what_is_supported(tmp_path: Path) -> None:
    error = rejected(put(tmp_path, "yard.DWG", b"AC10")).error
    assert ".dwg" in error.message.lower()
    assert ".jsonl" in error.message
    assert "--source" in (error.hint or "")


def test_what_is_no_file_any_more(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    assert rejected(tmp_path / "fifo.json").error.code == "not_a_file"
    assert rejected(tmp_path, name="d.json").error.code == "not_a_file"
    assert rejected(tmp_path / "gone.json").error.code == "unreadable"
    for path in (tmp_path / "fifo.json", tmp_path, tmp_path / "gone.json"):
        assert sniff_source(path, "a.json", "auto") == "unknown"


def test_rejections_carry_their_bytes_for_another_try(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", b'{"id": 1}\n{"id": }\n{"id": 3}\n')
    first, second, third = stream(path)
    assert isinstance(first, Record)
    assert isinstance(third, Record)
    assert isinstance(second, Rejected)
    assert (second.locator, second.raw) == ("a.jsonl:2", b'{"id": }')
    assert "line 2, column 8" in second.error.message


def test_a_forced_source_without_its_id(tmp_path: Path) -> None:
    item = rejected(put(tmp_path, "a.json", b'[{"id": 1}]'), source="turvo")
    assert (item.error.code, item.locator, item.raw) == ("missing_id", "a.json:1#1", b'{"id": 1}')


def test_a_source_that_does_not_exist(tmp_path: Path) -> None:
    item = rejected(put(tmp_path, "a.json", b'{"id": 1}'), source="pigeon")
    assert (item.error.code, item.raw) == ("unknown_source", b'{"id": 1}')


def test_records_of_json(tmp_path: Path) -> None:
    path = put(tmp_path, "a.json", json.dumps([SHIPMENT, MESSAGE]).encode())
    assert list(stream(path)) == [
        Record("turvo", "shipment", "SHIP-2025-10-19-002", SHIPMENT, content_hash(SHIPMENT), NOON, "a.json:1#1"),
        Record("frontapp", "message", "MSG-2025-10-19-003", MESSAGE, content_hash(MESSAGE), NOON, "a.json:1#2"),
    ]


def test_hostile_ids_are_data(tmp_path: Path) -> None:
    (item,) = stream(put(tmp_path, "a.json", b'{"id": "../../x\\u0000y", "b": "\\u0000"}'))
    assert isinstance(item, Record)
    assert item.external_id == "orig#../../x\0y"
    assert item.payload["b"] == "\0"


@pytest.mark.parametrize(("name", "format"), [("a.md", "markdown"), ("a.MARKDOWN", "markdown"), ("a.text", "text")])
def test_records_of_documents(tmp_path: Path, name: str, format: str) -> None:
    data = b"\xef\xbb\xbf# Rates\r\n\r\nOne."
    (item,) = stream(put(tmp_path, name, data))
    assert isinstance(item, Record)
    assert (item.source, item.data_type, item.locator) == ("document", "document", name)
    assert item.content_hash == document_hash("# Rates\n\nOne.")
    assert item.external_id == item.content_hash[:32]
    assert item.payload == {
        "path": "/in/orig",
        "format": format,
        "content": "# Rates\n\nOne.",
        "file": file_digest(data),
    }


@pytest.mark.parametrize(
    ("name", "data", "source", "expected"),
    [
        ("noext", b' \n{"id": 1}', "auto", "json"),
        ("noext", b'\xef\xbb\xbf[{"id": 1}]', "auto", "json"),
        ("noext", b"Dear all", "auto", "document"),
        ("a.dwg", b'{"id": 1}', "json", "json"),
        ("a.json", b'{"id": 1}', "document", "document"),
        ("a.txt", b'{"shipmentId": "S"}', "turvo", "turvo"),
    ],
)
def test_kind_by_source_extension_and_first_character(
    tmp_path: Path, name: str, data: bytes, source: str, expected: str
) -> None:
    path = put(tmp_path, name, data)
    (item,) = stream(path, source=source)
    assert isinstance(item, Record)
    assert item.source == expected
    assert sniff_source(path, name, source) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (json.dumps(SHIPMENT).encode(), "turvo"),
        (json.dumps([MESSAGE], indent=1).encode(), "frontapp"),
        (b'oops\n{"vehicle_id": "T", "engine_state": "On"}\n{"id": 1}', "samsara"),
        (b'{"id": 1}', "json"),
        (b"[" + json.dumps(SHIPMENT).encode() + b", " * 100_000, "turvo"),
        (b'{"a": "' + b"x" * 100_000, "json"),
        (b"[" * 100_000, "json"),
        (b"\xff\xfe\x00", "json"),
    ],
)
def test_sniffing_looks_at_the_beginning_only(tmp_path: Path, data: bytes, expected: str) -> None:
    assert sniff_source(put(tmp_path, "a.json", data), "a.json", "auto") == expected


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    path = put(tmp_path, name, b"text")
    (item,) = read_input(
        path, name=name, origin=str(path), source="auto", observed_at=NOON, limits=LIMITS, namespace="apex"
    )
    assert isinstance(item, Record)
    assert item.payload["path"] == f"{tmp_path}/caf\\xe9.txt"
    assert item.locator.encode() == b"caf\\xe9.txt"


def test_the_file_is_closed_with_the_generator(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", b'{"id": 1}\n' * 10)
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("no list of open files here")

    def is_open() -> bool:
        return any(
            link.is_symlink() and os.path.realpath(link) == str(path.resolve()) for link in descriptors.iterdir()
        )

    records = stream(path)
    assert not is_open()
    next(records)
    assert is_open()
    records.close()
    assert not is_open()
