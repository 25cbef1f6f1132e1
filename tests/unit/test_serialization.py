"""Serialized extractions: they come back the same, and damaged bytes are never trusted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.model import Claim, Entity, EntityType, Extraction, Predicate
from apex_cli.serialization import dump_extraction, load_extraction
from tests.plans import make_embedded

TRUCK = Entity(
    EntityType.VEHICLE,
    ("vehicle:unit:truck-6520", "vehicle:vin:1XKYD49X7PJ304417"),
    "TRUCK-6520",
    names=("6520",),
    hints=("truck",),
    attributes={"speed": 61.5, "nested": {"list": [1, None, "x"]}},
    certain=False,
)
CITY = Entity(EntityType.LOCATION, ("location:city:chicago|il",), "Chicago, IL")
AT_NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
CLAIM = Claim(
    TRUCK.key, Predicate.LOCATED_AT, CITY.key, "Vehicle TRUCK-6520 is at Chicago, IL", AT_NOON, AT_NOON + timedelta(1)
)
VERSION = "rules-1"


def an_extraction() -> Extraction:
    chunks = ("one", "NUL \0 \ud800 🚚")
    return make_embedded(chunks=chunks, entities=(TRUCK, CITY), claims=(CLAIM,), event_time=AT_NOON).extraction


def load(data: bytes, version: str = VERSION) -> Extraction | None:
    return load_extraction(data, extractor=version)


def test_an_extraction_comes_back_the_same() -> None:
    assert load(dump_extraction(an_extraction(), extractor=VERSION)) == an_extraction()


def test_an_extraction_without_entities_and_in_another_zone() -> None:
    extraction = make_embedded(event_time=AT_NOON.astimezone(timezone(timedelta(hours=-6)))).extraction
    assert load(dump_extraction(extraction, extractor=VERSION)) == extraction


def test_an_extraction_of_another_version_is_not_taken() -> None:
    assert load(dump_extraction(an_extraction(), extractor=VERSION), "rules-2") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 0),
        ("chunks", [1, 2]),
        ("event_time", "2026-03-01T12:00:00"),
        ("event_time", None),
        ("entities", [{}]),
        ("claims", {"a": 1}),
        ("claims", [{"subject": "a"}]),
    ],
)
def test_a_damaged_extraction_is_not_taken(field: str, value: object) -> None:
    document = json.loads(dump_extraction(an_extraction(), extractor=VERSION))
    document[field] = value
    assert load(json.dumps(document).encode()) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    assert load(data) is None


@given(st.integers(min_value=0))
def test_an_extraction_cut_short_is_not_taken(length: int) -> None:
    whole = dump_extraction(an_extraction(), extractor=VERSION)
    assert load(whole[: length % len(whole)]) is None


def test_endless_nesting_does_not_make_it_fail() -> None:
    assert load(b"[" * 100_000) is None
