"""The quality harness: the arithmetic, the matching rules, and that the labels are whole and invented."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.model import EntityType, Predicate
from quality.labels import Labelled, load
from quality.scoring import (
    SELF,
    Entity,
    Fact,
    Tally,
    macro,
    merged,
    micro,
    names_of,
    normal,
    score_entities,
    score_facts,
    table,
)

LABELLED = load()
NAMED = pytest.mark.parametrize("one", LABELLED, ids=[one.name for one in LABELLED])
ACME = Entity("Customer", "Acme Manufacturing Corp", ("turvo 771",))
SHIPMENT = Entity("Shipment", "SHIP-2026-02-12-003")
ORDER = Entity("Order", "PO 70511", ("70511",))
EXPECTED = [ACME, SHIPMENT, ORDER]
ENDS = {
    "LOCATED_AT": ("Vehicle", "Location"),
    "DRIVES": ("Driver", "Vehicle"),
    "FOR_CUSTOMER": ("Shipment", "Customer"),
    "HAULED_BY": ("Shipment", "Carrier"),
    "ASSIGNED_DRIVER": ("Shipment", "Driver"),
    "ORIGIN": ("Shipment", "Location"),
    "DESTINATION": ("Shipment", "Location"),
    "HAS_REFERENCE": (f"Shipment {SELF}", "Order Reference"),
    "MANAGED_BY": ("Shipment", "Person"),
    "SENT_BY": (SELF, "Person"),
    "SENT_TO": (SELF, "Person"),
    "CC": (SELF, "Person"),
    "MENTIONS": (SELF, "Shipment Vehicle Customer Carrier Order Reference Person Location"),
}
"""What each predicate of the labels holds between."""

texts = st.text("ab 1-", max_size=4)
entities = st.lists(st.builds(Entity, st.sampled_from(["A", "B"]), texts, st.tuples(texts)), max_size=5)
facts = st.lists(st.builds(Fact, texts, st.sampled_from(["P", "Q"]), texts), max_size=5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PO 70511", "po#70511"),
        ("Acme Manufacturing Corp.", "ACME MANUFACTURING"),
        ("Tomasz Żółkiewski", "tomasz zolkiewski"),
        ("Dana@Lakeshore.example", " <dana@lakeshore.example>"),
        ("(309) 555-0142", "309-555-0142"),
        ("Chicago, IL", "chicago  il"),
    ],
)
def test_equal_names(one: str, other: str) -> None:
    assert normal(one) == normal(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SHIP-2026-02-12-003", "SHIP-2026-02-12-004"),
        ("Acme", "Acme Foods"),
        ("dana@a.example", "dana@b.example"),
        ("Inc", ""),
        ("Ana Bell", "Anabell"),
    ],
)
def test_different_names(one: str, other: str) -> None:
    assert normal(one) != normal(other)


def test_entities_are_found_by_name_or_id_and_type() -> None:
    found = [
        Entity("Customer", "ACME Manufacturing"),
        Entity("Order", "our order", ("po-70511",)),
        Entity("Carrier", "SHIP-2026-02-12-003"),
        Entity("Customer", "Nobody"),
    ]
    assert score_entities(EXPECTED, found) == {
        "Carrier": Tally(0, 1, 0),
        "Customer": Tally(1, 2, 1),
        "Order": Tally(1, 1, 1),
        "Shipment": Tally(0, 0, 1),
    }


def test_a_second_entity_for_the_same_thing_is_wrong() -> None:
    found = [Entity("Customer", "Acme Manufacturing"), Entity("Customer", "Acme Manufacturing Corp")]
    assert score_entities([ACME], found) == {"Customer": Tally(1, 2, 1)}


def test_facts_meet_by_any_name_of_their_ends() -> None:
    expected = [
        Fact(SHIPMENT.name, "FOR_CUSTOMER", ACME.name),
        Fact(SELF, "MENTIONS", "70511"),
        Fact(SHIPMENT.name, "HAS_STATUS", "in_transit"),
    ]
    found = [
        Fact("ship-2026-02-12-003", "FOR_CUSTOMER", "turvo 771"),
        Fact("SHIP-2026-02-12-003", "FOR_CUSTOMER", "Acme Manufacturing"),
        Fact(SELF, "MENTIONS", "PO-70511"),
        Fact(SELF, "MENTIONS", ACME.name),
        Fact(ACME.name, "FOR_CUSTOMER", SHIPMENT.name),
        Fact(SHIPMENT.name, "HAS_STATUS", "In transit"),
    ]
    assert score_facts(EXPECTED, expected, found) == {
        "FOR_CUSTOMER": Tally(1, 2, 1),
        "HAS_STATUS": Tally(1, 1, 1),
        "MENTIONS": Tally(1, 2, 1),
    }


def test_figures() -> None:
    tally = Tally(3, 4, 6)
    assert (tally.precision, tally.recall, tally.f1) == (0.75, 0.5, 0.6)
    assert (Tally(0, 0, 5).precision, Tally(0, 0, 5).f1, Tally(0, 5, 0).recall) == (1.0, 0.0, 1.0)
    assert (Tally().precision, Tally().recall, Tally().f1) == (1.0, 1.0, 1.0)


def test_micro_counts_items_and_macro_types() -> None:
    total = merged([{"A": Tally(1, 1, 1)}, {"A": Tally(8, 8, 9), "B": Tally(0, 2, 2)}, {"C": Tally(0, 4, 0)}])
    assert total == {"A": Tally(9, 9, 10), "B": Tally(0, 2, 2), "C": Tally(0, 4, 0)}
    assert micro(total) == Tally(9, 15, 12)
    assert macro(total) == pytest.approx((0.5, 0.45, 9 / 19))
    assert macro({}) == (1.0, 1.0, 1.0)


@given(entities, entities)
def test_entity_tallies_hold_what_they_must(expected: Sequence[Entity], found: Sequence[Entity]) -> None:
    total = micro(score_entities(expected, found))
    assert (total.found, total.expected) == (len(found), len(expected))
    assert total.right <= min(len(found), len(expected))


@given(entities, facts)
def test_what_is_expected_is_right(known: Sequence[Entity], expected: Sequence[Fact]) -> None:
    named = [one for one in known if names_of(one)]
    assert all(tally.f1 == 1 for tally in score_entities(named, named).values())
    assert all(tally.f1 == 1 for tally in score_facts(named, expected, expected).values())


def test_the_table_shows_every_row_of_every_reader() -> None:
    rules = {"Order": Tally(3, 4, 6), "Shipment": Tally(1, 1, 1)}
    model = {"Order": Tally(6, 6, 6), "Shipment": Tally(1, 1, 1), "Vehicle": Tally(0, 1, 0)}
    lines = table("entities", {"rules": rules, "model": model}).splitlines()
    rows = ["rules", "entities", "Order", "Shipment", "Vehicle", "all", "mean"]
    assert [line.split()[0].strip("-") for line in lines] == rows
    figures = [" ".join(line.split()) for line in lines]
    assert figures[2] == "Order 0.750 0.500 0.600 3 4 1.000 1.000 1.000 6 6 6"
    assert figures[4] == "Vehicle 1.000 1.000 1.000 0 0 0.000 1.000 0.000 0 1 0"
    assert figures[5] == "all (micro) 0.800 0.571 0.667 4 5 0.875 1.000 0.933 7 8 7"
    assert figures[6] == "mean (macro) 0.875 0.750 0.800 1.000 1.000 1.000"


def test_there_are_thirty_texts_of_both_kinds() -> None:
    assert len(LABELLED) == 30
    assert sum(one.kind == "document" for one in LABELLED) >= 8
    assert {one.kind for one in LABELLED} == {"email", "document"}


@NAMED
def test_labels_are_of_the_closed_lists_and_between_known_things(one: Labelled) -> None:
    known = {SELF: SELF}
    for entity in one.entities:
        assert entity.type in set(EntityType)
        for name in (entity.name, *entity.ids):
            assert known.setdefault(normal(name), entity.type) == entity.type, name
    for fact in one.facts:
        assert fact.predicate in set(Predicate)
        subject, target = ENDS[fact.predicate]
        ends = [SELF if end == SELF else known[normal(end)] for end in (fact.subject, fact.object)]
        assert ends[0] in subject.split(), fact
        assert ends[1] in target.split(), fact


@NAMED
def test_labels_are_one_for_each_thing_and_each_fact(one: Labelled) -> None:
    forms = [name for entity in one.entities for name in names_of(entity)]
    assert len(forms) == len(set(forms))
    right = micro(score_facts(one.entities, one.facts, one.facts))
    assert right == Tally(len(one.facts), len(one.facts), len(one.facts))
    used = {normal(end) for fact in one.facts for end in (fact.subject, fact.object)}
    assert all(names_of(entity) & used or entity.type == "Driver" for entity in one.entities)


@NAMED
def test_what_is_to_be_found_is_in_the_text(one: Labelled) -> None:
    text = re.sub(r"[^\w@]+", "", one.text.casefold())
    for entity in one.entities:
        names = [re.sub(r"[^\w@]+", "", name.casefold()) for name in (entity.name, *entity.ids)]
        assert any(name in text for name in names), entity


@pytest.mark.parametrize("one", [one for one in LABELLED if one.kind == "email"], ids=lambda one: one.name)
def test_senders_and_receivers_are_those_of_the_header(one: Labelled) -> None:
    known = {form: min(names_of(entity)) for entity in one.entities for form in names_of(entity)}
    for field, predicate in (("From", "SENT_BY"), ("To", "SENT_TO"), ("Cc", "CC")):
        header = one.headers()[field]
        result = {known[normal(address.addr_spec)] for address in header.addresses} if header else set()
        assert result == {known[normal(fact.object)] for fact in one.facts if fact.predicate == predicate}
    assert not one.body().startswith(("From", "\n"))
    assert one.text.endswith(one.body())


def test_a_document_is_all_body() -> None:
    document = next(one for one in LABELLED if one.kind == "document")
    assert document.body() == document.text
    assert not document.headers().keys()


@NAMED
def test_everything_is_invented(one: Labelled) -> None:
    for address in re.findall(r"[\w.+-]+@([\w.-]+\w)", one.text):
        assert address.endswith(".example")
    for number in re.findall(r"\d{3}-\d{4}(?![\d-])", re.sub(r"20\d\d-\d\d-\d\d[\d-]*", "", one.text)):
        assert number.startswith("555-01")
