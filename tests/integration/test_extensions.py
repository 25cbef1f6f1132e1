"""A source and a document format, defined in this file alone: registered, ingested and found by `apex facts`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from apex_cli.cli.main import main
from apex_cli.errors import ReadError
from apex_cli.extract import entities, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.extract.identity import external_id
from apex_cli.formats import registry as formats
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Block, Document
from apex_cli.model import Extraction, JsonObject, Predicate, Record
from apex_cli.reading.kinds import JSON_EXTENSIONS
from apex_cli.sources import registry as sources
from apex_cli.sources.source import Source

Captured = pytest.CaptureFixture[str]


class YardGate(Source):
    """Readings of a yard's gate: which truck passed, and for which customer."""

    name = "yardgate"
    title = "passages of a yard's gate"
    data_types = ("passage",)
    specificity = 2

    def matches(self, payload: JsonObject) -> bool:
        return payload.get("gate") is not None and payload.get("plate") is not None

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        return "passage", external_id(payload.get("passage_no"))

    def extract(self, record: Record) -> Extraction:
        builder = Builder(timestamps.event_time(record, timestamps.parse(record.payload.get("at"))))
        truck = entities.vehicle(unit=str(record.payload["plate"]))
        assert truck is not None
        place = entities.city(str(record.payload["gate"]))
        builder.claim(builder.add(truck), Predicate.LOCATED_AT, builder.add(place))
        return builder.build(f"Passage {record.external_id}", f"{truck.name} passed the gate of {place.name}.")


class Manifest(Format):
    """A made-up binary form of text: four bytes of magic, then UTF-16 with bars between the lines."""

    name = "manifest"
    extensions = (".mnf",)
    magic = (b"MNF1",)

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Document]:
        data = file.read()
        if not data.startswith(self.magic):
            raise ReadError(f"{info.name} is no manifest", code="binary_file")
        lines = data.removeprefix(b"MNF1").decode("utf-16-le").split(" | ")
        yield Document([Block(line, ("Manifest",), place=f"line {number}") for number, line in enumerate(lines, 1)])


PASSAGE = {"passage_no": "P-17", "gate": "Gary, IN", "plate": "YARD-881", "at": "2025-10-19T14:00:00Z"}
PAPER = b"MNF1" + "Loading manifest | The load is on BOL 5521907 | Seal SL-40417".encode("utf-16-le")


@pytest.fixture
def drop(short_tmp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and a home that `main` uses."""
    monkeypatch.setenv("APEX_HOME", str(short_tmp / tmp_path.name))
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def lines(capsys: Captured, *arguments: str, exit: int = 0) -> list[dict[str, Any]]:
    assert main([*arguments, "--json"]) == exit, capsys.readouterr().err
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.embedded
def test_a_source_of_its_own(drop: Path, capsys: Captured) -> None:
    (drop / "gate.jsonl").write_text(json.dumps(PASSAGE) + "\n")
    with sources.registered(YardGate()):
        record, summary = lines(capsys, "ingest", str(drop))
        assert (record["source"], record["data_type"], record["external_id"]) == ("yardgate", "passage", "P-17")
        assert (record["status"], summary["committed"]) == ("committed", 1)
        assert [line["status"] for line in lines(capsys, "ingest", str(drop), "--source", "yardgate")[:-1]] == [
            "unchanged"
        ]
        (fact, _) = lines(capsys, "facts", "YARD-881")
        assert (fact["predicate"], fact["object"]) == ("LOCATED_AT", "Gary, IN")
        assert fact["records"] == [record["record_id"]]
        (hit,) = lines(capsys, "search", "gate of Gary", "--source", "yardgate")
        assert hit["external_id"] == "P-17"
    assert main(["search", "gate", "--source", "yardgate"]) == 2


@pytest.mark.embedded
def test_a_document_format_of_its_own(drop: Path, capsys: Captured) -> None:
    (drop / "named.mnf").write_bytes(PAPER)
    (drop / "broken.mnf").write_bytes(b"\0\1")
    (drop / "nameless").write_bytes(PAPER + " | second copy".encode("utf-16-le"))
    with formats.registered(Manifest()):
        found = {Path(str(line["locator"])).name: line for line in lines(capsys, "ingest", str(drop), exit=3)[:-1]}
        assert found["named.mnf"]["source"] == "document"
        assert {line["status"] for line in found.values()} == {"committed", "failed"}
        facts = [line for line in lines(capsys, "facts", "5521907") if line["type"] == "fact"]
        assert {fact["predicate"] for fact in facts} == {"HAS_REFERENCE"}
        assert {fact["subject"] for fact in facts} == {"Manifest"}
        assert {record for fact in facts for record in fact["records"]} == {
            found["named.mnf"]["record_id"],
            found["nameless"]["record_id"],
        }
    assert ".mnf" not in (*JSON_EXTENSIONS, *formats.extensions())


def test_a_name_is_taken_once_and_free_again() -> None:
    with sources.registered(YardGate()):
        assert sources.names().index("yardgate") < sources.names().index("json")
        assert sources.classify(PASSAGE)[0] == "yardgate"
        with pytest.raises(ValueError, match="yardgate"):
            sources.register(YardGate())
    assert sources.names() == ("x12", "table", "samsara", "turvo", "mail", "calendar", "frontapp", "json", "document")
    with pytest.raises(ReadError):
        sources.classify(PASSAGE, "yardgate")
    with formats.registered(Manifest()), pytest.raises(ValueError, match="manifest"):
        formats.register(Manifest())
    assert formats.by_name("manifest") is None
