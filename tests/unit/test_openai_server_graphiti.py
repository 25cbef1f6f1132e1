"""The fake OpenAI server answers Graphiti's own clients, messages and response models."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel, Field

from apex_cli.graphiti import graphiti_core  # noqa: F401 - no telemetry, no .env
from tests.openai_server import OpenAIServer

NOON = "2025-10-19T12:00:00Z"
TEXT = (
    "Lakeshore Haulage is hauling SHIP-2025-10-19-002 from Chicago, IL to Indianapolis, IN. "
    "Dana Okafor drives TRUCK-6520 and works for Lakeshore Haulage."
)
TYPES = [
    {"entity_type_id": 0, "entity_type_name": "Entity", "entity_type_description": "anything"},
    {"entity_type_id": 1, "entity_type_name": "Shipment", "entity_type_description": "A 'load' of freight"},
    {"entity_type_id": 2, "entity_type_name": "Carrier", "entity_type_description": None},
    {"entity_type_id": 3, "entity_type_name": "Vehicle", "entity_type_description": None},
]
FOUND = {
    "Lakeshore Haulage": 2,
    "SHIP-2025-10-19-002": 1,
    "Chicago, IL": 0,
    "Indianapolis, IN": 0,
    "Dana Okafor": 0,
    "TRUCK-6520": 3,
}
EDGE_TYPES = [
    {"fact_type_name": "HAULED_BY", "fact_type_signatures": [("Shipment", "Carrier")], "fact_type_description": None},
    {"fact_type_name": "ORIGIN", "fact_type_signatures": [("Shipment", "Location")], "fact_type_description": None},
    {"fact_type_name": "DRIVES", "fact_type_signatures": [("Driver", "Vehicle")], "fact_type_description": None},
]
CONTEXT: dict[str, Any] = {
    "episode_content": TEXT,
    "episode_timestamp": NOON,
    "previous_episodes": [{"content": "Nothing about Gary Cooper.", "timestamp": NOON}],
    "custom_extraction_instructions": "",
    "entity_types": TYPES,
    "edge_types": EDGE_TYPES,
    "source_description": "a test",
    "reference_time": NOON,
}


class Seal(BaseModel):
    """A custom type: attributes as Graphiti extracts them."""

    seal_number: str | None = Field(None, description="The number on the seal")
    pallets: int | None = None
    contact_email: str | None = None
    last_name: str | None = None


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture(params=["responses", "chat json_schema", "chat json_object"])
async def client(request: pytest.FixtureRequest, server: OpenAIServer) -> AsyncIterator[Any]:
    """Each of Graphiti's ways of asking for JSON."""
    from graphiti_core.llm_client.config import LLMConfig
    from graphiti_core.llm_client.openai_client import OpenAIClient
    from graphiti_core.llm_client.openai_generic_client import OpenAIGenericClient

    config = LLMConfig(api_key=server.api_key, model="gpt-5-mini", small_model="gpt-5-mini", base_url=server.url)
    async with AsyncOpenAI(api_key=server.api_key, base_url=server.url, max_retries=0) as openai:
        if request.param == "responses":
            yield OpenAIClient(config, client=openai)
        elif request.param == "chat json_schema":
            yield OpenAIGenericClient(config, client=openai, structured_output_mode="json_schema")
        else:
            yield OpenAIGenericClient(config, client=openai, structured_output_mode="json_object")


async def ask(client: Any, prompt: str, context: dict[str, Any], model: type[BaseModel] | None = None) -> Any:
    """What Graphiti does: the prompt's messages, its response model, the client; the answer validated."""
    from graphiti_core.prompts.lib import default_chat_prompt_library, get_prompt_builder, resolve_response_model

    model = resolve_response_model(prompt, model)
    assert model is not None
    messages = get_prompt_builder(default_chat_prompt_library, prompt)({**CONTEXT, **context}).as_messages()
    answer = await client.generate_response(messages, response_model=model, prompt_name=prompt)
    model.model_validate(answer)
    return answer


@pytest.mark.parametrize("kind", ["extract_message", "extract_text", "extract_json"])
async def test_entities_are_found_and_typed(client: Any, kind: str) -> None:
    content = json.dumps({"note": TEXT}) if kind == "extract_json" else TEXT
    answer = await ask(client, f"extract_nodes.{kind}", {"episode_content": content})
    assert {one["name"]: one["entity_type_id"] for one in answer["extracted_entities"]} == FOUND


