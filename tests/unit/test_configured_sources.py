"""Sources that a table describes: what is read of a record, and what is said of a table that is wrong."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.config import load
from apex_cli.config_files import SourceTable
from apex_cli.errors import ConfigError, ExtractError
from apex_cli.extract.field_names import snake_keys
from apex_cli.extract.identity import content_hash
from apex_cli.model import EntityType, Extraction, Predicate, Record, RecordKind
from apex_cli.sources import registry
from apex_cli.sources.configured import ConfiguredSource, paths

EXAMPLE = Path(__file__).parents[2] / "examples" / "configured-sources"
STAGED = datetime(2026, 3, 6, tzinfo=UTC)
SMALL = """
match = ["order_id"]
id = "order_id"
[[entity]]
as = "order"
type = "Shipment"
keys = { number = "order_id" }
[[fact]]
subject = "order"
predicate = "HAS_STATUS"
value = "status"
"""


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    registry.configure(())


@pytest.fixture
def example() -> None:
    registry.configure(load(cwd=EXAMPLE, environ={"APEX_HOME": "/none"}).sources)


def table(text: str, name: str = "mine") -> SourceTable:
    return SourceTable(name, "apex.toml", tomllib.loads(text))


def configured(text: str) -> None:
    registry.configure([table(text)])


def extracted(payload: dict[str, Any], source: str = "auto", **fields: Any) -> tuple[Record, Extraction]:
    name, data_type, external_id = registry.classify(payload, source)
    record = Record(name, data_type, external_id, payload, content_hash(payload), STAGED, "x.json:1", **fields)
    return record, registry.extract(record)


def facts(found: Extraction) -> set[tuple[str, str, str, str]]:
    names = {entity.key: entity.name for entity in found.entities}
    return {
        (names[claim.subject], claim.predicate, names[claim.object], f"{claim.valid_at:%m-%d %H:%M}")
        for claim in found.claims
    }


def orders() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((EXAMPLE / "exports/mcleod_orders.json").read_text())
    return found


@pytest.mark.usefixtures("example")
def test_an_order_of_the_example() -> None:
    record, found = extracted(orders()[0])
    assert (record.source, record.data_type, record.external_id) == ("mcleod", "order", "0774512")
    assert (found.kind, found.whole, found.dated) == (RecordKind.STATE, True, True)
    assert found.event_time == datetime(2026, 3, 4, 12, 12, tzinfo=UTC)
    keys = {entity.type: set(entity.keys) for entity in found.entities}
    assert keys[EntityType.SHIPMENT] == {"shipment:id:0774512"}
    assert {"carrier:mc:774421", "carrier:id@mcleod:BLUETRAN"} <= keys[EntityType.CARRIER]
    expected = {
        ("0774512", "HAS_STATUS", "in_progress", "03-04 12:10"),
        ("0774512", "FOR_CUSTOMER", "Halcyon Paper Co", "03-02 15:30"),
        ("0774512", "HAULED_BY", "Bluestem Transit LLC", "03-03 21:00"),
        ("0774512", "ASSIGNED_DRIVER", "Ines Calder", "03-03 21:00"),
        ("0774512", "HAS_REFERENCE", "4410-A", "03-04 12:12"),
        ("0774512", "HAS_REFERENCE", "4411-A", "03-04 12:12"),
        ("0774512", "HAS_REFERENCE", "88910", "03-04 12:12"),
        ("0774512", "ORIGIN", "Fargo, ND", "03-04 12:12"),
        ("0774512", "DESTINATION", "Omaha, NE", "03-04 12:12"),
        ("0774512", "HAS_STOP", "Halcyon Paper mill of 0774512", "03-04 12:00"),
        ("Halcyon Paper mill of 0774512", "AT", "Fargo, ND", "03-04 12:00"),
        ("0774512", "HAS_STOP", "Prairie Oat Mills of 0774512", "03-05 14:00"),
        ("Prairie Oat Mills of 0774512", "AT", "Omaha, NE", "03-05 14:00"),
        ("record of Shipment 0774512", "HAS_REFERENCE", "556677", "03-04 12:12"),
    }
    assert facts(found) == expected
    (shipment,) = (entity for entity in found.entities if entity.type is EntityType.SHIPMENT)
    assert shipment.attributes == {"commodity": "roll paper", "weight": "41250", "charges": "2150.00"}
    status = next(claim for claim in found.claims if claim.predicate is Predicate.HAS_STATUS)
    assert status.attributes == {"spelling": "P"}


@pytest.mark.usefixtures("example")
def test_a_quote_is_skipped_and_a_void_order_has_ended() -> None:
    _, quote, void = orders()
    assert registry.recognise(quote).nothing == ("mcleod", "left out by the configuration: order_status")
    _, found = extracted(void)
    assert not found.claims
    assert [entity.name for entity in found.entities if entity.type is EntityType.SHIPMENT] == ["0774514"]
    _, gone = extracted(orders()[0], ended=True)
    assert not gone.claims


@pytest.mark.usefixtures("example")
def test_a_page_whose_rows_are_records() -> None:
    page = json.loads((EXAMPLE / "exports/motive_vehicles.json").read_text())
    rows = registry.recognise(page).rows
    assert rows is not None
    assert [registry.classify(row)[2] for row in rows] == ["612:2026-03-05T13:55:00Z", "613:2026-03-05T13:56:00Z"]
    _, found = extracted(dict(rows[0]))
    assert (found.kind, found.event_time) == (RecordKind.EVENT, datetime(2026, 3, 5, 13, 55, tzinfo=UTC))
    assert ("8812", "LOCATED_AT", "Omaha, NE", "03-05 13:55") in facts(found)
    assert ("Ines Calder", "DRIVES", "8812", "03-05 13:55") in facts(found)
    _, placed = extracted(dict(rows[1]))
    assert facts(placed) == {("8813", "LOCATED_AT", "46.8772,-96.7898", "03-05 13:56")}
    assert registry.recognise({"vehicles": []}).nothing == ("motive", "empty page")


@pytest.mark.usefixtures("example")
def test_items_that_a_condition_chooses() -> None:
    payload = json.loads((EXAMPLE / "exports/project44_shipments.jsonl").read_text())
    _, found = extracted(payload)
    (shipment,) = (entity for entity in found.entities if entity.type is EntityType.SHIPMENT)
    assert set(shipment.keys) == {"shipment:id:0774512", "shipment:id@project44:p44-90017"}
    assert {fact for fact in facts(found) if fact[1] in ("HAS_STATUS", "HAS_REFERENCE")} == {
        (shipment.name, "HAS_STATUS", "dispatched", "03-03 21:05"),
        (shipment.name, "HAS_STATUS", "in_transit", "03-04 13:40"),
        (shipment.name, "HAS_STATUS", "out_for_delivery", "03-05 12:30"),
        (shipment.name, "HAS_REFERENCE", "88910", "03-05 12:30"),
    }
    assert found.text.startswith("Shipment p44-90017 for Halcyon Paper Co is OUT_FOR_DELIVERY at Omaha.")


def test_fields_that_no_rule_reads_are_in_the_text() -> None:
    configured(SMALL)
    _, found = extracted({"order_id": "1", "status": "open", "commodity": "kumquats", "ref": {"lane": "north"}})
    assert "commodity kumquats" in found.text
    assert "ref lane north" in found.text
    assert "has status open" in found.text


@pytest.mark.parametrize("key", ["orderId", "ORDER_ID", "Order Id", "order-id", "OrderId"])
def test_names_in_any_spelling(key: str) -> None:
    configured(SMALL.replace("order_id", "orderId"))
    record, found = extracted({key: "77", "Status": "Out For Delivery"})
    assert (record.source, record.external_id) == ("mine", "77")
    assert {claim.object for claim in found.claims} == {"value:HAS_STATUS:out_for_delivery"}


def test_a_unit_number_within_its_fleet() -> None:
    configured("""
