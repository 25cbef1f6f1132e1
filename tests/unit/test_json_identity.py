"""Which record a row of unknown origin is, within its collection."""

from __future__ import annotations

import json
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.errors import ReadError
from apex_cli.input_rules import UNSAID, Naming, ReadLimits
from apex_cli.model import Record
from apex_cli.reading.read import read_input
from apex_cli.sources.json.identity import own_id
from apex_cli.sources.registry import classify

CASES = Path(__file__).parents[1] / "cases"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = ReadLimits(max_record_bytes=100_000, max_document_bytes=100_000, max_depth=50)


def records(*paths: Path, name: str | None = None, naming: Naming = UNSAID) -> list[Record]:
    """The records of files, all of which can be read."""
    found = [
        each
        for path in paths
        for each in read_input(
            path,
            name=name or path.name,
            origin=str(path) if name is None else "-",
            source="auto",
            observed_at=NOON,
            limits=LIMITS,
            namespace="apex",
            naming=naming,
        )
    ]
    assert all(isinstance(each, Record) for each in found)
    return [each for each in found if isinstance(each, Record)]


def ids(rows: list[dict[str, Any]], folder: Path, name: str = "rows.json", **said: Any) -> list[str]:
    path = folder / name
    path.write_text(json.dumps(rows))
    return [each.external_id for each in records(path, naming=Naming(**said))]


def test_rows_that_share_a_parents_id_are_records_of_their_own() -> None:
    found = records(*sorted((CASES / "rows_with_a_parents_id").iterdir()))
    assert len({each.record_id for each in found}) == len(found) == 9


@pytest.mark.parametrize("file", ["fuel.jsonl", "hours.jsonl", "lines.jsonl"])
def test_rows_that_share_a_parents_id_from_standard_input(file: str) -> None:
    found = records(CASES / "rows_with_a_parents_id" / file, name="stdin.jsonl")
    assert len({each.record_id for each in found}) == len(found) == 3


def test_plain_ids_in_two_files_are_two_records() -> None:
    found = records(*sorted((CASES / "plain_ids_in_two_files").iterdir()))
    assert len({each.record_id for each in found}) == len(found) == 7
    assert {each.external_id for each in found} == {
        *("customers#1", "customers#2", "drivers#1", "drivers#2", "trailers#1", "vendora#1001", "vendorb#1001"),
    }
    assert {each.data_type for each in found} == {"customer", "driver", "trailer", "invoice"}


ROWS: list[tuple[str, list[dict[str, Any]]]] = [
    ("payments.json", [{"invoice_id": "I-1", "amount": amount} for amount in (5, 6)]),
    ("stops.json", [{"load_id": load, "stop": stop} for load in (1, 2) for stop in (1, 2)]),
    ("stops.json", [{"load_id": load, "stop_number": stop} for load in (1, 2) for stop in (1, 2)]),
    ("stops.json", [{"shipment_id": load, "stop_id": stop, "city": "Fargo"} for load in (1, 2) for stop in (1, 2)]),
    ("lines.json", [{"order_id": order, "line_number": 1, "sku": "S"} for order in ("90001", "90002")]),
    ("loads.json", [{"shipmentId": "S", "stopNumber": stop, "status": "open"} for stop in (1, 2)]),
    ("papers.json", [{"shipmentId": "S", "documentType": kind, "status": "received"} for kind in ("POD", "BOL")]),
    ("charges.json", [{"shipmentId": "S", "chargeCode": code, "carrierName": "B"} for code in ("FUEL", "LUMPER")]),
    ("legs.json", [{"trip_number": "T1", "number": leg, "miles": 5} for leg in (1, 2)]),
    ("timesheet.json", [{"employee_id": 7, "date": f"2026-03-0{day}", "hours": 8} for day in (1, 2)]),
    ("positions.json", [{"truck_id": 7, "time": f"2026-03-01T10:0{minute}:00Z"} for minute in (1, 2)]),
    ("fillings.json", [{"truck_id": 7, "date": "2026-03-01", "gallons": gallons} for gallons in (90, 91)]),
    ("contacts.json", [{"customer_id": 7, "name": name} for name in ("Ana", "Ben")]),
    ("export.json", [{"order_number": "90001", "sku": sku} for sku in ("S1", "S2")]),
    ("notes.json", [{"type": "note", "shipment_id": "S", "text": text} for text in ("a", "b")]),
    ("accounts.json", [{"id": "N/A", "name": name} for name in ("Ana", "Ben")]),
    ("zeros.json", [{"id": "000000", "name": name} for name in ("Ana", "Ben")]),
    ("assignments.json", [{"driver_id": 1, "vehicle_id": vehicle} for vehicle in (1, 2)]),
    ("empty.json", [{"id": "", "a": 1}, {"id": None, "a": 2}, {"id": {"x": 1}, "a": 3}]),
]


