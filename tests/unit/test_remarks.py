"""What a summary says of its records beyond their number, and that nothing is cut in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from apex_cli.cli.failures import FailureGroups
from apex_cli.cli.ingesting import summary_lines
from apex_cli.extract import clean, cuts, fields, mentions
from apex_cli.model import Record
from apex_cli.pipeline.context import describe, describe_skipped
from apex_cli.reading.files import Skipped
from apex_cli.results import RecordStatus, RunSummary
from apex_cli.sources.registry import classify, extract, looks_like

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

TIME = "2026-03-01T10:00:00Z"


def record(payload: dict[str, Any], locator: str = "a.json:1", **more: Any) -> Record:
    source, data_type, external_id = classify(payload)
    return Record(source, data_type, external_id, payload, "hash", NOON, locator, **more)


def summary_of(*records: Record) -> RunSummary:
    summary = RunSummary("run", inputs=1)
    for each in records:
        summary.add(describe(each, extract(each), RecordStatus.COMMITTED))
    return summary


def test_what_is_not_recognised_is_named_with_its_input_and_the_nearest_source() -> None:
    page = [record({"id": n}, f"samsara-page.json:1#{n}", looks_like="samsara") for n in (1, 2)]
    summary = summary_of(*page, record({"id": 3}, "other.json:4", looks_like=""))
    lines = list(summary_lines(summary, FailureGroups()))
    text = "3 records were not recognised as a known source: samsara-page.json (looks like samsara), other.json."
    assert text in lines
    found = summary.as_json()["unrecognised"]
    assert found["records"] == 3
    assert found["inputs"][0] == {"input": "samsara-page.json", "records": 2, "looks_like": "samsara"}
    assert (
        describe(page[0], None, RecordStatus.COMMITTED).note == "not recognised as a known source, looks like samsara"
    )


def test_many_inputs_are_counted_and_not_all_named() -> None:
    summary = summary_of(*(record({"id": n}, f"{n}.json:1", looks_like="") for n in range(500)))
    line = next(line for line in summary_lines(summary, FailureGroups()) if "not recognised" in line)
    assert line.startswith("500 records were")
    assert line.endswith("and others.")
    assert len(line) < 300


@pytest.mark.parametrize(
    ("payload", "near"),
    [
        ({"name": "T-1", "license_plate": "P1", "vin": "", "gateway": {}}, "samsara"),
        ({"customId": 5, "netRevenue": 1, "globalRoute": [], "phase": "x"}, "turvo"),
        ({"subject": "a", "blurb": "b", "isInbound": True, "x": 1}, "frontapp"),
        ({"type": "email", "subject": "a", "blurb": "b", "isInbound": True, "x": 1}, "frontapp"),
        ({"shipment_id": "S-1", "origin": {}, "destination": {}, "po": "P-1", "lines": []}, "turvo"),
        ({"type": "order", "shipment_id": "S-1", "origin": {}, "destination": {}, "po": 1, "lines": [], "at": 1}, None),
        ({"kind": "rate", "origin": "A", "destination": "B", "miles": 7, "price": 5}, None),
        ({"invoice_no": "I-7", "total": 5}, None),
        ({}, None),
    ],
)
def test_the_nearest_source(payload: dict[str, Any], near: str | None) -> None:
    assert looks_like(payload) == near


def test_what_a_record_is_too_large_for_is_in_its_notes_and_in_the_summary() -> None:
    large = record({"id": 7, "values": [{"a": n, "b": n} for n in range(10_000)]}, "big.json:1")
    extraction = extract(large)
    [note] = [note for note in extraction.notes if "values;" in note]
    assert note == "left out: 10,003 of 30,003 values; a record has 20,000 at most"
    summary = summary_of(large, record({"id": 8}))
    lines = list(summary_lines(summary, FailureGroups()))
    assert "1 record was cut:" in lines
    assert any(line.startswith("  big.json:1: left out: ") for line in lines)
    assert summary.as_json()["cut"]["records"] == 1


def test_a_note_on_many_records_is_shown_once_with_their_number() -> None:
    rows = [record({"id": n, "text": "word"}, f"rows.csv:row {n}") for n in range(2, 40)]
    summary = summary_of(*rows, record({"id": 77, "text": "word"}, "b.json:1", notes=("read as Windows-1252",)))
    lines = list(summary_lines(summary, FailureGroups()))
    heading = lines.index("There are notes on 39 records:")
    assert lines[heading + 1 :] == [
        "  it has no time of its own, so it counts from when it was staged: 39 records, the first is rows.csv:row 2",
        "  b.json:1: read as Windows-1252",
    ]
    assert len(summary.as_json()["noted"]["first"]) == 5


def test_the_notes_that_are_shown_are_bounded() -> None:
    rows = [record({"id": n, "updated_at": TIME}, f"{n}.json:1", notes=(f"note {n}",)) for n in range(500)]
    lines = list(summary_lines(summary_of(*rows), FailureGroups()))
    assert lines[-1] == "  and 495 other notes"
    assert len(lines) < 12


def test_what_is_skipped_is_counted_by_its_reason() -> None:
    summary = RunSummary("run", inputs=1)
    for number in range(30):
        summary.add(describe_skipped(Skipped(f"a.csv:row {number}", "csv", "totals", detail=f"Total | {number}")))
    assert summary.as_json()["skipped_because"] == {"totals": 30}
    assert describe_skipped(Skipped("a.csv:row 7", "csv", "totals", detail="Total | 7")).note == "totals: Total | 7"


def test_deep_and_long_content_is_noted() -> None:
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    assert extract(record({"id": 1, "updated_at": TIME, "deep": deep})).notes == (
        "left out: what is deeper than 32 levels",
    )
    notes = extract(record({"id": 1, "updated_at": TIME, "text": "word " * 1_000})).notes
    assert notes == ("left out: the text of text after its first 2,000 characters",)
    assert extract(record({"id": 1, "updated_at": TIME, "text": "word"})).notes == ()
    assert extract(record({"id": 1, "text": "word"})).notes == (
        "it has no time of its own, so it counts from when it was staged",
    )


def test_the_shared_readers_note_what_they_cut() -> None:
    with cuts.collected() as notes:
        assert len(fields.items(list(range(10_002)))) == 10_000
        assert len(fields.scalars(",".join("a" * 10_001))) == 10_000
        clean.prose("x" * 20, 10)
        mentions.find("PO 4500881223\n" * 2_000)
        mentions.find(" " * 200_001)
    assert list(notes) == [
        "left out: 2 of the 10,002 items of a list",
        "left out: 1 of the 10,001 items of a list",
        "left out: the text after its first 10 characters",
        "left out: identifiers in the text after the first 1,000",
        "left out: identifiers in the text after its first 200,000 characters",
    ]
    assert len(fields.items(list(range(9_000)))) == 9_000


def test_notes_do_not_leak_from_one_record_to_the_next() -> None:
    with cuts.collected() as first:
        cuts.left_out("a")
    cuts.left_out("b")
    with cuts.collected() as second:
        pass
    assert (list(first), list(second)) == (["left out: a"], [])
