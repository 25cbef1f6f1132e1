"""Reads files of any format in a test: their parts, and their records with what they state."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from apex_cli.formats import registry as formats
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Document, Ignored, Object, Part, Unreadable
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Extraction, Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.read import read_input
from apex_cli.sources.registry import extract

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = ReadLimits(max_record_bytes=1_000_000, max_document_bytes=4_000_000, max_depth=50, parse_timeout=20)


def format_of(data: bytes, name: str) -> Format:
    """The format of a file with these bytes."""
    file = io.BytesIO(data)
    found = formats.by_file(name, data[:65536], file)
    assert found is not None
    return found


def parts(data: bytes | str, name: str = "loads.csv", limits: ReadLimits = LIMITS) -> list[Part]:
    """What a file holds, read in this process."""
    given = data.encode() if isinstance(data, str) else data
    return list(format_of(given, name).parts(io.BytesIO(given), FileInfo(name, limits)))


def objects(data: bytes | str, name: str = "loads.csv") -> list[Object]:
    """The rows of a file."""
    return [part for part in parts(data, name) if isinstance(part, Object)]


def ignored(data: bytes | str, name: str = "loads.csv") -> list[tuple[str, str]]:
    """Place of what is no row, and why it is none."""
    return [(part.place, f"{part.note}: {part.detail}") for part in parts(data, name) if isinstance(part, Ignored)]


def broken(data: bytes | str, name: str = "loads.csv") -> list[tuple[str, str | None]]:
    """Place and code of what cannot be read, where the rest can."""
    return [(part.place, part.error.code) for part in parts(data, name) if isinstance(part, Unreadable)]


def document(data: bytes | str, name: str) -> Document:
    """The document that is alone in a file."""
    [found] = parts(data, name)
    assert isinstance(found, Document)
    return found


def read(path: Path) -> Iterator[Record | Rejected | Skipped]:
    """The records of a file, as an ingest reads them."""
    return read_input(
        path, name=path.name, origin=str(path), source="auto", observed_at=NOON, limits=LIMITS, namespace="apex"
    )


def rejected(path: Path) -> list[str | None]:
    """The codes of what is rejected of a file."""
    return [each.error.code for each in read(path) if isinstance(each, Rejected)]


def records(path: Path) -> list[Record]:
    """The records of a file, of which nothing is rejected."""
    found = list(read(path))
    assert not [each for each in found if isinstance(each, Rejected)]
    return [each for each in found if isinstance(each, Record)]


def stated(path: Path) -> list[Extraction]:
    """What the records of a file state."""
    return [extract(record) for record in records(path)]


def facts(found: Extraction) -> set[tuple[str, str, str]]:
    """The claims of an extraction by the names of things: `("LD-1", "ORIGIN", "Chicago, IL")`."""
    names = {entity.key: entity.name for entity in found.entities}
    return {(names[claim.subject], claim.predicate.value, names[claim.object]) for claim in found.claims}