@pytest.mark.parametrize(("name", "rows"), ROWS)
def test_rows_of_one_parent_are_never_one(name: str, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    assert len(set(ids(rows, tmp_path, name))) == len(rows)
    assert ids(rows, tmp_path, name) == ids(rows, tmp_path, name)


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("customers.json", {"customer_id": 5, "name": "Halcyon"}, "customers#5"),
        ("customers.json", {"customer_number": "C5", "region_id": 2}, "customers#C5"),
        ("fuel_transactions.json", {"transaction_id": 9, "truck_id": 1}, "fuel_transactions#9"),
        ("export.json", {"type": "order", "customer_id": 5, "order_id": 6}, "export#6"),
        ("purchase_orders.json", {"po_number": "P-1", "customer_id": 5}, "purchase_orders#P-1"),
        ("trailers.json", {"trailer_number": "TL-5501"}, "trailers#TL-5501"),
        ("stops.json", {"stop_id": 88120001, "shipment_id": "S"}, "stops#88120001"),
        ("stops.json", {"stop_id": 3, "location_id": 7}, "stops#3"),
        ("events.json", {"event_id": "e", "shipment_id": "S"}, "events#e"),
        ("lines.json", {"order_id": "90,1", "line": 2}, "lines#order_id=90\\,1,line=2"),
        ("a.json", {"id": "0195e2c4-7aa1-7bbb-8ccc-0123456789ab"}, "0195e2c4-7aa1-7bbb-8ccc-0123456789ab"),
    ],
)
def test_a_row_with_an_id_of_its_own(name: str, row: dict[str, Any], expected: str, tmp_path: Path) -> None:
    assert ids([row, {"id": "another"}], tmp_path, name)[0] == expected


def test_a_lone_object_is_called_by_its_first_id(tmp_path: Path) -> None:
    path = tmp_path / "june.json"
    path.write_text('{"invoice_id": "I-7", "customer_id": 5, "total": 9}')
    (record,) = records(path)
    assert (record.data_type, record.external_id) == ("invoice", "june#I-7")


@pytest.mark.parametrize("payload", [{"driver_id": "CALDIN", "hours": 9}, {"customer_id": 5, "amount": 9}])
def test_a_lone_row_of_an_owner_is_not_the_owner(payload: dict[str, Any]) -> None:
    again = {key: 10 if key in ("hours", "amount") else value for key, value in payload.items()}
    assert classify(payload, collection="june")[2] != classify(again, collection="june")[2]


def test_a_unique_id_is_one_record_in_every_collection(tmp_path: Path) -> None:
    row = {"id": "0195e2c4-7aa1-7bbb-8ccc-0123456789ab", "name": "Halcyon"}
    for name in ("customers.json", "crm dump.json"):
        (tmp_path / name).write_text(json.dumps([row]))
    one, other = records(tmp_path / "customers.json", tmp_path / "crm dump.json")
    assert one.record_id == other.record_id


