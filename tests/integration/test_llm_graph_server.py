"""Free text on a Neo4j server: read, updated, outranked and forgotten as on the embedded graph."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apex_cli.model import record_id
from tests.acceptance.apex import new_home
from tests.acceptance.seeds import shipment
from tests.graph_server import credentials, empty
from tests.llm_ingest import CHAT, World, facts_of, message, sound
from tests.openai_server import OpenAIServer
from tests.servers import server_url


@pytest.fixture
async def variables() -> AsyncIterator[dict[str, str]]:
    """The settings of a namespace of its own on the server, gone afterwards."""
    namespace = f"t{uuid.uuid4().hex[:20]}"
    user, password = credentials()
    result = {"APEX_GRAPH_URL": server_url("GRAPH"), "APEX_GRAPH_USER": user, "APEX_GRAPH_PASSWORD": password}
    yield {name: value for name, value in result.items() if value} | {"APEX_NAMESPACE": namespace}
    await empty(namespace)


async def test_from_text_to_facts_and_back(short_tmp: Path, variables: dict[str, str]) -> None:
    carried = "SHIP-2025-10-20-001 is hauled by {} and is going to Gary, IN."
    first, second = message(1, carried.format("Twin Lakes Haulage")), message(2, carried.format("Twin Lakes Haulage"))
    name, namespace = "SHIP-2025-10-20-001", variables["APEX_NAMESPACE"]
    with new_home(short_tmp) as home, OpenAIServer() as server:
        world = World(home, server)
        result = await world.ingest([first, second], variables)
        assert (result.statuses, world.asked()) == ({"committed": 2}, {CHAT: 2})
        async with world.stores(**variables) as stores:
            [hauled] = await facts_of(stores, name, "HAULED_BY")
            assert (hauled.object, hauled.certain, len(hauled.records)) == ("Twin Lakes Haulage", False, 2)
        await world.ingest([{**first, "body": "Nothing to report."}], variables)
        async with world.stores(**variables) as stores:
            [hauled] = await facts_of(stores, name, "HAULED_BY")
            assert hauled.records == (record_id("frontapp", "message", "MSG-0002", namespace),)
        await world.ingest([shipment(1, carrierName="Granite State Express")], variables)
        async with world.stores(**variables) as stores:
            [hauled] = await facts_of(stores, name, "HAULED_BY")
            assert (hauled.object, hauled.certain) == ("Granite State Express", True)
        await world.forget("frontapp:MSG-0002", **variables)
        async with world.stores(**variables) as stores:
            assert not await stores.graph.find_entities("Twin Lakes Haulage")
            assert await sound(stores) == 2
        assert server.ledger.counts().repeated() == []
