"""The generator of `make quality`: the same seed gives the same files, and its gold does not contradict itself."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from apex_cli.stores.views import EntityView
from quality.records.company import NO_VIN, make
from quality.records.generate import Corpus, generate
from quality.records.gold import FUNCTIONAL, Fact, Gold, Statement, Version, holds
from quality.records.matching import exact, things_of
from quality.records.scoring import first_difference

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    return generate(request.param, 120)


def at(hour: int) -> datetime:
    return datetime(2025, 10, 6, hour, tzinfo=UTC)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = generate(7, 80), generate(7, 80), generate(8, 80)
    assert (first.files, first.questions) == (again.files, again.questions)
    assert first.gold.facts() == again.gold.facts()
    assert first.files != other.files


@pytest.mark.parametrize("records", [60, 150, 300])
def test_the_size_is_about_what_was_asked_for(records: int) -> None:
    assert 0.7 * records < generate(1, records).payloads < 1.6 * records


def test_every_file_is_json_and_has_a_name_of_its_own(corpus: Corpus) -> None:
    assert len({file.name for file in corpus.files}) == len(corpus.files)
    for file in corpus.files:
        lines = file.content.splitlines() if file.name.endswith("jsonl") else [file.content]
        assert all(json.loads(line) for line in lines)


def test_facts_are_between_things_and_begin_before_they_end(corpus: Corpus) -> None:
    for fact in corpus.gold.facts():
        assert fact.subject in corpus.gold.things
        assert fact.object in corpus.gold.things or fact.predicate in ("HAS_STATUS", "HAS_ENGINE_STATE")
        assert fact.invalid_at is None or fact.valid_at < fact.invalid_at


def test_a_functional_predicate_has_one_value_at_a_time(corpus: Corpus) -> None:
    timelines: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in corpus.gold.facts():
        if fact.predicate in FUNCTIONAL:
            timelines[fact.subject, fact.predicate].append(fact)
    for facts in timelines.values():
        for earlier, later in pairwise(sorted(facts, key=lambda one: one.valid_at)):
            assert earlier.invalid_at is not None
            assert earlier.invalid_at <= later.valid_at


def test_no_two_things_of_a_type_share_a_mark(corpus: Corpus) -> None:
    marks = Counter((thing.type, mark) for thing in corpus.gold.things.values() for mark in thing.marks)
    assert set(marks.values()) == {1}


def test_what_has_a_name_alone_has_one_of_its_own(corpus: Corpus) -> None:
    bare = [thing for thing in corpus.gold.things.values() if not thing.marks]
    names = Counter((thing.type, name) for thing in bare for name in thing.names)
    assert set(names.values()) == {1}


def test_answers_are_the_facts_that_held(corpus: Corpus) -> None:
    facts = corpus.gold.facts()
    assert {len(question.answer) for question in corpus.questions} >= {0, 1}
    for question in corpus.questions:
        held = {
            fact.object
            for fact in facts
            if (fact.subject, fact.predicate) == (question.subject, question.predicate) and holds(fact, question.at)
        }
        assert held == question.answer


def test_the_company_has_what_is_easily_mixed_up() -> None:
    world = make(random.Random(1), trucks=6, api_shipments=10, flat_shipments=4)
    numbers = {shipment.number[-3:] for shipment in world.shipments}
    assert {"002", "020"} <= numbers
    assert len(numbers) == len(world.shipments)
    assert [truck.fleet for truck in world.trucks if truck.unit == "101"] == ["48151", "48152"]
    assert sum(truck.vin == NO_VIN for truck in world.trucks) >= 2
    for companies in (world.customers, world.carriers):
        assert sum(company.is_namesake for company in companies) == 2
    phones = Counter(driver.phone for driver in world.drivers)
    assert sorted(phones.values())[-2:] == [2, 2]


def test_a_value_holds_from_its_first_point_until_the_next_value() -> None:
    gold = Gold()
    gold.thing("s", "Shipment", "S-1")
    for hour, value in ((12, "en_route"), (8, "booked"), (10, "booked"), (9, "booked")):
        gold.point("s", "HAS_STATUS", value, at(hour))
    gold.end("s", "HAS_STATUS", at(20))
    assert gold.facts() == {
        Fact("s", "HAS_STATUS", "booked", at(8), at(12)),
        Fact("s", "HAS_STATUS", "en_route", at(12), at(20)),
    }


def test_a_whole_version_ends_what_it_no_longer_states_and_a_partial_one_does_not() -> None:
    gold = Gold()
    for hour, whole, said in (
        (12, False, []),
        (8, True, [Statement("HAS_REFERENCE", "po")]),
        (16, True, []),
    ):
        gold.version("r", "s", Version(at(hour), whole, tuple(said)))
    assert gold.facts() == {Fact("s", "HAS_REFERENCE", "po", at(8), at(16))}


def test_another_customer_holds_from_its_own_version_on() -> None:
    gold = Gold()
    for hour, customer in ((8, "c1"), (12, "c2"), (16, "c2")):
        gold.version("r", "s", Version(at(hour), True, (Statement("FOR_CUSTOMER", customer, at(6)),)))
    assert gold.facts() == {Fact("s", "FOR_CUSTOMER", "c1", at(6), at(12)), Fact("s", "FOR_CUSTOMER", "c2", at(12))}


def test_a_later_version_knows_better_since_when() -> None:
    gold = Gold()
    gold.version("r", "stop", Version(at(8), True, (Statement("AT", "city", at(14)),)))
    gold.version("r", "stop", Version(at(18), True, (Statement("AT", "city", at(13), at(15)),)))
    assert gold.facts() == {Fact("stop", "AT", "city", at(13), at(15))}


def test_intervals_of_two_records_are_one_where_they_touch() -> None:
    gold = Gold()
    gold.version("r1", "s", Version(at(8), True, (Statement("HAS_REFERENCE", "po"),)))
    gold.version("r1", "s", Version(at(12), True, ()))
    gold.version("r2", "s", Version(at(11), True, (Statement("HAS_REFERENCE", "po"),)))
    assert gold.facts() == {Fact("s", "HAS_REFERENCE", "po", at(8))}


def test_questions_reach_from_before_the_first_fact_to_after_the_last() -> None:
    gold = Gold()
    gold.thing("s", "Shipment", "S-1")
    gold.point("s", "HAS_STATUS", "booked", at(12))
    questions = gold.questions(random.Random(1), 50)
    assert {question.answer for question in questions} == {frozenset(), frozenset({"booked"})}
    assert all(at(12) - timedelta(hours=6) <= question.at <= at(12) + timedelta(days=2) for question in questions)


def test_an_entity_is_the_thing_whose_mark_is_among_its_aliases() -> None:
    gold = Gold()
    gold.thing("a", "Vehicle", "101", marks=["48151:101"])
    gold.thing("b", "Vehicle", "101", marks=["48152:101"])
    gold.thing("city", "Location", "Chicago, IL")
    entities = {
        "1": EntityView("1", "101", "Vehicle", ("vehicle:unit@48151:101",)),
        "2": EntityView("2", "Chicago, IL", "Location", ("location:city:chicago, il",)),
        "3": EntityView("3", "Chicago", "Location", ("location:city:chicago",)),
    }
    found = things_of(gold, entities)
    assert found == {"1": ["a"], "2": ["city"], "3": []}
    assert exact(found) == {"1": "a", "2": "city"}


def test_what_is_several_things_or_one_of_several_entities_is_none_exactly() -> None:
    assert exact({"1": ["a", "b"], "2": ["c"], "3": ["c"], "4": ["d"]}) == {"4": "d"}


def test_the_first_line_that_two_memories_do_not_share_is_found() -> None:
    assert first_difference(["a\nb\n", "a\nb\n"]) is None
    assert first_difference(["a\nb\n", "a\nc\n"]) == ("b", "c")
    assert first_difference(["a\nb\n", "a\n"]) == ("b", "nothing")