def test_what_the_user_says_counts(tmp_path: Path) -> None:
    rows = [{"id": 1, "meta": {"code": code}, "Line No": 2} for code in ("a|b", "a")]
    assert ids(rows, tmp_path, collection="Our Orders") == ["our_orders#1", "our_orders#1"]
    assert ids(rows, tmp_path, id_fields=("meta.code",)) == ["rows#a|b", "rows#a"]
    assert ids(rows, tmp_path, id_fields=("meta.code", "line_no")) == ["rows#a\\|b|2", "rows#a|2"]


@pytest.mark.parametrize("value", [None, "", " ", [], {}, "N/A", True])
def test_a_record_without_the_field_that_the_user_names_fails(value: Any) -> None:
    with pytest.raises(ReadError) as caught:
        classify({"id": 1, "code": value}, id_fields=("code",))
    assert caught.value.code == "missing_id"
    assert "code" in caught.value.message


def test_a_known_source_keeps_its_own_id() -> None:
    shipment = {"shipmentId": "S", "status": "new", "id": 1}
    assert classify(shipment, collection="rows", is_row=True, id_fields=("id",)) == ("turvo", "shipment", "S")


def test_a_file_gives_its_date_to_rows_without_one(tmp_path: Path) -> None:
    path = tmp_path / "customers_2026-03-04.json"
    path.write_text('[{"id": 1}]')
    assert records(path)[0].as_of == datetime(2026, 3, 4, tzinfo=UTC)


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_the_json_type_of_an_id_does_not_matter(number: int) -> None:
    found = {classify({"id": value}, collection="rows") for value in (number, float(number), str(number))}
    assert len(found) == 1


@given(texts, st.sampled_from(["", " ", "\t", "\u00a0", "\u200b", "\ufeff", "\r\n", "\u2003"]))
def test_neither_do_unicode_forms_nor_blanks_around(text: str, blank: str) -> None:
    spelled = [text, unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text), f"{blank}{text}{blank}"]
    assert len({classify({"id": each, "x": 1}, collection="rows")[2] for each in spelled if _has_id(each)}) <= 1


@pytest.mark.parametrize("spelling", [7, 7.0, "7", " 7 ", "7\u00a0"])
def test_how_a_row_spells_its_id_is_no_change_of_it(spelling: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"id": "7", "count": 7}, {"id": spelling, "count": 7}, {"id": "7", "count": "7"}]))
    one, other, changed = records(path)
    assert one.record_id == other.record_id == changed.record_id
    assert one.content_hash == other.content_hash != changed.content_hash


def test_letter_case_matters() -> None:
    assert classify({"id": "a1"}) != classify({"id": "A1"})


def _has_id(text: str) -> bool:
    return classify({"id": text, "x": 1}, collection="rows")[2].startswith("rows#")


scalars = st.integers(0, 3) | st.sampled_from(["a", "b", "", "N/A", "a|b", "a,b=1"])
OWN = ("id", "number", "key")
OWN = ("id", "number", "key")
FIELDS = ("id", "order_id", "driver_id", "line", "stop", "number", "key", "date", "type", "qty")


def distinct(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    return ((one, two) for index, one in enumerate(rows) for two in rows[:index] if one != two)


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), scalars, min_size=1), max_size=6))
def test_rows_are_one_only_where_their_own_ids_are(rows: list[dict[str, Any]]) -> None:
    def identity(row: dict[str, Any]) -> tuple[str, str, str]:
        return classify(row, "json", collection="things", is_row=True)

    for one, two in distinct(rows):
        if identity(one) == identity(two):
            own = {one.get(name) for name in OWN} & {two.get(name) for name in OWN} - {None}
            placed = any(one.get(name) == two.get(name) is not None for name in ("line", "stop"))
            assert own or (placed and all(one.get(name) == two.get(name) for name in ("order_id", "driver_id")))


@given(st.uuids(version=4), texts)
def test_the_own_id_is_what_stands_behind_the_collection(value: uuid.UUID, text: str) -> None:
    found = classify({"id": text}, collection="rows")[2]
    if found.startswith("rows#"):
        assert own_id(found) == found.removeprefix("rows#")
    assert own_id(str(value)) == str(value)
