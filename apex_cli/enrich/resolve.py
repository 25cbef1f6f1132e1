"""Which known entity a bare name is: by exact rule first, and by asking the model for the rest.

What a key or a known alias reaches needs no question: the pivot transaction finds its node. An unknown name is compared
with the names of known entities of its type. Where some are similar, the model is asked once for the whole record, and
may only choose among them. Example: a text names the carrier "Lakeshore"; the memory knows "Lakeshore Haulage Inc" and
"Lakeland Freight". The model may answer the first, the second or neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from apex_cli.extract import keys
from apex_cli.model import Entity, EntityType

if TYPE_CHECKING:
    from graphiti_core.graphiti_types import GraphitiClients

_NAMED: Mapping[EntityType, keys.NamedKind] = {
    EntityType.CUSTOMER: "customer",
    EntityType.CARRIER: "carrier",
    EntityType.PERSON: "person",
    EntityType.DRIVER: "driver",
}
_TAKEN_FOR: Mapping[EntityType, EntityType] = {
    EntityType.CUSTOMER: EntityType.CARRIER,
    EntityType.CARRIER: EntityType.CUSTOMER,
    EntityType.PERSON: EntityType.DRIVER,
    EntityType.DRIVER: EntityType.PERSON,
}
"""Types that a text confuses easily. A name that is known as the other type is an entity of the other type."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known entity that a name may mean. `key` is its preferred alias."""

    key: str
    name: str
    type: EntityType


class Known(Protocol):
    """What the extractor may ask of the memory."""

    async def aliases(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of the keys that are known."""

    async def similar(self, entities: Sequence[Entity]) -> Sequence[Sequence[Candidate]]:
        """For each entity the known ones of its type with a similar name, the most similar first."""


async def resolved(
    clients: GraphitiClients, known: Known, found: Sequence[Entity], source: str, text: str
) -> list[Entity]:
    """The entities; bare names become the known entities that they mean. At most one request."""
    result = list(found)
    bare = [place for place, entity in enumerate(found) if entity.type in _NAMED and keys.is_bare_name(entity.key)]
    wanted = {
        place: (
            _spelled(found[place], source, found[place].type),
            _spelled(found[place], source, _TAKEN_FOR[found[place].type]),
        )
        for place in bare
    }
    aliases = await known.aliases([key for pair in wanted.values() for keys_ in pair for key in keys_])
    unknown = []
    for place, (own, others) in wanted.items():
        if aliases.intersection(own):
            continue
        if aliases.intersection(others):
            result[place] = _as(found[place], _TAKEN_FOR[found[place].type], source)
        else:
            unknown.append(place)
    candidates = await known.similar([found[place] for place in unknown])
    doubtful = [(place, some) for place, some in zip(unknown, candidates, strict=True) if some]
    if doubtful:
        choices = await _ask(clients, [(found[place], some) for place, some in doubtful], text)
        for (place, _), choice in zip(doubtful, choices, strict=True):
            if choice is not None:
                result[place] = _meaning(found[place], choice)
    return result


def _spelled(entity: Entity, source: str, kind: EntityType) -> tuple[str, str]:
    """The keys of a bare name as one of a type: within its source, and anywhere."""
    return keys.source_name(_NAMED[kind], source, entity.name), keys.any_name(_NAMED[kind], entity.name)


def _as(entity: Entity, kind: EntityType, source: str) -> Entity:
    own, anywhere = _spelled(entity, source, kind)
    return replace(entity, type=kind, keys=(own,), hints=(anywhere,))


def _meaning(entity: Entity, candidate: Candidate) -> Entity:
    """The entity as one more name of a known one."""
    return replace(entity, keys=(candidate.key,), names=(*entity.keys, *entity.hints), hints=())


async def _ask(
    clients: GraphitiClients, doubtful: Sequence[tuple[Entity, Sequence[Candidate]]], text: str
) -> list[Candidate | None]:
    """The model's choice for each; None without an answer, or for an answer of another type."""
    from graphiti_core.graphiti_types import generate_prompt_response
    from graphiti_core.prompts import prompt_library
    from graphiti_core.prompts.dedupe_nodes import NodeResolutions

    offered = list(dict.fromkeys(candidate for _, some in doubtful for candidate in some))
    context: dict[str, Any] = {
        "extracted_nodes": [
            {"id": number, "name": entity.name, "entity_type": ["Entity", entity.type.value]}
            for number, (entity, _) in enumerate(doubtful)
        ],
        "existing_nodes": [
            {"candidate_id": number, "name": candidate.name, "entity_types": ["Entity", candidate.type.value]}
            for number, candidate in enumerate(offered)
        ],
        "episode_content": text,
        "previous_episodes": [],
    }
    answer = await generate_prompt_response(
        clients.llm_client,
        "dedupe_nodes.nodes",
        prompt_library.dedupe_nodes.nodes,
        context,
        clients=clients,
        response_model=NodeResolutions,
    )
    chosen = {one.id: one.duplicate_candidate_id for one in NodeResolutions(**answer).entity_resolutions}
    choices: list[Candidate | None] = []
    for number, (_, some) in enumerate(doubtful):
        place = chosen.get(number, -1)
        candidate = offered[place] if 0 <= place < len(offered) else None
        choices.append(candidate if candidate in some else None)
    return choices
