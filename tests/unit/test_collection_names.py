"""Names of collections: exports of one table are one, files of two senders are two."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apex_cli.extract.collection_names import LONGEST, file_date, is_plural, named, of_file, singular

EXPORTS = (
    "customers.json",
    "Customers.JSON",
    "customers_2026-03-04.json",
    "customers-2026-03-05 (1).json",
    "customers_20260304.jsonl",
    "customers_20260304T120000Z.json",
    "customers_2026-03-04_14-30-00.json",
    "2026-03-04 customers.ndjson",
    "customers 04.03.2026.json",
    "customers_Mar-4-2026.json",
    "customers_march_2026.json",
    "customers_2026_Q1.json",
    "customers_1772640000.json",
    "customers_1772640000123.json",
    "customers_0195e2c4-7aa1-7bbb-8ccc-0123456789ab.json",
    "customers (2).json",
    "customers copy.json",
    "customers - Copy (3).json",
    "Copy of customers.json",
    "Kopie von customers.json",
    "customers_page_2.json",
    "customers-page-2-of-9.json",
    "customers.part-0002.jsonl.gz",
    "customers_chunk7.json",
    "customers_001.json",
    "customers.json.1",
    "exports/2026-03-04/customers.json",
)


@pytest.mark.parametrize("name", EXPORTS)
def test_one_collection(name: str) -> None:
    assert of_file(name) == "customers"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vendorA.json", "vendora"),
        ("vendorB.json", "vendorb"),
        ("vendor1.json", "vendor1"),
        ("vendor_2.json", "vendor_2"),
        ("fuel cards.json", "fuel_cards"),
        ("Mu\u0308ller Kunden.json", "müller_kunden"),
        ("orders.v2.json", "orders_v2"),
        ("fleetA/2026-03-04.json", "fleeta"),
        ("2026-03-04.json", "file"),
        ("page2.json", "file"),
        ("???.json", "file"),
        ("noextension", "noextension"),
        ("../../etc/passwd", "passwd"),
    ],
)
def test_other_collections(name: str, expected: str) -> None:
    assert of_file(name) == expected


@given(st.text(max_size=300))
@example("0" * 61)
def test_every_name_has_a_short_collection(name: str) -> None:
    found = of_file(name)
    assert 0 < len(found) <= LONGEST
    assert "#" not in named(found)
    assert named(named(name)) == named(name)


def test_long_names_stay_two() -> None:
    assert named("x" * 200) != named("x" * 199 + "y")


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ("customers", "customer"),
        ("driver_hours", "driver_hour"),
        ("companies", "company"),
        ("addresses", "address"),
        ("boxes", "box"),
        ("statuses", "status"),
        ("status", "status"),
        ("people", "person"),
        ("fuel", "fuel"),
        ("warehouses", "warehouse"),
        ("customers_export", "customer"),
        ("full_export", ""),
        ("stdin", ""),
        ("june", ""),
        ("items_2", ""),
    ],
)
def test_what_a_row_is_called(collection: str, expected: str) -> None:
    assert singular(collection) == expected


def test_plurals() -> None:
    assert [is_plural(name) for name in ("lines", "driver_hours", "june", "status", "records")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("customers_2026-03-04.json", 4),
        ("customers20260304.json", 4),
        ("2026_03_01-2026_03_31.json", 31),
        ("customers_2026-02-30.json", None),
        ("customers_2026-0304.json", None),
        ("customers.json", None),
    ],
)
def test_the_date_of_a_file(name: str, day: int | None) -> None:
    assert file_date(name) == (datetime(2026, 3, day, tzinfo=UTC) if day else None)