async def test_facts_are_found_between_the_entities_listed(client: Any) -> None:
    nodes = [
        {"name": "Lakeshore Haulage", "entity_types": ["Entity", "Carrier"]},
        {"name": "SHIP-2025-10-19-002", "entity_types": ["Entity", "Shipment"]},
        {"name": "Dana Okafor", "entity_types": ["Entity"]},
    ]
    for strict, wanted in ((True, {"HAULED_BY"}), (False, {"HAULED_BY", "WORKS_FOR"})):
        answer = await ask(client, "extract_edges.edge", {"nodes": nodes, "strict_edge_types": strict})
        assert {edge["relation_type"] for edge in answer["edges"]} >= {"HAULED_BY"}
        assert {edge["relation_type"] for edge in answer["edges"]} <= wanted
    edge = answer["edges"][0]
    assert (edge["source_entity_name"], edge["target_entity_name"]) == ("SHIP-2025-10-19-002", "Lakeshore Haulage")
    assert (edge["valid_at"], edge["invalid_at"], edge["episode_indices"]) == (NOON, None, [0])
    assert edge["fact"] in TEXT


async def test_entities_and_facts_are_found_in_one_call(client: Any) -> None:
    answer = await ask(client, "extract_nodes_and_edges.extract_message", {"strict_edge_types": True})
    assert {one["name"]: one["entity_type_id"] for one in answer["extracted_entities"]} == FOUND
    facts = {(one["source_entity_name"], one["relation_type"], one["target_entity_name"]) for one in answer["edges"]}
    assert facts == {
        ("SHIP-2025-10-19-002", "HAULED_BY", "Lakeshore Haulage"),
        ("SHIP-2025-10-19-002", "ORIGIN", "Chicago, IL"),
        ("Dana Okafor", "DRIVES", "TRUCK-6520"),
    }


async def test_the_same_name_is_the_same_thing(client: Any) -> None:
    new = [{"id": 0, "name": "ACME Corp."}, {"id": 1, "name": "Lakeshore"}]
    existing = [{"candidate_id": 0, "name": "Lakeshore Haulage"}, {"candidate_id": 1, "name": "Acme"}]
    context = {"extracted_nodes": new, "existing_nodes": existing}
    answer = await ask(client, "dedupe_nodes.nodes", context)
    assert [one["duplicate_candidate_id"] for one in answer["entity_resolutions"]] == [1, -1]
    single = {**context, "extracted_node": new[0], "entity_type_description": {}}
    assert (await ask(client, "dedupe_nodes.node", single))["duplicate_candidate_id"] == 1


async def test_facts_are_judged_against_those_that_exist(client: Any) -> None:
    existing = [{"idx": 0, "fact": "TRUCK-6520 is at Gary, IN"}, {"idx": 1, "fact": "TRUCK-6520 is at Gary, IN."}]
    candidates = [{"idx": 2, "fact": "TRUCK-6520 is at Chicago, IL"}, {"idx": 3, "fact": "TRUCK-1 is at Chicago, IL"}]
    context = {"existing_edges": existing, "edge_invalidation_candidates": candidates}
    answer = await ask(client, "dedupe_edges.resolve_edge", {**context, "new_edge": "TRUCK-6520 is at Gary, IN."})
    assert answer == {"duplicate_facts": [0, 1], "contradicted_facts": []}
    answer = await ask(client, "dedupe_edges.resolve_edge", {**context, "new_edge": "TRUCK-6520 is now at Gary, IN."})
    assert answer == {"duplicate_facts": [], "contradicted_facts": [2]}


async def test_times_are_the_facts_own_or_the_reference(client: Any) -> None:
    answer = await ask(client, "extract_edges.extract_timestamps", {"fact": "TRUCK-1 is at Gary, IN"})
    assert answer == {"valid_at": NOON, "invalid_at": None}
    facts = [
        {"fact": "TRUCK-1 was at Gary, IN on 2025-10-18", "reference_time": NOON},
        {"fact": "The dock is closed until 2025-11-01", "reference_time": NOON},
    ]
    answer = await ask(client, "extract_edges.extract_timestamps_batch", {"facts": facts})
    assert answer["timestamps"] == [
        {"valid_at": "2025-10-18T00:00:00Z", "invalid_at": None},
        {"valid_at": NOON, "invalid_at": "2025-11-01T00:00:00Z"},
    ]


