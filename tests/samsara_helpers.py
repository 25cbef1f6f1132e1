"""Payloads of Samsara as records: opened as the reader opens them, and what each states."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apex_cli.extract.field_names import snake_keys
from apex_cli.model import NOTHING, Extraction, Record
from apex_cli.sources.registry import classify, extract
from apex_cli.sources.samsara import SOURCE

CASES = Path(__file__).parent / "cases" / "samsara"
STAGED = datetime(2026, 11, 29, 10, tzinfo=UTC)


def case(name: str) -> list[Any]:
    """The JSON values of a file."""
    text = (CASES / name).read_text()
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else [json.loads(text)]


def opened(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The records in an object, itself where it is one; none where there is nothing to ingest."""
    shape = snake_keys(payload)
    if SOURCE.skip_reason(shape) is not None:
        return
    rows = SOURCE.unpack(shape)
    if rows is None:
        yield payload
    for row in rows or ():
        yield from opened(row)


def record(payload: Mapping[str, Any], **changes: Any) -> Record:
    """The one record of an object."""
    (row,) = opened(payload)
    return replace(Record(*classify(row), row, "", STAGED, "test.json:1"), **changes)


def stated(payload: Mapping[str, Any], **changes: Any) -> Extraction:
    """What the one record of an object states."""
    return extract(record(payload, **changes))


def facts(found: Extraction) -> set[tuple[str, str, str]]:
    """Subject, predicate and object by name."""
    names = {entity.key: entity.name for entity in found.entities}
    return {
        (names[claim.subject], claim.predicate.value, names[claim.object])
        for claim in found.claims
        if claim.object != NOTHING
    }


def identities(payloads: list[Any]) -> list[tuple[str, str]]:
    """Data type and external id of each record; each must be Samsara's."""
    found = [classify(row) for payload in payloads for row in opened(payload)]
    assert {source for source, _, _ in found} <= {"samsara"}
    return [(data_type, external_id) for _, data_type, external_id in found]
