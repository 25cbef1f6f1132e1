"""Free text on its way into the stores: what is asked, what is paid once, what it may change, what takes it away."""

from __future__ import annotations

from typing import Any

import pytest

from apex_cli.model import record_id
from tests.acceptance.seeds import PING, SHIPMENT, shipment
from tests.llm_ingest import CHAT, World, facts_of, message, sound


def hauled(number: int, carrier: str, **changes: Any) -> dict[str, Any]:
    """A message of three things and two facts."""
    return message(number, f"SHIP-2025-10-20-{number:03} is hauled by {carrier} and is going to Gary, IN.", **changes)


async def test_structured_records_ask_no_model(world: World) -> None:
    result = await world.ingest([PING, SHIPMENT, *(shipment(number) for number in range(900, 910))])
    assert result.statuses == {"committed": 12}
    assert (result.summary.llm_calls, world.asked()) == (0, {})


async def test_a_message_takes_two_requests_and_the_same_again_none(world: World) -> None:
    result = await world.ingest([hauled(1, "Twin Lakes Haulage")])
    [outcome] = result.outcomes
    assert (outcome.llm_calls, world.asked()) == (2, {CHAT: 2})
    assert outcome.tokens == result.summary.tokens > 0
    async with world.stores() as stores:
        found = {(one.predicate, one.object, one.certain) for one in await facts_of(stores, "SHIP-2025-10-20-001")}
        assert {("HAULED_BY", "Twin Lakes Haulage", False), ("DESTINATION", "Gary, IN", False)} <= found
        await sound(stores)
    world.server.ledger.reset()
    again = await world.ingest([hauled(1, "Twin Lakes Haulage")])
    assert (again.statuses, again.summary.llm_calls, world.asked()) == ({"unchanged": 1}, 0, {})


async def test_a_name_like_a_known_one_takes_a_third_request_and_no_more(world: World) -> None:
    await world.ingest([shipment(2, carrierName="Northern Plains Freight Lines")])
    result = await world.ingest([hauled(2, "Northern Plains Freight")])
    assert (result.outcomes[0].llm_calls, world.asked()) == (3, {CHAT: 3})


async def test_the_same_text_in_two_records_is_asked_and_embedded_once(world: World) -> None:
    pair = [hauled(3, "Blue Mesa Freight"), {**hauled(3, "Blue Mesa Freight"), "message_id": "MSG-0003-copy"}]
    result = await world.ingest(pair)
    assert result.statuses == {"committed": 2}
    assert world.asked() == {CHAT: 2}
    assert sorted(one.llm_calls for one in result.outcomes) == [0, 2]
    async with world.stores() as stores:
        [carried] = await facts_of(stores, "SHIP-2025-10-20-003", "HAULED_BY")
        assert set(carried.records) == {record_id("frontapp", "message", one["message_id"]) for one in pair}


async def test_a_dry_run_estimates_what_is_new_and_asks_no_model(world: World) -> None:
    messages = [hauled(number, "Sand Hill Trucking") for number in (10, 11)]
    await world.ingest(messages[:1])
    world.server.ledger.reset()
    estimate = await world.dry_run([PING, *messages])
    assert world.asked() == {}
    result = await world.ingest([PING, *messages])
    assert (estimate.llm_calls, result.summary.llm_calls) == (2, 2)
    assert 0.5 < estimate.tokens / result.summary.tokens < 2
    assert (await world.dry_run([PING, *messages])).llm_calls == 0


async def test_a_new_body_takes_the_old_facts_away(world: World) -> None:
    await world.ingest([hauled(4, "Old Oak Trucking")])
    result = await world.ingest([hauled(4, "New Elm Trucking")])
    assert result.statuses == {"updated": 1}
    async with world.stores() as stores:
        [carried] = await facts_of(stores, "SHIP-2025-10-20-004", "HAULED_BY")
        assert carried.object == "New Elm Trucking"
        assert not await stores.graph.find_entities("Old Oak Trucking")
        await sound(stores)


async def test_forgetting_takes_its_evidence_away(world: World) -> None:
    first, second = hauled(5, "Red Rock Freight"), {**hauled(5, "Red Rock Freight"), "message_id": "MSG-0005-b"}
    await world.ingest([first, second])
    await world.forget("frontapp:MSG-0005")
    async with world.stores() as stores:
        [carried] = await facts_of(stores, "SHIP-2025-10-20-005", "HAULED_BY")
        assert carried.records == (record_id("frontapp", "message", "MSG-0005-b"),)
    await world.forget("frontapp:MSG-0005-b")
    async with world.stores() as stores:
        assert not await stores.graph.find_entities("Red Rock Freight")
        assert not await stores.graph.find_entities("SHIP-2025-10-20-005")
        await sound(stores)


@pytest.mark.parametrize("message_first", [True, False], ids=["message first", "message last"])
async def test_a_message_never_overrules_a_system_of_record(world: World, message_first: bool) -> None:
    number = 6 + message_first
    system = shipment(number, carrierName="Granite State Express")
    claim = hauled(number, "Upstart Trucking")
    for payload in (claim, system) if message_first else (system, claim):
        await world.ingest([payload])
    async with world.stores() as stores:
        name = system["shipmentId"]
        [carried] = await facts_of(stores, name, "HAULED_BY")
        assert (carried.object, carried.certain, carried.invalid_at) == ("Granite State Express", True, None)
        # The claim is not lost, only outranked: its message still mentions the carrier.
        assert [one.predicate for one in await facts_of(stores, "Upstart Trucking") if one.predicate == "MENTIONS"]
        await sound(stores)
    await world.forget(f"turvo:{name}")
    async with world.stores() as stores:
        [carried] = await facts_of(stores, name, "HAULED_BY")
        assert (carried.object, carried.certain) == ("Upstart Trucking", False)