@pytest.mark.parametrize("kind", ["extract_summaries_batch", "extract_entity_summaries_from_episodes"])
async def test_summaries_are_of_the_sentences_that_name_the_entity(client: Any, kind: str) -> None:
    entities = [{"name": "TRUCK-6520", "summary": "A tractor."}, {"name": "Nobody Known", "summary": ""}]
    answer = await ask(client, f"extract_nodes.{kind}", {"entities": entities})
    assert answer["summaries"] == [
        {
            "name": "TRUCK-6520",
            "summary": "A tractor. Dana Okafor drives TRUCK-6520 and works for Lakeshore Haulage.",
        }
    ]


@pytest.mark.parametrize(
    ("prompt", "context"),
    [
        ("summarize_nodes.summarize_pair", {"node_summaries": [{"summary": "One."}, {"summary": "Two."}]}),
        ("summarize_nodes.summarize_context", {"node_name": "TRUCK-6520", "node_summary": "", "attributes": []}),
        ("summarize_nodes.summary_description", {"summary": "A tractor."}),
        ("summarize_sagas.summarize_saga", {"saga_name": "x", "episodes": [TEXT]}),
        ("eval.query_expansion", {"query": "Where is TRUCK-6520?"}),
        ("eval.qa_prompt", {"query": "Where?", "entity_summaries": [], "facts": []}),
        ("eval.eval_prompt", {"query": "Where?", "answer": "here", "response": "there"}),
    ],
)
async def test_every_other_prompt_gets_a_valid_answer(client: Any, prompt: str, context: dict[str, Any]) -> None:
    answer = await ask(client, prompt, context)
    assert any(answer.values()) or prompt.startswith("eval.")


@pytest.mark.parametrize("prompt", ["extract_nodes.extract_attributes", "extract_edges.extract_attributes"])
async def test_attributes_are_those_that_the_text_states(client: Any, prompt: str) -> None:
    text = "The trailer left with seal number LS440917 #2, Pallets: 18. Write to dana@lakeshore.example"
    context = {
        "episode_content": text.replace("number LS440917 #2", "number: LS440917"),
        "fact": "Seal Number: LS440917; pallets 18, dana@lakeshore.example",
        "node": {"name": "TRUCK-6520"},
        "existing_attributes": {},
    }
    answer = await ask(client, prompt, context, Seal)
    assert answer == {
        "seal_number": "LS440917",
        "pallets": 18,
        "contact_email": "dana@lakeshore.example",
        "last_name": None,
    }


async def test_the_ledger_holds_the_episode_and_not_the_prompt(client: Any, server: OpenAIServer) -> None:
    await ask(client, "extract_nodes.extract_text", {})
    await ask(client, "extract_nodes.extract_text", {"previous_episodes": []})
    counts = server.ledger.counts()
    assert [(asked.task, asked.text) for asked in counts.asked] == [("ExtractedEntities", TEXT)] * 2
    assert len(counts.repeated()) == 1


async def test_embeddings_and_reranking_by_graphitis_clients(server: OpenAIServer) -> None:
    from graphiti_core.cross_encoder.openai_reranker_client import OpenAIRerankerClient
    from graphiti_core.embedder.openai import OpenAIEmbedder, OpenAIEmbedderConfig
    from graphiti_core.llm_client.config import LLMConfig

    async with AsyncOpenAI(api_key=server.api_key, base_url=server.url, max_retries=0) as openai:
        embedder = OpenAIEmbedder(OpenAIEmbedderConfig(embedding_dim=256), client=openai)
        assert [len(one) for one in await embedder.create_batch(["one", "two"])] == [256, 256]
        reranker = OpenAIRerankerClient(LLMConfig(model="gpt-5-mini"), client=openai)
        ranked = await reranker.rank("where is TRUCK-6520", ["lumper receipts", "TRUCK-6520 is in Gary, IN"])
    assert [passage for passage, _ in ranked] == ["TRUCK-6520 is in Gary, IN", "lumper receipts"]
    assert ranked[0][1] > 0.4 > ranked[1][1]