match = ["truck"]
id = "truck"
[[entity]]
type = "Vehicle"
keys = { unit = "truck", fleet = "company.code" }
""")
    for code, own, names in (
        ("7001", "vehicle:unit@7001:101", ("vehicle:unit:101",)),
        ("N/A", "vehicle:unit:101", ()),
        (None, "vehicle:unit:101", ()),
    ):
        _, found = extracted({"truck": "101", "company": {"code": code}})
        (truck,) = (entity for entity in found.entities if entity.type is EntityType.VEHICLE)
        assert (truck.keys, truck.names) == ((own,), names)


def test_a_configured_source_comes_before_the_built_in_ones() -> None:
    payload = {"shipmentId": "S-1", "customerName": "Acme", "status": "x"}
    assert registry.classify(payload)[0] == "turvo"
    configured(SMALL.replace("order_id", "shipmentId"))
    assert registry.classify(payload)[0] == "mine"
    found = registry.recognise(payload).identity
    assert found is not None
    assert found[0] == "mine"
    assert registry.classify(payload, "turvo")[0] == "turvo"


def test_without_an_id_another_source_may_know_it() -> None:
    configured(SMALL.replace('id = "order_id"', 'id = ["order_id", "leg"]'))
    assert registry.classify({"order_id": 7, "leg": 2})[::2] == ("mine", "7:2")
    assert registry.classify({"order_id": 7, "leg": None})[0] == "json"


def test_what_a_row_inherits() -> None:
    text = 'records = "result.rows"\ninherit = { exported = "meta.exportedAt" }\nas_of = "exported"\n' + SMALL
    configured(text)
    page = {"meta": {"exportedAt": "2026-03-01T00:00:00Z"}, "result": {"rows": [{"order_id": 1, "status": "a"}]}}
    (row,) = registry.recognise(page).rows or ()
    assert extracted(dict(row))[1].event_time == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_time_that_cannot_be_read_is_an_error_that_names_it() -> None:
    configured(f'as_of = "changed.at"\n{SMALL}')
    with pytest.raises(ExtractError, match="at"):
        extracted({"order_id": "1", "changed": {"at": "soonish"}})


def test_a_record_of_which_nothing_is_known_fails() -> None:
    configured(SMALL.replace('number = "order_id"', 'number = "nummer"'))
    with pytest.raises(ExtractError) as caught:
        extracted({"order_id": "1"})
    assert caught.value.code == "nothing_mapped"


def test_long_lists_are_bounded_and_noted() -> None:
    configured(SMALL + '[[entity]]\nas = "po"\ntype = "Order"\nkeys = { number = "pos[]" }\n')
    _, found = extracted({"order_id": "1", "pos": [f"PO-{number}" for number in range(1500)]})
    assert sum(entity.type is EntityType.ORDER for entity in found.entities) == paths.MOST_ITEMS
    assert any("pos[]" in note for note in found.notes)


def test_kept_extractions_depend_on_the_table() -> None:
    plain = registry.rules_version()
    configured(SMALL)
    first = registry.rules_version()
    payload = {"order_id": "1"}
    before = registry.fingerprint("mine", payload)
    configured(SMALL + '[[entity]]\nas = "po"\ntype = "Order"\nkeys = { number = "po" }\n')
    assert len({plain, first, registry.rules_version()}) == 3
    assert registry.fingerprint("mine", payload) != before
    assert registry.fingerprint("turvo", payload) == content_hash(payload)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("match =", "mach =", "apex.toml: source.mine.mach: 'mach' is not known; did you mean match?"),
        ('match = ["order_id"]', "", "source.mine.match: is missing"),
        ('id = "order_id"', "", "source.mine.id: is missing"),
        ('id = "order_id"', 'id = "orders[].id"', "source.mine.id: 'orders[].id' goes through a list"),
        ('id = "order_id"', 'id = "order..id"', "source.mine.id: 'order..id' is no path"),
        ('id = "order_id"', "id = 7", "source.mine.id: must be a path"),
        ('"Shipment"', '"Shipmnt"', "entity[1].type: 'Shipmnt' is not known; did you mean Shipment?"),
        ('"Shipment"', '"Value"', "entity[1].type: 'Value' is not known"),
        ("number =", "numbr =", "entity[1].keys.numbr: 'numbr' is not known; did you mean number?"),
        ("keys =", "attributes =", "entity[1].keys: a Shipment needs a key: number, id, turvo"),
        ('"HAS_STATUS"', '"HAS_STATE"', "fact[1].predicate: 'HAS_STATE' is not known; did you mean HAS_STATUS?"),
        ('subject = "order"', 'subject = "ordr"', "fact[1].subject: 'ordr' is not known; did you mean order?"),
        ('value = "status"', "", "fact[1].value: is missing: HAS_STATUS has a word as its object"),
        ('value = "status"', 'vallue = "status"', "fact[1].vallue: 'vallue' is not known; did you mean value?"),
        ('"HAS_STATUS"', '"HAULED_BY"', "fact[1].value: HAULED_BY has an entity as its object"),
        ('"HAS_STATUS"\nvalue = "status"', '"DRIVES"\nobject = "order"', "is a Shipment, and the subject of DRIVES"),
        ('"HAS_STATUS"\nvalue = "status"', '"HAULED_BY"\nobject = "order"', "the object of HAULED_BY is a Carrier"),
        ("match =", 'kind = "stat"\nmatch =', "source.mine.kind: 'stat' is not known; did you mean state?"),
        ("match =", 'zone = "America/Chicage"\nmatch =', "source.mine.zone: 'America/Chicage' is no time zone"),
        ("match =", "whole = 1\nmatch =", "source.mine.whole: must be true or false"),
        ("match =", 'records = "a[].b"\nmatch =', "source.mine.records: is the path of one list"),
        ('match = ["order_id"]', "match = { status = {} }", "source.mine.match.status: must be a value"),
        ("[[fact]]", '[[entity]]\nas = "order"\ntype = "Order"\nkeys = { number = "po" }\n[[fact]]', "is there twice"),
        ('number = "order_id"', 'number = "a[].b", id = "c[].d"', "two lists beside each other"),
        ("match =", 'text = "Order {order..id}"\nmatch =', "source.mine.text: 'order..id' is no path"),
    ],
)
def test_a_table_that_is_wrong_says_where_and_what_is_allowed(old: str, new: str, says: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert text != SMALL
    with pytest.raises(ConfigError) as caught:
        ConfiguredSource(table(text))
    assert caught.value.message.startswith("apex.toml: source.mine")
    assert says in caught.value.message


@pytest.mark.parametrize("name", ["turvo", "json", "document", "auto"])
def test_the_name_of_a_built_in_source_is_taken(name: str) -> None:
    with pytest.raises(ConfigError, match="already"):
        registry.configure([table(SMALL, name)])


@pytest.mark.parametrize("name", ["", "Mine", "a b", "x" * 41, "../x", "1st"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ConfigError, match="a name is lower-case letters"):
        registry.configure([table(SMALL, name)])


def test_one_name_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "apex.toml").write_text(SMALL.replace("[[", "[[source.mine.").join(("[source.mine]\n", "")))
    (tmp_path / "sources.d").mkdir()
    (tmp_path / "sources.d" / "mine.toml").write_text(SMALL)
    found = load(cwd=tmp_path, environ={"APEX_HOME": str(tmp_path / "home")}).sources
    assert [each.name for each in found] == ["mine", "mine"]
    with pytest.raises(ConfigError, match=r"sources.d/mine.toml: source.mine: there is a source 'mine' already"):
        registry.configure(found)


def test_files_in_the_home(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "sources.d"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(SMALL)
    registry.configure(load(cwd=tmp_path, environ={"APEX_HOME": str(tmp_path / "home")}).sources)
    assert registry.names()[0] == "mine"
    (folder / "broken.toml").write_text("match = [")
    with pytest.raises(ConfigError, match=r"broken.toml cannot be read"):
        load(cwd=tmp_path, environ={"APEX_HOME": str(tmp_path / "home")})


@pytest.mark.parametrize("text", ["source = 1", 'source = "x"', "[source]\nmine = 3", "[[source.mine]]"])
def test_what_is_no_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "apex.toml").write_text(text)
    with pytest.raises(ConfigError, match="table"):
        registry.configure(load(cwd=tmp_path, environ={"APEX_HOME": "/none"}).sources)


_names = st.text(st.characters(codec="utf-8", exclude_characters='"[]{}.'), min_size=1, max_size=12).filter(str.strip)


@given(st.text(max_size=60))
def test_any_text_is_a_path_or_says_why_not(text: str) -> None:
    try:
        found = paths.parse(text)
    except ValueError as error:
        said = str(error)
        assert "path" in said or "dot" in said
    else:
        assert found.find({"a": [1, {"b": 2}]}) is None or found.steps


@given(st.lists(_names, min_size=1, max_size=5), st.integers(0, 3))
def test_a_path_finds_what_is_there(names: list[str], index: int) -> None:
    value: Any = 1
    for name in reversed(names):
        value = {name: [0] * index + [value]}
    found = paths.parse(".".join(f'"{name}"[{index}]' for name in names))
    assert found.find(snake_keys(value)) == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["order_id", "status", "stops", "city", "customer", "code", "movement"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_no_payload_breaks_a_source(value: Any) -> None:
    registry.configure(load(cwd=EXAMPLE, environ={"APEX_HOME": "/none"}).sources)
    payload = {"order_id": "1", "order_status": "A", **(value if isinstance(value, dict) else {"stops": value})}
    registry.recognise(payload)
    try:
        extracted(payload)
    except ExtractError as error:
        assert error.code in ("nothing_mapped", "unreadable_time")  # noqa: PT017 - most payloads are read
