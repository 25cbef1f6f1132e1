"""Envelopes that are too large to be held: read by row, with what is around the rows."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.jsonstream import Broken, Value, values
from apex_cli.reading.read import read_input
from tests.linear import peak_memory

LIMIT = 2_000
LIMITS = ReadLimits(LIMIT, LIMIT, 50)


def shipment(number: int) -> dict[str, Any]:
    return {"shipmentId": f"S-{number}", "status": "booked"}


ROWS = [shipment(number) for number in range(100)]


def read(tmp_path: Path, content: Any, name: str = "page.json") -> list[Record | Rejected | Skipped]:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return list(
        read_input(
            path,
            name=name,
            origin=str(path),
            source="auto",
            observed_at=datetime(2026, 4, 1, tzinfo=UTC),
            limits=LIMITS,
            namespace="apex",
        )
    )


def ids(found: list[Record | Rejected | Skipped]) -> list[str]:
    return [f"{one.source}:{one.external_id}" for one in found if isinstance(one, Record)]


KNOWN = [f"turvo:S-{number}" for number in range(100)]


@pytest.mark.parametrize(
    "page",
    [
        {"shipments": ROWS},
        {"total": 100, "data": ROWS, "pagination": {"next": None}},
        {"Status": "SUCCESS", "details": {"pagination": {"start": 0}, "shipments": ROWS}},
        {"data": {"shipments": {"edges": [{"cursor": "c", "node": row} for row in ROWS]}}},
        [{"data": ROWS}],
    ],
)
def test_each_row_is_a_record(tmp_path: Path, page: Any) -> None:
    found = read(tmp_path, page)
    assert ids(found) == KNOWN
    assert len(found) == len(KNOWN)
    assert len({one.locator for one in found}) == len(KNOWN)


def test_several_long_lists_and_short_ones(tmp_path: Path) -> None:
    customers = [{"id": number, "name": f"Customer {number}"} for number in range(80)]
    page = {"vehicles": [{"vehicle_id": "T", "speed_mph": 1}], "shipments": ROWS, "customers": customers}
    found = read(tmp_path, page)
    assert len(found) == 181
    assert {one.collection for one in found if isinstance(one, Record) and one.source == "json"} == {"customers"}
    assert sum(one.source == "samsara" for one in found if isinstance(one, Record)) == 1


def test_the_time_before_the_rows_is_theirs(tmp_path: Path) -> None:
    found = read(tmp_path, {"generatedAt": "2026-03-04T10:00:00Z", "shipments": ROWS})
    assert {one.as_of for one in found if isinstance(one, Record)} == {datetime(2026, 3, 4, 10, tzinfo=UTC)}


def test_what_is_left_is_noted(tmp_path: Path) -> None:
    *rows, last = read(tmp_path, {"shift": "late", "shipments": ROWS, "site": {"name": "Fargo"}})
    assert len(rows) == 100
    assert isinstance(last, Skipped)
    assert last.note == "left out: 'shift', 'site' of its envelope"


def test_a_record_that_is_too_large_is_no_envelope(tmp_path: Path) -> None:
    [found] = read(tmp_path, {"invoice_id": 7, "amount": 5, "lines": [{"sku": n} for n in range(500)]})
    assert isinstance(found, Rejected)
    assert found.error.code == "too_large"


def test_a_row_that_cannot_be_taken_fails_alone(tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in ROWS]
    rows[3] = '{"shipmentId": "S-3", "a": 1, "a": 2}'
    rows[5] = json.dumps({**ROWS[5], "notes": "x" * (LIMIT + 1)})
    found = read(tmp_path, '{"shipments": [' + ", ".join(rows) + "]}")
    codes = [one.error.code for one in found if isinstance(one, Rejected)]
    assert codes == ["duplicate_key", "too_large"]
    assert len(ids(found)) == 98


@pytest.mark.parametrize("end", ["", "]", "] x}", ", ", "]}]"])
def test_a_page_that_breaks_off(tmp_path: Path, end: str) -> None:
    text = '{"shipments": [' + ", ".join(map(json.dumps, ROWS)) + end
    found = read(tmp_path, text)
    assert ids(found) == KNOWN
    assert [one.error.code for one in found if isinstance(one, Rejected)] == ["bad_json"]


def test_memory_does_not_grow_with_the_page() -> None:
    class Page(io.RawIOBase):
        """`{"data": [row, row, …`, 10 MB of it."""

        left = 10 * 1024**2

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            if self.left == 10 * 1024**2:
                text = b'{"data": [{"id": 0}'
            elif self.left > 0:
                text = (b',{"id": 1, "name": "' + b"x" * 100 + b'"}') * 500
            else:
                text = b""
            text = text[: len(buffer)] if len(buffer) < len(text) else text
            self.left -= len(text) or 1
            buffer[: len(text)] = text
            return len(text)

    limits = ReadLimits(256 * 1024, 1, 50)
    page = io.BufferedReader(Page(), 1 << 20)
    count, most = peak_memory(lambda: sum(isinstance(item, Value) for item in values(page, limits)))
    assert count > 80_000
    assert most < 4 * 1024**2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4), st.integers(1, 40), st.booleans())
def test_large_or_small_the_rows_are_the_same(around: dict[str, Any], count: int, first: bool) -> None:
    rows = [{"row": number, "text": "y" * 50} for number in range(count)]
    page = {"rows": rows, **around} if first else {**around, "rows": rows}
    data = json.dumps(page).encode()
    limits = ReadLimits(max(len(json.dumps(rows)) - 1, len(json.dumps(around)) + 1), 1, 50)
    found = list(values(io.BytesIO(data), limits))
    seen = [item.value for item in found if isinstance(item, Value) and item.names]
    flaws = [item.error.code for item in found if isinstance(item, Broken)]
    rest = [item.value for item in found if isinstance(item, Value) and item.is_rest]
    if len(data) <= limits.max_record_bytes:
        assert [item.value for item in found if isinstance(item, Value)] == [page]
    elif not flaws and page["rows"] == rows:
        left = {name: value for name, value in page.items() if name != "rows"}
        # A list that can be held stays with the fields around it.
        assert (seen, rest) in [(rows, [left] if left else []), ([], [page])]
