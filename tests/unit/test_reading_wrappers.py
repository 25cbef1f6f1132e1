"""Whatever known records are wrapped in, they come out the same; and the real inputs of wrapped records."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apex_cli.extract.identity import content_hash
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.inner import Around, Inner
from apex_cli.reading.opening import Opener
from apex_cli.reading.read import read_input
from apex_cli.sources.registry import extract

CASES = Path(__file__).parents[1] / "cases"
LIMITS = ReadLimits(32 * 1024**2, 32 * 1024**2, 200)
KNOWN: tuple[dict[str, Any], ...] = (
    {"vehicle_id": "T1", "latitude": 1, "longitude": 2, "timestamp": "2026-03-04T09:00:00Z"},
    {"shipmentId": "S1", "status": "new", "stops": [{"shipmentId": "S9", "status": "new"}]},
    {"shipmentId": "S2", "customerName": "Acme", "origin": {"city": "Fargo", "state": "ND"}},
    {"message_id": "M1", "body": "text", "sender": "a@example.com"},
    {"message_id": "M2", "subject": "S1 is late", "body": ""},
)
WORDS = st.sampled_from(("data", "items", "shipments", "loads", "node", "Export", "payload", "d", "weird-Key", "X9"))
SCALARS = st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(("", "x", "2026-03-04T09:00:00Z"))


def in_list(value: Any) -> Any:
    return [value]


def in_text(value: Any) -> Any:
    return {"Message": json.dumps(value)} if isinstance(value, dict | list) else value


def in_base64(value: Any) -> Any:
    return {"data": base64.b64encode(json.dumps(value).encode()).decode()} if isinstance(value, dict | list) else value


def in_edges(value: Any) -> Any:
    rows = value if isinstance(value, list) else [value]
    return {"edges": [{"cursor": str(place), "node": row} for place, row in enumerate(rows)], "pageInfo": {}}


def in_map(value: Any) -> Any:
    rows = value if isinstance(value, list) else [value]
    return {f"ID-{place}": row for place, row in enumerate(rows)}


def in_page(value: Any) -> Any:
    return {"Status": "SUCCESS", "details": {"pagination": {"start": 0}, "rows": value}}


def in_message(value: Any) -> Any:
    rows = value if isinstance(value, list) else [value]
    return {"Records": [{"messageId": str(place), "body": json.dumps(row)} for place, row in enumerate(rows)]}


@st.composite
def under_a_name(draw: st.DrawFn) -> Any:
    name = draw(WORDS)
    around = draw(st.dictionaries(st.sampled_from(("version", "page", "time", "note", "requestId")), SCALARS))
    return lambda value: {name: value, **around}


WRAPPERS = st.lists(
    st.sampled_from((in_list, in_text, in_base64, in_edges, in_map, in_page, in_message)) | under_a_name(), max_size=6
)


def inside(value: Any) -> list[Inner]:
    values = value if isinstance(value, list) else [value]
    opener = Opener(LIMITS)
    parts = [part for each in values for part in opener.open(each if isinstance(each, dict) else {"_": each}, Around())]
    assert all(isinstance(part, Inner) for part in parts)
    return [part for part in parts if isinstance(part, Inner)]


def contents(parts: list[Inner]) -> Counter[str]:
    return Counter(content_hash(part.payload) for part in parts)


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(KNOWN), min_size=1, max_size=4), WRAPPERS, st.randoms(use_true_random=False))
def test_known_records_come_out_of_any_wrapper(
    rows: list[dict[str, Any]], wrappers: list[Any], chance: random.Random
) -> None:
    wrapped: Any = rows if len(rows) > 1 else rows[0]
    for wrap in wrappers:
        wrapped = wrap(wrapped)
    expected = Counter(content_hash(row) for row in rows)
    found = inside(wrapped)
    assert contents(found) == expected
    assert all(part.identity for part in found)
    again = inside(shuffled(wrapped, chance))
    assert contents(again) == expected
    assert Counter(part.identity for part in again) == Counter(part.identity for part in found)
    assert {part.around.as_of for part in again} == {part.around.as_of for part in found}


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(KNOWN),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
        max_leaves=20,
    )
)
def test_nothing_known_is_lost_in_any_json(value: Any) -> None:
    """Every known object that is in no other known object is a record, whatever stands around it."""

    def known_in(value: Any) -> list[str]:
        if value in KNOWN:
            return [content_hash(value)]
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [each for item in inner for each in known_in(item)]

    parts = Opener(LIMITS).open({"value": value}, Around())
    found = Counter(content_hash(part.payload) for part in parts if isinstance(part, Inner) and part.identity)
    assert found == Counter(known_in(value))


def read(path: Path) -> list[Record | Rejected | Skipped]:
    return list(
        read_input(
            path,
            name=path.name,
            origin=str(path),
            source="auto",
            observed_at=datetime(2026, 4, 1, tzinfo=UTC),
            limits=LIMITS,
            namespace="apex",
        )
    )


def records(folder: str) -> list[Record]:
    found = [one for path in sorted((CASES / folder).iterdir()) for one in read(path)]
    assert all(isinstance(one, Record) for one in found)
    return [one for one in found if isinstance(one, Record)]


def test_wrapped_shipments_are_shipments() -> None:
    found = records("wrappers")
    known = {record.external_id: record for record in found if record.source == "turvo"}
    assert sorted(known) == [f"EV-{number}" for number in (1, 16, 17, 18, 19, 2, 20, 21, 3, 4, 7, 8)]
    for record in known.values():
        extraction = extract(record)
        claims = {claim.predicate.value: claim for claim in extraction.claims}
        assert claims["HAS_STATUS"].object.endswith("en_route")
        assert claims["HAS_STATUS"].valid_at == datetime(2026, 3, 4, 9, tzinfo=UTC)
    [position] = [record for record in found if record.source == "samsara"]
    assert {claim.predicate.value for claim in extract(position).claims} == {"LOCATED_AT"}
    assert [record.payload for record in found if record.source == "json"] == [{"note": "heartbeat"}]


def test_singer_exports_are_versions_of_two_records() -> None:
    found = records("singer")
    assert len(found) == 4
    assert len({record.record_id for record in found}) == 2
    [gone] = [record for record in found if record.ended]
    assert gone.payload == {"id": 550022, "load_number": "KW-70012"}
    extraction = extract(gone)
    assert extraction.event_time == datetime(2026, 3, 5, 15, tzinfo=UTC)
    assert extraction.claims == ()
    assert "KW-70012" in {entity.name for entity in extraction.entities}


def test_every_row_of_a_long_page_is_a_record() -> None:
    found = records("big_page")
    assert len({record.record_id for record in found}) == len(found) == 300
    things = {entity.name for record in found for entity in extract(record).entities}
    assert {f"RIG-{4000 + number}" for number in range(300)} <= things
    assert {f"Driver Name{number}" for number in range(300)} <= things


def test_a_message_of_a_queue_that_looks_like_mail_carries_its_record() -> None:
    shipment = KNOWN[2]
    encoded = base64.b64encode(json.dumps(shipment).encode()).decode()
    for number, body in enumerate((shipment, [shipment], json.dumps(shipment), encoded)):
        message = {"messageId": f"q-{number}", "enqueuedTime": "2026-03-04T09:00:00Z", "body": body}
        [part] = Opener(LIMITS).open(message, Around())
        assert isinstance(part, Inner)
        assert part.payload == shipment
    mail = {"message_id": "M9", "subject": "Wy", "body": "Wyoming load is late", "sender": "a@example.com"}
    [part] = Opener(LIMITS).open(mail, Around())
    assert isinstance(part, Inner)
    assert part.payload == mail


def test_a_page_whose_lists_are_all_empty_is_empty() -> None:
    [part] = Opener(LIMITS).open({"shipments": [], "vehicles": [], "total": 0}, Around())
    assert not isinstance(part, Inner)
    assert part.note == "empty page"
