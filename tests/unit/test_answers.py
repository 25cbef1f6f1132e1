"""What contradicts what holds, when a fact was last seen, and how an answer is shown to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apex_cli import answers
from apex_cli.answers import Answer, answered
from apex_cli.cli import answering
from apex_cli.queries import EntityFacts
from apex_cli.stores.postgres.sightings import SeenRecord, SeenVersion
from apex_cli.stores.views import EntityView, FactView

SHIPMENT = EntityView("s", "SHIP-1", "Shipment")
NOON = datetime(2025, 10, 19, 12, tzinfo=UTC)


def at(hour: float) -> datetime:
    return NOON + timedelta(hours=hour)


def seen(name: str, *hours: float, state: bool = True, partial: Mapping[float, str] | None = None) -> SeenRecord:
    """A record `source:id` with a version at each of these hours."""
    source, _, external_id = name.partition(":")
    stated = {hour: frozenset(text.split()) for hour, text in (partial or {}).items()}
    return SeenRecord(source, external_id, state, tuple(SeenVersion(at(hour), stated.get(hour)) for hour in hours), "")


def status(value: str, start: float, end: float | None, *records: str) -> FactView:
    return FactView(
        id=f"{value}@{start}",
        subject="SHIP-1",
        predicate="HAS_STATUS",
        object=value,
        sentence=f"Shipment SHIP-1 has status {value}.",
        valid_at=at(start),
        invalid_at=None if end is None else at(end),
        records=records,
        subject_id="s",
        object_id=value,
    )


def mention(name: str, hour: float, states: str | None = None, **attributes: Any) -> FactView:
    return FactView(
        id=name,
        subject=name,
        predicate="MENTIONS",
        object="SHIP-1",
        sentence=f"Message {name} mentions shipment SHIP-1.",
        valid_at=at(hour),
        invalid_at=None,
        records=(name,),
        subject_id=name,
        object_id="s",
        attributes={**({"states": states} if states else {}), **attributes},
    )


def ask(
    views: list[FactView],
    records: Mapping[str, SeenRecord],
    entity: EntityView = SHIPMENT,
    candidates: Sequence[EntityView] = (),
    **options: Any,
) -> Answer:
    chosen = answers.select(EntityFacts(entity, views, candidates), **options)
    return chosen.answer({id: records[id] for id in chosen.record_ids if id in records})


def test_a_later_message_that_says_another_status_stands_beside_it() -> None:
    views = [status("in_transit", 0, None, "t"), mention("MSG-1", 9, "delivered"), mention("MSG-2", 10)]
    records = {"t": seen("turvo:SHIP-1", 0), "MSG-1": seen("frontapp:MSG-1", 9, state=False)}
    answer = ask(views, records)
    [found] = answer.contradictions
    assert (found.fact.fact.object, found.value, found.is_mention) == ("in_transit", "delivered", True)
    assert answering.sentence(found) == (
        "Turvo says in_transit (since 2025-10-19T12:00:00Z, turvo:SHIP-1); "
        "message MSG-1 of 2025-10-19T21:00:00Z says delivered (frontapp:MSG-1)"
    )
    assert [one.fact.object for one in answer.now.facts] == ["in_transit"]
    assert ask(views, records, at=at(8)).contradictions == []
    assert (ask(views, records, predicate="HAULED_BY")).contradictions == []


@pytest.mark.parametrize(("hour", "states"), [(-1, "delivered"), (9, "in_transit"), (9, "delayed"), (9, None)])
def test_what_is_earlier_or_agrees_does_not_contradict(hour: float, states: str | None) -> None:
    views = [status("tendered", -5, 0, "t"), status("in_transit", 0, None, "t"), mention("MSG-1", hour, states)]
    records = {"t": seen("turvo:SHIP-1", -5, 0), "MSG-1": seen("frontapp:MSG-1", hour, state=False)}
    assert (ask(views, records)).contradictions == []


@pytest.mark.parametrize(
    ("said", "hour", "found"), [("delivered", 9, 1), ("delivered", -1, 0), ("in_transit", 9, 0), ("delayed", 9, 0)]
)
def test_what_a_model_reads_in_a_text_stands_beside_what_it_does_not_overrule(
    said: str, hour: float, found: int
) -> None:
    claimed = replace(status(said, hour, None, "MSG-1"), certain=False, overruled=True)
    records = {"t": seen("turvo:SHIP-1", 0), "MSG-1": seen("frontapp:MSG-1", hour, state=False)}
    answer = ask([status("in_transit", 0, None, "t"), claimed], records)
    assert [answering.sentence(one) for one in answer.contradictions] == [
        "Turvo says in_transit (since 2025-10-19T12:00:00Z, turvo:SHIP-1); "
        "message MSG-1 of 2025-10-19T21:00:00Z says delivered (frontapp:MSG-1)"
    ] * found
    assert [one.fact.object for one in answer.facts] == ["in_transit"]


def test_another_system_that_still_says_otherwise_contradicts() -> None:
    views = [status("delivered", -2, 0, "m"), status("in_transit", 0, None, "t")]
    taken_back = {"t": seen("turvo:SHIP-1", 0), "m": seen("mcleod:1", -2)}
    assert (ask(views, taken_back)).contradictions == []
    still = {**taken_back, "m": seen("mcleod:1", -2, 5)}
    [found] = (ask(views, still)).contradictions
    assert (found.value, found.is_mention, found.other.sources, found.other.last_seen) == (
        "delivered",
        False,
        ("mcleod:1",),
        at(5),
    )
    assert "; mcleod says delivered (since 2025-10-19T10:00:00Z, last seen 2025-10-19T17:00:00Z, mcleod:1)" in (
        answering.sentence(found)
    )
    # A partial version that is silent about the status does not repeat it.
    silent = {**taken_back, "m": seen("mcleod:1", -2, 5, partial={5: "FOR_CUSTOMER"})}
    assert (ask(views, silent)).contradictions == []


def test_two_systems_at_one_moment_contradict_and_one_system_does_not() -> None:
    views = [status("delivered", 0, 0, "m"), status("in_transit", 0, None, "t")]
    records = {"t": seen("turvo:SHIP-1", 0), "m": seen("mcleod:1", 0)}
    [found] = (ask(views, records)).contradictions
    assert found.value == "delivered"
    one = {**records, "m": seen("turvo:SHIP-1b", 0)}
    assert (ask(views, one)).contradictions == []


def test_a_record_counts_with_the_last_value_that_it_states() -> None:
    views = [status("covered", -4, -2, "m"), status("tendered", -2, 0, "t"), status("in_transit", 0, None, "t", "m")]
    records = {"t": seen("turvo:SHIP-1", -2, 0), "m": seen("mcleod:1", -4, 1)}
    assert (ask(views, records)).contradictions == []


def test_a_fact_was_last_seen_by_its_newest_record_while_it_held() -> None:
    records = {"a": seen("turvo:A", 0, 3, 9), "b": seen("turvo:B", 1), "gone": seen("turvo:C")}
    past = answered(status("in_transit", 0, 5, "a", "b"), records)
    assert (past.last_seen, past.sources) == (at(3), ("turvo:A", "turvo:B"))
    assert answered(status("in_transit", 0, None, "a", "b"), records).last_seen == at(9)
    assert answered(status("in_transit", 0, None, "a", "b"), records, at(2)).last_seen == at(1)
    assert answered(status("in_transit", 0, None, "unknown"), records).sources == ()


def test_mentions_and_long_history_are_folded_for_people() -> None:
    views = [mention(f"MSG-{number}", number) for number in range(12)]
    views += [status(f"word{number}", number, number + 1, "t") for number in range(30)]
    records = {"t": seen("turvo:SHIP-1", 0)}
    folded = answering.lines(ask(views, records))
    assert "Mentions (12):" in folded
    assert "  and 7 more (--all shows them)" in folded
    assert "  and 10 more (--all shows them)" in folded
    assert folded.index("Held before:") < folded.index("Mentions (12):")
    everything = answering.lines(ask(views, records, everything=True), everything=True)
    assert sum("MENTIONS" in line for line in everything) == 12
    assert sum("HAS_STATUS" in line for line in everything) == 30


def test_the_head_names_the_thing_its_keys_and_what_it_weighs_and_costs() -> None:
    entity = EntityView(
        "s",
        "SHIP-1",
        "Shipment",
        ("shipment:id:SHIP-1", "shipment:turvo:88412", "customer:name@turvo:acme"),
        {"weight": 38000, "weight_unit": "lb", "customer_cost": 1850, "currency": "USD", "tags": ["hot", "reefer"]},
    )
    [head, *_] = answering.lines(ask([], {}, entity))
    assert head == "Shipment SHIP-1 (turvo 88412; weight 38000 lb, customer cost 1850 USD, tags hot reefer)"
    *_, line = answering.objects(ask([], {}, entity))
    assert (line["type"], line["entity_type"], line["attributes"]["weight"]) == ("entity", "Shipment", 38000)


def test_no_text_of_a_payload_reaches_the_terminal_as_it_is() -> None:
    evil = "a\x1b]0;owned\x07b\u202ec\nd"
    entity = EntityView("s", evil, "Shipment", (f"shipment:turvo:{evil}x",), {evil + "1": {evil: [evil]}, "unit": evil})
    views = [status(evil, 0, None, "t"), mention(evil, 1, "delivered", note=evil, much=["x" * 10_000])]
    records = {"t": seen(f"turvo:{evil}", 0), evil: seen(f"frontapp:{evil}", 1)}
    shown = answering.lines(ask(views, records, entity, everything=True), everything=True)
    assert len(shown) > 5
    assert all(line.isprintable() for line in shown)
    assert max(map(len, shown)) < 2_000


def test_an_entity_without_facts_says_so() -> None:
    assert answering.lines(ask([], {}))[-1] == "No such facts."


def test_what_may_be_the_same_thing_is_offered() -> None:
    other = EntityView("o", "Ship 1", "Shipment", ("shipment:turvo:9",))
    answer = ask([], {}, candidates=[other])
    assert answering.lines(answer)[-2:] == ["Maybe the same:", "  Shipment Ship 1 (turvo 9) [o]"]
    assert [line["type"] for line in answering.objects(answer)] == ["candidate", "entity"]
