"""Asks the model what a text states, by Graphiti's own prompts and parsing: entities first, then their relations.

These are the two extraction steps of Graphiti's `add_episode`. Its other steps are done elsewhere, without a model and
without a write: names are resolved by keys (`resolve`, and inside the pivot transaction), facts end by event time
(`timeline`), and nothing is summarised. One question is one request; limits, retries and the cache are below, in `llm`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from graphiti_core.edges import EntityEdge
from graphiti_core.graphiti_types import GraphitiClients
from graphiti_core.llm_client import LLMClient
from graphiti_core.llm_client.client import get_extraction_language_instruction
from graphiti_core.llm_client.config import LLMConfig, ModelSize
from graphiti_core.nodes import EntityNode, EpisodeType, EpisodicNode
from graphiti_core.prompts.models import Message as GraphitiMessage
from graphiti_core.utils.maintenance.edge_operations import extract_edges
from graphiti_core.utils.maintenance.node_operations import extract_nodes
from pydantic import BaseModel, ValidationError

from apex_cli.enrich import ontology
from apex_cli.enrich.llm_extraction import LLMEntity, LLMExtraction, LLMRelation
from apex_cli.errors import ExtractError
from apex_cli.extract import clean
from apex_cli.llm.protocol import JsonSchema, LanguageModel, Message, Prompt, Size
from apex_cli.model import EntityType

PIECE = 8_000
MOST_PIECES = 40
MOST_CHARACTERS = PIECE * MOST_PIECES
_GENERIC = "Entity"


async def read(clients: GraphitiClients, text: str, event_time: datetime, described: str) -> LLMExtraction:
    """The model's answer about a text. `described` is the kind of text in a few words: "turvo shipment".

    A long text is read in pieces of `PIECE` characters, `MOST_PIECES` at most. Two requests for each piece, one where
    fewer than two entities are named. Raises what the model raises, and `ExtractError` for an unreadable answer.
    """
    pieces = clean.pieces(text, PIECE)[:MOST_PIECES]
    return joined([await _piece(clients, piece, event_time, described) for piece in pieces])


async def _piece(clients: GraphitiClients, text: str, event_time: datetime, described: str) -> LLMExtraction:
    episode = _episode(text, event_time, described)
    try:
        nodes, _ = await extract_nodes(
            clients, episode, [], ontology.entity_types(), custom_extraction_instructions=ontology.INSTRUCTIONS
        )
        for node in nodes:
            # Graphiti makes them from a set, whose order differs between processes. The next prompt contains them,
            # and must be the same to be found in the cache.
            node.labels.sort()
        if len(nodes) < 2:
            return LLMExtraction(tuple(map(_entity, nodes)))
        edges, _ = await extract_edges(
            clients,
            episode,
            nodes,
            [],
            ontology.edge_type_map(),
            edge_types=ontology.edge_types(),
            custom_extraction_instructions=ontology.INSTRUCTIONS,
        )
    except ValidationError as error:
        raise ExtractError(
            f"the model's answer is not what was asked for: {error.error_count()} fields are wrong",
            code="llm_wrong_schema",
        ) from error
    places = {node.uuid: place for place, node in enumerate(nodes)}
    return LLMExtraction(tuple(map(_entity, nodes)), tuple(_relation(edge, places) for edge in edges))


def _episode(text: str, event_time: datetime, described: str) -> EpisodicNode:
    # Graphiti's prompt for messages asks for a speaker in front of each line, which mail does not have.
    return EpisodicNode(
        name=described,
        group_id="",
        source=EpisodeType.text,
        source_description=described,
        content=text,
        created_at=datetime.now(UTC),
        valid_at=event_time,
    )


def _entity(node: EntityNode) -> LLMEntity:
    label = next((label for label in node.labels if label != _GENERIC), None)
    return LLMEntity(node.name, EntityType(label) if label in ontology.entity_types() else None)


def _relation(edge: EntityEdge, places: dict[str, int]) -> LLMRelation:
    subject, obj = places[edge.source_node_uuid], places[edge.target_node_uuid]
    return LLMRelation(subject, edge.name, obj, edge.fact, edge.valid_at, edge.invalid_at)


def joined(answers: Sequence[LLMExtraction]) -> LLMExtraction:
    """Several pieces' answers as one: entities of one name (in any case) and type are one entity.

    Positions move: if both pieces name truck 6520, and the second one names it last, its relations point to the
    position that the truck has in the first.
    """
    positions: dict[LLMEntity, int] = {}
    first_spelled: dict[tuple[str, EntityType | None], LLMEntity] = {}
    relations: dict[LLMRelation, None] = {}
    for answer in answers:
        moved = []
        for entity in answer.entities:
            first = first_spelled.setdefault((entity.name.casefold(), entity.type), entity)
            moved.append(positions.setdefault(first, len(positions)))
        for relation in answer.relations:
            relations[replace(relation, subject=moved[relation.subject], object=moved[relation.object])] = None
    return LLMExtraction(tuple(positions), tuple(relations))


class ModelClient(LLMClient):
    """Our language model as Graphiti's client. Retries are made below it: what the model raises passes through."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__(LLMConfig(model=model.name))
        self._model = model

    async def generate_response(
        self,
        messages: list[GraphitiMessage],
        response_model: type[BaseModel] | None = None,
        max_tokens: int | None = None,
        model_size: ModelSize = ModelSize.medium,
        group_id: str | None = None,
        prompt_name: str | None = None,  # noqa: ARG002 - Graphiti's signature
        *,
        attribute_extraction: bool = False,  # noqa: ARG002 - apex has no attributes extracted
        model: str | None = None,
    ) -> dict[str, Any]:
        """One request. Graphiti's own way writes the schema, which is sent anyway, into the prompt as well."""
        messages[0].content += get_extraction_language_instruction(group_id)
        return await self._generate_response(
            messages, response_model, max_tokens or self.max_tokens, model_size, model=model
        )

    async def _generate_response(
        self,
        messages: list[GraphitiMessage],
        response_model: type[BaseModel] | None = None,
        max_tokens: int = 16_384,
        model_size: ModelSize = ModelSize.medium,
        *,
        model: str | None = None,  # noqa: ARG002 - Graphiti's signature
    ) -> dict[str, Any]:
        if response_model is None:
            raise TypeError("every prompt of Graphiti that apex uses has a response model")
        prompt = Prompt(
            name=response_model.__name__,
            messages=[Message(message.role, message.content) for message in messages],
            schema=_schema(response_model),
            schema_name=response_model.__name__,
            max_tokens=max_tokens,
            size=Size.SMALL if model_size is ModelSize.small else Size.MAIN,
        )
        return dict(await self._model.answer(prompt))


@cache
def _schema(response_model: type[BaseModel]) -> JsonSchema:
    """Cached: it takes longer than everything else about a request."""
    return response_model.model_json_schema()


def clients(model: LanguageModel) -> GraphitiClients:
    """What Graphiti's extraction functions take; they need neither a database nor an embedder."""
    return GraphitiClients.model_construct(driver=None, llm_client=ModelClient(model), embedder=None)
